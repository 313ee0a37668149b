//! Data for the tests of this module.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::{AnyMeasure, Geometry, Ingredient, Undefined};
use crate::Sha256Digest;
use crate::activation::{Matrix, Representation, RowPolicy};
use crate::data::SampleIds;

pub(super) fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Normal deviates (Box & Muller 1958).
pub(super) fn normal(generator: &mut ChaCha8Rng, count: usize) -> Vec<f64> {
    let mut uniform = || ((generator.next_u64() >> 11) as f64 + 0.5) / 2.0_f64.powi(53);
    (0..count).map(|_| (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()).collect()
}

/// A layer of `rows` samples on the host or a device.
pub(super) fn representation(rows: usize, features: usize, matrix: Matrix) -> Representation {
    Representation {
        layer: "layer1.0".to_owned(),
        samples: Arc::new(SampleIds {
            ids: (0..rows).map(|row| row.to_string()).collect(),
            content: Sha256Digest::of([]),
        }),
        row_policy: RowPolicy::Flatten,
        rows,
        features,
        matrix,
    }
}

/// The geometry with all ingredients of row-major values.
pub(super) fn geometry(values: &[f64], features: usize) -> Geometry {
    let all = [Ingredient::Gram, Ingredient::Coordinates, Ingredient::Correlation];
    let layer = representation(values.len() / features, features, Matrix::F64(values.to_vec()));
    pollster::block_on(Geometry::of(&layer, &all)).unwrap()
}

/// The measure's value for two layers.
pub(super) fn value(measure: &dyn AnyMeasure, a: &Geometry, b: &Geometry) -> Result<f64, Undefined> {
    measure.compare(&measure.prepare(a)?, &measure.prepare(b)?)
}
