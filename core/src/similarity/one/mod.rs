//! Measures of one layer by itself.

pub(super) mod participation;

use super::Samples;
use crate::layer::{Layer, PartId, Reason};

/// A measure of one layer: a descriptor.
pub trait One: Send + Sync {
    /// The parts of the layer that it reads.
    fn needs(&self) -> &'static [PartId];

    /// The value of a layer.
    ///
    /// # Errors
    /// [`Reason`] when it does not exist for this layer.
    fn describe(&self, layer: &Layer, samples: &Samples) -> Result<f64, Reason>;
}
