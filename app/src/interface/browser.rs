//! The little of the browser that the interface touches.

use gloo_file::{Blob, ObjectUrl};
use gloo_net::http::Request;
use gloo_timers::callback::Timeout;
use leptos::prelude::document;
use wasm_bindgen::prelude::*;
use web_sys::{File, FileList, HtmlAnchorElement, HtmlCanvasElement, Storage, Url};

use crate::state::{ChosenFile, ThemeChoice};

const THEME_KEY: &str = "repgeo-theme";

/// Milliseconds since the page was opened.
pub(super) fn now() -> f64 {
    window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

fn window() -> Option<web_sys::Window> {
    web_sys::window()
}

/// Writes to the console that something of the page is missing, where the page has no place to say it.
pub(super) fn complain(what: &str) {
    leptos::logging::error!("RepGeo: {what}");
}

/// A value of the page's query, such as `cpu` of `?engine=cpu`.
pub(super) fn query(key: &str) -> Option<String> {
    let search = window()?.location().search().ok()?;
    web_sys::UrlSearchParams::new_with_str(&search).ok()?.get(key)
}

/// Puts values into the page's query, or takes them out, without loading the page again.
pub(super) fn set_query(values: &[(&str, Option<String>)]) {
    let set = || {
        let window = window()?;
        let url = Url::new(&window.location().href().ok()?).ok()?;
        let query = url.search_params();
        for (key, value) in values {
            match value {
                Some(value) => query.set(key, value),
                None => query.delete(key),
            }
        }
        window.history().ok()?.replace_state_with_url(&JsValue::NULL, "", Some(&url.href())).ok()
    };
    if set().is_none() {
        complain("the page's address does not say what is set");
    }
}

/// The absolute URL of a path beside the page.
pub(super) fn absolute(path: &str) -> String {
    let base = document().base_uri().ok().flatten();
    let url = base.and_then(|base| Url::new_with_base(path, &base).ok());
    url.map_or_else(|| path.to_owned(), |url| url.href())
}

/// The text of a file of the page's own origin.
pub(super) async fn fetch_text(url: &str) -> Result<String, String> {
    let response = Request::get(url).send().await.map_err(|error| error.to_string())?;
    if !response.ok() {
        return Err(format!("expected the file at {url}, found status {}", response.status()));
    }
    response.text().await.map_err(|error| error.to_string())
}

/// Calls `then` after some milliseconds.
pub(super) fn after(milliseconds: u32, then: impl FnOnce() + 'static) {
    Timeout::new(milliseconds, then).forget();
}

/// Files with `blob:` URLs under which the engine can read them.
pub(super) fn chosen(files: &FileList) -> Vec<ChosenFile> {
    let files = (0..files.length()).filter_map(|index| files.get(index));
    files
        .filter_map(|file: File| match Url::create_object_url_with_blob(&file) {
            Ok(url) => Some(ChosenFile { name: file.name(), url }),
            Err(error) => {
                complain(&format!("{} was not taken: {error:?}", file.name()));
                None
            }
        })
        .collect()
}

/// Gives up a `blob:` URL.
pub(super) fn release(url: &str) {
    let _ = Url::revoke_object_url(url);
}

/// Saves text under a file name.
pub(super) fn save_text(name: &str, kind: &str, text: &str) {
    save(name, Blob::new_with_options(text, Some(kind)));
}

/// Saves a picture as PNG under a file name.
pub(super) fn save_png(name: String, canvas: &HtmlCanvasElement) {
    let callback = Closure::once_into_js(move |blob: Option<web_sys::Blob>| match blob {
        Some(blob) => save(&name, blob.into()),
        None => complain(&format!("{name} was not saved: the canvas gives no picture")),
    });
    if let Err(error) = canvas.to_blob_with_type(callback.unchecked_ref(), "image/png") {
        complain(&format!("the picture was not saved: {error:?}"));
    }
}

fn save(name: &str, blob: Blob) {
    let url = ObjectUrl::from(blob);
    match document().create_element("a").map(JsCast::dyn_into::<HtmlAnchorElement>) {
        Ok(Ok(link)) => {
            link.set_href(&url);
            link.set_download(name);
            link.click();
        }
        _ => complain(&format!("{name} was not saved: the page gives no link")),
    }
    // The browser has taken the bytes long before this.
    after(60_000, move || drop(url));
}

/// The remembered theme. A browser that keeps nothing for this page gives none.
pub(super) fn remembered_theme() -> ThemeChoice {
    let word = storage().and_then(|storage| storage.get_item(THEME_KEY).ok().flatten());
    word.map_or(ThemeChoice::System, |word| ThemeChoice::of(&word))
}

/// Remembers the theme, where the browser allows it.
pub(super) fn remember_theme(theme: ThemeChoice) {
    if let Some(storage) = storage() {
        let _ = match theme {
            ThemeChoice::System => storage.remove_item(THEME_KEY),
            chosen => storage.set_item(THEME_KEY, chosen.word()),
        };
    }
}

fn storage() -> Option<Storage> {
    window()?.local_storage().ok().flatten()
}

/// Marks the document with a fact, for styles and tests.
pub(super) fn mark(name: &str, value: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute(name, value);
    }
}

/// Scrolls to an element, where it is not seen from its beginning.
pub(super) fn show(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        element.scroll_into_view();
    }
}
