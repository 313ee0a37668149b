//! Orthogonal Procrustes: how far two centred clouds of samples are apart after the best rotation.

use faer::{Mat, Scale};

use crate::decomposition::{ThinSvd, cross, singular_values};
use crate::layer::{Coordinates, Layer, Order, PartId, Reason};
use crate::similarity::pair::triangle::same_length;
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Pair, Range, Samples};

/// What is reported of the best rotation of one layer onto the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Procrustes {
    /// The angle between the normalised clouds, arccos ‖Aᵀ B‖_*.
    Angle,
    /// The squared distance between the normalised clouds, 2 − 2 ‖Aᵀ B‖_*.
    Squared,
    /// The cosine of the angle, ‖Aᵀ B‖_*: the fidelity of the two Gram matrices.
    NormalisedBures,
    /// The squared distance between the centred clouds in their own scale.
    SizeAndShapeSquared,
}

const WILLIAMS: &str = "Williams, Kunz, Kornblith & Linderman, Generalized Shape Metrics on Neural Representations, NeurIPS 2021; \
                        Kendall, Shape Manifolds, Procrustean Metrics, and Complex Projective Spaces, Bulletin of the London \
                        Mathematical Society 1984";

pub(in crate::similarity) static ANGLE: Card = Card {
    id: "procrustes-angular",
    name: "Procrustes (angle)",
    formula: "θ(X, Y) = arccos ‖Aᵀ B‖_*, with A = Xc / ‖Xc‖_F, B = Yc / ‖Yc‖_F and ‖·‖_* the sum of singular values",
    summary: "How large an angle is left between the two layers after the best rotation?",
    source: WILLIAMS,
    range: Range { low: 0.0, high: std::f64::consts::FRAC_PI_2 },
    estimator: "The distance between the samples at hand, a metric: no correction for chance. Independent layers come closer \
                as features outnumber samples. Small angles are taken from the residual, θ = 2 arcsin(‖A Q − B‖_F / 2), which \
                keeps their digits.",
    ..NORMALISED
};

pub(in crate::similarity) static SQUARED: Card = Card {
    id: "procrustes-squared",
    name: "Procrustes (squared distance)",
    formula: "d²(X, Y) = min_Q ‖A Q − B‖²_F = 2 − 2 ‖Aᵀ B‖_*, with A = Xc / ‖Xc‖_F, B = Yc / ‖Yc‖_F, Q orthogonal and ‖·‖_* the sum \
              of singular values",
    summary: "How far apart are the two layers, each brought to the same size, after the best rotation?",
    source: "Ding, Denain & Steinhardt, Grounding Representation Similarity Through Statistical Testing, NeurIPS 2021",
    range: Range { low: 0.0, high: 2.0 },
    estimator: "The squared distance between the samples at hand; its root is a metric. No correction for chance: independent \
                layers come closer as features outnumber samples. Small values are taken from the residual.",
    ..NORMALISED
};

pub(in crate::similarity) static NORMALISED_BURES: Card = Card {
    id: "nbs",
    name: "Normalised Bures similarity",
    formula: "NBS(X, Y) = tr (K^½ L K^½)^½ / √(tr K tr L) = ‖Aᵀ B‖_* = cos θ, with K = Xc Xcᵀ, L = Yc Ycᵀ, A = Xc / ‖Xc‖_F, \
              B = Yc / ‖Yc‖_F and θ the Procrustes angle",
    summary: "How alike are the two layers after the best rotation, as the cosine of the angle that is left?",
    source: "Tang, Maddox, Dickens, Diethe & Damianou, Similarity of Neural Networks with Gradients, 2020; Harvey, Larsen & Williams, \
             Duality of Bures and Shape Distances with Implications for Comparing Neural Representations, UniReps 2023",
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: 0.0, high: 1.0 },
    estimator: "The similarity of the samples at hand. No correction for chance: independent layers score higher as features \
                outnumber samples.",
    ..NORMALISED
};

pub(in crate::similarity) static SIZE_AND_SHAPE_SQUARED: Card = Card {
    id: "procrustes-size-and-shape-squared",
    name: "Procrustes (squared, size and shape)",
    formula: "d²(X, Y) = min_Q ‖Xc Q − Yc‖²_F = ‖Xc‖²_F + ‖Yc‖²_F − 2 ‖Xcᵀ Yc‖_*, with Q orthogonal and ‖·‖_* the sum of singular values",
    summary: "How far apart are the two layers in their own units after the best rotation?",
    source: WILLIAMS,
    range: Range { low: 0.0, high: f64::INFINITY },
    invariances: &[Invariance::Orthogonal, Invariance::Permutation, Invariance::Translation],
    estimator: "A sum over samples, in squared units of the activations; its root is a metric. It grows with the number of samples and \
                with the scale of either layer, so that only layers of one scale compare.",
    ..NORMALISED
};

