//! The units of a layer, column by column.

use faer::Mat;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// The most units that are kept of a layer.
pub const MAXIMUM_UNITS: usize = 4_096;

/// The seed by which units are chosen: the same of two layers with the same number of units.
const SEED: u64 = 0;

/// Xc, or [`MAXIMUM_UNITS`] columns of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Units {
    /// Which features the columns are, in ascending order.
    pub features: Vec<usize>,
    /// n × that many, centred.
    pub values: Mat<f64>,
}

/// The features that are kept of this many.
pub(super) fn chosen(features: usize) -> Vec<usize> {
    if features <= MAXIMUM_UNITS {
        return (0..features).collect();
    }
    let mut chosen = rand::seq::index::sample(&mut ChaCha8Rng::seed_from_u64(SEED), features, MAXIMUM_UNITS).into_vec();
    chosen.sort_unstable();
    chosen
}
