//! The keys of the page, and the list that `?` opens.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlDetailsElement, HtmlDialogElement, HtmlElement};

use super::page::Page;
use crate::state::Action;

const KEYS: [(&str, &str); 7] = [
    ("Tab", "To the next control"),
    ("↑ ↓ ← →", "Move through the map"),
    ("Home, End", "First and last layer of the row"),
    ("Ctrl + Home, Ctrl + End", "First and last cell"),
    ("Enter", "Pin the cell; again to let it go"),
    ("Esc", "Let the pinned cell go, else cancel the comparison"),
    ("?", "This list"),
];

/// Listens to the keys that work everywhere on the page.
pub(super) fn listen(page: Page) {
    let handle = window_event_listener(ev::keydown, move |event| {
        if event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
        if target.is_some_and(|target| matches!(target.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA" | "DIALOG"))
        {
            return;
        }
        match event.key().as_str() {
            "?" => open(),
            "Escape" if close_engine() => {}
            "Escape" => page.happened(Action::Escaped),
            _ => {}
        }
    });
    on_cleanup(move || handle.remove());
}

/// Closes the explanation of the engine; whether it was open.
fn close_engine() -> bool {
    let details =
        document().get_element_by_id("engine-status").and_then(|details| details.dyn_into::<HtmlDetailsElement>().ok());
    let Some(details) = details.filter(HtmlDetailsElement::open) else { return false };
    details.set_open(false);
    true
}

/// Opens the list.
pub(super) fn open() {
    if let Some(dialog) =
        document().get_element_by_id("keys").and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok())
        && !dialog.open()
    {
        let _ = dialog.show_modal();
    }
}

pub(super) fn dialog() -> AnyView {
    let rows = KEYS.map(|(key, text)| view! { <dt>{key}</dt><dd>{text}</dd> }).collect_view();
    view! {
        <dialog id="keys" aria-labelledby="keys-title">
            <h2 id="keys-title">"Keys"</h2>
            <dl>{rows}</dl>
            <form method="dialog">
                <button type="submit" class="button">"Close"</button>
            </form>
        </dialog>
    }
    .into_any()
}
