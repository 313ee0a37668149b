//! What one layer of one network makes of the probe set.

use std::sync::Arc;

#[cfg(feature = "devices")]
use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::SampleIds;

/// How a feature map became a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RowPolicy {
    /// One row per sample: channels × height × width side by side.
    #[default]
    Flatten,
    /// One row per sample: the mean of each channel over all positions.
    AveragePool,
    /// One row per sample and position, channels side by side; maps compare only when their positions agree.
    PositionsAsSamples,
    /// One row per sample: this many of the flattened units, chosen by a seed.
    Units {
        /// How many units are kept; all when there are fewer.
        count: usize,
        /// Seed of the generator.
        seed: u64,
    },
}

/// An n × p matrix, one row per sample, on the host or on a device.
#[derive(Debug, Clone)]
pub enum Matrix {
    /// Row-major on the host, in single precision.
    F32(Vec<f32>),
    /// Row-major on the host, in double precision.
    F64(Vec<f64>),
    /// On a device: consecutive blocks of rows, each `[rows, p]`.
    #[cfg(feature = "devices")]
    Device(Vec<Tensor<2>>),
}

/// What one layer of one network makes of the probe set.
#[derive(Debug, Clone)]
pub struct Representation {
    /// The layer's name.
    pub layer: String,
    /// Which samples the rows stand for. With [`RowPolicy::PositionsAsSamples`] each sample has `rows / samples` rows.
    pub samples: Arc<SampleIds>,
    /// How a feature map became a row.
    pub row_policy: RowPolicy,
    /// Number of rows, n.
    pub rows: usize,
    /// Number of columns, p.
    pub features: usize,
    /// The n × p values.
    pub matrix: Matrix,
}
