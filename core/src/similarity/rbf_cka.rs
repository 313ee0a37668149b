//! Centred kernel alignment with a Gaussian kernel.

use faer::Mat;

use super::triangle::{UnitTriangle, largest};
use super::{Arity, Card, Direction, Invariance, Kernel, Parameter, Range};
use crate::layer::{Kept, Reason, double_centred};

/// CKA with the kernel exp(−d² / 2σ²), σ² = fraction² × the median squared distance.
#[derive(Debug, Clone, Copy)]
pub struct RbfCka {
    /// The bandwidth, as a fraction of the root of the median squared distance.
    pub fraction: f64,
}

/// The parameters of `cka-rbf`.
pub(super) const PARAMETERS: &[Parameter] = &[Parameter {
    name: "fraction",
    summary: "The bandwidth σ, as a fraction of the root of the median squared distance.",
    default: Some(1.0),
    range: (1e-3, 1e3),
    whole: false,
}];

pub(super) static MEDIAN: Card = card(
    "cka-rbf",
    "CKA (RBF, median)",
    "CKA(X, Y) = ⟨HKH, HLH⟩ / (‖HKH‖_F ‖HLH‖_F), Kᵢⱼ = exp(−‖xᵢ − xⱼ‖² / 2σ²), σ² = median of all n² values ‖xᵢ − xⱼ‖²",
);

pub(super) static HALF_MEDIAN: Card = card(
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
        requirement: "a median squared distance above zero, counting each sample's distance to itself",
        estimator: "Biased HSIC: independent layers score above 0, more so with few samples and many features. The median \
                    counts both orders of a pair and the n zeros of the diagonal.",
    }
}

impl Kernel for RbfCka {
    fn matrix(&self, Kept { value: gram, precision }: &Kept<Mat<f64>>) -> Result<UnitTriangle, Reason> {
        let gram = gram * faer::Scale(1.0 / largest(gram));
        let size = gram.nrows();
        let squared = symmetric(size, 0.0, |i, j| gram[(i, i)] + gram[(j, j)] - 2.0 * gram[(i, j)]);
        let median = median_of_all(&squared);
        // Equal samples come out this far apart.
        if median <= 8.0 * precision.rounding() {
            return Err(Reason::ZeroMedianDistance);
        }
        let exponent = -0.5 / (self.fraction * self.fraction * median);
        let kernel = symmetric(size, 1.0, |i, j| (squared[(i, j)] * exponent).exp());
        UnitTriangle::new(&double_centred(&kernel), 0.0, Reason::ConstantKernel)
    }
}

/// A symmetric matrix with this diagonal; each pair of entries is computed once.
fn symmetric(size: usize, diagonal: f64, entry: impl Fn(usize, usize) -> f64) -> Mat<f64> {
    let mut matrix = Mat::zeros(size, size);
    for column in 0..size {
        matrix[(column, column)] = diagonal;
        for row in column + 1..size {
            let value = entry(row, column);
            matrix[(row, column)] = value;
            matrix[(column, row)] = value;
        }
    }
    matrix
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
    use crate::similarity::Pair;
    use crate::similarity::sample::{generator, layer, normal, samples};
    use crate::steps::finish;

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
        let reason = finish(Pair::prepare(&RbfCka { fraction: 1.0 }, &layer(&values, 3), &samples(8))).unwrap_err();
        assert_eq!(reason.to_string(), "the median squared distance is zero: too many samples coincide");
    }
}
