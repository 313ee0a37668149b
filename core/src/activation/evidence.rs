//! What images say of how a network is to be read: whether its batch normalisations see what they saw in training, and
//! whether it classifies.

use super::host::{Observation, observe};
use super::{ActivationError, Job};
use crate::checkpoint::{Divergence, Evidence};
use crate::supervise::Supervisor;

/// Runs a network on all images of a job and says how it fits them.
///
/// # Errors
/// Those of running it.
pub async fn evidence(job: &Job<'_>, watcher: &impl Supervisor) -> Result<Evidence, ActivationError> {
    let observation = observe(job, watcher).await?;
    Ok(Evidence {
        images: job.images(),
        accuracy: accuracy(job, &observation.logits),
        divergence: divergence(&observation),
    })
}

/// The share of images whose largest logit is their label's; nothing where a label has no logit.
fn accuracy(job: &Job<'_>, logits: &[f32]) -> Option<f64> {
    let labels = job.probe.labels.as_ref().filter(|labels| !labels.is_empty())?;
    let classes = logits.len() / labels.len();
    let fits = classes > 1 && labels.iter().all(|&label| (label as usize) < classes);
    let right = logits.chunks_exact(classes.max(1)).zip(labels).filter(|(row, label)| {
        let best = row.iter().enumerate().fold(None, |best: Option<(usize, f32)>, (class, &value)| match best {
            Some((_, largest)) if largest >= value => best,
            _ => Some((class, value)),
        });
        best.is_some_and(|(class, _)| class == **label as usize)
    });
    fits.then(|| right.count() as f64 / labels.len() as f64)
}

fn divergence(observation: &Observation) -> Option<Divergence> {
    let of_channel = |&(mean, variance): &(f64, f64)| 0.5 * (variance + mean * mean - 1.0 - variance.ln());
    let of_layer = |moments: &[(f64, f64)]| moments.iter().map(of_channel).sum::<f64>() / moments.len() as f64;
    let mut layers: Vec<f64> =
        observation.norms.iter().filter(|norm| !norm.moments.is_empty()).map(|norm| of_layer(&norm.moments)).collect();
    layers.sort_by(f64::total_cmp);
    let median = *layers.get(layers.len() / 2)?;
    let largest = *layers.last()?;
    // Values that overflow say nothing in numbers.
    Some(Divergence { median, largest }).filter(|_| median.is_finite() && largest.is_finite())
}
