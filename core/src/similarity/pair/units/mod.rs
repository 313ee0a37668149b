//! Measures that match the units of two layers with each other.

mod assignment;
pub(in crate::similarity) mod correlation_match;
pub(in crate::similarity) mod permutation_procrustes;
pub(in crate::similarity) mod soft_matching;
mod transport;

use crate::layer::{Layer, Reason};

/// The most units of a layer that are matched one to one: measured natively on one thread, 2,048 random units take 0.4 seconds a
/// pair, 4,096 take 3 to 4 and 128 MiB for their correlations.
const LIMIT: usize = 2_048;

/// The most units of a layer that weight is moved between: measured likewise, 1,024 with 1,023 take 2 seconds, 2,048 with 2,047
/// take 17 to 30.
const TRANSPORT_LIMIT: usize = 1_024;

/// Whether the layer has no more units than this.
///
/// # Errors
/// [`Reason::TooManyUnits`].
fn few_enough(layer: &Layer, limit: usize) -> Result<(), Reason> {
    let found = layer.facts.features;
    if found > limit { Err(Reason::TooManyUnits { limit, found }) } else { Ok(()) }
}
