//! Similarity measures between representations: one file per family, one trait, one registry.

mod card;
mod geometry;
mod measure;

pub use card::{Card, Direction, Invariance, Range};
pub use geometry::{Geometry, Ingredient};
pub use measure::{AnyMeasure, Measure, Prepared, Undefined};
