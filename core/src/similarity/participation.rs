//! The participation ratio of a layer.

use super::{Arity, Card, Direction, Invariance, One, Range, Samples};
use crate::layer::{Gram, Layer, PartId, Reason};

/// How many directions of variation a layer uses, counted by how evenly they share the variance.
#[derive(Debug, Clone, Copy, Default)]
pub struct ParticipationRatio;

pub(super) static CARD: Card = Card {
    id: "participation-ratio",
    name: "Participation ratio",
    formula: "PR(X) = (Σ λᵢ)² / Σ λᵢ² = tr(K)² / ‖K‖²_F, with K = Xc Xcᵀ and λ its eigenvalues",
    summary: "How many directions of variation does the layer use?",
    source: "Gao, Trautmann, Yu, Santhanam, Ryu, Shenoy & Ganguli, A Theory of Multineuronal Dimensionality, Dynamics and \
             Measurement, bioRxiv 2017",
    arity: Arity::One,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: 1.0, high: f64::INFINITY },
    invariances: &[
        Invariance::Orthogonal,
        Invariance::IsotropicScaling,
        Invariance::Permutation,
        Invariance::Translation,
    ],
    minimum_samples: 2,
    requirement: "",
    estimator: "The ratio of the samples at hand, at most n − 1: biased downwards where samples are not far more than the \
                directions used.",
};

impl One for ParticipationRatio {
    fn needs(&self) -> &'static [PartId] {
        &[PartId::Gram]
    }

    fn describe(&self, layer: &Layer, _samples: &Samples) -> Result<f64, Reason> {
        let gram = &layer.part::<Gram>()?.value;
        let scaled = gram * faer::Scale(1.0 / gram.norm_max());
        let trace: f64 = (0..scaled.nrows()).map(|row| scaled[(row, row)]).sum();
        Ok(trace * trace / scaled.squared_norm_l2())
    }
}
