//! The participation ratio of a layer.

use super::One;
use crate::layer::{Gram, Layer, PartId, Reason};
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Range, Samples};

/// How many directions of variation a layer uses, counted by how evenly they share the variance.
#[derive(Debug, Clone, Copy, Default)]
pub struct ParticipationRatio;

pub(in crate::similarity) static CARD: Card = Card {
    id: "participation-ratio",
    name: "Participation ratio",
    formula: "PR(X) = (Σ λᵢ)² / Σ λᵢ² = tr(K)² / ‖K‖²_F, with K = Xc Xcᵀ and λ its eigenvalues",
    summary: "How many directions of variation does the layer use?",
    source: "Gao, Trautmann, Yu, Santhanam, Ryu, Shenoy & Ganguli, A Theory of Multineuronal Dimensionality, Dynamics and \
             Measurement, bioRxiv 2017",
    family: Family::Descriptor,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{layer, samples};

    #[test]
    fn it_counts_directions_by_how_evenly_they_share_the_variance() {
        // Orthogonal columns of equal norm: cosines of the discrete cosine transform.
        let wave = |k: usize, row: usize| (std::f64::consts::PI * (row as f64 + 0.5) * k as f64 / 16.0).cos();
        let value = |scales: &[f64]| {
            let values: Vec<f64> = (0..16)
                .flat_map(|row| scales.iter().enumerate().map(move |(k, scale)| scale * wave(k + 1, row)))
                .collect();
            ParticipationRatio.describe(&layer(&values, scales.len()), &samples(16)).unwrap()
        };
        assert!((value(&[1.0; 5]) - 5.0).abs() < 1e-12);
        assert!((value(&[3.0]) - 1.0).abs() < 1e-12);
        // Variances 1 and 4: 5² / 17.
        assert!((value(&[1.0, 2.0]) - 25.0 / 17.0).abs() < 1e-12);
    }
}
