//! Representational similarity analysis: whether two layers find the same pairs of samples dissimilar.

use super::triangle::{dot, dots, same_length};
use super::{Arity, Block, Card, Direction, Invariance, Pair, Range, Samples};
use crate::layer::{Kept, Layer, PartId, Reason, RowCorrelation};

/// How two lists of dissimilarities are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparator {
    /// Pearson correlation of ranks, ties sharing their mean rank.
    Spearman,
    /// Pearson correlation.
    Pearson,
}

/// RSA with correlation distance.
#[derive(Debug, Clone, Copy)]
pub struct CorrelationRsa(Comparator);

impl CorrelationRsa {
    /// Compared by Spearman's rank correlation.
    pub const SPEARMAN: Self = Self(Comparator::Spearman);

    /// Compared by Pearson's correlation.
    pub const PEARSON: Self = Self(Comparator::Pearson);
}

pub(super) static SPEARMAN: Card = card(
    "rsa-correlation-spearman",
    "RSA (correlation distance, Spearman)",
    "RSA(X, Y) = Spearman(d, e), with dᵢⱼ = 1 − Pearson(xᵢ, xⱼ) and eᵢⱼ = 1 − Pearson(yᵢ, yⱼ) over all i < j",
    "Correlation of ranks over the n (n − 1) / 2 pairs at hand, ties sharing their mean rank; values that differ by no more than \
     rounding are ties. The pairs are not independent of each other.",
);

pub(super) static PEARSON: Card = card(
    "rsa-correlation-pearson",
    "RSA (correlation distance, Pearson)",
    "RSA(X, Y) = Pearson(d, e), with dᵢⱼ = 1 − Pearson(xᵢ, xⱼ) and eᵢⱼ = 1 − Pearson(yᵢ, yⱼ) over all i < j",
    "Correlation over the n (n − 1) / 2 pairs at hand. The pairs are not independent of each other.",
);

const fn card(id: &'static str, name: &'static str, formula: &'static str, estimator: &'static str) -> Card {
    Card {
        id,
        name,
        formula,
        summary: "Do the two layers agree on which pairs of samples differ most?",
        source: "Kriegeskorte, Mur & Bandettini, Representational Similarity Analysis: Connecting the Branches of Systems \
                 Neuroscience, Frontiers in Systems Neuroscience 2008",
        arity: Arity::Pair,
        symmetric: true,
        direction: Direction::HigherIsMoreAlike,
        range: Range { low: -1.0, high: 1.0 },
        invariances: &[Invariance::IsotropicScaling, Invariance::Permutation],
        minimum_samples: 3,
        requirement: "no sample constant across features; so at least 2 features, and more than 2 to say anything",
        estimator,
    }
}

impl Pair for CorrelationRsa {
    /// The dissimilarities, or their ranks, less their mean and scaled to norm 1.
    type Prepared = Vec<f64>;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::RowCorrelation]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Vec<f64>, Reason> {
        let Kept { value: correlation, precision } = layer.part::<RowCorrelation>()?;
        let size = correlation.nrows();
        let mut values = Vec::with_capacity(size * (size - 1) / 2);
        for column in 0..size {
            let rows = (column + 1..size).filter(|&row| !layer.same_sample(row, column));
            values.extend(rows.map(|row| 1.0 - correlation[(row, column)]));
        }
        // Equal pairs of samples come out this far apart.
        let tolerance = 64.0 * precision.rounding();
        if self.0 == Comparator::Spearman {
            values = ranks(&values, tolerance);
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter_mut().for_each(|value| *value -= mean);
        if values.iter().all(|value| value.abs() <= tolerance) {
            return Err(Reason::EquallyDissimilar);
        }
        let norm = dot(&values, &values).sqrt();
        values.iter_mut().for_each(|value| *value /= norm);
        Ok(values)
    }

    async fn compare(&self, a: &Vec<f64>, b: &Vec<f64>) -> Result<f64, Reason> {
        same_length(a.len(), b.len())?;
        Ok(dot(a, b))
    }

    fn map(&self, a: &[&Vec<f64>], b: &[&Vec<f64>]) -> Block {
        let [a, b] = [a, b].map(|layers| layers.iter().map(|values| values.as_slice()).collect::<Vec<_>>());
        dots(&a, &b)
    }

    fn maps_at_once(&self) -> bool {
        true
    }
}

/// Ranks from 0, ties sharing their mean. Values within `tolerance` of the smallest of a group are ties.
fn ranks(values: &[f64], tolerance: f64) -> Vec<f64> {
    let mut order: Vec<(f64, usize)> = values.iter().copied().zip(0..).collect();
    order.sort_unstable_by(|(a, i), (b, j)| a.total_cmp(b).then(i.cmp(j)));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    while let Some(&(smallest, _)) = order.get(before) {
        let ties = order[before..].iter().take_while(|(value, _)| *value <= smallest + tolerance);
        let count = ties.clone().count();
        for &(_, index) in ties {
            ranks[index] = before as f64 + 0.5 * (count as f64 - 1.0);
        }
        before += count;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::sample::{layer, samples};
    use crate::steps::finish;

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0, 3.0], 0.0), [3.0, 0.0, 3.0, 1.0, 3.0]);
        assert_eq!(ranks(&[1.0, 1.0 + 1e-15, 0.5, 1.1], 1e-14), [1.5, 1.5, 0.0, 3.0]);
        // Ties do not chain.
        assert_eq!(ranks(&[0.0, 0.9, 1.8], 1.0), [0.5, 0.5, 2.0]);
    }

    #[test]
    fn a_constant_row_is_a_reason() {
        let layer = layer(&[1.0, 2.0, 4.0, 7.0, 7.0, 7.0, 1.0, 0.0, 5.0], 3);
        let reason = finish(Pair::prepare(&CorrelationRsa::PEARSON, &layer, &samples(3))).unwrap_err();
        assert_eq!(reason.to_string(), "row 1 is constant across features, so it correlates with nothing");
    }
}
