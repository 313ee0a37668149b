//! What batch normalisations yield for given images, and the logits.

use super::execute::{Workspace, run_seen};
use super::plan::{Segment, segments_seen};
use super::weights::Weights;
use crate::activation::{ActivationError, Job};
use crate::model::{Graph, NodeId, Operation, StateDict, Tap};
use crate::supervise::Supervisor;

/// Images that are run before the supervisor is asked.
const BATCH: usize = 16;

/// What was seen of a network on some images.
#[derive(Debug, Clone, Default)]
pub(in crate::activation) struct Observation {
    /// Of each batch normalisation, how the values of each channel are distributed that it makes of a standard normal
    /// distribution in training.
    pub(in crate::activation) norms: Vec<NormObservation>,
    /// The values at the last operation, image after image.
    pub(in crate::activation) logits: Vec<f32>,
}

/// Mean and variance of what a batch normalisation yields, before its scale and shift, of each channel; what was normalised in
/// training has mean 0 and variance 1.
#[derive(Debug, Clone)]
pub(in crate::activation) struct NormObservation {
    pub(in crate::activation) moments: Vec<(f64, f64)>,
}

/// Runs a network on all images of a job without keeping representations.
///
/// # Errors
/// Those of running it.
pub(in crate::activation) async fn observe(
    job: &Job<'_>,
    watcher: &impl Supervisor,
) -> Result<Observation, ActivationError> {
    let last = job.graph.nodes.len().saturating_sub(1);
    let taps = vec![Tap { name: "logits".to_owned(), node: last }];
    let graph = Graph { taps, ..job.graph.clone() };
    let norms: Vec<(NodeId, Norm)> = graph
        .nodes
        .iter()
        .enumerate()
        .filter_map(|(id, node)| {
            let Operation::BatchNorm { name, epsilon } = &node.operation else { return None };
            Norm::of(job.state, name, *epsilon).map(|norm| (id, norm))
        })
        .collect();
    let seen: Vec<NodeId> = norms.iter().map(|(id, _)| *id).collect();
    let segments = segments_seen(&Weights::new(job.network, job.state), &graph, &seen)?;
    let mut sums: Vec<Sums> = norms.iter().map(|(_, norm)| Sums::new(norm.scale.len())).collect();
    let mut logits = Vec::new();
    let mut workspace = Workspace::default();
    for start in (0..job.images()).step_by(BATCH) {
        job.report(watcher, "what images say of how it is read", start as f64 / job.images() as f64);
        watcher.pause().await?;
        let range = start..(start + BATCH).min(job.images());
        let mut values = job.batch(range.clone())?;
        for segment in &segments {
            let Segment { output, .. } = segment;
            let mut result = vec![0.0; range.len() * output.len()];
            run_seen(segment, range.len(), &values, &mut result, &mut workspace, &mut |node, values| {
                if let Some(index) = seen.iter().position(|&seen| seen == node) {
                    sums[index].add(values);
                }
            });
            values = result;
        }
        logits.extend(values);
    }
    let moments = norms.iter().zip(&sums).map(|((_, norm), sums)| NormObservation { moments: norm.moments(sums) });
    Ok(Observation { norms: moments.collect(), logits })
}

/// The tensors of a batch normalisation, in double precision.
struct Norm {
    scale: Vec<f64>,
    shift: Vec<f64>,
    /// The share of epsilon in variance plus epsilon.
    share: Vec<f64>,
}

impl Norm {
    fn of(state: &StateDict, name: &str, epsilon: f64) -> Option<Self> {
        let tensor = |part: &str| {
            let values = &state.get(&format!("{name}.{part}"))?.values;
            Some(values.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>())
        };
        let share = tensor("running_var")?.iter().map(|variance| epsilon / (variance + epsilon)).collect();
        Some(Self { scale: tensor("weight")?, shift: tensor("bias")?, share })
    }

    /// Mean and variance of each channel whose scale tells what was normalised. Epsilon counts as in training: a channel
    /// without variance there and here has variance 1.
    fn moments(&self, sums: &Sums) -> Vec<(f64, f64)> {
        let channels = self.scale.iter().zip(&self.shift).zip(&self.share).zip(sums.first.iter().zip(&sums.second));
        channels
            .filter(|(((scale, _), _), _)| **scale != 0.0)
            .map(|(((scale, shift), share), (first, second))| {
                let mean = first / sums.count;
                let variance = (second / sums.count - mean * mean).max(0.0);
                ((mean - shift) / scale, variance / (scale * scale) + share)
            })
            .collect()
    }
}

/// Sums of values and of their squares, of each channel.
struct Sums {
    first: Vec<f64>,
    second: Vec<f64>,
    count: f64,
}

impl Sums {
    fn new(channels: usize) -> Self {
        Self { first: vec![0.0; channels], second: vec![0.0; channels], count: 0.0 }
    }

    /// Values in the order positions × channels.
    fn add(&mut self, values: &[f32]) {
        let channels = self.first.len().max(1);
        for pixel in values.chunks_exact(channels) {
            for ((first, second), &value) in self.first.iter_mut().zip(&mut self.second).zip(pixel) {
                let value = f64::from(value);
                *first += value;
                *second += value * value;
            }
        }
        self.count += (values.len() / channels) as f64;
    }
}
