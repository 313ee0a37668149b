//! Measures of what two networks say of the samples.

pub(super) mod disagreement;
pub(super) mod divergence;
mod log_probability;
pub(super) mod logit_distance;

use super::Samples;
use crate::layer::{Logits, Reason};

/// A measure of the outputs of two networks on the same samples.
pub trait Outputs: Send + Sync {
    /// The value of two networks.
    ///
    /// # Errors
    /// [`Reason`] when it does not exist for these two.
    fn compare(&self, a: &Logits, b: &Logits, samples: &Samples) -> Result<f64, Reason>;
}
