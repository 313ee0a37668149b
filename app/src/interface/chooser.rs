//! Chooses files of this computer, or bundled ones.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlInputElement, HtmlSelectElement};

use super::browser;
use super::page::Page;
use crate::protocol::Purpose;
use crate::state::Action;

/// What is chosen, and the words for it.
#[derive(Clone, Copy)]
pub(super) struct Chooser {
    /// The elements' ids begin with it: `networks-input` and `networks-bundled`.
    pub(super) id: &'static str,
    /// What the files are for.
    pub(super) purpose: Purpose,
    /// On the button.
    pub(super) button: &'static str,
    /// The same for screen readers.
    pub(super) label: &'static str,
    /// The bundled files' first option.
    pub(super) bundled: &'static str,
    /// The same for screen readers.
    pub(super) bundled_label: &'static str,
    /// What happens when a bundled file is chosen, by its place.
    pub(super) chosen: fn(usize) -> Action,
}

/// A bundled file that can be chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bundled {
    /// What it is called.
    pub(super) text: String,
    /// Its path in the bundled files.
    pub(super) file: Option<String>,
}

/// A button for files, and a list of what is bundled where anything is.
pub(super) fn view(page: Page, chooser: Chooser, bundled: Memo<Vec<Bundled>>) -> AnyView {
    let Chooser { id, purpose, button, label, .. } = chooser;
    view! {
        <div class="choosers">
            <label class="button">
                {button}
                <input type="file" id=format!("{id}-input") multiple aria-label=label on:change=move |event| choose(page, &event, purpose) />
            </label>
            <Show when=move || !bundled.with(Vec::is_empty)>{select(page, chooser, bundled)}</Show>
        </div>
    }
    .into_any()
}

fn select(page: Page, chooser: Chooser, bundled: Memo<Vec<Bundled>>) -> AnyView {
    let options = move || {
        let option = |(index, Bundled { text, file }): (usize, Bundled)| view! { <option value=index.to_string() data-file=file>{text}</option> };
        bundled.get().into_iter().enumerate().map(option).collect_view()
    };
    view! {
        <label>
            <span class="unseen">{chooser.bundled_label}</span>
            <select
                id=format!("{}-bundled", chooser.id)
                on:change=move |event| {
                    if let Ok(index) = event_target_value(&event).parse() {
                        page.happened((chooser.chosen)(index));
                    }
                    reset(&event);
                }
            >
                <option value="">{chooser.bundled}</option>
                {options}
            </select>
        </label>
    }
    .into_any()
}

/// Hands the files of an input over and empties it, so that the same file can be chosen again.
fn choose(page: Page, event: &ev::Event, purpose: Purpose) {
    let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
    if let Some(files) = input.files() {
        let files = browser::chosen(&files);
        input.set_value("");
        page.happened(Action::FilesChosen { files, purpose });
    }
}

/// Puts a select that adds something back on its first option.
fn reset(event: &ev::Event) {
    if let Some(select) = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok()) {
        select.set_selected_index(0);
    }
}
