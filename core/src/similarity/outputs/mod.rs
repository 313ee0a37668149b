//! Measures of what two networks say of the samples.

pub(super) mod disagreement;
pub(super) mod divergence;
pub(super) mod log_likelihood_variance;
mod log_probability;
pub(super) mod logit_distance;

use super::Samples;
use crate::layer::{Logits, Reason};
use crate::steps::Steps;

/// A measure of the outputs of two networks on the same samples.
pub trait Outputs: Send + Sync {
    /// The value of two networks, in steps where it takes long.
    ///
    /// # Errors
    /// [`Reason`] when it does not exist for these two.
    fn compare<'a>(&'a self, a: &'a Logits, b: &'a Logits, samples: &'a Samples) -> Steps<'a, Result<f64, Reason>>;
}
