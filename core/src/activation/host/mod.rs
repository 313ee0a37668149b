//! The engine for the processor: the same code natively, on several threads, and in WebAssembly.
//!
//! Maps are kept in the order positions × channels, so that every loop runs over contiguous channels; only the
//! representations, and the input of each segment, have PyTorch's order.

mod buffer;
mod convolution;
mod epilogue;
mod execute;
mod fusion;
mod group_norm;
mod grouped;
mod observe;
mod plan;
mod pooling;
mod schedule;
mod share;
mod weights;
mod winograd;

use std::ops::Range;

use self::execute::{Workspace, run};
pub(super) use self::observe::{Observation, observe};
use self::plan::{Segment, segments};
use self::schedule::Schedule;
use self::share::share;
use self::weights::Weights;
use super::job::Job;
use super::rows::reduce;
use super::{ActivationError, Matrix, Representation};
use crate::supervise::Supervisor;

/// Runs networks on the processor.
#[derive(Debug, Clone)]
pub struct HostEngine {
    threads: usize,
}

impl HostEngine {
    /// Uses at most this many threads of the pool that it is called from; one without the feature `rayon`.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let threads = if cfg!(feature = "rayon") { threads.max(1) } else { 1 };
        Self { threads }
    }

    /// How many threads are used at most.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// See [`super::represent`].
    ///
    /// With [`super::RowPolicy::Flatten`] a tap's matrix is also the input of the next segment, so it is handed out, by
    /// move, when that segment is done: two matrices exist at a time, and none is copied.
    pub(super) async fn represent<E: From<ActivationError>>(
        &self,
        job: &Job<'_>,
        watcher: &impl Supervisor,
        mut each: impl AsyncFnMut(Representation) -> Result<(), E>,
    ) -> Result<(), E> {
        let weights = Weights::new(job.network, job.state);
        let segments = segments(&weights, job.graph)?;
        let total = segments.iter().map(|segment| segment.operations).sum::<f64>().max(1.0);
        let mut workspaces: Vec<Workspace> = Vec::new();
        workspaces.resize_with(self.threads, Workspace::default);
        let mut done = 0.0;
        let mut previous: Option<Held<'_>> = None;
        for segment in &segments {
            let share = (done, segment.operations, total);
            let input = previous.as_ref().map(|held| held.values.as_slice());
            let values = self.segment(job, segment, input, share, &mut workspaces, watcher).await?;
            done += segment.operations;
            if let Some(held) = previous.take() {
                held.hand_out(job, &mut each).await?;
            }
            let reduced = reduce(job.policy, segment.output, job.images(), &values);
            previous = Some(Held { segment, values, whole: reduced.is_none() });
            if let Some(rows) = reduced {
                each(job.reduced(&segment.layer, rows)).await?;
            }
        }
        match previous {
            Some(held) => held.hand_out(job, &mut each).await,
            None => Ok(()),
        }
    }

    /// The maps of all images at the end of a segment, from those at its start; none are the images themselves.
    async fn segment(
        &self,
        job: &Job<'_>,
        segment: &Segment,
        input: Option<&[f32]>,
        (done, operations, total): (f64, f64, f64),
        workspaces: &mut [Workspace],
        watcher: &impl Supervisor,
    ) -> Result<Vec<f32>, ActivationError> {
        let images = job.images();
        let (from, to) = (segment.input.len(), segment.output.len());
        let Schedule { batch, unit } = Schedule::of(segment, images, self.threads);
        let mut output = vec![0.0; images * to];
        for (index, values) in output.chunks_mut((unit * to).max(1)).enumerate() {
            let start = index * unit;
            job.report(watcher, &segment.layer, (done + operations * start as f64 / images as f64) / total);
            watcher.pause().await?;
            share(values.chunks_mut((batch * to).max(1)).enumerate(), workspaces, |(index, values), workspace| {
                let first = start + index * batch;
                let range: Range<usize> = first..(first + batch).min(images);
                match input {
                    Some(maps) => {
                        run(segment, range.len(), &maps[range.start * from..range.end * from], values, workspace)
                    }
                    None => run(segment, range.len(), &job.batch(range)?, values, workspace),
                }
                Ok::<(), ActivationError>(())
            })?;
        }
        Ok(output)
    }
}

/// A tap's maps while the next segment reads them.
struct Held<'a> {
    segment: &'a Segment,
    values: Vec<f32>,
    /// Whether they are a representation that is still to be handed out.
    whole: bool,
}

impl Held<'_> {
    async fn hand_out<E>(
        self,
        job: &Job<'_>,
        each: &mut impl AsyncFnMut(Representation) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.whole {
            return Ok(());
        }
        each(job.flattened(&self.segment.layer, self.segment.output, Matrix::F32(self.values))).await
    }
}

#[cfg(test)]
mod tests;
