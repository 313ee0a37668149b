//! Centred kernel alignment with a Gaussian kernel.

use faer::Mat;
use wide::f64x4;

use super::Kernel;
use crate::layer::{Kept, Reason};
use crate::similarity::pair::distance;
use crate::similarity::pair::triangle::UnitTriangle;
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Parameter, Range};

/// CKA with the kernel exp(−d² / 2σ²), σ² = fraction² × the median squared distance.
#[derive(Debug, Clone, Copy)]
pub struct RbfCka {
    /// The bandwidth, as a fraction of the root of the median squared distance.
    pub fraction: f64,
}

/// The parameters of `cka-rbf`.
pub(in crate::similarity) const PARAMETERS: &[Parameter] = &[Parameter {
    name: "fraction",
    summary: "The bandwidth σ, as a fraction of the root of the median squared distance.",
    default: Some(1.0),
    range: (1e-3, 1e3),
    whole: false,
}];

pub(in crate::similarity) static MEDIAN: Card = card(
    "cka-rbf",
    "CKA (RBF, median)",
    "CKA(X, Y) = ⟨HKH, HLH⟩ / (‖HKH‖_F ‖HLH‖_F), Kᵢⱼ = exp(−‖xᵢ − xⱼ‖² / 2σ²), σ² = median of all n² values ‖xᵢ − xⱼ‖²",
);

pub(in crate::similarity) static HALF_MEDIAN: Card = card(
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
        family: Family::Kernel,
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
    fn matrix(&self, gram: &Kept<Mat<f64>>, _origin: Option<&[usize]>) -> Result<UnitTriangle, Reason> {
        let size = gram.value.nrows();
        let mut kernel = distance::squared_below(gram);
        let median = median_of_all(size, &kernel);
        // Equal samples come out this far apart.
        if median <= 8.0 * gram.precision.rounding() {
            return Err(Reason::ZeroMedianDistance);
        }
        let exponent = -0.5 / (self.fraction * self.fraction * median);
        exponentials(&mut kernel, exponent);
        UnitTriangle::packed(size, centred(size, &kernel), 0.0, Reason::ConstantKernel)
    }
}

/// The median of all n² entries of a symmetric matrix with a zero diagonal and no negative entries, from those below the
/// diagonal.
fn median_of_all(size: usize, below: &[f64]) -> f64 {
    // In ascending order the n zeros come first, then each entry of the triangle twice.
    let place = |rank: usize| rank.checked_sub(size).map(|rank| rank / 2);
    let count = size * size;
    let (Some(upper), lower) = (place(count / 2), place((count - 1) / 2)) else { return 0.0 };
    let mut keys: Vec<i64> = below.iter().copied().map(ordered).collect();
    let (smaller, value, _) = keys.select_nth_unstable(upper);
    let value = unordered(*value);
    match (lower, smaller.iter().max()) {
        (Some(lower), _) if lower == upper => value,
        (Some(_), Some(&before)) => 0.5 * (unordered(before) + value),
        _ => 0.5 * value,
    }
}

/// A key whose order as an integer is that of [`f64::total_cmp`]: integers are compared faster.
fn ordered(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

/// The value of a key.
fn unordered(key: i64) -> f64 {
    f64::from_bits((key ^ ((key >> 63).cast_unsigned() >> 1).cast_signed()).cast_unsigned())
}

/// Each value x becomes exp(factor × x), four at a time: where there is no system library, as in WebAssembly, one at a time
/// takes most of the time of the whole measure.
fn exponentials(values: &mut [f64], factor: f64) {
    let exponential = |values: [f64; 4]| (f64x4::new(values) * f64x4::splat(factor)).exp().to_array();
    let (whole, rest) = values.as_chunks_mut::<4>();
    whole.iter_mut().for_each(|values| *values = exponential(*values));
    let mut last = [0.0; 4];
    last[..rest.len()].copy_from_slice(rest);
    rest.copy_from_slice(&exponential(last)[..rest.len()]);
}

/// The lower triangle, column by column, of H K H with H = I - 1 1ᵀ / n, for a symmetric K with a diagonal of ones and these
/// entries below it.
fn centred(size: usize, below: &[f64]) -> Vec<f64> {
    let mut sums = vec![1.0; size];
    let mut rest = below;
    for column in 0..size {
        let (entries, later) = rest.split_at(size - column - 1);
        rest = later;
        let (own, others) = sums[column..].split_at_mut(1);
        for (sum, entry) in others.iter_mut().zip(entries) {
            *sum += entry;
        }
        own[0] += entries.iter().sum::<f64>();
    }
    let means: Vec<f64> = sums.iter().map(|sum| sum / size as f64).collect();
    let mean = means.iter().sum::<f64>() / size as f64;
    let mut triangle = Vec::with_capacity(below.len() + size);
    rest = below;
    for (column, own) in means.iter().enumerate() {
        let (entries, later) = rest.split_at(size - column - 1);
        rest = later;
        triangle.push(1.0 - own - own + mean);
        let others = &means[column + 1..];
        triangle.extend(entries.iter().zip(others).map(|(entry, other)| entry - other - own + mean));
    }
    triangle
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::Pair;
    use crate::similarity::tests::sample::{generator, layer, normal, samples};
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
            let below: Vec<f64> =
                (0..size).flat_map(|j| (j + 1..size).map(move |i| (i, j))).map(|at| matrix[at]).collect();
            assert_eq!(median_of_all(size, &below), expected, "{size}");
        }
    }

    #[test]
    fn exponentials_are_those_of_the_standard_library() {
        for length in 0..9 {
            let values: Vec<f64> = (0..length).map(|index| 0.37 * f64::from(index) + 1e-9).collect();
            for factor in [-0.5, -7.3, -300.0] {
                let mut found = values.clone();
                exponentials(&mut found, factor);
                for (value, found) in values.iter().zip(found) {
                    let expected = (value * factor).exp();
                    assert!((found - expected).abs() <= 4.0 * f64::EPSILON * expected, "exp({value} × {factor})");
                }
            }
        }
    }

    #[test]
    fn the_centred_kernel_is_that_of_the_centring_matrix() {
        let size = 5;
        let below = normal(&mut generator(3), 10);
        let place = |i: usize, j: usize| j * (2 * size - j - 1) / 2 + i - j - 1;
        let kernel = Mat::from_fn(size, size, |i, j| if i == j { 1.0 } else { below[place(i.max(j), i.min(j))] });
        let centring = Mat::from_fn(size, size, |i, j| f64::from(u8::from(i == j)) - 1.0 / size as f64);
        let expected = &centring * kernel * &centring;
        let found = centred(size, &below);
        let lower = (0..size).flat_map(|j| (j..size).map(move |i| (i, j)));
        assert_eq!(found.len(), 15);
        assert!(lower.zip(&found).all(|(at, value)| (expected[at] - value).abs() < 1e-14), "{found:?} {expected:?}");
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
