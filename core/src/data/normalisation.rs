//! Per-channel normalisation of pixels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Maps a pixel `x` in [0, 1] of channel `c` to `(x - mean[c]) / std[c]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Normalisation {
    /// The preset's id (`cifar`, `imagenet`, `fashion-mnist`, `mnist`, `none`) or where the values come from
    /// (`checkpoint`, `probe-set`).
    pub name: String,
    /// One mean per channel.
    pub mean: Vec<f64>,
    /// One standard deviation per channel, above zero.
    pub std: Vec<f64>,
}
