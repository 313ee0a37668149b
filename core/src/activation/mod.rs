//! Running a network over a probe set: one [`Representation`] per tap.

mod error;
mod file;
mod representation;

pub use error::ActivationError;
pub use file::{ActivationFile, ActivationFileError, read_activations};
pub use representation::{Matrix, Representation, RowPolicy};
