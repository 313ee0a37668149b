//! Distances between layers after the best order of units.

use faer::{Mat, Scale};

use super::assignment::best;
use super::{LIMIT, few_enough};
use crate::decomposition::cross;
use crate::layer::{Layer, Order, PartId, Reason, UnitValues};
use crate::similarity::pair::triangle::same_length;
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Pair, Range, Samples};

/// What is reported of the best order of one layer's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermutationProcrustes {
    /// The angle between the normalised layers.
    Angle,
    /// The squared distance between the centred layers in their own scale.
    SizeAndShapeSquared,
}

pub(in crate::similarity) static ANGLE: Card = Card {
    id: "permutation-procrustes-angular",
    name: "Permutation Procrustes (angle)",
    formula: "θ(X, Y) = arccos max_P tr(Pᵀ Aᵀ B), with A = Xc / ‖Xc‖_F, B = Yc / ‖Yc‖_F, the narrower padded with units that are 0, and P a \
              permutation",
    summary: "How large an angle is left between the two layers when their units are put in the order that suits best?",
    range: Range { low: 0.0, high: std::f64::consts::PI },
    estimator: "A metric between the samples at hand; no correction for chance. Matched exactly, by shortest augmenting paths; the time grows \
                with the cube of the units. Small angles are taken from the residual, which keeps their digits.",
    ..COMMON
};

pub(in crate::similarity) static SIZE_AND_SHAPE_SQUARED: Card = Card {
    id: "permutation-procrustes-squared",
    name: "Permutation Procrustes (squared, size and shape)",
    formula: "d²(X, Y) = min_P ‖Xc P − Yc‖²_F, the narrower padded with units that are 0, and P a permutation",
    summary: "How far apart are the two layers in their own units when these are put in the order that suits best?",
    range: Range { low: 0.0, high: f64::INFINITY },
    invariances: &[Invariance::Permutation, Invariance::Translation],
    estimator: "A sum over samples, in squared units of the activations; its root is a metric. It grows with the number of samples and with the \
                scale of either layer, so that only layers of one scale compare. Matched exactly, by shortest augmenting paths; the time \
                grows with the cube of the units.",
    ..COMMON
};

/// What the cards have in common.
const COMMON: Card = Card {
    id: "",
    name: "",
    formula: "",
    summary: "",
    source: "Williams, Kunz, Kornblith & Linderman, Generalized Shape Metrics on Neural Representations, NeurIPS 2021",
    family: Family::Units,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: 1.0 },
    invariances: &[Invariance::IsotropicScaling, Invariance::Permutation, Invariance::Translation],
    minimum_samples: 2,
    requirement: "at most 2,048 units a layer, because the time to match them grows with their cube",
    estimator: "",
};

/// Where the cosine is nearer to 1, it leaves too few digits of the angle.
const NEARLY_ALIKE: f64 = 1e-3;

impl Pair for PermutationProcrustes {
    /// The units, over their norm unless the measure looks at size.
    type Prepared = Mat<f64>;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Units]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Mat<f64>, Reason> {
        let units = &layer.part::<UnitValues>()?.value.values;
        few_enough(layer, LIMIT)?;
        if *self == Self::SizeAndShapeSquared {
            return Ok(units.clone());
        }
        let scaled = units * Scale(1.0 / units.norm_max());
        let norm = scaled.norm_l2();
        Ok(scaled * Scale(1.0 / norm))
    }

    async fn compare(&self, a: &Mat<f64>, b: &Mat<f64>) -> Result<f64, Reason> {
        same_length(a.nrows(), b.nrows())?;
        let products = cross(a, b).await;
        let pairs = best(&products).await;
        let cosine: f64 = pairs.iter().map(|&(i, j)| products[(i, j)]).sum();
        if *self == Self::Angle && cosine <= 1.0 - NEARLY_ALIKE {
            return Ok(cosine.acos());
        }
        let squared = squared_distance(a, b, &pairs);
        if *self == Self::Angle { Ok(2.0 * (0.5 * squared.sqrt()).asin()) } else { Ok(squared) }
    }

    fn bootstraps(&self) -> bool {
        true
    }

    fn permuted(&self, prepared: &Mat<f64>, order: &Order) -> Option<Mat<f64>> {
        Some(order.rows(prepared))
    }
}

/// The squared distances between the units of each pair, and the squares of those that are in none.
fn squared_distance(a: &Mat<f64>, b: &Mat<f64>, pairs: &[(usize, usize)]) -> f64 {
    let (mut alone_a, mut alone_b) = (vec![true; a.ncols()], vec![true; b.ncols()]);
    let mut sum = 0.0;
    for &(i, j) in pairs {
        (alone_a[i], alone_b[j]) = (false, false);
        sum += a.col(i).iter().zip(b.col(j).iter()).map(|(x, y)| (x - y).powi(2)).sum::<f64>();
    }
    let rest = |matrix: &Mat<f64>, alone: &[bool]| -> f64 {
        matrix.col_iter().zip(alone).filter(|(_, alone)| **alone).map(|(column, _)| column.squared_norm_l2()).sum()
    };
    sum + rest(a, &alone_a) + rest(b, &alone_b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::Procrustes;
    use crate::similarity::tests::sample::{generator, layer, normal, value};

    #[test]
    fn small_angles_keep_their_digits_and_rotations_come_nearer() {
        let random = &mut generator(64);
        let values = normal(random, 20 * 3);
        // One more unit of length ε turns the layer by arctan of ε over its norm, whatever the order of the others.
        let extra = normal(random, 20);
        let of = |epsilon: f64| -> Vec<f64> {
            let rows = values.chunks(3).zip(&extra);
            rows.flat_map(|(row, extra)| [row[2], epsilon * extra, row[0], row[1]]).collect()
        };
        let (a, b) = (layer(&values, 3), layer(&of(1e-6), 4));
        let small = value(&PermutationProcrustes::SizeAndShapeSquared, &a, &b).unwrap();
        let large = value(&PermutationProcrustes::SizeAndShapeSquared, &a, &layer(&of(1.0), 4)).unwrap();
        assert!((small - 1e-12 * large).abs() < 1e-12 * small, "{small:e} {large}");
        let found = value(&PermutationProcrustes::Angle, &a, &b).unwrap();
        // ‖X − 2 X‖².
        let twice: Vec<f64> = values.iter().map(|value| 2.0 * value).collect();
        let norm = value(&PermutationProcrustes::SizeAndShapeSquared, &a, &layer(&twice, 3)).unwrap();
        let expected = (small / norm).sqrt().atan();
        assert!((found - expected).abs() < 1e-9 * expected, "{found:e} {expected:e}");
        let other = layer(&normal(random, 20 * 4), 4);
        let [matched, rotated] =
            [value(&PermutationProcrustes::Angle, &a, &other).unwrap(), value(&Procrustes::Angle, &a, &other).unwrap()];
        assert!(matched > rotated, "{matched} {rotated}");
    }
}
