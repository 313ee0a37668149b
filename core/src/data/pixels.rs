//! Images without labels: their shape, their values, and what says which they are.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Sha256Digest;

/// Channels, height and width of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ImageShape {
    /// Number of channels.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

impl ImageShape {
    /// Number of values of one image; the largest number where it is beyond that, as a hostile file may have it.
    #[must_use]
    pub fn len(self) -> usize {
        self.channels.saturating_mul(self.height).saturating_mul(self.width)
    }

    /// Whether an image of this shape has no values.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Channels × height × width.
impl fmt::Display for ImageShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}", self.channels, self.height, self.width)
    }
}

/// The values of all images, image after image, each as channels × height × width.
#[derive(Debug, Clone, PartialEq)]
pub enum Pixels {
    /// Bytes, standing for `x / 255`.
    U8(Vec<u8>),
    /// Values as they are.
    F32(Vec<f32>),
}

impl Pixels {
    /// Number of values of all images.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::F32(values) => values.len(),
        }
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn first_not_finite(&self) -> Option<(usize, f32)> {
        match self {
            Self::U8(_) => None,
            Self::F32(values) => values.iter().copied().enumerate().find(|(_, value)| !value.is_finite()),
        }
    }
}

/// Which samples, in which order: what two representations must agree on before they are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SampleIds {
    /// One id per sample, stable under subsetting and reordering of the set that it came from.
    pub ids: Vec<String>,
    /// SHA-256 over the samples' content, in order.
    pub content: Sha256Digest,
}
