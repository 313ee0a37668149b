//! What can be wrong with a file of activations.

use crate::checkpoint::CheckpointError;
use crate::file::DataError;

/// Why a file of activations was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ActivationFileError {
    /// The file is broken, of another kind, or its parts do not fit.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A PyTorch file is broken.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A layer has a shape or type of value that is not read.
    #[error("{file}: layer `{layer}`: expected {expected}, found {found}")]
    Layer {
        /// The file.
        file: String,
        /// The layer.
        layer: String,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A value is infinite or not a number.
    #[error("{file}: layer `{layer}`: expected finite values, found {value} at row {row}, column {column}")]
    NotFinite {
        /// The file.
        file: String,
        /// The layer.
        layer: String,
        /// The sample, counted from 0.
        row: usize,
        /// The feature of the flattened layer, counted from 0.
        column: usize,
        /// The value.
        value: f64,
    },
    /// Two layers are about different numbers of samples.
    #[error(
        "{file}: expected as many rows in every layer, found {rows} in `{layer}` and {other_rows} in `{other_layer}`"
    )]
    RowsDisagree {
        /// The file.
        file: String,
        /// The first layer.
        layer: String,
        /// Its number of rows.
        rows: usize,
        /// The first layer that differs.
        other_layer: String,
        /// Its number of rows.
        other_rows: usize,
    },
}
