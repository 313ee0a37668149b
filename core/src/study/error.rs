//! Why a study ends without a comparison.

use crate::activation::ActivationError;
use crate::checkpoint::CheckpointError;
use crate::data::DataError;
use crate::model::ModelError;
use crate::similarity::UnknownMeasure;
use crate::supervise::Cancelled;

/// Why a study ends without a comparison.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// A comparison takes two.
    #[error("a comparison needs at least 2 networks or activation files, got {found}")]
    TooFewInputs {
        /// How many there are.
        found: usize,
    },
    /// No measure was asked for.
    #[error("a comparison needs at least one measure, such as cka-linear-debiased")]
    NoMeasure,
    /// A null was asked for where rows are positions of images.
    #[error(
        "the positions of an image are not independent of each other, so that random orders of all rows say nothing of chance; \
         leave out the null, or make one row of each image (flatten, average-pool)"
    )]
    NullOfPositions,
    /// Intervals were asked for where rows are positions of images.
    #[error(
        "the positions of an image are not independent of each other, so that drawing rows anew says nothing of other images; leave \
         out the bootstrap, or make one row of each image (flatten, average-pool)"
    )]
    BootstrapOfPositions,
    /// There is no such measure.
    #[error(transparent)]
    Measure(#[from] UnknownMeasure),
    /// A network needs images.
    #[error("{input}: a network needs a probe set to be run on; choose one")]
    NoProbe {
        /// The first network.
        input: String,
    },
    /// An input without layers.
    #[error("{input}: it has no layers to compare")]
    NoLayers {
        /// The input.
        input: String,
    },
    /// Every measure needs a few samples.
    #[error("a comparison needs at least {minimum} samples, got {found}; choose more")]
    TooFewSamples {
        /// The fewest.
        minimum: usize,
        /// How many there are.
        found: usize,
    },
    /// The representations are not of the same samples.
    #[error(
        "{a} and {b} are not of the same samples: {difference}; compute both from the same samples in the same order"
    )]
    Samples {
        /// The first input.
        a: String,
        /// The input that disagrees with it.
        b: String,
        /// Which samples differ.
        difference: String,
    },
    /// The plan of pairs cannot be followed.
    #[error(transparent)]
    Pair(#[from] super::PairError),
    /// There is no such layer.
    #[error("{input}: it has no layer {layer:?}{}", crate::names::hint(&.nearest.iter().map(String::as_str).collect::<Vec<_>>()))]
    NoSuchLayer {
        /// The input.
        input: String,
        /// The layer that was asked for.
        layer: String,
        /// Layers that are spelt alike, nearest first.
        nearest: Vec<String>,
    },
    /// Samples are compared through n × n matrices.
    #[error(
        "{input}: {layer} would have {rows} rows, expected at most {limit}, because samples are compared through an n × n \
         matrix; choose at most {fits} samples, or one row per sample"
    )]
    TooManyRows {
        /// The input.
        input: String,
        /// The layer.
        layer: String,
        /// How many rows it would have.
        rows: usize,
        /// The largest n.
        limit: usize,
        /// How many samples would do.
        fits: usize,
    },
    /// The maps of one layer are beyond what an array can be.
    #[error(
        "{input}: the maps of one layer would take {}, expected at most {}; choose at most {fits} samples",
        super::bytes(*.needed), super::bytes(*.limit)
    )]
    TooLarge {
        /// The input.
        input: String,
        /// Bytes that it would take.
        needed: u64,
        /// The most bytes of an array.
        limit: u64,
        /// How many samples would do.
        fits: usize,
    },
    /// The study does not fit.
    #[error(
        "the study would take about {} of memory, expected at most {}; choose at most {fits} samples, or fewer layers",
        super::bytes(*.needed), super::bytes(*.limit)
    )]
    Memory {
        /// Bytes that it would take.
        needed: u64,
        /// The limit.
        limit: u64,
        /// How many samples would do.
        fits: usize,
    },
    /// More inputs than the description lists.
    #[error("{input}: the study is described for {expected} inputs, and all of them were added")]
    TooManyInputs {
        /// The input that is one too many.
        input: String,
        /// How many are described.
        expected: usize,
    },
    /// The report of a study that is not complete.
    #[error("{input} was not added to the study yet")]
    Incomplete {
        /// The first input that is missing.
        input: String,
    },
    /// A part of a layer cannot be computed from its rows.
    #[error("{input}: {error}")]
    Layer {
        /// The input.
        input: String,
        /// Which layer, and why.
        error: crate::layer::LayerError,
    },
    /// A question needs what was not kept.
    #[error("{measure} needs {part} of {layer} of {input}, which was not kept; run the comparison again with it")]
    NotKept {
        /// The measure.
        measure: String,
        /// What it needs.
        part: crate::layer::PartId,
        /// The input.
        input: String,
        /// The layer.
        layer: String,
    },
    /// A question needs outputs that were not kept.
    #[error("{measure} needs the logits of {input}, which were not kept; run the comparison again with it")]
    NoLogitsKept {
        /// The measure.
        measure: String,
        /// The input.
        input: String,
    },
    /// The samples cannot be chosen.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The architecture does not fit the images.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// What a network's file says of it cannot be reported.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A network cannot be run.
    #[error(transparent)]
    Activation(ActivationError),
    /// Whoever watches asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<ActivationError> for StudyError {
    fn from(error: ActivationError) -> Self {
        match error {
            ActivationError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            ActivationError::Data(error) => Self::Data(error),
            ActivationError::Model(error) => Self::Model(error),
            error => Self::Activation(error),
        }
    }
}
