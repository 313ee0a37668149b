//! Centred kernel alignment with a Gaussian kernel.

use faer::Mat;

use super::triangle::{UnitTriangle, double_centred, largest};
use super::{Card, Direction, Geometry, Ingredient, Invariance, Measure, Range, Undefined};

/// CKA with the kernel exp(−d² / 2σ²), σ² = threshold² × the median squared distance.
#[derive(Debug, Clone, Copy)]
pub struct RbfCka {
    threshold: f64,
    card: &'static Card,
}

impl RbfCka {
    /// Bandwidth: the root of the median squared distance.
    pub const MEDIAN: Self = Self::new(1.0, &MEDIAN);

    /// Bandwidth: half the root of the median squared distance, as in the reference demonstration.
    pub const HALF_MEDIAN: Self = Self::new(0.5, &HALF_MEDIAN);

    /// Any bandwidth, as a fraction of the root of the median squared distance, under a card of its own.
    #[must_use]
    pub const fn new(threshold: f64, card: &'static Card) -> Self {
        Self { threshold, card }
    }
}

static MEDIAN: Card = card(
    "cka-rbf",
    "CKA (RBF, median)",
    "CKA(X, Y) = ⟨HKH, HLH⟩ / (‖HKH‖_F ‖HLH‖_F), Kᵢⱼ = exp(−‖xᵢ − xⱼ‖² / 2σ²), σ² = median of all n² values ‖xᵢ − xⱼ‖²",
);

static HALF_MEDIAN: Card = card(
    "cka-rbf-0.5",
    "CKA (RBF, ½ median)",
    "CKA(X, Y) = ⟨HKH, HLH⟩ / (‖HKH‖_F ‖HLH‖_F), Kᵢⱼ = exp(−‖xᵢ − xⱼ‖² / 2σ²), σ² = ½² × median of all n² values ‖xᵢ − xⱼ‖²",
);

const fn card(id: &'static str, name: &'static str, formula: &'static str) -> Card {
    Card {
        id,
        name,
        formula,
        summary: "Do the two layers agree on which samples are near each other?",
        source: "Kornblith, Norouzi, Lee & Hinton, Similarity of Neural Network Representations Revisited, ICML 2019",
        direction: Direction::HigherIsMoreAlike,
        range: Range { low: 0.0, high: 1.0 },
        invariances: &[
            Invariance::Orthogonal,
            Invariance::IsotropicScaling,
            Invariance::Permutation,
            Invariance::Translation,
        ],
        minimum_samples: 2,
        requirement: "a median squared distance above zero, counting each sample's distance to itself",
        estimator: "Biased HSIC: independent layers score above 0, more so with few samples and many features. The median \
                    counts both orders of a pair and the n zeros of the diagonal.",
    }
}

impl Measure for RbfCka {
    type Prepared = UnitTriangle;

    fn card(&self) -> &'static Card {
        self.card
    }

    fn needs(&self) -> &'static [Ingredient] {
        &[Ingredient::Gram]
    }

    fn prepare(&self, geometry: &Geometry) -> Result<UnitTriangle, Undefined> {
        let gram = geometry.require_gram()?;
        let gram = gram * faer::Scale(1.0 / largest(gram));
        let size = gram.nrows();
        let squared =
            Mat::from_fn(
                size,
                size,
                |i, j| {
                    if i == j { 0.0 } else { gram[(i, i)] + gram[(j, j)] - 2.0 * gram[(i, j)] }
                },
            );
        let median = median_of_all(&squared);
        // Equal samples come out this far apart.
        if median <= 8.0 * geometry.rounding {
            return Err(Undefined("the median squared distance is zero: too many samples coincide".to_owned()));
        }
        let exponent = -0.5 / (self.threshold * self.threshold * median);
        let kernel = Mat::from_fn(size, size, |i, j| (squared[(i, j)] * exponent).exp());
        UnitTriangle::new(&double_centred(&kernel), 0.0, "the kernel takes all samples for one")
    }

    fn compare(&self, a: &UnitTriangle, b: &UnitTriangle) -> Result<f64, Undefined> {
        a.cosine(b)
    }
}

/// The median of all n² entries of a symmetric matrix with a zero diagonal and no negative entries.
fn median_of_all(matrix: &Mat<f64>) -> f64 {
    let size = matrix.nrows();
    let mut below: Vec<f64> = (0..size).flat_map(|j| (j + 1..size).map(move |i| (i, j))).map(|at| matrix[at]).collect();
    // In ascending order the n zeros come first, then each entry of the triangle twice.
    let mut ranked = |rank: usize| {
        if rank < size { 0.0 } else { *below.select_nth_unstable_by((rank - size) / 2, f64::total_cmp).1 }
    };
    let count = size * size;
    0.5 * (ranked((count - 1) / 2) + ranked(count / 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::sample::{generator, geometry, normal};

    #[test]
    fn the_median_counts_the_diagonal_and_both_orders() {
        for size in 2..9 {
            let values = normal(&mut generator(size as u64), size * size);
            let matrix =
                Mat::from_fn(size, size, |i, j| if i == j { 0.0 } else { values[i.max(j) * size + i.min(j)].abs() });
            let mut all: Vec<f64> =
                matrix.col_iter().flat_map(|column| column.iter().copied().collect::<Vec<_>>()).collect();
            all.sort_by(f64::total_cmp);
            let count = all.len();
            let expected = 0.5 * (all[(count - 1) / 2] + all[count / 2]);
            assert_eq!(median_of_all(&matrix), expected, "{size}");
        }
    }

    #[test]
    fn a_median_of_zero_is_no_bandwidth() {
        // 7 of 8 samples coincide.
        let mut values = vec![1.0; 24];
        values[..3].copy_from_slice(&[2.0, 3.0, 5.0]);
        let reason = Measure::prepare(&RbfCka::MEDIAN, &geometry(&values, 3)).unwrap_err();
        assert_eq!(reason.to_string(), "the median squared distance is zero: too many samples coincide");
    }
}
