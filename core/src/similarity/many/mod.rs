//! Measures of many networks at once.

mod aligned;
pub(super) mod compromise;
pub(super) mod inter_subject;
pub(super) mod procrustes_mean;
pub(super) mod rsm_consistency;
pub(super) mod shared_response;

use super::{Prepared, Samples};
use crate::layer::{Layer, PartId, Reason};
use crate::steps::Steps;

/// A measure of layers of many networks that correspond, all of the same samples. Where its work takes long, it is
/// [in steps](crate::steps).
pub trait Many: Send + Sync {
    /// The parts of a layer that [`Many::prepare`] reads.
    fn needs(&self) -> &'static [PartId];

    /// The work done once per layer.
    ///
    /// # Errors
    /// [`Reason`] when the measure does not exist for this layer.
    fn prepare<'a>(&'a self, layer: &'a Layer, samples: &'a Samples) -> Steps<'a, Result<Prepared, Reason>>;

    /// The value of a group of layers, one of each network.
    ///
    /// # Errors
    /// [`Reason`] when the measure does not exist for this group.
    fn group<'a>(&'a self, layers: &'a [&'a Prepared]) -> Steps<'a, Result<Group, Reason>>;
}

/// What a measure says of layers that correspond.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The value of the group.
    pub value: f64,
    /// What it says of each layer, in order.
    pub each: Vec<f64>,
}
