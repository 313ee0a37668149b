//! What follows a matrix product or a convolution while its values are still in the cache: bias, residual, activation.

use pulp::{Arch, Simd, WithSimd};

use crate::model::Activation;

/// Applies an activation to every value: those with an exponential by their definition in double precision.
pub(super) fn apply(activation: Activation, values: &mut [f32]) {
    match activation {
        Activation::Identity => {}
        Activation::Relu => Arch::new().dispatch(|| values.iter_mut().for_each(|value| *value = at_least(0.0, *value))),
        Activation::Tanh => values.iter_mut().for_each(|value| *value = value.tanh()),
        Activation::LeakyRelu(slope) => {
            let slope = slope as f32;
            values.iter_mut().for_each(|value| *value = if *value > 0.0 { *value } else { slope * *value });
        }
        _ => values.iter_mut().for_each(|value| *value = activation.of(f64::from(*value)) as f32),
    }
}

/// `values = activation(values + bias + residual)`, for rows of `bias.len()` values.
pub(super) fn finish(values: &mut [f32], bias: &[f32], residual: Option<&[f32]>, activation: Activation) {
    Arch::new().dispatch(Finish { values, bias, residual, relu: activation == Activation::Relu });
    if activation != Activation::Relu {
        apply(activation, values);
    }
}

struct Finish<'a> {
    values: &'a mut [f32],
    bias: &'a [f32],
    residual: Option<&'a [f32]>,
    relu: bool,
}

impl WithSimd for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { values, bias, residual, relu } = self;
        let floor = if relu { 0.0 } else { f32::NEG_INFINITY };
        let columns = bias.len().max(1);
        match residual {
            Some(residual) => {
                for (row, residual) in values.chunks_exact_mut(columns).zip(residual.chunks_exact(columns)) {
                    finish_row(simd, row, bias, Some(residual), floor);
                }
            }
            None => {
                values.chunks_exact_mut(columns).for_each(|row| finish_row(simd, row, bias, None, floor));
            }
        }
    }
}

/// `row = max(floor, row + bias + residual)` in explicit vectors: the page is compiled for size, without vectorised loops.
/// What is not a number stays so.
#[inline(always)]
pub(super) fn finish_row<S: Simd>(simd: S, row: &mut [f32], bias: &[f32], residual: Option<&[f32]>, floor: f32) {
    let residual = residual.map(|residual| &residual[..row.len()]);
    let (bias, bias_rest) = S::as_simd_f32s(&bias[..row.len()]);
    let (row, row_rest) = S::as_mut_simd_f32s(row);
    let least = simd.splat_f32s(floor);
    match residual.map(|residual| S::as_simd_f32s(residual)) {
        Some((residual, rest)) => {
            for ((value, &bias), &residual) in row.iter_mut().zip(bias).zip(residual) {
                *value = simd.max_f32s(least, simd.add_f32s(simd.add_f32s(*value, bias), residual));
            }
            for ((value, &bias), &residual) in row_rest.iter_mut().zip(bias_rest).zip(rest) {
                *value = at_least(floor, *value + bias + residual);
            }
        }
        None => {
            for (value, &bias) in row.iter_mut().zip(bias) {
                *value = simd.max_f32s(least, simd.add_f32s(*value, bias));
            }
            for (value, &bias) in row_rest.iter_mut().zip(bias_rest) {
                *value = at_least(floor, *value + bias);
            }
        }
    }
}

/// `max(floor, value)`, where what is not a number stays so.
fn at_least(floor: f32, value: f32) -> f32 {
    if value < floor { floor } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows longer and shorter than a vector, the values in both their parts.
    #[test]
    fn bias_residual_and_floor_in_this_order() {
        for columns in [1, 3, 16, 37] {
            let bias: Vec<f32> = (0..columns).map(|i| i as f32 - 2.0).collect();
            let residual: Vec<f32> = (0..2 * columns).map(|i| (i % 5) as f32 - 2.0).collect();
            let values: Vec<f32> = (0..2 * columns).map(|i| (i % 7) as f32 - 3.0).collect();
            for (given, relu) in
                [(None, false), (None, true), (Some(&residual[..]), false), (Some(&residual[..]), true)]
            {
                let mut found = values.clone();
                let activation = if relu { Activation::Relu } else { Activation::Identity };
                finish(&mut found, &bias, given, activation);
                for (i, found) in found.into_iter().enumerate() {
                    let sum = values[i] + bias[i % columns] + given.map_or(0.0, |residual| residual[i]);
                    assert_eq!(found, if relu { sum.max(0.0) } else { sum }, "{columns} columns, value {i}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_a_number_is_not_hidden() {
        for columns in [1, 16, 37] {
            let mut values = vec![f32::NAN; columns];
            finish(&mut values, &vec![1.0; columns], None, Activation::Relu);
            apply(Activation::Relu, &mut values);
            assert!(values.iter().all(|value| value.is_nan()), "{columns} columns: {values:?}");
        }
    }
}
