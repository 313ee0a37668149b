//! Serves the interface's requests, one after another.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use repgeo_core::checkpoint::Reading;
use repgeo_core::file::NamedBytes;
use wasm_bindgen_futures::spawn_local;

use super::device::Devices;
use super::holdings::{Holdings, Opening};
use super::{fetch, port, run};
use crate::protocol::{Event, FileSource, PROTOCOL_VERSION, Purpose, ReadAs, Request, RunId};

/// Starts to listen, and says so.
pub fn start() {
    std::panic::set_hook(Box::new(|panic| port::tell(Event::Broken { reason: in_one_line(&panic.to_string()) })));
    if let Err(error) = port::construct() {
        return port::tell(Event::Broken { reason: format!("its constructors cannot be called: {error:?}") });
    }
    let requests: Rc<RefCell<VecDeque<Request>>> = Rc::default();
    let cancelled: Rc<Cell<Option<RunId>>> = Rc::default();
    let engine: Rc<RefCell<Option<Engine>>> = Rc::new(RefCell::new(Some(Engine::default())));
    port::listen(move |request| {
        if let Request::Cancel { run } = request {
            cancelled.set(Some(run));
            return;
        }
        requests.borrow_mut().push_back(request);
        // Whoever holds the engine serves the whole queue.
        let Some(mut own) = engine.borrow_mut().take() else { return };
        let (requests, cancelled, engine) = (requests.clone(), cancelled.clone(), engine.clone());
        spawn_local(async move {
            loop {
                let next = requests.borrow_mut().pop_front();
                let Some(request) = next else { break };
                own.serve(request, &cancelled).await;
            }
            engine.replace(Some(own));
        });
    });
    port::tell(Event::Awake { version: PROTOCOL_VERSION });
}

/// What the engine holds.
#[derive(Default)]
struct Engine {
    holdings: Holdings,
    devices: Devices,
    kept: Option<run::Kept>,
}

impl Engine {
    async fn serve(&mut self, request: Request, cancelled: &Cell<Option<RunId>>) {
        match request {
            Request::Start { engine } => {
                // Another device computes other layers.
                self.kept = None;
                let (engine, adapter) = self.devices.choose(engine).await;
                port::tell(Event::Ready { engine, adapter });
            }
            Request::Open { files, purpose, preparation } => self.open(files, Opening::new(purpose, preparation)).await,
            Request::Describe { id, architecture } => tell_all(self.holdings.describe(id, &architecture)),
            Request::Remove { id } => {
                self.holdings.remove(id);
                // What was kept of its layers goes with it.
                self.kept = None;
            }
            Request::Compare { run, settings } => {
                run::compare(&mut self.holdings, &mut self.devices, &mut self.kept, run, &settings, cancelled).await
            }
            // Heard at once, above.
            Request::Cancel { .. } => {}
        }
    }

    /// One file after the other: what a file was recognised as is told, and its bytes dropped, before the next is read.
    async fn open(&mut self, files: Vec<FileSource>, mut opening: Opening) {
        let count = files.len() as f64;
        let together = files.first().map(|file| file.id).filter(|_| opening.purpose() == Purpose::Probe);
        for (index, FileSource { id, name, url, reading }) in files.into_iter().enumerate() {
            let progress = |fraction: f64| {
                let (id, fraction) = match together {
                    Some(first) => (first, (index as f64 + fraction) / count),
                    None => (id, fraction),
                };
                port::tell(Event::Reading { id, fraction });
            };
            match fetch::read(&url, progress).await {
                Ok(bytes) => {
                    let file = NamedBytes { name, bytes };
                    let ReadAs { part, choices } = reading;
                    let reading = Reading { part, choices, ..Reading::default() };
                    self.holdings.take(&mut opening, id, file, reading).into_iter().for_each(port::tell);
                }
                Err(reason) => port::tell(Event::Refused { id, reason: format!("{name}: {reason}") }),
            }
        }
        tell_all(self.holdings.finish(opening));
    }
}

fn tell_all(events: Vec<Event>) {
    events.into_iter().for_each(port::tell);
}

/// A panic's message without its line breaks.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
