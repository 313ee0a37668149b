//! What can go wrong between a representation and the layer that is kept of it.

use crate::supervise::Cancelled;

/// Why nothing can be kept of a representation.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LayerError {
    /// There is nothing to compare.
    #[error("{layer}: expected at least 1 row and 1 feature, found {rows} × {features}")]
    Empty {
        /// The layer's name.
        layer: String,
        /// Number of rows, n.
        rows: usize,
        /// Number of columns, p.
        features: usize,
    },
    /// The matrix does not hold rows × features values.
    #[error("{layer}: expected {rows} × {features} values, found {found}")]
    Shape {
        /// The layer's name.
        layer: String,
        /// Number of rows, n.
        rows: usize,
        /// Number of columns, p.
        features: usize,
        /// What is there: a number of values, or the shape of a block.
        found: String,
    },
    /// An n × n matrix would not fit.
    #[error(
        "{layer}: found {rows} rows, expected at most {limit}, because samples are compared through an n × n matrix; \
         choose fewer samples, or one row per sample"
    )]
    TooManyRows {
        /// The layer's name.
        layer: String,
        /// Number of rows, n.
        rows: usize,
        /// The largest n.
        limit: usize,
    },
    /// A value is infinite or not a number.
    #[error("{layer}: expected finite activations, found {found}")]
    NotFinite {
        /// The layer's name.
        layer: String,
        /// The value and its place, where known.
        found: String,
    },
    /// Squares of the values leave the range of the arithmetic.
    #[error(
        "{layer}: the largest deviation from a mean is {largest:e}, expected {smallest:e} to {greatest:e}; rescale the layer"
    )]
    Scale {
        /// The layer's name.
        layer: String,
        /// The largest deviation from a mean.
        largest: f64,
        /// The smallest that squares can follow.
        smallest: f64,
        /// The greatest that squares can follow.
        greatest: f64,
    },
    /// The device failed.
    #[error("{layer}: the device could not return a matrix product: {reason}")]
    Device {
        /// The layer's name.
        layer: String,
        /// What the device said.
        reason: String,
    },
    /// The supervisor asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
