//! Passes on what a run reports, and hands the thread back now and then so that a request to cancel can arrive.

use std::cell::{Cell, RefCell};

use repgeo_core::study::{CellEvent, Watcher};
use repgeo_core::supervise::{Cancelled, Progress, Supervisor};

use super::port::{self, Breath};
use crate::protocol::{CellReport, Event, RunId};

/// Least time between two messages about progress, in milliseconds.
const MESSAGE_PAUSE: f64 = 40.0;
/// Least time between two hand-backs of the thread, in milliseconds.
const BREATH_PAUSE: f64 = 50.0;

pub(super) struct RunWatcher<'a> {
    run: RunId,
    cancelled: &'a Cell<Option<RunId>>,
    breath: Option<Breath>,
    breathed: Cell<f64>,
    told: Cell<f64>,
    progress: RefCell<Option<Progress>>,
    cells: RefCell<Vec<CellReport>>,
}

impl<'a> RunWatcher<'a> {
    pub(super) fn new(run: RunId, cancelled: &'a Cell<Option<RunId>>) -> Self {
        Self {
            run,
            cancelled,
            breath: Breath::new(),
            breathed: Cell::new(port::now()),
            told: Cell::new(0.0),
            progress: RefCell::default(),
            cells: RefCell::default(),
        }
    }

    /// Tells everything that was not told yet.
    pub(super) fn flush(&self) {
        self.told.set(port::now());
        if let Some(progress) = self.progress.take() {
            port::tell(Event::Progress { run: self.run, progress });
        }
        let cells = self.cells.take();
        if !cells.is_empty() {
            port::tell(Event::Cells { run: self.run, cells });
        }
    }

    fn flush_now_and_then(&self) {
        if port::now() - self.told.get() >= MESSAGE_PAUSE {
            self.flush();
        }
    }
}

impl Supervisor for RunWatcher<'_> {
    fn progress(&self, progress: Progress) {
        self.progress.replace(Some(progress));
        self.flush_now_and_then();
    }

    async fn pause(&self) -> Result<(), Cancelled> {
        if port::now() - self.breathed.get() >= BREATH_PAUSE {
            self.flush();
            if let Some(breath) = &self.breath {
                breath.take().await;
            }
            self.breathed.set(port::now());
        }
        if self.cancelled.get() == Some(self.run) { Err(Cancelled) } else { Ok(()) }
    }
}

impl Watcher for RunWatcher<'_> {
    fn layers(&self, input: usize, layers: &[String]) {
        port::tell(Event::Layers { run: self.run, input, layers: layers.to_vec() });
    }

    fn cell(&self, event: &CellEvent) {
        let CellEvent { measure, pair, row, column, cell } = event;
        let cell = CellReport {
            measure: (*measure).to_owned(),
            pair: *pair,
            row: *row,
            column: *column,
            cell: (*cell).clone(),
        };
        self.cells.borrow_mut().push(cell);
        self.flush_now_and_then();
    }
}
