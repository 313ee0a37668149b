//! Activations and group normalisation on a device.

use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, leaky_relu, relu, sigmoid, silu, softplus, tanh};

use super::Activation;
use super::activation::{SELU_ALPHA, SELU_SCALE};
use super::network::Affine;

/// The function of each value.
pub(super) fn activate<const D: usize>(activation: Activation, x: Tensor<D>) -> Tensor<D> {
    match activation {
        Activation::Relu => relu(x),
        Activation::Tanh => tanh(x),
        Activation::Sigmoid => sigmoid(x),
        Activation::LeakyRelu(slope) => leaky_relu(x, slope),
        Activation::Gelu => gelu(x),
        Activation::Silu => silu(x),
        Activation::Elu => exponential_below_zero(x, 1.0),
        Activation::Selu => exponential_below_zero(x, SELU_ALPHA).mul_scalar(SELU_SCALE),
        Activation::Hardswish => x.clone() * x.add_scalar(3.0).clamp(0.0, 6.0).div_scalar(6.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Softplus => softplus(x, 1.0),
        Activation::Identity => x,
    }
}

/// `x` where it is positive, else `alpha (exp(x) - 1)`.
fn exponential_below_zero<const D: usize>(x: Tensor<D>, alpha: f64) -> Tensor<D> {
    let below = x.clone().clamp_max(0.0).exp().sub_scalar(1.0).mul_scalar(alpha);
    relu(x) + below
}

/// Mean and variance of each sample over the channels of each group and all positions; then scale and shift.
pub(super) fn group_norm(affine: &Affine, groups: usize, epsilon: f64, x: Tensor<4>) -> Tensor<4> {
    let [n, channels, height, width] = x.dims();
    let grouped = x.reshape([n, groups, channels / groups * height * width]);
    let centred = grouped.clone() - grouped.mean_dim(2);
    let variance = centred.clone().powi_scalar(2).mean_dim(2);
    let normalised = (centred / variance.add_scalar(epsilon).sqrt()).reshape([n, channels, height, width]);
    let of_channels = |values: Tensor<1>| values.reshape([1, channels, 1, 1]);
    normalised * of_channels(affine.scale.val()) + of_channels(affine.shift.val())
}
