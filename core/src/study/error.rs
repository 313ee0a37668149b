//! Why a study ends without a comparison.

use crate::activation::ActivationError;
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
    /// The samples cannot be chosen.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The architecture does not fit the images.
    #[error(transparent)]
    Model(#[from] ModelError),
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
