//! The one-dimensional transforms of F(4, 3), applied element by element to slices of equal length.
//!
//! Interpolation at the points 0, ±A, ±B and ∞: with `d` six inputs, `g` three weights and `y` four outputs,
//! `y = Aᵀ [(G g) ⊙ (Bᵀ d)]` (Lavin and Gray 2016). They take A = 1 and B = 2; with 3/4 and 3/2, whose powers single
//! precision holds exactly too, rounding errors are about a fourth of theirs (docs/speed.md).

use pulp::{Scalar, Simd};

/// Outputs of a tile in one dimension.
pub(super) const OUTPUTS: usize = 4;
/// Inputs of a tile in one dimension, and the number of points.
pub(super) const POINTS: usize = 6;

const A: f64 = 0.75;
const B: f64 = 1.5;

/// `G`: from the three weights to the points.
const WEIGHTS_TO_POINTS: [[f64; 3]; POINTS] = {
    // The derivative of x (x² - A²) (x² - B²) at A and at B.
    let (at_a, at_b) = (2.0 * A * A * (A * A - B * B), 2.0 * B * B * (B * B - A * A));
    [
        [1.0 / (A * A * B * B), 0.0, 0.0],
        [1.0 / at_a, A / at_a, A * A / at_a],
        [1.0 / at_a, -A / at_a, A * A / at_a],
        [1.0 / at_b, B / at_b, B * B / at_b],
        [1.0 / at_b, -B / at_b, B * B / at_b],
        [0.0, 0.0, 1.0],
    ]
};

/// `G g Gᵀ` of all kernels: from `[out][in][3][3]` to `[point][in][out]`, in double precision before the last rounding.
///
/// All loops run over output channels, which are contiguous in the result.
pub(super) fn weights_to_points(weights: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    let mut points = vec![0.0; POINTS * POINTS * inputs * outputs];
    let mut taps = vec![0.0; 9 * outputs];
    let mut rows = vec![0.0; 3 * POINTS * outputs];
    for input in 0..inputs {
        for (output, kernels) in weights.chunks_exact(9 * inputs).enumerate() {
            for (tap, &weight) in kernels[9 * input..][..9].iter().enumerate() {
                taps[tap * outputs + output] = f64::from(weight);
            }
        }
        for (row, targets) in rows.chunks_exact_mut(POINTS * outputs).enumerate() {
            let three = std::array::from_fn(|column| &taps[(3 * row + column) * outputs..][..outputs]);
            for (factors, target) in WEIGHTS_TO_POINTS.iter().zip(targets.chunks_exact_mut(outputs)) {
                combine(factors, three, |output, value| target[output] = value);
            }
        }
        for (vertical, factors) in WEIGHTS_TO_POINTS.iter().enumerate() {
            for horizontal in 0..POINTS {
                let three = std::array::from_fn(|row| &rows[(row * POINTS + horizontal) * outputs..][..outputs]);
                let point = vertical * POINTS + horizontal;
                let target = &mut points[(point * inputs + input) * outputs..][..outputs];
                combine(factors, three, |output, value| target[output] = value as f32);
            }
        }
    }
    points
}

/// The sum of three slices of equal length, each times its factor.
#[inline(always)]
fn combine(factors: &[f64; 3], [a, b, c]: [&[f64]; 3], mut put: impl FnMut(usize, f64)) {
    for (index, ((a, b), c)) in a.iter().zip(b).zip(c).enumerate() {
        put(index, factors[0] * a + factors[1] * b + factors[2] * c);
    }
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
        let splat = |value: f64| simd.splat_f32s(value as f32);
        let fma = |a, b, c| simd.mul_add_e_f32s(a, b, c);
        let (product, minus_sum) = (splat(A * A * B * B), splat(-A * A - B * B));
        let (minus_a2, minus_b2) = (splat(-A * A), splat(-B * B));
        let even_a = fma(minus_b2, d2, d4);
        let odd_a = simd.mul_f32s(splat(A), fma(minus_b2, d1, d3));
        let even_b = fma(minus_a2, d2, d4);
        let odd_b = simd.mul_f32s(splat(B), fma(minus_a2, d1, d3));
        [
            fma(product, d0, fma(minus_sum, d2, d4)),
            simd.add_f32s(even_a, odd_a),
            simd.sub_f32s(even_a, odd_a),
            simd.add_f32s(even_b, odd_b),
            simd.sub_f32s(even_b, odd_b),
            fma(product, d1, fma(minus_sum, d3, d5)),
        ]
    }
}

/// `Aᵀ`: from the points to four outputs.
pub(super) struct PointsToOutputs;

impl Transform<POINTS, OUTPUTS> for PointsToOutputs {
    #[inline(always)]
    fn of<S: Simd>(simd: S, [m0, m1, m2, m3, m4, m5]: [S::f32s; POINTS]) -> [S::f32s; OUTPUTS] {
        let splat = |value: f64| simd.splat_f32s(value as f32);
        let fma = |a, b, c| simd.mul_add_e_f32s(a, b, c);
        let add = |a, b| simd.add_f32s(a, b);
        let (sum_a, difference_a) = (add(m1, m2), simd.sub_f32s(m1, m2));
        let (sum_b, difference_b) = (add(m3, m4), simd.sub_f32s(m3, m4));
        [
            add(m0, add(sum_a, sum_b)),
            fma(splat(A), difference_a, simd.mul_f32s(splat(B), difference_b)),
            fma(splat(A * A), sum_a, simd.mul_f32s(splat(B * B), sum_b)),
            fma(splat(A * A * A), difference_a, fma(splat(B * B * B), difference_b, m5)),
        ]
    }
}

/// Applies a transform to each element of `inputs`; all slices have the length of the first.
#[expect(clippy::needless_range_loop, reason = "one index into all slices")]
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