/// What the cards have in common.
const NORMALISED: Card = Card {
    id: "",
    name: "",
    formula: "",
    summary: "",
    source: "",
    family: Family::Shape,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: 1.0 },
    invariances: &[
        Invariance::Orthogonal,
        Invariance::IsotropicScaling,
        Invariance::Permutation,
        Invariance::Translation,
    ],
    minimum_samples: 2,
    requirement: "",
    estimator: "",
};

/// Where the distance is a smaller part of the squared norms, their difference leaves too few digits.
const NEARLY_ALIKE: f64 = 1e-3;

impl Pair for Procrustes {
    /// The coordinates, over their norm unless the measure looks at size.
    type Prepared = Mat<f64>;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Coordinates]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Mat<f64>, Reason> {
        let coordinates = &layer.part::<Coordinates>()?.value;
        if *self == Self::SizeAndShapeSquared {
            return Ok(coordinates.clone());
        }
        let scaled = coordinates * Scale(1.0 / coordinates.norm_max());
        let norm = scaled.norm_l2();
        Ok(scaled * Scale(1.0 / norm))
    }

    async fn compare(&self, a: &Mat<f64>, b: &Mat<f64>) -> Result<f64, Reason> {
        same_length(a.nrows(), b.nrows())?;
        let product = cross(a, b).await;
        let nuclear: f64 = singular_values(product.as_ref()).await?.iter().sum();
        if *self == Self::SizeAndShapeSquared {
            return squared_distance(a, b, &product, nuclear, a.squared_norm_l2() + b.squared_norm_l2()).await;
        }
        is_cosine(nuclear, a.nrows())?;
        match self {
            Self::NormalisedBures => Ok(nuclear),
            Self::Angle => angle_of(a, b, &product, nuclear).await,
            Self::Squared | Self::SizeAndShapeSquared => squared_distance(a, b, &product, nuclear, 2.0).await,
        }
    }

    fn bootstraps(&self) -> bool {
        true
    }

    fn permuted(&self, prepared: &Mat<f64>, order: &Order) -> Option<Mat<f64>> {
        Some(order.rows(prepared))
    }
}

/// arccos ‖Aᵀ B‖_* of two matrices of norm 1, rows as many samples.
///
/// # Errors
/// [`Reason::DifferentRows`], [`Reason::NotConverged`], [`Reason::Rounding`].
pub(super) async fn angle(a: &Mat<f64>, b: &Mat<f64>) -> Result<f64, Reason> {
    same_length(a.nrows(), b.nrows())?;
    let product = cross(a, b).await;
    let nuclear: f64 = singular_values(product.as_ref()).await?.iter().sum();
    is_cosine(nuclear, a.nrows())?;
    angle_of(a, b, &product, nuclear).await
}

/// Whether this is 1 at most, or above by no more than its rounding.
fn is_cosine(nuclear: f64, rows: usize) -> Result<(), Reason> {
    let tolerance = 4.0 * f64::EPSILON * rows.max(4) as f64;
    if nuclear > 1.0 + tolerance { Err(Reason::Rounding { cosine: nuclear }) } else { Ok(()) }
}

/// The same from Aᵀ B and the sum of its singular values.
async fn angle_of(a: &Mat<f64>, b: &Mat<f64>, product: &Mat<f64>, nuclear: f64) -> Result<f64, Reason> {
    if nuclear <= 1.0 - NEARLY_ALIKE {
        return Ok(nuclear.acos());
    }
    Ok(2.0 * (0.5 * squared_distance(a, b, product, nuclear, 2.0).await?.sqrt()).asin())
}

