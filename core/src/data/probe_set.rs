//! Images with labels and stable ids.

use std::sync::Arc;

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
    /// Number of values of one image.
    #[must_use]
    pub fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether an image of this shape has no values.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
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

/// Which samples, in which order: what two representations must agree on before they are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SampleIds {
    /// One id per sample, stable under subsetting and reordering of the set that it came from.
    pub ids: Vec<String>,
    /// SHA-256 over the samples' content, in order.
    pub content: Sha256Digest,
}

/// Images with labels and stable ids.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeSet {
    /// What people call it.
    pub name: String,
    /// The shape of each image.
    pub shape: ImageShape,
    /// All images.
    pub pixels: Pixels,
    /// One class index per image, where known.
    pub labels: Option<Vec<u32>>,
    /// Names of the classes, where known.
    pub class_names: Vec<String>,
    /// One id per image and the content hash.
    pub samples: Arc<SampleIds>,
}

impl ProbeSet {
    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.ids.len()
    }

    /// Whether there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
