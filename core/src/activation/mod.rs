//! Running a network over a probe set: one [`Representation`] per tap.

mod representation;

pub use representation::{Matrix, Representation, RowPolicy};
