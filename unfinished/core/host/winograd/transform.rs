//! The one-dimensional transforms of F(4, 3), applied element by element to slices of equal length.
//!
//! Interpolation at the points 0, ±1, ±2 and ∞ (Lavin and Gray 2016): with `d` six inputs, `g` three weights and `y` four
//! outputs, `y = Aᵀ [(G g) ⊙ (Bᵀ d)]`.

use pulp::{Scalar, Simd};

/// Outputs of a tile in one dimension.
pub(super) const OUTPUTS: usize = 4;
/// Inputs of a tile in one dimension, and the number of points.
pub(super) const POINTS: usize = 6;

/// `G`: from the three weights to the points.
const WEIGHTS_TO_POINTS: [[f64; 3]; POINTS] = [
    [1.0 / 4.0, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

/// `G g Gᵀ` of a 3 × 3 kernel, row by row.
pub(super) fn weights_to_points(kernel: &[f32]) -> [f64; POINTS * POINTS] {
    let row = |weights: [f64; 3], y: usize| -> f64 {
        (0..3).map(|x| weights[x] * kernel.get(3 * y + x).copied().map_or(0.0, f64::from)).sum()
    };
    std::array::from_fn(|point| {
        let (vertical, horizontal) = (WEIGHTS_TO_POINTS[point / POINTS], WEIGHTS_TO_POINTS[point % POINTS]);
        (0..3).map(|y| vertical[y] * row(horizontal, y)).sum()
    })
}

/// A linear map of `IN` values to `OUT` values.
pub(super) trait Transform<const IN: usize, const OUT: usize> {
    fn of<S: Simd>(simd: S, x: [S::f32s; IN]) -> [S::f32s; OUT];
}

/// `Bᵀ`: from six inputs to the points.
pub(super) struct InputsToPoints;

impl Transform<POINTS, POINTS> for InputsToPoints {
    #[inline(always)]
    fn of<S: Simd>(simd: S, [d0, d1, d2, d3, d4, d5]: [S::f32s; POINTS]) -> [S::f32s; POINTS] {
        let [two, four, minus_two, minus_four, minus_five] =
            [2.0, 4.0, -2.0, -4.0, -5.0].map(|value| simd.splat_f32s(value));
        let fma = |a, b, c| simd.mul_add_e_f32s(a, b, c);
        let even = fma(minus_four, d2, d4);
        let odd = fma(minus_four, d1, d3);
        let near = simd.sub_f32s(d4, d2);
        let far = simd.sub_f32s(d3, d1);
        [
            fma(four, d0, fma(minus_five, d2, d4)),
            simd.add_f32s(even, odd),
            simd.sub_f32s(even, odd),
            fma(two, far, near),
            fma(minus_two, far, near),
            fma(four, d1, fma(minus_five, d3, d5)),
        ]
    }
}

/// `Aᵀ`: from the points to four outputs.
pub(super) struct PointsToOutputs;

impl Transform<POINTS, OUTPUTS> for PointsToOutputs {
    #[inline(always)]
    fn of<S: Simd>(simd: S, [m0, m1, m2, m3, m4, m5]: [S::f32s; POINTS]) -> [S::f32s; OUTPUTS] {
        let [two, four, eight] = [2.0, 4.0, 8.0].map(|value| simd.splat_f32s(value));
        let fma = |a, b, c| simd.mul_add_e_f32s(a, b, c);
        let add = |a, b| simd.add_f32s(a, b);
        let (sum1, difference1) = (add(m1, m2), simd.sub_f32s(m1, m2));
        let (sum2, difference2) = (add(m3, m4), simd.sub_f32s(m3, m4));
        [
            add(m0, add(sum1, sum2)),
            fma(two, difference2, difference1),
            fma(four, sum2, sum1),
            add(m5, fma(eight, difference2, difference1)),
        ]
    }
}

/// Applies a transform to each element of `inputs`; all slices have the length of the first.
#[inline(always)]
pub(super) fn apply<T: Transform<IN, OUT>, S: Simd, const IN: usize, const OUT: usize>(
    simd: S,
    inputs: [&[f32]; IN],
    outputs: [&mut [f32]; OUT],
) {
    let length = inputs[0].len();
    let inputs = inputs.map(|values| S::as_simd_f32s(&values[..length]));
    let outputs = outputs.map(|values| S::as_mut_simd_f32s(&mut values[..length]));
    let count = inputs[0].0.len();
    let heads = inputs.map(|(head, _)| &head[..count]);
    for i in 0..count {
        let y = T::of(simd, std::array::from_fn(|k| heads[k][i]));
        for (k, y) in y.into_iter().enumerate() {
            outputs[k].0[..count][i] = y;
        }
    }
    for i in 0..inputs[0].1.len() {
        let y = T::of(Scalar, std::array::from_fn(|k| inputs[k].1[i]));
        for (k, y) in y.into_iter().enumerate() {
            outputs[k].1[i] = y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One-dimensional F(4, 3) against the definition of the convolution.
    #[test]
    fn the_transforms_are_a_convolution() {
        let (d, g) = ([0.3f32, -1.2, 2.5, 0.7, -0.4, 1.9], [0.5f32, -0.25, 1.5]);
        let points = InputsToPoints::of(Scalar, d);
        let weighted = std::array::from_fn(|i| {
            let weight: f64 = (0..3).map(|k| WEIGHTS_TO_POINTS[i][k] * f64::from(g[k])).sum();
            points[i] * weight as f32
        });
        for (i, y) in PointsToOutputs::of(Scalar, weighted).into_iter().enumerate() {
            let expected: f32 = (0..3).map(|k| d[i + k] * g[k]).sum();
            assert!((y - expected).abs() < 1e-5, "{i}: {y} {expected}");
        }
    }
}
