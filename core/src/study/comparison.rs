//! The report schema: the same from the browser, the command line and the server.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BootstrapSpec, NullSpec, StudySpec, Warning};
use crate::Sha256Digest;
use crate::activation::RowPolicy;
use crate::checkpoint::ReadingEvidence;
use crate::data::{ImageShape, Normalisation, Subset};
use crate::layer::{Layer, PartId, Precision, Reason};
use crate::model::Choices;
use crate::similarity::Card;

/// The version of the schema that this code writes. A report of another version cannot be read.
pub const SCHEMA_VERSION: u32 = 1;

/// The minor version of the schema that this code writes: it counts the optional fields that have been added. A report of
/// another minor version can be read.
pub const SCHEMA_MINOR: u32 = 6;

/// A study's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// [`SCHEMA_VERSION`] of the code that wrote it.
    pub schema_version: u32,
    /// [`SCHEMA_MINOR`] of the code that wrote it.
    #[serde(default)]
    pub schema_minor: u32,
    /// Name and version of the program that wrote it.
    pub generator: String,
    /// What was compared, in order.
    pub inputs: Vec<InputRecord>,
    /// The samples.
    pub probe: ProbeRecord,
    /// Where it was computed.
    pub device: DeviceRecord,
    /// One entry per measure.
    pub measures: Vec<MeasureRecord>,
    /// What a reader should know, what matters most first.
    pub warnings: Vec<Warning>,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<StudySpec>,
}

/// What an input was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InputKind {
    /// A network that was run here.
    Checkpoint,
    /// Activations that were computed elsewhere.
    Activations,
}

/// One compared network or activation file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InputRecord {
    /// The short name used in figures, unique in the study.
    pub name: String,
    /// The file that it came from.
    pub file: String,
    /// What it was.
    pub kind: InputKind,
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
    /// Which of several networks in the file it is; absent where the file holds one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// What was said of its architecture where its tensors leave it open, by key.
    #[serde(default, skip_serializing_if = "Choices::is_empty")]
    pub choices: Choices,
    /// The architecture in words, such as `ResNet-20 (CIFAR)`; absent for activations.
    pub architecture: Option<String>,
    /// Number of trainable parameters; absent for activations.
    pub parameters: Option<usize>,
    /// How pixels were normalised; absent for activations.
    pub normalisation: Option<Normalisation>,
    /// What the images say of how its tensors were read; absent where the file says it, and for activations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<ReadingEvidence>,
    /// The layers, first to last.
    pub layers: Vec<LayerRecord>,
    /// What the file's own metadata says.
    pub metadata: BTreeMap<String, String>,
}

/// One layer of an input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LayerRecord {
    /// Its name.
    pub name: String,
    /// Number of rows, n.
    pub rows: usize,
    /// Number of columns, p.
    pub features: usize,
    /// How many columns are constant over the rows.
    pub constant_features: usize,
    /// What was computed of the layer, and in which precision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartRecord>,
}

/// A part of a layer that measures read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartRecord {
    /// Which part.
    pub part: PartId,
    /// What its products were formed in.
    pub precision: Precision,
}

impl PartRecord {
    /// The parts that are there.
    pub(super) fn of(layer: &Layer) -> Vec<Self> {
        layer.precisions().into_iter().map(|(part, precision)| Self { part, precision }).collect()
    }
}

/// The samples of a study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeRecord {
    /// What people call the probe set; for activations, the file that gave the ids.
    pub name: String,
    /// Number of samples.
    pub samples: usize,
    /// How they were chosen; absent for activations.
    pub subset: Option<Subset>,
    /// The shape of one image; absent for activations.
    pub shape: Option<ImageShape>,
    /// SHA-256 over the samples' content, in order.
    pub content: Sha256Digest,
    /// How a feature map became a row.
    pub row_policy: RowPolicy,
}

/// Where a study was computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceRecord {
    /// `cpu`, `webgpu`, `vulkan`, `cuda`.
    pub engine: String,
    /// What ran there, with the reason for the choice where there was one.
    pub description: String,
    /// Precision of the network arithmetic and of the measures, such as `f32 network, f64 measures`.
    pub precision: String,
}

/// The results of one measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeasureRecord {
    /// The card's id.
    pub id: String,
    /// The card's name.
    pub name: String,
    /// Whether a larger value means more alike.
    pub higher_is_more_alike: bool,
    /// The interval of possible values.
    pub range: RangeRecord,
    /// One entry per pair of inputs, in order of the inputs.
    pub pairs: Vec<PairRecord>,
    /// The values of a measure of single layers: per input, per layer. Such a measure has no pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<Vec<Cell>>>,
    /// The values of a measure of all inputs at once: one entry per group of layers that correspond. Such a measure has no
    /// pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<GroupRecord>>,
    /// The values of a measure of what two networks say of the samples: one entry per pair of inputs. Such a measure has no
    /// pairs of layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Vec<OutputRecord>>,
}

/// What a measure says of the outputs of two networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OutputRecord {
    /// Index of the first input.
    pub a: usize,
    /// Index of the second input.
    pub b: usize,
    /// The value.
    pub value: Cell,
}

