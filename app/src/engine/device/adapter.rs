//! Asks the browser for WebGPU, by reflection: `web-sys` has it behind an unstable flag.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::super::port;
use crate::protocol::Adapter;

/// Adapters that compute on the processor, by what their architecture or description holds.
const SOFTWARE: [&str; 3] = ["swiftshader", "llvmpipe", "basic render"];

/// Which adapter the browser offers.
pub(super) async fn find() -> Adapter {
    match request().await {
        Some(adapter) if is_software(&adapter) => Adapter::Software,
        Some(_) => Adapter::Hardware,
        None => Adapter::None,
    }
}

async fn request() -> Option<JsValue> {
    let gpu = Reflect::get(&port::scope()?.navigator(), &"gpu".into()).ok()?;
    let request: Function = Reflect::get(&gpu, &"requestAdapter".into()).ok()?.dyn_into().ok()?;
    let promise: Promise = request.call0(&gpu).ok()?.dyn_into().ok()?;
    JsFuture::from(promise).await.ok().filter(|adapter| !adapter.is_null() && !adapter.is_undefined())
}

/// Whether an adapter says of itself that it is none of hardware. Browsers say it in different places, or not at all.
fn is_software(adapter: &JsValue) -> bool {
    let info = get(adapter, "info");
    let fallback = |object: &JsValue| get(object, "isFallbackAdapter").is_truthy();
    let known = |name: &str| {
        let text = get(&info, name).as_string().map(|text| text.to_lowercase());
        text.is_some_and(|text| SOFTWARE.iter().any(|software| text.contains(software)))
    };
    fallback(adapter) || fallback(&info) || known("architecture") || known("description")
}

/// A property; undefined where there is none.
fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}
