//! Representational similarity analysis: whether two layers find the same pairs of samples dissimilar.

pub(in crate::similarity) mod cards;
mod dissimilarity;
mod kendall;
pub(in crate::similarity) mod norm_difference;
mod ranks;

use self::dissimilarity::Dissimilarities;
use self::kendall::Ranked;
pub use self::norm_difference::RsmNormDifference;
use super::triangle::{UnitTriangle, dot, dots, permuted_below, same_length};
use super::{Block, Pair, distance, each};
use crate::layer::{Layer, Order, PartId, Reason, double_centred};
use crate::similarity::Samples;

/// How dissimilar two samples are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// 1 − Pearson(xᵢ, xⱼ) across features.
    Correlation,
    /// 1 − ⟨xᵢ, xⱼ⟩ / (‖xᵢ‖ ‖xⱼ‖), of values as they are.
    Cosine,
    /// ‖xᵢ − xⱼ‖.
    Euclidean,
    /// ‖xᵢ − xⱼ‖².
    SquaredEuclidean,
}

/// How two lists of dissimilarities are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// Pearson correlation.
    Pearson,
    /// Pearson correlation of ranks, ties sharing their mean rank.
    Spearman,
    /// Concordant less discordant couples of pairs, over all couples.
    KendallTauA,
    /// The same over the roots of the numbers of couples that are no ties.
    KendallTauB,
    /// The cosine of the angle between the lists.
    Cosine,
    /// The cosine after whitening by the covariance that dissimilarities have because pairs share samples.
    WhitenedCosine,
}

/// Representational similarity analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rsa {
    /// How dissimilar two samples are.
    pub distance: Distance,
    /// How the dissimilarities of two layers are compared.
    pub comparator: Comparator,
}

/// What is kept of a layer.
pub enum Prepared {
    /// Dissimilarities or their ranks, scaled to norm 1 so that the value is the dot product.
    Unit(Vec<f64>),
    /// Doubly centred dissimilarities.
    Centred(UnitTriangle),
    /// Ranks without their distances.
    Ranked(Ranked),
}

impl Pair for Rsa {
    type Prepared = Prepared;

    fn needs(&self) -> &'static [PartId] {
        match self.distance {
            Distance::Correlation => &[PartId::RowCorrelation],
            Distance::Cosine => &[PartId::RowCosine],
            Distance::Euclidean | Distance::SquaredEuclidean => &[PartId::Gram],
        }
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Prepared, Reason> {
        // Ranks are the same of distances and their squares, whose rounding is known.
        let distance = match (self.distance, self.comparator) {
            (Distance::Euclidean, Comparator::Spearman | Comparator::KendallTauA | Comparator::KendallTauB) => {
                Distance::SquaredEuclidean
            }
            (distance, _) => distance,
        };
        // Centring needs the whole matrix.
        let Dissimilarities { values, tolerance } = match self.comparator {
            Comparator::WhitenedCosine => Dissimilarities::of_all(distance, layer)?,
            _ => Dissimilarities::of(distance, layer)?,
        };
        match self.comparator {
            Comparator::Pearson => centred_unit(values, tolerance).map(Prepared::Unit),
            Comparator::Spearman => centred_unit(ranks::mean_ranks(&values, tolerance), 0.0).map(Prepared::Unit),
            Comparator::Cosine => unit(values, 0.0).map(Prepared::Unit),
            Comparator::WhitenedCosine => {
                let matrix = double_centred(&distance::symmetric(layer.facts.samples, values));
                UnitTriangle::new(&matrix, tolerance, Reason::EquallyDissimilar).map(Prepared::Centred)
            }
            Comparator::KendallTauA | Comparator::KendallTauB => {
                Ranked::of(ranks::dense_ranks(&values, tolerance)).map(Prepared::Ranked)
            }
        }
    }

    async fn compare(&self, a: &Prepared, b: &Prepared) -> Result<f64, Reason> {
        match (a, b) {
            (Prepared::Unit(a), Prepared::Unit(b)) => {
                same_length(a.len(), b.len())?;
                Ok(dot(a, b))
            }
            (Prepared::Centred(a), Prepared::Centred(b)) => a.cosine(b),
            (Prepared::Ranked(a), Prepared::Ranked(b)) => match self.comparator {
                Comparator::KendallTauB => a.tau_b(b).await,
                _ => a.tau_a(b).await,
            },
            _ => Err(Reason::OtherMeasure),
        }
    }

    fn map(&self, a: &[&Prepared], b: &[&Prepared]) -> Block {
        if let (Some(a), Some(b)) = (units(a), units(b)) {
            return dots(&a, &b);
        }
        if let (Some(a), Some(b)) = (triangles(a), triangles(b)) {
            return UnitTriangle::cosines(&a, &b);
        }
        each(self, a, b)
    }

    fn maps_at_once(&self) -> bool {
        !matches!(self.comparator, Comparator::KendallTauA | Comparator::KendallTauB)
    }

    fn bootstraps(&self) -> bool {
        // Its matrices cannot leave pairs out.
        self.comparator != Comparator::WhitenedCosine
    }

    fn permuted(&self, prepared: &Prepared, order: &Order) -> Option<Prepared> {
        match prepared {
            Prepared::Unit(values) => permuted_below(values, order).map(Prepared::Unit),
            Prepared::Centred(triangle) => Some(Prepared::Centred(triangle.permuted(order))),
            Prepared::Ranked(ranked) => ranked.permuted(order).map(Prepared::Ranked),
        }
    }
}

fn units<'a>(prepared: &[&'a Prepared]) -> Option<Vec<&'a [f64]>> {
    let unit = |prepared: &&'a Prepared| match *prepared {
        Prepared::Unit(values) => Some(values.as_slice()),
        _ => None,
    };
    prepared.iter().map(unit).collect()
}

fn triangles<'a>(prepared: &[&'a Prepared]) -> Option<Vec<&'a UnitTriangle>> {
    let triangle = |prepared: &&'a Prepared| match *prepared {
        Prepared::Centred(triangle) => Some(triangle),
        _ => None,
    };
    prepared.iter().map(triangle).collect()
}

/// The values less their mean, scaled to norm 1.
fn centred_unit(mut values: Vec<f64>, tolerance: f64) -> Result<Vec<f64>, Reason> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter_mut().for_each(|value| *value -= mean);
    unit(values, tolerance)
}

/// The values scaled to norm 1, where one of them is above the tolerance.
fn unit(mut values: Vec<f64>, tolerance: f64) -> Result<Vec<f64>, Reason> {
    if values.iter().all(|value| value.abs() <= tolerance) {
        return Err(Reason::EquallyDissimilar);
    }
    let norm = dot(&values, &values).sqrt();
    values.iter_mut().for_each(|value| *value /= norm);
    Ok(values)
}

#[cfg(test)]
mod tests;
