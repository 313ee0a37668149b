//! Canonical correlations weighted by how much of a layer's units each direction accounts for.

use faer::Mat;

use super::Span;
use crate::decomposition::{ThinSvd, cross};
use crate::layer::{Layer, Order, PartId, Reason, UnitValues};
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Pair, Range, Samples};

/// Projection-weighted canonical correlation analysis, by the layer that the weights are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pwcca {
    /// The first layer.
    First,
    /// The layer of the smaller rank; the first where they are equal.
    Smaller,
    /// Either, and the mean of the two values.
    Mean,
}

const FORMULA: &str = "PWCCA(X, Y) = Σᵢ αᵢ ρᵢ / Σᵢ αᵢ, αᵢ = Σⱼ |⟨hᵢ, xⱼ⟩|, with ρ the canonical correlations, hᵢ the canonical variate of \
                       X that belongs to ρᵢ, of length 1, and xⱼ the columns of Xc";

const SOURCE: &str = "Morcos, Raghu & Bengio, Insights on Representational Similarity in Neural Networks with Canonical Correlation, \
                      NeurIPS 2018";

pub(in crate::similarity) static FIRST: Card = Card {
    id: "pwcca",
    name: "PWCCA (weights of the first)",
    formula: FORMULA,
    summary: "How well do the directions that matter to the first layer's units predict the second layer linearly?",
    source: "Morcos, Raghu & Bengio, Insights on Representational Similarity in Neural Networks with Canonical Correlation, NeurIPS \
             2018; with the weights of the first layer as Ding, Denain & Steinhardt, NeurIPS 2021",
    symmetric: false,
    ..COMMON
};

pub(in crate::similarity) static SMALLER: Card = Card {
    id: "pwcca-smaller",
    name: "PWCCA (weights of the smaller)",
    formula: "PWCCA(X, Y) where the rank of Xc is at most that of Yc, else PWCCA(Y, X); PWCCA(X, Y) = Σᵢ αᵢ ρᵢ / Σᵢ αᵢ, αᵢ = \
              Σⱼ |⟨hᵢ, xⱼ⟩|, with ρ the canonical correlations, hᵢ the canonical variate of X that belongs to ρᵢ, of length 1, and \
              xⱼ the columns of Xc",
    summary: "How well do the directions that matter to the units of the layer of fewer dimensions predict the other linearly?",
    symmetric: false,
    ..COMMON
};

pub(in crate::similarity) static MEAN: Card = Card {
    id: "pwcca-mean",
    name: "PWCCA (mean of both weights)",
    formula: "½ (PWCCA(X, Y) + PWCCA(Y, X)), PWCCA(X, Y) = Σᵢ αᵢ ρᵢ / Σᵢ αᵢ, αᵢ = Σⱼ |⟨hᵢ, xⱼ⟩|, with ρ the canonical correlations, \
              hᵢ the canonical variate of X that belongs to ρᵢ, of length 1, and xⱼ the columns of Xc",
    summary: "How well do the directions that matter to the units of either layer predict the other linearly?",
    ..COMMON
};

/// What the cards have in common.
const COMMON: Card = Card {
    id: "",
    name: "",
    formula: "",
    summary: "",
    source: SOURCE,
    family: Family::Correlation,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: 0.0, high: 1.0 },
    // The canonical variates are free of the basis; the weights are sums over units.
    invariances: &[Invariance::IsotropicScaling, Invariance::Permutation, Invariance::Translation],
    minimum_samples: 2,
    requirement: "far more samples than the two layers have features together: where their ranks add up to more than n, several \
                  correlations are 1 and their weights arbitrary, so that there is no value, unless one rank is n − 1, where all are 1 \
                  whatever the data",
    estimator: "Correlations in the sample: biased upwards as CCA is, less so where directions of small variance, which weigh little, \
                are noise. Of a layer with more than 4,096 units the weights are sums over 4,096 of them, chosen by a seed. Directions \
                of correlations within 1.5e−8 of one another, the root of rounding, count as not told apart: no value, unless all \
                correlations are so.",
};

/// What is kept of a layer.
pub struct Prepared {
    span: Span,
    /// Uᵀ Xc, r × p, over the largest value: what each unit has of each direction.
    loadings: Mat<f64>,
}

impl Pair for Pwcca {
    type Prepared = Prepared;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Coordinates, PartId::Units]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Prepared, Reason> {
        let span = Span::of(layer).await?;
        let units = &layer.part::<UnitValues>()?.value.values;
        let largest = units.norm_max();
        // The units that are kept may be those that do not vary.
        if largest == 0.0 {
            return Err(Reason::Constant);
        }
        let loadings = span.project(&(units * faer::Scale(1.0 / largest))).await?;
        Ok(Prepared { span, loadings })
    }

    async fn compare(&self, a: &Prepared, b: &Prepared) -> Result<f64, Reason> {
        let product = a.span.cross(&b.span).await?;
        let ThinSvd { u, values, v } = ThinSvd::of(product.as_ref()).await?;
        told_apart(&values)?;
        match self {
            Self::Smaller if b.span.rank() < a.span.rank() => weighted(&values, &v, b).await,
            Self::First | Self::Smaller => weighted(&values, &u, a).await,
            Self::Mean => Ok(0.5 * (weighted(&values, &u, a).await? + weighted(&values, &v, b).await?)),
        }
    }

    /// All of one layer's directions are among the other's where these are all that there are.
    fn by_construction(&self, a: &Prepared, b: &Prepared) -> bool {
        a.span.is_everything() || b.span.is_everything()
    }

    fn bootstraps(&self) -> bool {
        true
    }

    fn permuted(&self, prepared: &Prepared, order: &Order) -> Option<Prepared> {
        // A sum over samples does not know their order.
        Some(Prepared { span: prepared.span.permuted(order), loadings: prepared.loadings.clone() })
    }
}

