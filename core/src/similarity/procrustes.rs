//! Orthogonal Procrustes: how far two centred and normalised clouds of samples are apart after the best rotation.

use faer::Mat;

use super::triangle::same_length;
use super::{Arity, Card, Direction, Invariance, Pair, Range, Samples};
use crate::decomposition::{ThinSvd, cross, singular_values};
use crate::layer::{Coordinates, Layer, PartId, Reason};

/// The angular Procrustes distance.
#[derive(Debug, Clone, Copy, Default)]
pub struct AngularProcrustes;

pub(super) static ANGULAR: Card = Card {
    id: "procrustes-angular",
    name: "Procrustes (angle)",
    formula: "θ(X, Y) = arccos ‖Aᵀ B‖_*, with A = Xc / ‖Xc‖_F, B = Yc / ‖Yc‖_F and ‖·‖_* the sum of singular values",
    summary: "How large an angle is left between the two layers after the best rotation?",
    source: "Williams, Kunz, Kornblith & Linderman, Generalized Shape Metrics on Neural Representations, NeurIPS 2021; \
             Kendall, Shape Manifolds, Procrustean Metrics, and Complex Projective Spaces, Bulletin of the London \
             Mathematical Society 1984",
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: std::f64::consts::FRAC_PI_2 },
    invariances: &[
        Invariance::Orthogonal,
        Invariance::IsotropicScaling,
        Invariance::Permutation,
        Invariance::Translation,
    ],
    minimum_samples: 2,
    requirement: "",
    estimator: "The distance between the samples at hand, a metric: no correction for chance. Independent layers come closer \
                as features outnumber samples. Small angles are taken from the residual, θ = 2 arcsin(‖A Q − B‖_F / 2), which \
                keeps their digits.",
};

/// Cosines above this leave too few digits to the arc cosine.
const NEARLY_ALIKE: f64 = 0.999;

impl Pair for AngularProcrustes {
    /// Z / ‖Z‖_F.
    type Prepared = Mat<f64>;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Coordinates]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Mat<f64>, Reason> {
        let coordinates = &layer.part::<Coordinates>()?.value;
        let unit = coordinates * faer::Scale(1.0 / coordinates.norm_max());
        let norm = unit.norm_l2();
        Ok(unit * faer::Scale(1.0 / norm))
    }

    async fn compare(&self, a: &Mat<f64>, b: &Mat<f64>) -> Result<f64, Reason> {
        same_length(a.nrows(), b.nrows())?;
        let product = cross(a, b).await;
        let cosine: f64 = singular_values(product.as_ref()).await?.iter().sum();
        if cosine <= NEARLY_ALIKE {
            return Ok(cosine.acos());
        }
        let tolerance = 4.0 * f64::EPSILON * a.nrows().max(4) as f64;
        if cosine > 1.0 + tolerance {
            return Err(Reason::Rounding { cosine });
        }
        let ThinSvd { u, v } = ThinSvd::of(product.as_ref()).await?;
        let (left, right) = (a * &u, b * &v);
        // What lies outside the common directions counts in full.
        let squared = (&left - &right).squared_norm_l2()
            + (a - &left * u.transpose()).squared_norm_l2()
            + (b - &right * v.transpose()).squared_norm_l2();
        Ok(2.0 * (0.5 * squared.sqrt()).asin())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::sample::{generator, layer, normal, value};

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
            let found = value(&AngularProcrustes, &layer(&a, 4), &layer(&b, 4)).unwrap();
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
        for found in [value(&AngularProcrustes, &a, &b).unwrap(), value(&AngularProcrustes, &b, &a).unwrap()] {
            assert!((found - epsilon.atan()).abs() < 1e-14, "{found:e}");
        }
    }

    #[test]
    fn it_is_a_metric() {
        let mut random = generator(5);
        for features in [2, 5, 30] {
            let layers: Vec<_> = (0..3).map(|_| layer(&normal(&mut random, 10 * features), features)).collect();
            let angle = |i: usize, j: usize| value(&AngularProcrustes, &layers[i], &layers[j]).unwrap();
            assert!(angle(0, 2) <= angle(0, 1) + angle(1, 2) + 1e-12);
        }
    }
}
