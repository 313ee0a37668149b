//! Layers for tests.

use std::borrow::Cow;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::{Layer, LayerError, PartId};
use crate::Sha256Digest;
use crate::activation::{Matrix, Representation, RowPolicy};
use crate::data::SampleIds;
use crate::supervise::Unsupervised;

pub(crate) fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Normal deviates (Box & Muller 1958).
pub(crate) fn normal(generator: &mut ChaCha8Rng, count: usize) -> Vec<f64> {
    let mut uniform = || ((generator.next_u64() >> 11) as f64 + 0.5) / 2.0_f64.powi(53);
    (0..count).map(|_| (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()).collect()
}

/// A layer of `rows` samples on the host or a device.
pub(crate) fn representation(rows: usize, features: usize, matrix: Matrix) -> Representation {
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

/// A layer with these parts.
pub(crate) fn of(rows: usize, features: usize, matrix: Matrix, parts: &[PartId]) -> Result<Layer, LayerError> {
    let rows = representation(rows, features, matrix);
    pollster::block_on(Layer::of(Cow::Owned(rows), parts, false, &Unsupervised))
}

/// The layer of row-major values with all parts.
pub(crate) fn layer(values: &[f64], features: usize) -> Layer {
    of(values.len() / features, features, Matrix::F64(values.to_vec()), &PartId::ALL).unwrap()
}

/// The layer of row-major values in single precision with all parts.
pub(crate) fn single(values: &[f64], features: usize) -> Layer {
    let matrix = Matrix::F32(values.iter().map(|&value| value as f32).collect());
    of(values.len() / features, features, matrix, &PartId::ALL).unwrap()
}
