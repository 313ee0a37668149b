//! Group normalisation, on maps in the order positions × channels.

use crate::model::Shape;

/// Subtracts the mean and divides by the deviation that each group of channels of one sample has over all positions, both in
/// double precision; then the scale and the shift of each channel.
pub(super) fn group_norm(
    shape: Shape,
    groups: usize,
    epsilon: f64,
    [scale, shift]: [&[f32]; 2],
    input: &[f32],
    output: &mut [f32],
) {
    let channels = scale.len().max(1);
    let width = (channels / groups.max(1)).max(1);
    for (sample, result) in input.chunks_exact(shape.len()).zip(output.chunks_exact_mut(shape.len())) {
        for first in (0..channels).step_by(width) {
            let group = || sample.chunks_exact(channels).flat_map(|pixel| &pixel[first..first + width]);
            let count = (sample.len() / channels * width) as f64;
            let mean = group().map(|&value| f64::from(value)).sum::<f64>() / count;
            let variance = group().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count;
            let factor = 1.0 / (variance + epsilon).sqrt();
            for (pixel, result) in sample.chunks_exact(channels).zip(result.chunks_exact_mut(channels)) {
                for channel in first..first + width {
                    let normalised = (f64::from(pixel[channel]) - mean) * factor;
                    result[channel] = (normalised * f64::from(scale[channel]) + f64::from(shift[channel])) as f32;
                }
            }
        }
    }
}
