//! How well a linear map of one layer predicts samples of the other that it was not fitted to.

use faer::Mat;

use crate::decomposition::{LeftSvd, cross};
use crate::layer::{Coordinates, Layer, Order, PartId, Reason};
use crate::similarity::pair::triangle::same_length;
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Pair, Range, Samples};

/// The coefficient of determination of predictions of each sample of the first layer by a regression on the second that was
/// fitted to all other samples.
#[derive(Debug, Clone, Copy, Default)]
pub struct LeaveOneOut;

pub(in crate::similarity) static CARD: Card = Card {
    id: "linear-regression-leave-one-out",
    name: "Linear regression (R², each sample left out)",
    formula: "R²(X, Y) = 1 − Σᵢ ‖xᵢ − x̂₋ᵢ‖² / Σᵢ ‖xᵢ − x̄₋ᵢ‖², with x̂₋ᵢ = x̄₋ᵢ + (yᵢ − ȳ₋ᵢ) B₋ᵢ predicted by the least-squares regression \
              of X on Y, of the smallest norm, without sample i, and x̄₋ᵢ, ȳ₋ᵢ the means of the other samples",
    summary: "What share of the first layer's variance does a linear map of the second predict in samples that it was not fitted to?",
    source: "Allen, The Relationship Between Variable Selection and Data Augmentation and a Method for Prediction, Technometrics 1974; \
             Stone, Cross-Validatory Choice and Assessment of Statistical Predictions, Journal of the Royal Statistical Society B 1974",
    family: Family::Prediction,
    arity: Arity::Pair,
    symmetric: false,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: f64::NEG_INFINITY, high: 1.0 },
    // Of the first layer.
    invariances: &[
        Invariance::Orthogonal,
        Invariance::IsotropicScaling,
        Invariance::Permutation,
        Invariance::Translation,
    ],
    minimum_samples: 2,
    requirement: "more samples than the second layer has features, so that a layer predicts itself: where its rank is n − 1 a layer \
                  scores below 1 with itself",
    estimator: "Each sample is predicted by a fit to all others, so that chance scores 0 or below: no bias upwards. Below 0 the mean of \
                the others predicts better. Where features outnumber samples the fit of the smallest norm goes through all samples that \
                it sees; near p = n it varies most, values fall far below 0, and the Gram matrix keeps few of \
                their digits. From the residuals e and the leverages h of one fit: \
                eᵢ / (1 − hᵢ), and where hᵢ is 1 within rounding (G⁺ x)ᵢ / (G⁺)ᵢᵢ with G = Yc Ycᵀ, the limit of ridge regression. While p < \
                n − 1 any invertible linear map of the second layer leaves it as it is.",
};

/// What is kept of a layer: one side is predicted, the other predicts.
pub struct Prepared {
    /// Xc / ‖Xc‖_F, or its principal coordinates.
    unit: Mat<f64>,
    /// The left singular vectors of Xc, r × n.
    directions: Mat<f64>,
    /// Their singular values over the largest, to the power −2.
    inverses: Vec<f64>,
    /// What each sample's residual is divided by.
    divisors: Vec<Divisor>,
}

/// What is left of a sample by the fit to all, and what that is divided by.
#[derive(Debug, Clone, Copy)]
enum Divisor {
    /// The residual, by 1 − h.
    Residual(f64),
    /// Nothing, as h = 1: (G⁺ x)ᵢ instead, by (G⁺)ᵢᵢ.
    Inverse(f64),
}

