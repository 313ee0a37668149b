//! The interface's end of the line to the engine's worker.
//!
//! The page owns the worker itself, so that it sees the worker's errors and can end it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker};

use super::browser::complain;
use crate::protocol::{EngineChoice, EngineReport, Event, PROTOCOL_VERSION, Request, WorkerKind};

/// The loader that Trunk lays beside each engine.
fn loader(kind: WorkerKind) -> &'static str {
    match kind {
        WorkerKind::Host => "./engine_loader.js",
        WorkerKind::Webgpu => "./engine-webgpu_loader.js",
    }
}

/// The page's workers: the engine, and for a while a second one that is tried beside it.
#[derive(Default)]
pub(super) struct Workers {
    /// The engine.
    pub(super) engine: Option<Link>,
    trial: Option<Trial>,
}

/// A worker that is timed while the engine serves the page.
struct Trial {
    link: Link,
    promoted: Rc<Cell<bool>>,
}

impl Workers {
    /// Starts the worker with WebGPU. `tried` takes what it chose; once it was promoted, `heard` takes its events.
    pub(super) fn start_trial(
        this: &Rc<RefCell<Self>>,
        tried: impl Fn(Result<EngineReport, String>) + Clone + 'static,
        heard: impl Fn(Result<Event, String>) + Clone + 'static,
    ) -> Result<(), String> {
        let promoted = Rc::new(Cell::new(false));
        let (workers, is_engine) = (Rc::downgrade(this), promoted.clone());
        let link = Link::spawn(WorkerKind::Webgpu, move |event| match event {
            event if is_engine.get() => heard(event),
            Ok(Event::Awake { version: PROTOCOL_VERSION }) => {
                let Some(workers) = workers.upgrade() else { return };
                if let Some(Trial { link, .. }) = &workers.borrow().trial {
                    link.send(&Request::Start { engine: EngineChoice::Automatic });
                }
            }
            Ok(Event::Awake { .. }) => tried(Err("the page and its engine are of different versions".to_owned())),
            Ok(Event::Ready { engine, .. }) => tried(Ok(engine)),
            Ok(Event::Broken { reason }) | Err(reason) => tried(Err(reason)),
            Ok(_) => {}
        })?;
        this.borrow_mut().trial = Some(Trial { link, promoted });
        Ok(())
    }

    /// Ends the worker that is tried.
    pub(super) fn end_trial(&mut self) {
        self.trial = None;
    }

    /// The worker that was tried is the engine from now on.
    pub(super) fn promote(&mut self) {
        if let Some(Trial { link, promoted }) = self.trial.take() {
            promoted.set(true);
            self.engine = Some(link);
        }
    }
}

/// A running worker; it ends when this is dropped.
pub(super) struct Link {
    worker: Worker,
    open: Rc<Cell<bool>>,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(ErrorEvent)>,
}

impl Link {
    /// Starts the worker. `heard` takes its events, or in words how it failed.
    pub(super) fn spawn(
        kind: WorkerKind,
        heard: impl Fn(Result<Event, String>) + Clone + 'static,
    ) -> Result<Self, String> {
        let worker =
            Worker::new(loader(kind)).map_err(|error| format!("the worker could not be started: {error:?}"))?;
        let open = Rc::new(Cell::new(true));

        let tell = heard.clone();
        let listening = open.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
            if listening.get() {
                tell(decode(&message.data()));
            }
        });
        let listening = open.clone();
        let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |error: ErrorEvent| {
            error.prevent_default();
            if listening.get() {
                // A loader that is not found gives an event without a message.
                let text = js_sys::Reflect::get(&error, &"message".into()).ok().and_then(|text| text.as_string());
                heard(Err(text.unwrap_or_else(|| "its files could not be loaded".to_owned())));
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, open, _on_message: on_message, _on_error: on_error })
    }

    /// Sends a request. A worker that is gone does not hear it, and says so through its error.
    pub(super) fn send(&self, request: &Request) {
        match serde_json::to_string(request) {
            Ok(text) => drop(self.worker.post_message(&text.into())),
            Err(error) => complain(&format!("a request cannot be written: {error}")),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.open.set(false);
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// An event: its text, or an array of its text and the bytes that travel beside it.
fn decode(message: &JsValue) -> Result<Event, String> {
    let parts = Array::is_array(message).then(|| Array::from(message));
    let text = parts.as_ref().map_or_else(|| message.clone(), |parts| parts.get(0));
    let text = text.as_string().ok_or("it sent a message that is no text")?;
    let mut event: Event =
        serde_json::from_str(&text).map_err(|error| format!("its message could not be read: {error}"))?;
    if let Some(parts) = parts {
        event.attach(Uint8Array::new(&parts.get(1)).to_vec());
    }
    Ok(event)
}
