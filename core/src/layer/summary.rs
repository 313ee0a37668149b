//! One pass over a host matrix: means, constant columns or rows, and scale.

use std::ops::Range;

use pulp::NullaryFnOnce;

use super::LayerError;
use crate::parallel::{map, vectorised};
use crate::product::ranges;

/// How many columns one thread looks at in one go: their sums stay in the nearest cache.
const RUN: usize = 1_024;

/// The deviations whose squares, and products of squares, double precision can follow.
const SCALES: Range<f64> = 1e-140..1e140;

/// A number that a host matrix is made of.
pub(super) trait Value: Copy + PartialOrd + Into<f64> + Send + Sync {}

impl Value for f32 {}
impl Value for f64 {}

/// What centring the columns needs.
pub(super) struct Columns {
    /// The mean of each column.
    pub(super) means: Vec<f64>,
    /// How many columns have equal values throughout.
    pub(super) constant: usize,
    /// A power of two s with the largest |x - mean| × s between 1 and 2; 1 when all columns are constant.
    pub(super) scale: f64,
}

impl Columns {
    /// Looks at every value of a row-major matrix once.
    pub(super) fn of<V: Value>(layer: &str, values: &[V], features: usize) -> Result<Self, LayerError> {
        let count = (values.len() / features) as f64;
        let mut means = Vec::with_capacity(features);
        let mut constant = 0;
        let mut largest = 0.0_f64;
        let runs: Vec<_> = ranges(features, RUN).collect();
        let extents = map(&runs, |range| vectorised(Look { values, features, range: range.clone() }));
        for Extents { sums, low, high } in extents {
            for ((sum, low), high) in sums.into_iter().zip(low).zip(high) {
                if !sum.is_finite() {
                    return Err(not_summable(layer, values, features));
                }
                let (low, high): (f64, f64) = (low.into(), high.into());
                let mean = if low == high { low } else { sum / count };
                constant += usize::from(low == high);
                largest = largest.max(high - mean).max(mean - low);
                means.push(mean);
            }
        }
        Ok(Self { means, constant, scale: unit_scale(layer, largest)? })
    }
}

/// Sums and extremes of some columns.
struct Extents<V> {
    sums: Vec<f64>,
    low: Vec<V>,
    high: Vec<V>,
}

/// A look at some columns of a row-major matrix.
struct Look<'a, V> {
    values: &'a [V],
    features: usize,
    range: Range<usize>,
}

impl<V: Value> NullaryFnOnce for Look<'_, V> {
    type Output = Extents<V>;

    #[inline(always)]
    fn call(self) -> Extents<V> {
        let Self { values, features, range } = self;
        let first = &values[range.clone()];
        let rows = values.chunks_exact(features).skip(1).map(|row| &row[range.clone()]);
        let mut sums: Vec<f64> = first.iter().map(|&value| value.into()).collect();
        let (mut low, mut high) = (first.to_vec(), first.to_vec());
        for row in rows {
            for (((&value, sum), low), high) in row.iter().zip(&mut sums).zip(&mut low).zip(&mut high) {
                *sum += value.into();
                *low = if value < *low { value } else { *low };
                *high = if value > *high { value } else { *high };
            }
        }
        Extents { sums, low, high }
    }
}

/// What centring the rows needs.
pub(super) struct Rows {
    /// The mean of each row.
    pub(super) means: Vec<f64>,
    /// For each row a power of two s with the largest |x - mean| × s between 1 and 2; 1 for a constant row.
    pub(super) scales: Vec<f64>,
    /// The first row with equal values throughout.
    pub(super) constant: Option<usize>,
}

impl Rows {
    /// Looks at every value of a row-major matrix once.
    pub(super) fn of<V: Value>(layer: &str, values: &[V], features: usize) -> Result<Self, LayerError> {
        let mut summary = Self { means: Vec::new(), scales: Vec::new(), constant: None };
        for (index, row) in values.chunks_exact(features).enumerate() {
            let (mut sum, mut low, mut high) = (0.0, f64::INFINITY, f64::NEG_INFINITY);
            for &value in row {
                let value: f64 = value.into();
                sum += value;
                low = low.min(value);
                high = high.max(value);
            }
            if !sum.is_finite() {
                return Err(not_summable(layer, values, features));
            }
            let mean = if low == high { low } else { sum / row.len() as f64 };
            if low == high && summary.constant.is_none() {
                summary.constant = Some(index);
            }
            summary.means.push(mean);
            summary.scales.push(unit_scale(layer, (high - mean).max(mean - low))?);
        }
        Ok(summary)
    }
}

/// For each row a power of two s with the largest |x| × s between 1 and 2, so that squares neither overflow nor vanish.
pub(super) struct RowScales {
    /// 1 for a row of zeros.
    pub(super) scales: Vec<f64>,
    /// The first row of zeros.
    pub(super) zero: Option<usize>,
}

impl RowScales {
    /// Looks at every value of a row-major matrix once. The values are finite.
    pub(super) fn of<V: Value>(values: &[V], features: usize) -> Self {
        let largest = |row: &[V]| row.iter().map(|&value| value.into().abs()).fold(0.0, f64::max);
        let largest: Vec<f64> = values.chunks_exact(features).map(largest).collect();
        let zero = largest.iter().position(|&largest| largest == 0.0);
        Self { scales: largest.into_iter().map(|largest| 2.0_f64.powi(-exponent(largest))).collect(), zero }
    }
}

/// The exponent of a positive number; 0 of zero, -1022 of numbers below the smallest that have all digits.
fn exponent(value: f64) -> i32 {
    if value == 0.0 { 0 } else { ((value.to_bits() >> 52) as i32 - 1023).max(-1022) }
}

/// The power of two that brings `largest` to between 1 and 2; 1 for zero.
pub(super) fn unit_scale(layer: &str, largest: f64) -> Result<f64, LayerError> {
    if largest == 0.0 {
        return Ok(1.0);
    }
    if !SCALES.contains(&largest) {
        return Err(out_of_scale(layer, largest));
    }
    let exponent = (largest.to_bits() >> 52) as i32 - 1023;
    Ok(2.0_f64.powi(-exponent))
}

/// Why a sum over the matrix is not finite.
fn not_summable<V: Value>(layer: &str, values: &[V], features: usize) -> LayerError {
    match values.iter().map(|&value| value.into()).enumerate().find(|(_, value): &(usize, f64)| !value.is_finite()) {
        Some((index, value)) => {
            let (row, column) = (index / features, index % features);
            LayerError::NotFinite { layer: layer.to_owned(), found: format!("{value} in row {row}, feature {column}") }
        }
        None => out_of_scale(layer, f64::MAX),
    }
}

fn out_of_scale(layer: &str, largest: f64) -> LayerError {
    LayerError::Scale { layer: layer.to_owned(), largest, smallest: SCALES.start, greatest: SCALES.end }
}