/// min_Q ‖A Q − B‖²_F, from Aᵀ B, the sum of its singular values and ‖A‖²_F + ‖B‖²_F.
async fn squared_distance(
    a: &Mat<f64>,
    b: &Mat<f64>,
    product: &Mat<f64>,
    nuclear: f64,
    squares: f64,
) -> Result<f64, Reason> {
    let difference = squares - 2.0 * nuclear;
    if difference >= NEARLY_ALIKE * squares {
        return Ok(difference);
    }
    let ThinSvd { u, v, .. } = ThinSvd::of(product.as_ref()).await?;
    let (left, right) = (a * &u, b * &v);
    // What lies outside the common directions counts in full.
    Ok((&left - &right).squared_norm_l2()
        + (a - &left * u.transpose()).squared_norm_l2()
        + (b - &right * v.transpose()).squared_norm_l2())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{generator, layer, normal, value};

    #[test]
    fn small_angles_keep_their_digits() {
        // A rotation of one column of four in a fifth dimension by a known angle, orthogonal to everything else:
        // cos θ = 1 - (1 - cos t) / 4.
        for angle in [0.0_f64, 1e-12, 1e-9, 1e-6, 1e-3, 0.08, 0.2] {
            let rows = 16;
            let wave =
                |k: usize, row: usize| (std::f64::consts::PI * (row as f64 + 0.5) * k as f64 / rows as f64).cos();
            let a: Vec<f64> = (0..rows).flat_map(|row| (1..5).map(move |k| wave(k, row))).collect();
            let b: Vec<f64> = (0..rows)
                .flat_map(|row| {
                    let turned = angle.cos() * wave(1, row) + angle.sin() * wave(5, row);
                    [turned, wave(2, row), wave(3, row), wave(4, row)]
                })
                .collect();
            // The best rotation leaves everything but the first column alike.
            let expected = 2.0 * (2.0 * (0.5 * angle).sin().powi(2) / 4.0 / 2.0).sqrt().asin();
            let found = value(&Procrustes::Angle, &layer(&a, 4), &layer(&b, 4)).unwrap();
            assert!((found - expected).abs() < 2e-15 + 1e-13 * expected, "{angle:e}: {found:e} {expected:e}");
        }
    }

    #[test]
    fn unequal_widths_count_what_is_left_over() {
        // B is A and one more small orthogonal column: ‖Aᵀ B‖_* = 1 / √(1 + ε²), so tan θ = ε.
        let epsilon = 1e-5;
        let rows = 12;
        let wave = |k: usize, row: usize| (std::f64::consts::PI * (row as f64 + 0.5) * k as f64 / rows as f64).cos();
        let a: Vec<f64> = (0..rows).map(|row| wave(1, row)).collect();
        let b: Vec<f64> = (0..rows).flat_map(|row| [wave(1, row), epsilon * wave(2, row)]).collect();
        let (a, b) = (layer(&a, 1), layer(&b, 2));
        for found in [value(&Procrustes::Angle, &a, &b).unwrap(), value(&Procrustes::Angle, &b, &a).unwrap()] {
            assert!((found - epsilon.atan()).abs() < 1e-14, "{found:e}");
        }
    }

    #[test]
    fn it_is_a_metric() {
        let mut random = generator(5);
        for features in [2, 5, 30] {
            let layers: Vec<_> = (0..3).map(|_| layer(&normal(&mut random, 10 * features), features)).collect();
            let angle = |i: usize, j: usize| value(&Procrustes::Angle, &layers[i], &layers[j]).unwrap();
            assert!(angle(0, 2) <= angle(0, 1) + angle(1, 2) + 1e-12);
        }
    }

    #[test]
    fn the_forms_belong_together() {
        let random = &mut generator(16);
        let [x, y] = [4, 7].map(|features| normal(random, 12 * features));
        let (a, b) = (layer(&x, 4), layer(&y, 7));
        let angle = value(&Procrustes::Angle, &a, &b).unwrap();
        assert!((value(&Procrustes::NormalisedBures, &a, &b).unwrap() - angle.cos()).abs() < 1e-14);
        assert!((value(&Procrustes::Squared, &a, &b).unwrap() - (2.0 - 2.0 * angle.cos())).abs() < 1e-14);
        // ‖X‖² + ‖Y‖² − 2 ‖X‖ ‖Y‖ cos θ.
        let norm = |values: &[f64], features: usize| {
            let rows = values.len() / features;
            let mean = |j: usize| values.iter().skip(j).step_by(features).sum::<f64>() / rows as f64;
            let means: Vec<f64> = (0..features).map(mean).collect();
            values.iter().enumerate().map(|(i, value)| (value - means[i % features]).powi(2)).sum::<f64>().sqrt()
        };
        let (x, y) = (norm(&x, 4), norm(&y, 7));
        let expected = x * x + y * y - 2.0 * x * y * angle.cos();
        let found = value(&Procrustes::SizeAndShapeSquared, &a, &b).unwrap();
        assert!((found - expected).abs() < 1e-12 * expected, "{found} {expected}");
    }

    #[test]
    fn a_small_difference_in_size_keeps_its_digits() {
        let values = normal(&mut generator(17), 15 * 3);
        let larger: Vec<f64> = values.iter().map(|value| value * (1.0 + 1e-7)).collect();
        let a = layer(&values, 3);
        let squares = value(&Procrustes::SizeAndShapeSquared, &a, &layer(&[0.0, 0.0, 1.0].repeat(15), 3));
        assert!(squares.is_err(), "a constant layer has no shape");
        let found = value(&Procrustes::SizeAndShapeSquared, &a, &layer(&larger, 3)).unwrap();
        let norm = value(
            &Procrustes::SizeAndShapeSquared,
            &a,
            &layer(&values.iter().map(|value| 3.0 * value).collect::<Vec<_>>(), 3),
        );
        // Three times as large is twice the norm away.
        let expected = 1e-14 * norm.unwrap() / 4.0;
        assert!((found - expected).abs() < 1e-6 * expected, "{found:e} {expected:e}");
    }
}
