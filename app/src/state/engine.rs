//! What the engine says, and what becomes of it.

use super::{Effect, FileStatus, State};
use crate::protocol::{EngineChoice, EngineReport, Event, PROTOCOL_VERSION, Request};

/// Whether the engine is there.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineStatus {
    /// Its code is loading.
    Loading,
    /// Its code is there; it chooses its device.
    Starting,
    /// It is ready.
    Ready(EngineReport),
    /// It cannot be started.
    Gone {
        /// Why, in one sentence.
        reason: String,
    },
}

/// How often a lost engine is started again before the page gives up; reading files successfully starts the count anew.
const ATTEMPTS: u32 = 3;

impl State {
    pub(super) fn hear(&mut self, event: Event, now: f64) -> Vec<Effect> {
        match event {
            Event::Awake { version } => return self.wake(version),
            Event::Ready { engine } => {
                self.engine = EngineStatus::Ready(engine);
                return self.go_on(now);
            }
            Event::Reading { id, fraction } => {
                if let Some(file) = self.file_of(id)
                    && let FileStatus::Reading { fraction: shown } = &mut file.status
                {
                    *shown = fraction;
                }
            }
            Event::Loaded { id, summary } => {
                self.losses = 0;
                self.settle(id, FileStatus::Input(summary));
                let mut effects = self.put_demo_away(id);
                effects.extend(self.go_on(now));
                return effects;
            }
            Event::ArchitectureUnknown { id, reason } => self.settle(id, FileStatus::ArchitectureUnknown { reason }),
            Event::Refused { id, reason } => self.settle(id, FileStatus::Refused { reason }),
            Event::ProbeLoaded { ids, summary } => {
                let mut effects = self.take_probe(&ids, summary);
                effects.extend(self.go_on(now));
                return effects;
            }
            Event::Note { text } => self.notice = Some(text),
            Event::Broken { reason } => return self.lose_engine(&reason),
            Event::Progress { run, progress } => self.note_progress(run, progress, now),
            Event::Layers { run, input, layers } => self.take_layers(run, input, layers),
            Event::Cells { run, cells } => self.take_cells(run, cells),
            Event::Done { run, json, csv, memory } => return self.finish_run(run, json, csv, memory, now),
            Event::Failed { run, reason } => self.fail_run(run, reason),
            Event::Cancelled { run } => self.end_cancelled(run),
        }
        Vec::new()
    }

    fn wake(&mut self, version: u32) -> Vec<Effect> {
        if version != PROTOCOL_VERSION {
            let reason = "the page and its engine are of different versions; reload the page.".to_owned();
            self.engine = EngineStatus::Gone { reason };
            return Vec::new();
        }
        self.engine = EngineStatus::Starting;
        let mut effects = vec![Effect::Send(Request::Start { engine: self.settings.engine })];
        effects.extend(self.reopen());
        effects
    }

    fn settle(&mut self, id: u32, status: FileStatus) {
        if let Some(file) = self.file_of(id) {
            file.status = status;
        }
    }

    /// The worker failed: another is started, which reads everything again.
    pub(super) fn lose_engine(&mut self, reason: &str) -> Vec<Effect> {
        self.losses += 1;
        self.demo_pending = false;
        let interrupted = self.run.take().is_some();
        if self.losses > ATTEMPTS {
            self.engine =
                EngineStatus::Gone { reason: format!("it stopped {ATTEMPTS} times ({reason}); reload the page.") };
            self.notice = None;
            return Vec::new();
        }
        if matches!(&self.engine, EngineStatus::Ready(report) if report.id == "webgpu") {
            self.settings.engine = EngineChoice::Cpu;
            self.resume = interrupted;
            self.notice = Some(format!("WebGPU was lost ({reason}); the CPU engine has taken over."));
            return self.restart_engine();
        }
        let lost = if interrupted { "the comparison was lost; press Compare to try again" } else { "nothing was lost" };
        self.notice = Some(format!("The engine stopped ({reason}) and was started again; {lost}."));
        self.outcome = None;
        self.restart_engine()
    }

    pub(super) fn restart_engine(&mut self) -> Vec<Effect> {
        self.engine = EngineStatus::Loading;
        for file in &mut self.files {
            if !matches!(file.status, FileStatus::Refused { .. }) {
                file.status = FileStatus::Reading { fraction: 0.0 };
            }
        }
        vec![Effect::Respawn]
    }
}
