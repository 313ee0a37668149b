//! Progress on the terminal, and where the time went.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use repgeo_core::study::{CellEvent, Watcher};
use repgeo_core::supervise::{Cancelled, Progress, Stage, Supervisor};

/// Steps of the bar.
const STEPS: u64 = 1000;

/// A progress bar on standard error, hidden where that is no terminal, and a stop watch for each stage.
pub(super) struct Bar {
    bar: ProgressBar,
    watch: RefCell<StopWatch>,
}

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new(STEPS);
        bar.set_style(style("{msg}"));
        Self { bar, watch: RefCell::new(StopWatch::new()) }
    }

    /// Says what is being read.
    pub(super) fn reading(&self, what: &str) {
        self.bar.set_message(format!("reading the {what}"));
        self.bar.tick();
    }

    /// Takes the bar off the terminal.
    pub(super) fn finish(&self) {
        self.watch.borrow_mut().stop();
        self.bar.finish_and_clear();
    }

    /// The seconds of running networks and of computing similarities.
    pub(super) fn timings(&self) -> String {
        let watch = self.watch.borrow();
        let forward = watch.seconds(Stage::Forward);
        let similarity = watch.seconds(Stage::Prepare) + watch.seconds(Stage::Compare);
        let asked = |stage: Stage| match watch.seconds(stage) {
            0.0 => String::new(),
            seconds => format!("{} {seconds:.3} s\n", name(stage)),
        };
        let (null, bootstrap) = (asked(Stage::Null), asked(Stage::Bootstrap));
        format!("forward {forward:.3} s\nsimilarity {similarity:.3} s\n{null}{bootstrap}")
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Supervisor for Bar {
    fn progress(&self, progress: Progress) {
        self.watch.borrow_mut().enter(progress.stage);
        let doing = match progress.stage {
            Stage::Read => "reading",
            Stage::Forward => "running",
            Stage::Prepare => "preparing",
            Stage::Compare => "comparing",
            Stage::Null => "comparing samples in random order",
            Stage::Bootstrap => "comparing samples drawn anew",
        };
        if self.bar.position() == 0 {
            // The time left is told from here on: reading files is no part of it.
            self.bar.reset();
            self.bar.set_style(style("{bar:30} {percent:>3} %  {msg}  {eta} left"));
        }
        self.bar.set_position((progress.fraction * STEPS as f64) as u64);
        self.bar.set_message(format!("{doing} {} {}", progress.network, progress.layer));
    }

    async fn pause(&self) -> Result<(), Cancelled> {
        Ok(())
    }
}

impl Watcher for Bar {
    fn layers(&self, _input: usize, _layers: &[String]) {}

    fn cell(&self, _event: &CellEvent<'_>) {}
}

/// The time from each report to the next, for the stage that was reported.
struct StopWatch {
    stages: BTreeMap<&'static str, Duration>,
    running: Option<(Stage, Instant)>,
}

impl StopWatch {
    fn new() -> Self {
        Self { stages: BTreeMap::new(), running: None }
    }

    fn enter(&mut self, stage: Stage) {
        self.stop();
        self.running = Some((stage, Instant::now()));
    }

    fn stop(&mut self) {
        if let Some((stage, since)) = self.running.take() {
            *self.stages.entry(name(stage)).or_default() += since.elapsed();
        }
    }

    fn seconds(&self, stage: Stage) -> f64 {
        self.stages.get(name(stage)).map_or(0.0, Duration::as_secs_f64)
    }
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Read => "read",
        Stage::Forward => "forward",
        Stage::Prepare => "prepare",
        Stage::Compare => "compare",
        Stage::Null => "null",
        Stage::Bootstrap => "bootstrap",
    }
}
