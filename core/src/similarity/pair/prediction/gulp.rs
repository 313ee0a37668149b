//! How differently two layers predict the same, by ridge regression.

use faer::{Mat, Scale};

use crate::decomposition::{LeftSvd, cross};
use crate::layer::{Coordinates, Layer, Order, PartId, Reason};
use crate::similarity::pair::triangle::same_length;
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Pair, Parameter, Range, Samples};

/// The distance between the ridge predictors of two layers, on average over what is predicted.
#[derive(Debug, Clone, Copy)]
pub struct Gulp {
    /// λ, over the total variance.
    pub lambda: f64,
}

/// The parameters of `gulp`.
pub(in crate::similarity) const PARAMETERS: &[Parameter] = &[Parameter {
    name: "lambda",
    summary: "What ridge regression adds to the variance of each direction, as a part of the total variance.",
    default: Some(0.01),
    range: (0.0, 1e6),
    whole: false,
}];

pub(in crate::similarity) static CARD: Card = Card {
    id: "gulp",
    name: "GULP (squared distance)",
    formula: "d²(X, Y) = tr(Sx Σx Sx Σx) + tr(Sy Σy Sy Σy) − 2 tr(Sx Σxy Sy Σyx) = ‖Hx − Hy‖²_F, with Σx = Aᵀ A / n, Σxy = Aᵀ B / n, \
              A = √n Xc / ‖Xc‖_F, B likewise of Y, S = (Σ + λ I)⁻¹ and Hx = A Sx Aᵀ / n, which maps what is predicted to the ridge prediction",
    summary: "How far apart are the two layers' ridge predictions of the samples, whatever is predicted?",
    source: "Boix-Adserà, Lawrence, Stepaniants & Rigollet, GULP: A Prediction-Based Metric Between Representations, NeurIPS 2022",
    family: Family::Prediction,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: f64::INFINITY },
    // With λ = 0 any invertible linear map too.
    invariances: &[
        Invariance::Orthogonal,
        Invariance::IsotropicScaling,
        Invariance::Permutation,
        Invariance::Translation,
    ],
    minimum_samples: 2,
    requirement: "far more samples than features where λ is small: with λ = 0 a layer of rank n − 1 predicts anything",
    estimator: "The squared distance with covariances of the samples at hand; its root is a metric. No correction for chance. With λ = 0 it \
                is the sum of the ranks less twice the sum of squared canonical correlations, in directions whose singular value is above \
                rounding; with λ → ∞ it goes to 0 as λ⁻². Small values are taken from Hx − Hy, which keeps their digits.",
};

/// What is kept of a layer.
pub struct Prepared {
    /// P, n × r, with H = P Pᵀ.
    root: Mat<f64>,
    /// ‖H‖²_F.
    square: f64,
}

/// Where the squared distance is a smaller part of the squares, their difference leaves too few digits.
const NEARLY_ALIKE: f64 = 1e-3;

impl Pair for Gulp {
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
        let scaled = &coordinates.value * Scale(1.0 / largest);
        let LeftSvd { u, values } = LeftSvd::of(scaled.as_ref()).await?;
        let (rows, columns) = scaled.shape();
        let negligible = rows.max(columns) as f64 * coordinates.precision.rounding() * values[0];
        let rank = values.iter().take_while(|&&value| value > negligible).count();
        let total: f64 = values.iter().map(|value| value * value).sum();
        let weights = values[..rank].iter().map(|value| {
            let variance = value * value / total;
            variance / (variance + self.lambda)
        });
        let mut root = u.subcols(0, rank).to_owned();
        let mut square = 0.0;
        for (mut column, weight) in root.col_iter_mut().zip(weights) {
            column *= Scale(weight.sqrt());
            square += weight * weight;
        }
        Ok(Prepared { root, square })
    }

    async fn compare(&self, a: &Prepared, b: &Prepared) -> Result<f64, Reason> {
        same_length(a.root.nrows(), b.root.nrows())?;
        let squares = a.square + b.square;
        let difference = squares - 2.0 * cross(&a.root, &b.root).await.squared_norm_l2();
        if difference >= NEARLY_ALIKE * squares {
            return Ok(difference);
        }
        Ok((hat(&a.root).await - hat(&b.root).await).squared_norm_l2())
    }

    /// Without a ridge a layer of all directions predicts anything.
    fn by_construction(&self, a: &Prepared, b: &Prepared) -> bool {
        self.lambda == 0.0 && a.root.ncols().max(b.root.ncols()) + 1 >= a.root.nrows()
    }

    fn bootstraps(&self) -> bool {
        true
    }

    fn permuted(&self, prepared: &Prepared, order: &Order) -> Option<Prepared> {
        Some(Prepared { root: order.rows(&prepared.root), square: prepared.square })
    }
}

/// P Pᵀ.
async fn hat(root: &Mat<f64>) -> Mat<f64> {
    let root = root.transpose().to_owned();
    cross(&root, &root).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::Cca;
    use crate::similarity::tests::sample::{generator, layer, normal, value};

    #[test]
    fn without_a_ridge_it_counts_canonical_correlations() {
        let random = &mut generator(55);
        let [x, y] = [3, 5].map(|features| layer(&normal(random, 30 * features), features));
        let found = value(&Gulp { lambda: 0.0 }, &x, &y).unwrap();
        let expected = 3.0 + 5.0 - 2.0 * 3.0 * value(&Cca::MeanSquared, &x, &y).unwrap();
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        let everything = layer(&normal(random, 10 * 20), 20);
        let some = layer(&normal(random, 10 * 4), 4);
        assert!((value(&Gulp { lambda: 0.0 }, &everything, &some).unwrap() - 5.0).abs() < 1e-12);
    }

    #[test]
    fn small_distances_keep_their_digits() {
        // Orthogonal columns of equal length, one of them turned by a small angle: H turns with it, by sin² of it twice over.
        let (rows, lambda, angle) = (16, 0.1, 1e-7_f64);
        let wave = |k: usize, row: usize| (std::f64::consts::PI * (row as f64 + 0.5) * k as f64 / rows as f64).cos();
        let x: Vec<f64> = (0..rows).flat_map(|row| [wave(1, row), wave(2, row)]).collect();
        let y: Vec<f64> =
            (0..rows).flat_map(|row| [wave(1, row) * angle.cos() + wave(3, row) * angle.sin(), wave(2, row)]).collect();
        let found = value(&Gulp { lambda }, &layer(&x, 2), &layer(&y, 2)).unwrap();
        let weight = 0.5 / (0.5 + lambda);
        let expected = 2.0 * (weight * angle.sin()).powi(2);
        assert!((found - expected).abs() < 1e-6 * expected, "{found:e} {expected:e}");
    }
}
