//! The handle that every view holds: reads the state, reports what happened, carries out what follows.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::browser;
use super::link::{Link, Workers};
use crate::protocol::{Event, FileSource, Request, WorkerKind};
use crate::state::{Action, Effect, State};

/// How long the engine has to stop before it is replaced, in milliseconds: with the restart, within a second.
const TIME_TO_STOP: u32 = 800;

/// The state and the means to change it. Copies are the same page.
#[derive(Clone, Copy)]
pub(super) struct Page {
    state: RwSignal<State>,
    workers: StoredValue<Rc<RefCell<Workers>>, LocalStorage>,
    /// What screen readers are told.
    pub(super) announcement: RwSignal<String>,
}

impl Page {
    pub(super) fn new(state: State) -> Self {
        Self {
            state: RwSignal::new(state),
            workers: StoredValue::new_local(Rc::default()),
            announcement: RwSignal::new(String::new()),
        }
    }

    /// A part of the state, for views that depend on it alone.
    pub(super) fn part<T: PartialEq + Send + Sync + 'static>(
        self,
        of: impl Fn(&State) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        Memo::new(move |_| self.state.with(&of))
    }

    /// Reads the state without depending on it.
    pub(super) fn peek<T>(self, of: impl FnOnce(&State) -> T) -> T {
        self.state.with_untracked(of)
    }

    /// Tells the state what happened and carries out what follows.
    pub(super) fn happened(self, action: Action) {
        let now = browser::now();
        let Some(effects) = self.state.try_update(|state| state.apply(action, now)) else { return };
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn carry_out(self, effect: Effect) {
        match effect {
            Effect::Send(request) => self.send(request),
            Effect::Respawn(kind) => self.spawn_engine(kind),
            Effect::TryWebgpu => self.try_webgpu(),
            Effect::EndTrial => self.change_workers(Workers::end_trial),
            Effect::Promote => self.change_workers(Workers::promote),
            Effect::Release(url) => browser::release(&url),
            Effect::RememberTheme(theme) => browser::remember_theme(theme),
            Effect::Announce(text) => self.announcement.set(text),
            Effect::WatchCancel(run) => browser::after(TIME_TO_STOP, move || self.happened(Action::CancelOverdue(run))),
            Effect::FetchDemo(path) => spawn_local(async move {
                match browser::fetch_text(&static_url(&path)).await {
                    Ok(report) => self.happened(Action::DemoArrived(report)),
                    Err(error) => browser::complain(&error),
                }
            }),
        }
    }

    /// Starts the engine's worker; those that were there before are ended.
    pub(super) fn spawn_engine(self, kind: WorkerKind) {
        let Some(workers) = self.workers.try_get_value() else { return };
        drop(workers.take());
        match Link::spawn(kind, move |heard| self.heard(heard)) {
            Ok(link) => workers.borrow_mut().engine = Some(link),
            Err(reason) => self.happened(Action::EngineLost(reason)),
        }
    }

    fn try_webgpu(self) {
        let Some(workers) = self.workers.try_get_value() else { return };
        let tried = move |report| self.happened(Action::WebgpuTried(report));
        if let Err(reason) = Workers::start_trial(&workers, tried, move |heard| self.heard(heard)) {
            tried(Err(reason));
        }
    }

    fn heard(self, heard: Result<Event, String>) {
        self.happened(match heard {
            Ok(event) => Action::Told(event),
            Err(reason) => Action::EngineLost(reason),
        });
    }

    fn change_workers(self, change: impl FnOnce(&mut Workers)) {
        if let Some(workers) = self.workers.try_get_value() {
            change(&mut workers.borrow_mut());
        }
    }

    fn send(self, mut request: Request) {
        if let Request::Open { files, .. } = &mut request {
            for FileSource { url, .. } in files {
                *url = static_url(url);
            }
        }
        let Some(workers) = self.workers.try_get_value() else { return };
        if let Some(link) = &workers.borrow().engine {
            link.send(&request);
        }
    }
}

/// The absolute URL of a bundled file; `blob:` URLs stay as they are.
pub(super) fn static_url(path: &str) -> String {
    if path.starts_with("blob:") { path.to_owned() } else { browser::absolute(&format!("static/{path}")) }
}
