//! The engine's end of the line to the interface.

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent, MessagePort};

use crate::protocol::{Event, Request};

/// The worker's own scope; [`None`] outside of a worker.
pub(super) fn scope() -> Option<DedicatedWorkerGlobalScope> {
    js_sys::global().dyn_into().ok()
}

/// Tells the interface something. An interface that is gone does not hear it.
pub(super) fn tell(mut event: Event) {
    let bytes = event.attachment();
    let Some(scope) = scope() else { return };
    let text = match serde_json::to_string(&event) {
        Ok(text) => text,
        Err(error) => return tell(Event::Broken { reason: format!("it could not write a message: {error}") }),
    };
    let _ = match bytes {
        None => scope.post_message(&text.into()),
        Some(bytes) => scope.post_message(&Array::of2(&text.into(), &Uint8Array::from(bytes.as_slice())).into()),
    };
}

/// Calls `heard` with every request of the interface.
pub(super) fn listen(heard: impl Fn(Request) + 'static) {
    let Some(scope) = scope() else { return };
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
        match message.data().as_string().map(|text| serde_json::from_str::<Request>(&text)) {
            Some(Ok(request)) => heard(request),
            Some(Err(error)) => tell(Event::Broken { reason: format!("it could not read a request: {error}") }),
            None => tell(Event::Broken { reason: "it received a request that is no text".to_owned() }),
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
}

/// Calls the constructors of the crates that are linked in, which `build.rs` exports.
///
/// # Errors
/// When the module does not export them.
pub(super) fn construct() -> Result<(), JsValue> {
    let constructors: Function = Reflect::get(&wasm_bindgen::exports(), &"__wasm_call_ctors".into())?.dyn_into()?;
    constructors.call0(&JsValue::UNDEFINED).map(|_| ())
}

/// Milliseconds since the worker was started.
pub(super) fn now() -> f64 {
    scope().and_then(|scope| scope.performance()).map_or(0.0, |performance| performance.now())
}

/// Bytes of the module's linear memory, which never shrinks.
pub(super) fn memory_bytes() -> f64 {
    const PAGE: f64 = 65_536.0;
    core::arch::wasm32::memory_size::<0>() as f64 * PAGE
}

/// Hands the thread back to the event loop for a moment. A message to oneself arrives at once, where timers are held
/// back by some milliseconds.
pub(super) struct Breath {
    here: MessagePort,
    there: MessagePort,
}

impl Breath {
    pub(super) fn new() -> Option<Self> {
        let channel = MessageChannel::new().ok()?;
        Some(Self { here: channel.port1(), there: channel.port2() })
    }

    pub(super) async fn take(&self) {
        let arrived = Promise::new(&mut |resolve, _| {
            self.here.set_onmessage(Some(&resolve));
            // A port that is closed would never answer.
            if self.there.post_message(&JsValue::NULL).is_err() {
                let _ = resolve.call0(&JsValue::NULL);
            }
        });
        let _ = JsFuture::from(arrived).await;
    }
}
