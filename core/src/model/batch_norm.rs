//! Batch normalisation whose running statistics are PyTorch's.

use burn::nn::BatchNorm;
use burn::tensor::Tensor;
use burn::tensor::module::batch_norm_train;

use super::network::{NetworkError, input_error};

/// Normalises `[n, channels, …]`: in inference by the running statistics. In training by those of the batch, which also
/// move the running ones: the mean, and the unbiased variance, `1 / (n - 1)` of the sum of squares where the batch itself
/// is normalised by `1 / n`. Burn's own layer moves the running variance by the biased one.
///
/// # Errors
/// [`NetworkError::Input`] in training when a channel has a single value, which has no unbiased variance.
pub(super) fn batch_norm<const D: usize>(norm: &BatchNorm, x: Tensor<D>) -> Result<Tensor<D>, NetworkError> {
    if !(x.device().is_autodiff() && norm.training.is_enabled()) {
        return Ok(norm.forward(x));
    }
    let values = x.shape().num_elements() / norm.gamma.dims()[0];
    if values < 2 {
        return Err(input_error("batch normalisation in training", "at least 2 values of each channel", values));
    }
    let result = batch_norm_train(x, norm.gamma.val(), norm.beta.val(), norm.epsilon);
    let unbiased = result.variance.mul_scalar(values as f64 / (values - 1) as f64);
    let moved = |running: Tensor<1>, batch: Tensor<1>| {
        let device = batch.device();
        let kept = running.to_device(&device).mul_scalar(1.0 - norm.momentum);
        kept.add(batch.mul_scalar(norm.momentum)).detach()
    };
    norm.running_mean.update(moved(norm.running_mean.value_sync(), result.mean));
    norm.running_var.update(moved(norm.running_var.value_sync(), unbiased));
    Ok(result.output)
}