/// Whether each correlation, of these in descending order, has a direction of its own, or all have the same value, so that
/// weights do not matter.
fn told_apart(correlations: &[f64]) -> Result<(), Reason> {
    // Directions turn by rounding over the gap: below this gap by more than the gap itself.
    let near = f64::EPSILON.sqrt();
    let gaps: Vec<bool> = correlations.windows(2).map(|pair| pair[0] - pair[1] > near).collect();
    if !gaps.contains(&true) {
        return Ok(());
    }
    let apart = |place: Option<usize>| place.and_then(|place| gaps.get(place)).is_none_or(|&gap| gap);
    let tied = (0..correlations.len()).filter(|&place| !(apart(place.checked_sub(1)) && apart(Some(place)))).count();
    if tied == 0 { Ok(()) } else { Err(Reason::TiedCorrelations { tied }) }
}

/// The mean of the correlations by the weights of one layer, whose canonical variates are its span times `directions`.
async fn weighted(correlations: &[f64], directions: &Mat<f64>, layer: &Prepared) -> Result<f64, Reason> {
    let shares = cross(directions, &layer.loadings).await;
    let weights: Vec<f64> = shares.row_iter().map(|row| row.iter().map(|share| share.abs()).sum()).collect();
    let sum: f64 = weights.iter().sum();
    Ok(weights.iter().zip(correlations).map(|(weight, correlation)| weight / sum * correlation).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{generator, layer, normal, value};

    #[test]
    fn each_layer_has_weights_of_its_own() {
        let random = &mut generator(51);
        let (x, y) = (normal(random, 30 * 3), normal(random, 30 * 5));
        let (x, y) = (layer(&x, 3), layer(&y, 5));
        let of = |measure, a, b| value(&measure, a, b).unwrap();
        let (first, second) = (of(Pwcca::First, &x, &y), of(Pwcca::First, &y, &x));
        assert!((first - second).abs() > 1e-3, "{first} {second}");
        assert!((of(Pwcca::Mean, &x, &y) - 0.5 * (first + second)).abs() < 1e-14);
        for (a, b) in [(&x, &y), (&y, &x)] {
            assert!((of(Pwcca::Smaller, a, b) - first).abs() < 1e-13);
        }
    }

    #[test]
    fn directions_that_are_not_told_apart_have_no_weights() {
        let random = &mut generator(52);
        let (x, noise) = (normal(random, 30 * 4), normal(random, 30 * 2));
        // Two of the units are those of the other layer.
        let y: Vec<f64> = x.chunks(4).zip(noise.chunks(2)).flat_map(|(x, e)| [x[0], x[1], e[0], e[1]]).collect();
        let found = value(&Pwcca::First, &layer(&x, 4), &layer(&y, 4));
        assert_eq!(found, Err(Reason::TiedCorrelations { tied: 2 }));
        let ranks = [10, 14].map(|features| layer(&normal(random, 20 * features), features));
        assert_eq!(value(&Pwcca::First, &ranks[0], &ranks[1]), Err(Reason::TiedCorrelations { tied: 5 }));
        assert_eq!(told_apart(&[0.9, 0.9, 0.5, 0.2, 0.2 - 1e-12]), Err(Reason::TiedCorrelations { tied: 4 }));
        assert_eq!(told_apart(&[1.0, 1.0 - 1e-15]), Ok(()));
        assert_eq!(told_apart(&[0.3]), Ok(()));
    }

    /// The values of the fixture that any language can generate, computed with NumPy.
    #[test]
    fn it_is_as_computed_by_its_definition() {
        let a = |i: usize, j: usize| (0.7 * ((i + 1) * (j + 1)) as f64).sin() + 0.1 * ((i * (j + 3)) % 7) as f64;
        let b = |i: usize, j: usize| (0.45 * ((i + 2) * (j + 1)) as f64).cos() + 0.3 * a(i, j);
        let x: Vec<f64> = (0..24).flat_map(|i| (0..5).map(move |j| a(i, j))).collect();
        let y: Vec<f64> = (0..24).flat_map(|i| (0..4).map(move |j| b(i, j))).collect();
        let (x, y) = (layer(&x, 5), layer(&y, 4));
        assert!((value(&Pwcca::First, &x, &y).unwrap() - 0.510_563_061_218).abs() < 1e-12);
        assert!((value(&Pwcca::First, &y, &x).unwrap() - 0.534_026_395_371).abs() < 1e-12);
    }
}
