//! Reads a file from its URL, chunk by chunk.

use js_sys::Uint8Array;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, ReadableStreamReadResult, Response};

use super::port;

/// The bytes behind `url`, a `blob:` URL or one of the page's own origin; `progress` is told the part that was read.
///
/// # Errors
/// In words, to be put after the file's name.
pub(super) async fn read(url: &str, progress: impl Fn(f64)) -> Result<Vec<u8>, String> {
    let failed = |_| "it cannot be read; choose it again".to_owned();
    let scope = port::scope().ok_or("there is no worker to read it")?;
    let response = JsFuture::from(scope.fetch_with_str(url)).await.map_err(failed)?;
    let response: Response = response.dyn_into().map_err(failed)?;
    if !response.ok() {
        return Err(format!("expected the file at {url}, found status {}", response.status()));
    }
    // A compressed transfer says the compressed length: then the part is only an estimate.
    let length: Option<f64> =
        response.headers().get("content-length").ok().flatten().and_then(|length| length.parse().ok());
    let Some(stream) = response.body() else { return Ok(Vec::new()) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut bytes = Vec::with_capacity(length.unwrap_or(0.0) as usize);
    loop {
        let chunk: ReadableStreamReadResult = JsFuture::from(reader.read()).await.map_err(failed)?.unchecked_into();
        if chunk.get_done().ok_or("it broke off while it was read; choose it again")? {
            return Ok(bytes);
        }
        let chunk: Uint8Array = chunk.get_value().dyn_into().map_err(failed)?;
        let start = bytes.len();
        bytes.resize(start + chunk.length() as usize, 0);
        chunk.copy_to(&mut bytes[start..]);
        if let Some(length) = length.filter(|length| *length > 0.0) {
            progress((bytes.len() as f64 / length).min(1.0));
        }
    }
}
