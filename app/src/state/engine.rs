//! What the engine says, and what becomes of it.

use super::{Effect, FileStatus, State};
use crate::protocol::{Adapter, EngineChoice, EngineReport, Event, PROTOCOL_VERSION, Request, WorkerKind};

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

/// The worker with WebGPU is many times as large as the host engine, so that it is tried beside it, and only once it is
/// known that there is something to gain.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Trial {
    /// It is not being tried.
    #[default]
    Due,
    /// It is being loaded and timed.
    Running,
    /// It was faster; it takes over when no run is under way.
    Won(EngineReport),
    /// It was not faster, or could not be tried: what is said of the host engine from then on.
    Lost(EngineReport),
}

/// A comparison that takes this many seconds on the CPU engine makes it worth trying WebGPU.
const WORTH_TRYING: f64 = 1.0;

/// How often a lost engine is started again before the page gives up; reading files successfully starts the count anew.
const ATTEMPTS: u32 = 3;

impl State {
    pub(super) fn hear(&mut self, event: Event, now: f64) -> Vec<Effect> {
        match event {
            Event::Awake { version } => return self.wake(version),
            Event::Ready { engine, adapter } => return self.take_engine(engine, adapter, now),
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
            Event::Joined { ids, name } => self.join_files(&ids, name),
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
            Event::Done { run, comparison, memory, kept } => {
                return self.finish_run(run, *comparison, memory, kept, now);
            }
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
        let mut effects = self.ask_for_device();
        effects.extend(self.reopen());
        effects
    }

    fn ask_for_device(&mut self) -> Vec<Effect> {
        self.engine = EngineStatus::Starting;
        self.asked = self.settings.engine;
        vec![Effect::Send(Request::Start { engine: self.settings.engine })]
    }

    /// Asks for the device that the settings name, where that is not the one that was asked for last.
    pub(super) fn choose_device(&mut self) -> Vec<Effect> {
        let idle = self.run.is_none() && matches!(self.engine, EngineStatus::Ready(_));
        if idle && self.asked != self.settings.engine { self.ask_for_device() } else { Vec::new() }
    }

    /// The worker chose its device; where WebGPU is asked for and can be had, the other worker takes this one's place.
    fn take_engine(&mut self, engine: EngineReport, adapter: Adapter, now: f64) -> Vec<Effect> {
        let to_be_had = matches!(adapter, Adapter::Software | Adapter::Hardware);
        if self.worker == WorkerKind::Host && self.asked == EngineChoice::Webgpu && to_be_had {
            return self.restart_engine(WorkerKind::Webgpu);
        }
        self.engine = EngineStatus::Ready(match &self.trial {
            Trial::Lost(report) if self.worker == WorkerKind::Host && self.asked == EngineChoice::Automatic => {
                report.clone()
            }
            _ => engine,
        });
        if adapter != Adapter::Unknown {
            self.adapter = adapter;
        }
        self.go_on(now)
    }

    /// Loads and times WebGPU beside the host engine after a comparison that took long, where there is a graphics card.
    pub(super) fn try_webgpu(&mut self, seconds: f64) -> Vec<Effect> {
        let wanted = self.worker == WorkerKind::Host && self.asked == EngineChoice::Automatic;
        if self.trial != Trial::Due || !wanted || self.adapter != Adapter::Hardware || seconds < WORTH_TRYING {
            return Vec::new();
        }
        self.trial = Trial::Running;
        vec![Effect::TryWebgpu]
    }

    /// WebGPU was timed beside the host engine, or could not be.
    pub(super) fn end_trial(&mut self, tried: Result<EngineReport, String>) -> Vec<Effect> {
        let report = match tried {
            Ok(report) if report.id == "webgpu" => {
                self.trial = Trial::Won(report);
                return self.promote();
            }
            Ok(report) => report,
            Err(reason) => EngineReport {
                id: "cpu".to_owned(),
                name: "CPU".to_owned(),
                reason: format!("The CPU engine computes, because WebGPU could not be tried: {reason}."),
            },
        };
        self.trial = Trial::Lost(report.clone());
        if self.asked == EngineChoice::Automatic && matches!(self.engine, EngineStatus::Ready(_)) {
            self.engine = EngineStatus::Ready(report);
        }
        vec![Effect::EndTrial]
    }

    /// The worker that was tried takes over as soon as no run is under way and no file is being read.
    pub(super) fn promote(&mut self) -> Vec<Effect> {
        if self.run.is_some() || self.is_reading() || !matches!(self.trial, Trial::Won(_)) {
            return Vec::new();
        }
        let Trial::Won(report) = std::mem::take(&mut self.trial) else { return Vec::new() };
        if self.settings.engine != EngineChoice::Automatic {
            return vec![Effect::EndTrial];
        }
        self.worker = WorkerKind::Webgpu;
        self.engine = EngineStatus::Ready(report);
        let mut effects = vec![Effect::Promote];
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
        let on_cpu = matches!(&self.engine, EngineStatus::Ready(report) if report.id != "webgpu");
        if self.worker == WorkerKind::Webgpu && !on_cpu {
            self.settings.engine = EngineChoice::Cpu;
            self.resume |= interrupted;
            self.notice = Some(format!("WebGPU was lost ({reason}); the CPU engine has taken over."));
            return self.restart_engine(WorkerKind::Host);
        }
        let lost = if interrupted { "the comparison was lost; press Compare to try again" } else { "nothing was lost" };
        self.notice = Some(format!("The engine stopped ({reason}) and was started again; {lost}."));
        self.outcome = None;
        self.restart_engine(self.worker)
    }

    /// Replaces the workers by one of this kind, which reads everything again.
    pub(super) fn restart_engine(&mut self, worker: WorkerKind) -> Vec<Effect> {
        self.engine = EngineStatus::Loading;
        self.worker = worker;
        // A worker that was being tried has ended with the other.
        if !matches!(self.trial, Trial::Lost(_)) {
            self.trial = Trial::Due;
        }
        for file in &mut self.files {
            if !matches!(file.status, FileStatus::Refused { .. }) {
                file.status = FileStatus::Reading { fraction: 0.0 };
            }
        }
        vec![Effect::Respawn(worker)]
    }
}
