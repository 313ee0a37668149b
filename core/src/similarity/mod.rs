//! Similarity measures: one file per family, one registry.
//!
//! A measure of two layers works in two steps. [`Pair::prepare`] does the costly part once per layer, from the parts that
//! are kept of the [`Layer`](crate::layer::Layer); [`Pair::compare`] is the pair and [`Pair::map`] all pairs of two
//! networks. A measure of one layer is a [`One`], of layers of many networks that correspond a [`Many`], of what two networks
//! say of the samples an [`Outputs`]. [`registry`] lists all measures; [`find`] looks one up by its id and parameters.

mod card;
mod cka;
mod compromise;
#[cfg(test)]
mod degenerate;
mod disagreement;
#[cfg(test)]
mod identities;
mod kernel;
mod many;
mod minibatch_cka;
mod one;
mod outputs;
mod pair;
mod parameter;
mod participation;
mod procrustes;
#[cfg(test)]
mod properties;
mod rbf_cka;
mod registry;
mod rsa;
#[cfg(test)]
mod sample;
mod samples;
mod svcca;
mod triangle;

pub use card::{Arity, Card, Direction, Invariance, Range};
pub use cka::{DebiasedCka, LinearCka};
pub use compromise::Compromise;
pub use disagreement::Disagreement;
pub use kernel::Kernel;
pub use many::{Group, Many};
pub use minibatch_cka::MinibatchCka;
pub use one::One;
pub use outputs::Outputs;
pub use pair::{AnyPair, Block, Pair, Prepared};
pub use parameter::{Chosen, Parameter, ParameterError};
pub use participation::ParticipationRatio;
pub use procrustes::AngularProcrustes;
pub use rbf_cka::RbfCka;
pub use registry::{Entry, Measure, Question, UnknownMeasure, cards, find, registry};
pub use rsa::CorrelationRsa;
pub use samples::Samples;
pub use svcca::{Svcca, Truncation};
pub use triangle::UnitTriangle;
