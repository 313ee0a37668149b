//! Canonical correlations between the leading principal components of two layers.

use faer::Mat;

use super::decomposition::{ThinSvd, cross, singular_values};
use super::triangle::same_length;
use super::{Card, Direction, Geometry, Ingredient, Invariance, Measure, Range, Undefined};

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
pub struct Svcca {
    truncation: Truncation,
    card: &'static Card,
}

impl Svcca {
    /// Components that hold 99 % of the variance.
    pub const VARIANCE_99: Self = Self::new(Truncation::Variance(0.99), &VARIANCE_99);

    /// Any truncation, under a card of its own.
    #[must_use]
    pub const fn new(truncation: Truncation, card: &'static Card) -> Self {
        Self { truncation, card }
    }
}

static VARIANCE_99: Card = Card {
    id: "svcca-99",
    name: "SVCCA (99 % of variance)",
    formula: "SVCCA(X, Y) = (1/k) Σᵢ ρᵢ, with ρ the singular values of Uᵀ V, U and V the left singular vectors of Xc and Yc that \
              hold 99 % of Σ σ², and k the smaller number of them",
    summary: "How well do the layers' main directions of variation predict each other linearly?",
    source: "Raghu, Gilmer, Yosinski & Sohl-Dickstein, SVCCA: Singular Vector Canonical Correlation Analysis for Deep Learning \
             Dynamics and Interpretability, NeurIPS 2017",
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
};

impl Measure for Svcca {
    /// Orthonormal left singular vectors, n × k.
    type Prepared = Mat<f64>;

    fn card(&self) -> &'static Card {
        self.card
    }

    fn needs(&self) -> &'static [Ingredient] {
        &[Ingredient::Coordinates]
    }

    fn prepare(&self, geometry: &Geometry) -> Result<Mat<f64>, Undefined> {
        let coordinates = geometry.require_coordinates()?;
        let scaled = coordinates * faer::Scale(1.0 / coordinates.norm_max());
        let ThinSvd { u, values, .. } = ThinSvd::of(scaled.as_ref())?;
        Ok(u.subcols(0, self.kept(&values)?).to_owned())
    }

    fn compare(&self, a: &Mat<f64>, b: &Mat<f64>) -> Result<f64, Undefined> {
        same_length(a.nrows(), b.nrows())?;
        let correlations = singular_values(cross(a, b).as_ref())?;
        Ok(correlations.iter().sum::<f64>() / correlations.len() as f64)
    }
}

impl Svcca {
    /// How many components the truncation keeps, given the singular values in descending order.
    fn kept(&self, values: &[f64]) -> Result<usize, Undefined> {
        let squares: f64 = values.iter().map(|value| value * value).sum();
        match self.truncation {
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
                    return Err(Undefined(format!("needs {count} directions of variation, got {rank}")));
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
        let kept =
            |fraction, values: &[f64]| Svcca::new(Truncation::Variance(fraction), &VARIANCE_99).kept(values).unwrap();
        // Squares 81, 9, 9, 1: 81 %, 90 %, 99 %, 100 %.
        let values = [9.0, 3.0, 3.0, 1.0];
        assert_eq!(kept(0.5, &values), 1);
        assert_eq!(kept(0.85, &values), 2);
        assert_eq!(kept(0.95, &values), 3);
        assert_eq!(kept(0.995, &values), 4);
    }

    #[test]
    fn too_few_directions_are_a_reason() {
        let reason = Svcca::new(Truncation::Directions(3), &VARIANCE_99).kept(&[1.0, 0.5, 1e-12]).unwrap_err();
        assert_eq!(reason.to_string(), "needs 3 directions of variation, got 2");
    }
}
