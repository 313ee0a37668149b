//! Distances between layers after the best transport of units of equal weight.

use faer::Mat;

use super::correlation_match::CorrelationMatch;
use super::permutation_procrustes::PermutationProcrustes;
use super::transport::shipped;
use super::{TRANSPORT_LIMIT, few_enough};
use crate::decomposition::cross;
use crate::layer::{Layer, Order, PartId, Reason};
use crate::similarity::pair::triangle::same_length;
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Pair, Range, Samples};

/// What is reported of the best transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoftMatching {
    /// The mean squared distance over which units are moved.
    Squared,
    /// The mean correlation of units with those that they are moved to.
    Correlation,
}

pub(in crate::similarity) static SQUARED: Card = Card {
    id: "soft-matching-squared",
    name: "Soft matching (squared distance)",
    formula: "d²(X, Y) = min_P Σᵢⱼ Pᵢⱼ ‖xᵢ − yⱼ‖², with xᵢ and yⱼ the columns of Xc and Yc, Pᵢⱼ ≥ 0, Σⱼ Pᵢⱼ = 1/p and Σᵢ Pᵢⱼ = 1/q",
    summary: "How far apart are the units of the two layers in their own scale, when weight is moved between them in the best way?",
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: f64::INFINITY },
    invariances: &[Invariance::Permutation, Invariance::Translation],
    minimum_samples: 2,
    estimator: "A sum over samples, in squared units of the activations, the mean over units; its root is the paper's distance, a metric. No \
                correction for chance. The transport is exact, by shortest augmenting paths, in parts of 1 / lcm(p, q); of equally many units \
                it is one to one.",
    ..COMMON
};

pub(in crate::similarity) static CORRELATION: Card = Card {
    id: "soft-matching-correlation",
    name: "Soft matching (correlation)",
    formula: "s(X, Y) = max_P Σᵢⱼ Pᵢⱼ corr(xᵢ, yⱼ), with xᵢ and yⱼ the p units of X and the q of Y, Pᵢⱼ ≥ 0, Σⱼ Pᵢⱼ = 1/p and Σᵢ Pᵢⱼ = 1/q",
    summary: "How strongly do the units of the two layers correlate when each is spread over partners and all count the same?",
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: -1.0, high: 1.0 },
    invariances: &[Invariance::IsotropicScaling, Invariance::Permutation, Invariance::Translation],
    minimum_samples: 3,
    estimator: "Correlations in the sample, signed: biased upwards, as the best of many. √(2 − 2 s) is the distance of units of length 1. The \
                transport is exact, by shortest augmenting paths, in parts of 1 / lcm(p, q). Units that are constant correlate with nothing \
                and are left out.",
    ..COMMON
};

/// What the cards have in common.
const COMMON: Card = Card {
    id: "",
    name: "",
    formula: "",
    summary: "",
    source: "Khosla & Williams, Soft Matching Distance: A Metric on Neural Representations That Captures Single-Neuron Tuning, UniReps 2023",
    family: Family::Units,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: 0.0, high: 1.0 },
    invariances: &[],
    minimum_samples: 2,
    requirement: "at most 1,024 units a layer, because the time of a transport between nearly as many grows with more than their cube",
    estimator: "",
};

impl Pair for SoftMatching {
    /// The units, each of length 1 where correlations count.
    type Prepared = Mat<f64>;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Units]
    }

    async fn prepare(&self, layer: &Layer, samples: &Samples) -> Result<Mat<f64>, Reason> {
        few_enough(layer, TRANSPORT_LIMIT)?;
        match self {
            Self::Squared => PermutationProcrustes::SizeAndShapeSquared.prepare(layer, samples).await,
            Self::Correlation => CorrelationMatch::Hard.prepare(layer, samples).await,
        }
    }

    async fn compare(&self, a: &Mat<f64>, b: &Mat<f64>) -> Result<f64, Reason> {
        same_length(a.nrows(), b.nrows())?;
        let products = cross(a, b).await;
        // The lengths of the units count the same whatever the transport.
        let shipments = shipped(&products).await;
        let parts = shipments.iter().map(|one| {
            let part = match self {
                Self::Correlation => products[(one.row, one.column)],
                Self::Squared => {
                    let (x, y) = (a.col(one.row), b.col(one.column));
                    x.iter().zip(y.iter()).map(|(x, y)| (x - y).powi(2)).sum::<f64>()
                }
            };
            one.share * part
        });
        Ok(parts.sum())
    }

    fn bootstraps(&self) -> bool {
        true
    }

    fn permuted(&self, prepared: &Mat<f64>, order: &Order) -> Option<Mat<f64>> {
        Some(order.rows(prepared))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{generator, layer, normal, value};

    #[test]
    fn units_that_are_repeated_count_as_before() {
        let random = &mut generator(66);
        let (x, y) = (normal(random, 15 * 4), normal(random, 15 * 3));
        let twice: Vec<f64> = x.chunks(4).flat_map(|row| row.repeat(2)).collect();
        let y = layer(&y, 3);
        for measure in [SoftMatching::Squared, SoftMatching::Correlation] {
            let [once, twice] = [(&x, 4), (&twice, 8)].map(|(x, p)| value(&measure, &layer(x, p), &y).unwrap());
            assert!((once - twice).abs() < 1e-12, "{measure:?}: {once} {twice}");
        }
    }

    #[test]
    fn of_equally_many_units_it_is_one_to_one() {
        let random = &mut generator(67);
        let [x, y] = [0; 2].map(|_| layer(&normal(random, 15 * 6), 6));
        let squared = value(&SoftMatching::Squared, &x, &y).unwrap();
        let matched = value(&PermutationProcrustes::SizeAndShapeSquared, &x, &y).unwrap();
        assert!((squared - matched / 6.0).abs() < 1e-12, "{squared} {matched}");
        let correlation = value(&SoftMatching::Correlation, &x, &y).unwrap();
        let hard = value(&CorrelationMatch::Hard, &x, &y).unwrap();
        assert!((correlation - hard).abs() < 1e-13, "{correlation} {hard}");
    }
}
