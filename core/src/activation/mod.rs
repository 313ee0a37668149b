//! Running a network over a probe set: one [`Representation`] per tap.

mod error;
mod representation;

pub use error::ActivationError;
pub use representation::{Matrix, Representation, RowPolicy};
