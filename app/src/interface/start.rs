//! Opens the page.

use gloo_events::EventListener;
use leptos::mount::mount_to;
use leptos::prelude::*;
use leptos::task::spawn_local;
use repgeo_core::similarity;
use wasm_bindgen::JsCast as _;
use web_sys::{Event, HtmlElement};

use super::page::{Page, static_url};
use super::{browser, frame};
use crate::catalogue::Catalogue;
use crate::protocol::{EngineChoice, WorkerKind};
use crate::state::{Action, EngineStatus, Origin, RunPhase, Settings, State};

/// Shows the interface in the document, then starts the engine.
pub fn start() {
    console_error_panic_hook::set_once();
    let Some(root) = document().get_element_by_id("root").and_then(|root| root.dyn_into::<HtmlElement>().ok()) else {
        return browser::complain("the page has no element for the interface");
    };
    root.set_inner_html("");

    let engine = match browser::query("engine").as_deref() {
        Some("cpu") => EngineChoice::Cpu,
        Some("webgpu") => EngineChoice::Webgpu,
        _ => EngineChoice::Automatic,
    };
    let settings = Settings { engine, ..Settings::default() };
    let dark = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
    let system_dark = dark.as_ref().is_some_and(web_sys::MediaQueryList::matches);
    let mut state = State::new(similarity::cards(), settings, browser::remembered_theme(), system_dark);
    state.take_address(browser::query);
    state.recompute_demo = browser::query("demo").as_deref() != Some("stored");

    mount_to(root, move || {
        let page = Page::new(state);
        if let Some(dark) = dark {
            let query = dark.clone();
            let changed = move |_: &Event| page.happened(Action::SystemTheme { dark: query.matches() });
            EventListener::new(&dark, "change", changed).forget();
        }
        mark_document(page);
        keep_address(page);
        open_demo(page);
        page.spawn_engine(WorkerKind::Host);
        frame::view(page)
    })
    .forget();
    browser::mark("data-app", "ready");
}

fn open_demo(page: Page) {
    spawn_local(async move {
        let text = match browser::fetch_text(&static_url("catalogue.json")).await {
            Ok(text) => text,
            Err(error) => return browser::complain(&error),
        };
        let mut catalogue: Catalogue = match serde_json::from_str(&text) {
            Ok(catalogue) => catalogue,
            Err(error) => return browser::complain(&format!("catalogue.json: {error}")),
        };
        if browser::query("demo").as_deref() == Some("none") {
            catalogue.demo = None;
        }
        page.happened(Action::CatalogueArrived(catalogue));
    });
}

/// Keeps the page's address in step with the settings, so that whoever copies it shares them. The one that the page was
/// opened with stays until something is changed.
fn keep_address(page: Page) {
    let address = page.part(State::address);
    Effect::new(move |before: Option<()>| {
        let address = address.get();
        if before.is_some() {
            browser::set_query(&address);
        }
    });
}

/// Keeps the document's attributes, which styles and tests read, in step with the state.
fn mark_document(page: Page) {
    let marks = page.part(|state| {
        let theme = if state.figure_theme() == repgeo_core::figure::Theme::Dark { "dark" } else { "light" };
        let engine = match state.engine {
            EngineStatus::Loading => "loading",
            EngineStatus::Starting => "starting",
            EngineStatus::Ready(_) => "ready",
            EngineStatus::Gone { .. } => "gone",
        };
        let run = match state.run.as_ref().map(|run| run.phase) {
            None => "idle",
            Some(RunPhase::Running) => "running",
            Some(RunPhase::Cancelling) => "cancelling",
        };
        let map = match state.picture.as_ref().map(|picture| &picture.origin) {
            None => "none",
            Some(Origin::Stored { .. }) => "stored",
            Some(Origin::Partial) => "partial",
            Some(Origin::Computed { .. }) => "computed",
        };
        [("data-theme", theme), ("data-engine", engine), ("data-run", run), ("data-map", map)]
    });
    Effect::new(move |_| {
        for (name, value) in marks.get() {
            browser::mark(name, value);
        }
    });
}
