//! How it was settled which network a checkpoint is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was settled of a network for given images.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settled {
    /// What the images say of it, where they were asked.
    pub evidence: Option<ReadingEvidence>,
    /// What a user should look at, one sentence each.
    pub warnings: Vec<String>,
}

/// What images say of how a network was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReadingEvidence {
    /// Of the reading that was taken.
    pub taken: Evidence,
    /// Of other networks that have the same tensors, the one that fits best first; empty where they were not asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
    /// Of the normalisations that are known by a name, the one that fits best first; empty where the file says which it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub presets: Vec<PresetEvidence>,
}

/// What images say of another reading of the same tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alternative {
    /// What has to be said for it: `KEY=VALUE`, several separated by commas.
    pub said: String,
    /// What they say of it.
    pub evidence: Evidence,
}

/// What images say of a normalisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PresetEvidence {
    /// The preset.
    pub preset: String,
    /// How unlike the training's the values are that batch normalisations see with it.
    pub divergence: Divergence,
}

/// What images say of a network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Number of images.
    pub images: usize,
    /// The share of images that are classified as they are labelled; absent without labels that fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// How unlike those of the training the values are that batch normalisations see; absent without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divergence: Option<Divergence>,
}

/// How unlike the training's the values are that batch normalisations see: of each channel the divergence
/// `KL(N(m, v) ‖ N(0, 1)) = (v + m² - 1 - ln v) / 2` of the normal distributions with the moments that are seen and those
/// that the running statistics say; the mean over channels, then over layers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Divergence {
    /// The median over layers.
    pub median: f64,
    /// The largest.
    pub largest: f64,
}

impl Evidence {
    /// Whether images say anything.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.accuracy.is_some() || self.divergence.is_some()
    }
}
