//! Similarity measures between representations: one file per family, one trait, one registry.
//!
//! A measure works in two steps. [`AnyMeasure::prepare`] does the costly part once per layer, from the layer's
//! [`Geometry`]; [`AnyMeasure::compare`] is the pair. [`registry`] lists all measures; [`find`] looks one up by id.

mod card;
mod cka;
mod decomposition;
#[cfg(test)]
mod degenerate;
mod geometry;
#[cfg(test)]
mod identities;
mod measure;
mod minibatch_cka;
mod procrustes;
#[cfg(test)]
mod properties;
mod rbf_cka;
mod registry;
mod rsa;
#[cfg(test)]
mod sample;
mod svcca;
mod triangle;

pub use card::{Card, Direction, Invariance, Range};
pub use cka::{DebiasedCka, LinearCka};
pub use geometry::{Geometry, GeometryError, Ingredient, MAXIMUM_ROWS};
pub use measure::{AnyMeasure, Measure, Prepared, Undefined};
pub use minibatch_cka::MinibatchCka;
pub use procrustes::AngularProcrustes;
pub use rbf_cka::RbfCka;
pub use registry::{UnknownMeasure, cards, find, registry};
pub use rsa::CorrelationRsa;
pub use svcca::{Svcca, Truncation};
pub use triangle::UnitTriangle;