impl Pair for LeaveOneOut {
    type Prepared = Prepared;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Coordinates]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Prepared, Reason> {
        let coordinates = layer.part::<Coordinates>()?;
        let largest = coordinates.value.norm_max();
        if largest == 0.0 {
            return Err(Reason::Coincide);
        }
        let scaled = &coordinates.value * faer::Scale(1.0 / largest);
        let norm = scaled.norm_l2();
        let LeftSvd { u, values } = LeftSvd::of(scaled.as_ref()).await?;
        let (rows, columns) = scaled.shape();
        let rounding = coordinates.precision.rounding();
        let negligible = rows.max(columns) as f64 * rounding * values[0];
        let rank = values.iter().take_while(|&&value| value > negligible).count();
        let u = u.subcols(0, rank);
        let inverses: Vec<f64> = values[..rank].iter().map(|value| (values[0] / value).powi(2)).collect();
        let divisors = u.row_iter().map(|row| {
            let left = 1.0 - 1.0 / rows as f64 - row.squared_norm_l2();
            if rank + 1 < rows && left > 4.0 * rows as f64 * rounding {
                Divisor::Residual(left)
            } else {
                Divisor::Inverse(row.iter().zip(&inverses).map(|(value, inverse)| value * value * inverse).sum())
            }
        });
        let divisors = divisors.collect();
        Ok(Prepared {
            unit: scaled * faer::Scale(1.0 / norm),
            directions: u.transpose().to_owned(),
            inverses,
            divisors,
        })
    }

    async fn compare(&self, a: &Prepared, b: &Prepared) -> Result<f64, Reason> {
        same_length(a.unit.nrows(), b.unit.nrows())?;
        let Prepared { directions, inverses, divisors, .. } = b;
        // Uᵀ X, without a transposed copy of X.
        let mut fitted = cross(&directions.transpose().to_owned(), &a.unit).await;
        let of = |wanted: bool| divisors.iter().any(|one| matches!(one, Divisor::Residual(_)) == wanted);
        let residuals = if of(true) { Some(&a.unit - cross(directions, &fitted).await) } else { None };
        for (mut row, inverse) in fitted.row_iter_mut().zip(inverses) {
            row *= faer::Scale(*inverse);
        }
        let inverted = if of(false) { Some(cross(directions, &fitted).await) } else { None };
        let squares = divisors.iter().enumerate().map(|(row, divisor)| {
            let (matrix, by) = match divisor {
                Divisor::Residual(by) => (&residuals, by),
                Divisor::Inverse(by) => (&inverted, by),
            };
            matrix.as_ref().map_or(0.0, |matrix| (matrix.row(row) * faer::Scale(1.0 / by)).squared_norm_l2())
        });
        let samples = a.unit.nrows() as f64;
        // The mean of the others misses a sample by n / (n − 1) of what the mean of all does.
        Ok(1.0 - squares.sum::<f64>() * ((samples - 1.0) / samples).powi(2))
    }

    fn permuted(&self, prepared: &Prepared, order: &Order) -> Option<Prepared> {
        let directions = order.rows(&prepared.directions.transpose().to_owned()).transpose().to_owned();
        let divisors = order.indices().iter().map(|&row| prepared.divisors[row]).collect();
        let (unit, inverses) = (order.rows(&prepared.unit), prepared.inverses.clone());
        Some(Prepared { unit, directions, inverses, divisors })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{generator, layer, normal, value};

    #[test]
    fn independent_layers_score_no_more_than_their_mean_does() {
        let random = &mut generator(53);
        let mut mean = 0.0;
        for _ in 0..40 {
            let [x, y] = [2, 10].map(|features| layer(&normal(random, 60 * features), features));
            mean += value(&LeaveOneOut, &x, &y).unwrap() / 40.0;
        }
        // Of m = 59 samples the fit adds p / (m − p − 2) to the variance that it misses of a new one (Stein 1960); means of 40
        // spread by less than 0.02.
        assert!((mean + 10.0 / 47.0).abs() < 0.05, "{mean}");
    }

    /// What the line through all samples but these says of one of them, and their mean.
    fn predicted(x: &[f64], y: &[f64], without: &[usize]) -> (f64, f64) {
        let others: Vec<usize> = (0..x.len()).filter(|i| !without.contains(i)).collect();
        let mean = |values: &[f64]| others.iter().map(|&i| values[i]).sum::<f64>() / others.len() as f64;
        let (mx, my) = (mean(x), mean(y));
        let slope = others.iter().map(|&i| (x[i] - mx) * (y[i] - my)).sum::<f64>()
            / others.iter().map(|&i| (y[i] - my).powi(2)).sum::<f64>();
        (mx + slope * (y[without[0]] - my), mx)
    }

    fn sum(x: &[f64], of: impl Fn(usize) -> f64) -> f64 {
        x.iter().enumerate().map(|(i, x)| (x - of(i)).powi(2)).sum()
    }

    #[test]
    fn a_sample_is_predicted_by_the_others() {
        let (x, y) = ([0.0, 1.0, 2.0, 7.0], [0.0, 1.0, 2.0, 3.0]);
        // The first three are on a line that says 3 of the last.
        assert!((predicted(&x, &y, &[3]).0 - 3.0).abs() < 1e-14);
        let expected = 1.0 - sum(&x, |i| predicted(&x, &y, &[i]).0) / sum(&x, |i| predicted(&x, &y, &[i]).1);
        let found = value(&LeaveOneOut, &layer(&x, 1), &layer(&y, 1)).unwrap();
        assert!((found - expected).abs() < 1e-13, "{found} {expected}");
    }

    #[test]
    fn a_direction_that_one_sample_has_alone_says_nothing_of_it() {
        let random = &mut generator(54);
        let (x, y) = (normal(random, 12), normal(random, 12));
        // Without sample 4 the direction is constant, and the fit of the smallest norm gives it no slope; with it, it takes
        // sample 4 out of the fit to the others.
        let alone: Vec<f64> = y.iter().enumerate().flat_map(|(i, y)| [*y, if i == 4 { 1.0 } else { 0.0 }]).collect();
        let expected = 1.0 - sum(&x, |i| predicted(&x, &y, &[i, 4]).0) / sum(&x, |i| predicted(&x, &y, &[i]).1);
        let found = value(&LeaveOneOut, &layer(&x, 1), &layer(&alone, 2)).unwrap();
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
}
