//! Canonical correlations between the leading principal components of two layers.

use faer::Mat;

use crate::decomposition::{LeftSvd, cross, singular_values};
use crate::layer::{Coordinates, Layer, Order, PartId, Reason};
use crate::similarity::pair::triangle::same_length;
use crate::similarity::{
    Arity, Card, Chosen, Direction, Family, Invariance, Pair, Parameter, ParameterError, Range, Samples,
};

/// Which principal components are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Truncation {
    /// The fewest that hold this fraction of the variance, the sum of squared singular values.
    Variance(f64),
    /// This many.
    Directions(usize),
}

/// Singular vector canonical correlation analysis.
#[derive(Debug, Clone, Copy)]
pub struct Svcca(pub Truncation);

/// The parameters of `svcca`.
pub(in crate::similarity) const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "variance",
        summary: "The fraction of the variance that the kept components hold.",
        default: Some(0.99),
        range: (0.0, 1.0),
        whole: false,
    },
    Parameter {
        name: "directions",
        summary: "How many components are kept, instead of a fraction of the variance.",
        default: None,
        range: (1.0, 1e6),
        whole: true,
    },
];

/// With the chosen parameters.
pub(in crate::similarity) fn chosen(chosen: &Chosen) -> Result<Svcca, ParameterError> {
    match (chosen.get(0), chosen.get(1)) {
        (Some(_), Some(_)) => {
            let (first, second) = (PARAMETERS[0].name, PARAMETERS[1].name);
            Err(ParameterError::Exclusive { measure: CARD.id.to_owned(), first, second })
        }
        (_, Some(count)) => Ok(Svcca(Truncation::Directions(count as usize))),
        (variance, None) => Ok(Svcca(Truncation::Variance(variance.unwrap_or(0.99)))),
    }
}

pub(in crate::similarity) static VARIANCE_99: Card = card(
    "svcca-99",
    "SVCCA (99 % of variance)",
    "SVCCA(X, Y) = (1/k) Σᵢ ρᵢ, with ρ the singular values of Uᵀ V, U and V the left singular vectors of Xc and Yc that \
     hold 99 % of Σ σ², and k the smaller number of them",
);

pub(in crate::similarity) static CARD: Card = card(
    "svcca",
    "SVCCA",
    "SVCCA(X, Y) = (1/k) Σᵢ ρᵢ, with ρ the singular values of Uᵀ V, U and V the leading left singular vectors of Xc and Yc, as \
     many as hold the chosen fraction of Σ σ² or as were chosen, and k the smaller number of them",
);

const fn card(id: &'static str, name: &'static str, formula: &'static str) -> Card {
    Card {
        id,
        name,
        formula,
        summary: "How well do the layers' main directions of variation predict each other linearly?",
        source: "Raghu, Gilmer, Yosinski & Sohl-Dickstein, SVCCA: Singular Vector Canonical Correlation Analysis for Deep Learning \
             Dynamics and Interpretability, NeurIPS 2017",
        family: Family::Correlation,
        arity: Arity::Pair,
        symmetric: true,
        direction: Direction::HigherIsMoreAlike,
        range: Range { low: 0.0, high: 1.0 },
        invariances: &[
            Invariance::Orthogonal,
            Invariance::IsotropicScaling,
            Invariance::Permutation,
            Invariance::Translation,
        ],
        minimum_samples: 2,
        requirement: "many more samples than kept directions: where the two numbers of directions add up to n or more, some \
                  correlations are 1 whatever the data",
        estimator: "Correlations in the sample: biased upwards, strongly where the kept directions are not far fewer than the \
                samples.",
    }
}

impl Pair for Svcca {
    /// Orthonormal left singular vectors, n × k.
    type Prepared = Mat<f64>;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Coordinates]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Mat<f64>, Reason> {
        let coordinates = &layer.part::<Coordinates>()?.value;
        let scaled = coordinates * faer::Scale(1.0 / coordinates.norm_max());
        let LeftSvd { u, values } = LeftSvd::of(scaled.as_ref()).await?;
        Ok(u.subcols(0, self.kept(&values)?).to_owned())
    }

    async fn compare(&self, a: &Mat<f64>, b: &Mat<f64>) -> Result<f64, Reason> {
        same_length(a.nrows(), b.nrows())?;
        let correlations = singular_values(cross(a, b).await.as_ref()).await?;
        Ok(correlations.iter().sum::<f64>() / correlations.len() as f64)
    }

    /// All kept directions of one layer are among the other's where these are all that centred rows can vary in.
    fn by_construction(&self, a: &Mat<f64>, b: &Mat<f64>) -> bool {
        a.ncols().max(b.ncols()) + 1 >= a.nrows()
    }

    fn bootstraps(&self) -> bool {
        true
    }

    fn permuted(&self, prepared: &Mat<f64>, order: &Order) -> Option<Mat<f64>> {
        Some(order.rows(prepared))
    }
}

impl Svcca {
    /// How many components the truncation keeps, given the singular values in descending order.
    fn kept(&self, values: &[f64]) -> Result<usize, Reason> {
        let squares: f64 = values.iter().map(|value| value * value).sum();
        match self.0 {
            Truncation::Variance(fraction) => {
                let mut held = 0.0;
                let before = values.iter().take_while(|&&value| {
                    let enough = held >= fraction * squares;
                    held += value * value;
                    !enough
                });
                Ok(before.count())
            }
            Truncation::Directions(count) => {
                let rank = values.iter().filter(|&&value| value * value > f64::EPSILON * squares).count();
                if count == 0 || rank < count {
                    return Err(Reason::RankDeficient { needed: count, found: rank });
                }
                Ok(count)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variance_is_of_squared_singular_values() {
        let kept = |fraction, values: &[f64]| Svcca(Truncation::Variance(fraction)).kept(values).unwrap();
        // Squares 81, 9, 9, 1: 81 %, 90 %, 99 %, 100 %.
        let values = [9.0, 3.0, 3.0, 1.0];
        assert_eq!(kept(0.5, &values), 1);
        assert_eq!(kept(0.85, &values), 2);
        assert_eq!(kept(0.95, &values), 3);
        assert_eq!(kept(0.995, &values), 4);
    }

    #[test]
    fn too_few_directions_are_a_reason() {
        let reason = Svcca(Truncation::Directions(3)).kept(&[1.0, 0.5, 1e-12]).unwrap_err();
        assert_eq!(reason.to_string(), "needs 3 directions of variation, got 2");
    }
}
