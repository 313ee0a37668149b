//! What follows a matrix product or a convolution while its values are still in the cache: bias, residual, activation.

use pulp::{Arch, Simd, WithSimd};

/// The nonlinearity of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    /// None.
    Identity,
    /// `max(0, x)`.
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// Applies it to every value.
    pub(super) fn apply(self, values: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Relu => Arch::new().dispatch(|| values.iter_mut().for_each(|value| *value = value.max(0.0))),
            Self::Tanh => values.iter_mut().for_each(|value| *value = value.tanh()),
        }
    }
}

/// `values = activation(values + bias + residual)`, for rows of `bias.len()` values.
pub(super) fn finish(values: &mut [f32], bias: &[f32], residual: Option<&[f32]>, activation: Activation) {
    Arch::new().dispatch(Finish { values, bias, residual, relu: activation == Activation::Relu });
    if activation == Activation::Tanh {
        activation.apply(values);
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
    fn with_simd<S: Simd>(self, _: S) {
        let Self { values, bias, residual, relu } = self;
        let floor = if relu { 0.0 } else { f32::NEG_INFINITY };
        let columns = bias.len().max(1);
        match residual {
            Some(residual) => {
                for (row, residual) in values.chunks_exact_mut(columns).zip(residual.chunks_exact(columns)) {
                    for ((value, &bias), &residual) in row.iter_mut().zip(bias).zip(residual) {
                        *value = (*value + bias + residual).max(floor);
                    }
                }
            }
            None => {
                for row in values.chunks_exact_mut(columns) {
                    for (value, &bias) in row.iter_mut().zip(bias) {
                        *value = (*value + bias).max(floor);
                    }
                }
            }
        }
    }
}
