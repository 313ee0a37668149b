//! Watching a study.

use std::cell;

use super::Cell;
use crate::supervise::{Cancelled, Progress, Stage, Supervisor};

/// A cell that has just been computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellEvent<'a> {
    /// The measure's id.
    pub measure: &'a str,
    /// Index of the pair of inputs, as in [`super::MeasureRecord::pairs`].
    pub pair: usize,
    /// Index of the layer of the pair's first input.
    pub row: usize,
    /// Index of the layer of the pair's second input.
    pub column: usize,
    /// The value, or why there is none.
    pub cell: &'a Cell,
}

/// Whoever watches a study: besides progress it is told the layers of every input before the work begins, and every cell
/// as soon as it is known.
pub trait Watcher: Supervisor {
    /// The layers of an input, first to last.
    fn layers(&self, input: usize, layers: &[String]);

    /// A cell has been computed. Called often: must be cheap.
    fn cell(&self, event: &CellEvent<'_>);
}

impl Watcher for crate::supervise::Unsupervised {
    fn layers(&self, _input: usize, _layers: &[String]) {}

    fn cell(&self, _event: &CellEvent<'_>) {}
}

/// Passes progress on so that its fraction never decreases, whichever part of a study it comes from.
pub(super) struct Monotone<'a, W> {
    watcher: &'a W,
    fraction: cell::Cell<f64>,
}

impl<'a, W: Watcher> Monotone<'a, W> {
    pub(super) fn new(watcher: &'a W) -> Self {
        Self { watcher, fraction: cell::Cell::new(0.0) }
    }

    /// Says what is being done, at the fraction that was last reported.
    pub(super) fn stage(&self, stage: Stage, network: &str, layer: &str) {
        self.at_least(0.0, stage, network, layer);
    }

    /// Says what is being done, at this fraction or the last one, whichever is larger.
    pub(super) fn at_least(&self, fraction: f64, stage: Stage, network: &str, layer: &str) {
        self.progress(Progress { stage, network: network.to_owned(), layer: layer.to_owned(), fraction });
    }

    pub(super) fn cell(&self, event: &CellEvent<'_>) {
        self.watcher.cell(event);
    }
}

impl<W: Watcher> Supervisor for Monotone<'_, W> {
    fn progress(&self, progress: Progress) {
        let fraction = self.fraction.get().max(progress.fraction.min(1.0));
        self.fraction.set(fraction);
        self.watcher.progress(Progress { fraction, ..progress });
    }

    async fn pause(&self) -> Result<(), Cancelled> {
        self.watcher.pause().await
    }
}
