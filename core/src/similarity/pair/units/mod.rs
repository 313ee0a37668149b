//! Measures that match the units of two layers with each other.

mod assignment;
pub(in crate::similarity) mod correlation_match;
pub(in crate::similarity) mod permutation_procrustes;

use crate::layer::{Layer, Reason};

/// The most units of a layer that are matched one by one: measured natively on one thread, 2,048 random units take 0.4 seconds a
/// pair, 4,096 take 3 to 4 and 128 MiB for their correlations.
const LIMIT: usize = 2_048;

/// Whether the layer has no more units than can be matched.
///
/// # Errors
/// [`Reason::TooManyUnits`].
fn few_enough(layer: &Layer) -> Result<(), Reason> {
    let found = layer.facts.features;
    if found > LIMIT { Err(Reason::TooManyUnits { limit: LIMIT, found }) } else { Ok(()) }
}
