//! What the engine says of itself, of files and of cells.

use repgeo_core::data::{ImageShape, Normalisation};
use repgeo_core::model::Assumption;
use repgeo_core::study::Cell;
use serde::{Deserialize, Serialize};

/// Which device the engine computes on, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineReport {
    /// `cpu` or `webgpu`.
    pub id: String,
    /// Its name for people: `CPU`, `WebGPU`.
    pub name: String,
    /// Why this one, in one sentence, with the times that were measured.
    pub reason: String,
}

/// What a network or an activation file holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputSummary {
    /// Whether it is a network.
    pub network: bool,
    /// The architecture in words, or the number of layers and samples of activations.
    pub description: String,
    /// Number of trainable parameters of a network.
    pub parameters: Option<usize>,
    /// Which of several networks in its file it is; absent where the file holds one.
    pub part: Option<String>,
    /// The other networks in the file.
    pub others: Vec<String>,
    /// What its tensors leave open, and what was taken.
    pub assumptions: Vec<Assumption>,
    /// The container that it was read from, such as `safetensors`.
    pub container: String,
    /// The normalisation that the file's own metadata names.
    pub normalisation: Option<Normalisation>,
    /// The images that a network takes, in words, such as `images of 1×28×28`.
    pub expects: Option<String>,
    /// What the reader should know of how the file was read.
    pub report: Vec<Remark>,
}

/// One line of a load report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Whether it deserves attention; otherwise it is for the record.
    pub attention: bool,
    /// One sentence.
    pub text: String,
}

/// What a probe set holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeSummary {
    /// What people call it.
    pub name: String,
    /// The shape of one image.
    pub shape: ImageShape,
    /// Number of images.
    pub count: usize,
    /// Whether every image has a label, as stratified subsets need.
    pub labelled: bool,
    /// Names of the classes, where known.
    pub classes: Vec<String>,
    /// What was chosen, changed or left out when the files were read, one sentence each.
    pub notes: Vec<String>,
    /// The first images.
    pub thumbnails: Thumbnails,
}

/// Small pictures of the same size.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Thumbnails {
    /// How many.
    pub count: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The label of each, where known.
    pub labels: Vec<String>,
    /// Red, green, blue and opacity of each pixel, picture after picture; travels beside the text.
    #[serde(skip)]
    pub pixels: Vec<u8>,
}

/// One computed cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellReport {
    /// The measure's id.
    pub measure: String,
    /// Index of the pair of inputs, in the report's order.
    pub pair: usize,
    /// Index of the layer of the first input.
    pub row: usize,
    /// Index of the layer of the second input.
    pub column: usize,
    /// The value, or why there is none.
    pub cell: Cell,
}
