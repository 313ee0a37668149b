//! A run: from Compare to its end.

use repgeo_core::study::{Comparison, LayerMap};
use repgeo_core::supervise::Progress;

use super::{Effect, Origin, Picture, State};
use crate::format;
use crate::protocol::{CellReport, CompareSettings, Request, RunId};

/// A run that was started.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// What was asked for.
    pub settings: CompareSettings,
    /// Whether it is still wanted.
    pub phase: RunPhase,
    /// Where it stands.
    pub progress: Option<Progress>,
    /// Seconds that are left, by the pace so far.
    pub seconds_left: Option<f64>,
    /// The layers of each input, as far as they are known.
    layers: Vec<Option<Vec<String>>>,
    /// The bundled comparison is computed anew: its stored values stay until the new ones are there.
    anew: bool,
    started: f64,
}

/// Whether a run is still wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunPhase {
    /// It goes on.
    Running,
    /// It was asked to stop.
    Cancelling,
}

impl State {
    pub(super) fn start_run(&mut self, anew: bool, now: f64) -> Vec<Effect> {
        if self.run.is_some() || self.obstacle().is_some() {
            return Vec::new();
        }
        let device = self.choose_device();
        if !device.is_empty() {
            self.resume = true;
            return device;
        }
        self.next_run += 1;
        self.demo_pending = false;
        self.notice = None;
        self.outcome = None;
        let settings = self.compare_settings();
        if !anew {
            self.picture = None;
            self.selection = super::Selection::default();
        }
        self.run = Some(Run {
            id: self.next_run,
            layers: vec![None; settings.files.len()],
            settings: settings.clone(),
            phase: RunPhase::Running,
            progress: None,
            seconds_left: None,
            anew,
            started: now,
        });
        vec![Effect::Send(Request::Compare { run: self.next_run, settings })]
    }

    pub(super) fn cancel_run(&mut self) -> Vec<Effect> {
        let Some(run) = self.run.as_mut().filter(|run| run.phase == RunPhase::Running) else { return Vec::new() };
        run.phase = RunPhase::Cancelling;
        vec![Effect::Send(Request::Cancel { run: run.id }), Effect::WatchCancel(run.id)]
    }

    /// The engine did not stop in time: it is replaced.
    pub(super) fn give_up_on_run(&mut self, run: RunId) -> Vec<Effect> {
        if self.run.as_ref().is_none_or(|current| current.id != run || current.phase != RunPhase::Cancelling) {
            return Vec::new();
        }
        self.end_cancelled(run);
        self.notice = Some("The engine was busy and was started again; your files are being read again.".to_owned());
        self.restart_engine(self.worker)
    }

    pub(super) fn end_cancelled(&mut self, run: RunId) {
        if self.running(run).is_some() {
            self.run = None;
            self.outcome = Some("Cancelled".to_owned());
        }
    }

    pub(super) fn fail_run(&mut self, run: RunId, reason: String) {
        if self.running(run).is_some() {
            self.run = None;
            self.outcome = Some("Stopped".to_owned());
            self.notice = Some(reason);
        }
    }

    pub(super) fn note_progress(&mut self, run: RunId, progress: Progress, now: f64) {
        let Some(run) = self.running(run) else { return };
        let elapsed = (now - run.started) / 1000.0;
        let known = elapsed > 1.0 && progress.fraction > 0.02;
        run.seconds_left = known.then(|| elapsed * (1.0 - progress.fraction) / progress.fraction);
        run.progress = Some(progress);
    }

    pub(super) fn take_layers(&mut self, run: RunId, input: usize, layers: Vec<String>) {
        let cards = self.cards.clone();
        let Some(run) = self.running(run) else { return };
        if let Some(slot) = run.layers.get_mut(input) {
            *slot = Some(layers);
        }
        if run.anew {
            return;
        }
        let Some(layers) = run.layers.iter().cloned().collect::<Option<Vec<_>>>() else { return };
        let spec = run.settings.spec.clone();
        let Ok(pairs) = spec.pairs.pairs(spec.inputs.len()) else { return };
        let samples = spec.probe.map_or(0, |probe| probe.samples);
        let map = |card, (a, b): (usize, usize)| {
            let (rows, columns) = (&layers[a], &layers[b]);
            LayerMap::empty(card, samples, (&spec.inputs[a].name, rows), (&spec.inputs[b].name, columns))
        };
        let mut maps = Vec::new();
        for id in &spec.questions {
            let Some(card) = cards.iter().find(|card| card.id == id) else { return };
            maps.push((id.clone(), pairs.iter().map(|&pair| map(card, pair)).collect()));
        }
        self.picture = Some(Picture::empty(maps, spec.inputs.len()));
    }

    pub(super) fn take_cells(&mut self, run: RunId, cells: Vec<CellReport>) {
        if self.running(run).is_some()
            && let Some(picture) = &mut self.picture
        {
            picture.fill(cells);
        }
    }

    pub(super) fn finish_run(
        &mut self,
        run: RunId,
        comparison: Comparison,
        memory: f64,
        kept: Vec<String>,
        now: f64,
    ) -> Vec<Effect> {
        let Some(current) = self.running(run) else { return Vec::new() };
        let seconds = (now - current.started) / 1000.0;
        let mut settings = current.settings.clone();
        // The engine keeps what was asked before of the same layers.
        settings.spec.questions = comparison.measures.iter().map(|measure| measure.id.clone()).collect();
        let Some(mut picture) = Picture::of(comparison, Origin::Computed { settings, kept }) else {
            self.fail_run(run, "The engine's report lacks an input of a pair.".to_owned());
            return Vec::new();
        };
        self.run = None;
        let pair = self.picture.as_ref().map_or(0, |picture| picture.pair);
        picture.show_measure(&self.settings.measure);
        picture.show_pair(pair);
        self.picture = Some(picture);
        self.outcome =
            Some(format!("Done in {}; the engine took {} of memory", format::seconds(seconds), format::bytes(memory)));
        let mut effects = vec![Effect::Announce("Comparison done".to_owned())];
        effects.extend(self.try_webgpu(seconds));
        effects
    }

    fn running(&mut self, run: RunId) -> Option<&mut Run> {
        self.run.as_mut().filter(|current| current.id == run)
    }
}
