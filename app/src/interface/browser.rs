//! The little of the browser that the interface touches.

use js_sys::{Array, Uint8Array};
use leptos::prelude::document;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, File, FileList, HtmlAnchorElement, HtmlCanvasElement, Response, Storage, Url};

use crate::state::{ChosenFile, ThemeChoice};

const THEME_KEY: &str = "repgeo-theme";

/// Milliseconds since the page was opened.
pub(super) fn now() -> f64 {
    window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

fn window() -> Option<web_sys::Window> {
    web_sys::window()
}

/// A value of the page's query, such as `cpu` of `?engine=cpu`.
pub(super) fn query(key: &str) -> Option<String> {
    let search = window()?.location().search().ok()?;
    web_sys::UrlSearchParams::new_with_str(&search).ok()?.get(key)
}

/// The absolute URL of a path beside the page.
pub(super) fn absolute(path: &str) -> String {
    let base = document().base_uri().ok().flatten().unwrap_or_default();
    Url::new_with_base(path, &base).map_or_else(|_| path.to_owned(), |url| url.href())
}

/// The text of a file of the page's own origin.
pub(super) async fn fetch_text(url: &str) -> Result<String, JsValue> {
    let window = window().ok_or(JsValue::NULL)?;
    let response: Response = JsFuture::from(window.fetch_with_str(url)).await?.dyn_into()?;
    if !response.ok() {
        return Err(response.status().into());
    }
    JsFuture::from(response.text()?).await?.as_string().ok_or(JsValue::NULL)
}

/// Calls `then` after some milliseconds.
pub(super) fn after(milliseconds: i32, then: impl FnOnce() + 'static) {
    if let Some(window) = window() {
        let callback = Closure::once_into_js(then);
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(callback.unchecked_ref(), milliseconds);
    }
}

/// Files with `blob:` URLs under which the engine can read them.
pub(super) fn chosen(files: &FileList) -> Vec<ChosenFile> {
    let files = (0..files.length()).filter_map(|index| files.get(index));
    files
        .filter_map(|file: File| {
            Url::create_object_url_with_blob(&file).ok().map(|url| ChosenFile { name: file.name(), url })
        })
        .collect()
}

/// Gives up a `blob:` URL.
pub(super) fn release(url: &str) {
    let _ = Url::revoke_object_url(url);
}

/// Saves text under a file name.
pub(super) fn save_text(name: &str, kind: &str, text: &str) {
    save_bytes(name, kind, text.as_bytes());
}

fn save_bytes(name: &str, kind: &str, bytes: &[u8]) {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let parts = Array::of1(&Uint8Array::from(bytes).into());
    if let Ok(blob) = Blob::new_with_u8_array_sequence_and_options(&parts, &options) {
        save_blob(name, &blob);
    }
}

/// Saves a picture as PNG under a file name.
pub(super) fn save_png(name: String, canvas: &HtmlCanvasElement) {
    let callback = Closure::once_into_js(move |blob: Option<Blob>| {
        if let Some(blob) = blob {
            save_blob(&name, &blob);
        }
    });
    let _ = canvas.to_blob_with_type(callback.unchecked_ref(), "image/png");
}

fn save_blob(name: &str, blob: &Blob) {
    let Ok(url) = Url::create_object_url_with_blob(blob) else { return };
    if let Ok(Ok(link)) = document().create_element("a").map(JsCast::dyn_into::<HtmlAnchorElement>) {
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    // The browser has taken the bytes long before this.
    after(60_000, move || release(&url));
}

/// The remembered theme. A browser that keeps nothing for this page gives none.
pub(super) fn remembered_theme() -> ThemeChoice {
    let word = storage().and_then(|storage| storage.get_item(THEME_KEY).ok().flatten());
    ThemeChoice::of(word.as_deref().unwrap_or_default())
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