/// What a measure of all inputs at once says of layers that correspond.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupRecord {
    /// The layers: index of the input, and of the layer among its own.
    pub members: Vec<(usize, usize)>,
    /// The value of the group.
    pub value: Cell,
    /// What the measure says of each member, in the same order; empty where the group has no value.
    pub each: Vec<f64>,
}

/// An interval of possible values; an end that is absent is infinite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RangeRecord {
    /// Smallest possible value.
    pub low: Option<f64>,
    /// Largest possible value.
    pub high: Option<f64>,
}

impl From<&Card> for RangeRecord {
    fn from(card: &Card) -> Self {
        let finite = |end: f64| end.is_finite().then_some(end);
        Self { low: finite(card.range.low), high: finite(card.range.high) }
    }
}

/// The layer map of two inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PairRecord {
    /// Index of the input whose layers are the rows.
    pub a: usize,
    /// Index of the input whose layers are the columns.
    pub b: usize,
    /// Row by row: `cells[i][j]` compares layer i of `a` with layer j of `b`.
    pub cells: Vec<Vec<Cell>>,
    /// Row by row like the cells: whether a value follows from the numbers of samples and features alone, so that random
    /// layers have it too. Empty where none does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_construction: Vec<Vec<bool>>,
    /// What chance makes of the map; absent where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null: Option<NullRecord>,
    /// How much the values vary with the samples; absent where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<BootstrapRecord>,
}

/// How much the values of a map vary with the samples: each on bootstrap samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BootstrapRecord {
    /// The bootstrap.
    pub spec: BootstrapSpec,
    /// Row by row like the cells of the map.
    pub cells: Vec<Vec<IntervalRecord>>,
}

/// The interval of a value, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum IntervalRecord {
    /// The interval.
    Known {
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
        /// The standard deviation of the values of bootstrap samples.
        standard_error: f64,
    },
    /// There is none.
    Absent {
        /// Why, in words.
        absent: String,
    },
}

/// What chance makes of a map: its values when the samples of `b` are put in random order. Row by row like the cells; a cell
/// without a value has none here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NullRecord {
    /// The permutations.
    pub spec: NullSpec,
    /// The probability of a value at least as alike under the null, at least 1 / (permutations + 1).
    pub p: Vec<Vec<Option<f64>>>,
    /// The false discovery rate at which the cell is found, over the map (Benjamini and Hochberg).
    pub q: Vec<Vec<Option<f64>>>,
    /// The noise floor: what chance is as alike as, but for a share `alpha`.
    pub floor: Vec<Vec<Option<f64>>>,
    /// The calibrated score: 0 at the floor and below, 1 for the most alike value that there is.
    pub score: Vec<Vec<Option<f64>>>,
    /// The most alike pair of the map, against the most alike pair under each permutation.
    pub best: Option<SearchRecord>,
    /// The best match of each layer of `a`, against its best match under each permutation.
    pub best_of_rows: Vec<Option<SearchRecord>>,
    /// The mean over layers at the same depth, where both inputs have as many.
    pub diagonal_mean: Option<SearchRecord>,
}

impl NullRecord {
    /// The same beside the calibrated scores, whose floors are 0.
    #[must_use]
    pub fn of_scores(self) -> Self {
        let nothing = |cells: Vec<Vec<Option<f64>>>| -> Vec<Vec<Option<f64>>> {
            cells.into_iter().map(|row| row.into_iter().map(|cell| cell.map(|_| 0.0)).collect()).collect()
        };
        let search = |record: SearchRecord| SearchRecord { value: record.score, floor: 0.0, ..record };
        Self {
            floor: nothing(self.floor),
            best: self.best.map(search),
            best_of_rows: self.best_of_rows.into_iter().map(|row| row.map(search)).collect(),
            diagonal_mean: self.diagonal_mean.map(search),
            ..self
        }
    }
}

/// What was searched for among cells, calibrated by the same search under each permutation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchRecord {
    /// What was found.
    pub value: f64,
    /// The probability of finding a value at least as alike under the null.
    pub p: f64,
    /// The noise floor of the search.
    pub floor: f64,
    /// The calibrated score.
    pub score: f64,
}

/// A value, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Cell {
    /// The measure's value.
    Value(f64),
    /// There is no value.
    Absent {
        /// Why, in words, with the layer that is to blame.
        absent: String,
        /// Why, for programs; absent in reports from before minor version 2.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
}

impl GroupRecord {
    /// The name of each member's input, and of its layer.
    pub fn names<'a>(&self, comparison: &'a Comparison) -> Vec<(&'a str, &'a str)> {
        let name = |&(input, layer): &(usize, usize)| {
            let input = comparison.inputs.get(input)?;
            Some((input.name.as_str(), input.layers.get(layer)?.name.as_str()))
        };
        self.members.iter().filter_map(name).collect()
    }
}

impl Cell {
    /// No value, because of what the value itself would be of.
    pub(super) fn without(reason: Reason) -> Self {
        Self::Absent { absent: reason.to_string(), reason: Some(reason) }
    }
}
