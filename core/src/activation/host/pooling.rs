//! Pooling, subsampling and other operations without weights, on maps in the order positions × channels.

use crate::data::ImageShape;

/// A window that slides over a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

impl Window {
    /// The rows or columns of a map of `length` under output index `index`.
    fn span(self, index: usize, length: usize) -> std::ops::Range<usize> {
        let start = index * self.stride;
        start.saturating_sub(self.padding)..(start + self.kernel).saturating_sub(self.padding).min(length)
    }
}

/// The maximum over each window; padding does not take part.
pub(super) fn max_pool(window: Window, from: ImageShape, to: ImageShape, input: &[f32], output: &mut [f32]) {
    slide(window, from, to, input, output, f32::NEG_INFINITY, f32::max);
}

/// The mean over each window without padding.
pub(super) fn average_pool(window: Window, from: ImageShape, to: ImageShape, input: &[f32], output: &mut [f32]) {
    slide(window, from, to, input, output, 0.0, |sum, value| sum + value);
    let share = 1.0 / (window.kernel * window.kernel) as f32;
    output.iter_mut().for_each(|value| *value *= share);
}

/// Folds the values under each window, channel by channel.
fn slide(
    window: Window,
    from: ImageShape,
    to: ImageShape,
    input: &[f32],
    output: &mut [f32],
    start: f32,
    fold: impl Fn(f32, f32) -> f32 + Copy,
) {
    let channels = from.channels;
    output.fill(start);
    for (map, result) in input.chunks_exact(from.len()).zip(output.chunks_exact_mut(to.len())) {
        for (position, folded) in result.chunks_exact_mut(channels).enumerate() {
            for y in window.span(position / to.width, from.height) {
                for x in window.span(position % to.width, from.width) {
                    let pixel = &map[(y * from.width + x) * channels..][..channels];
                    folded.iter_mut().zip(pixel).for_each(|(folded, &value)| *folded = fold(*folded, value));
                }
            }
        }
    }
}

/// The mean of each channel over all positions, summed in double precision.
pub(super) fn global_average(from: ImageShape, input: &[f32], output: &mut [f32]) {
    let positions = (from.height * from.width) as f64;
    let mut sums = vec![0.0f64; from.channels];
    for (map, means) in input.chunks_exact(from.len()).zip(output.chunks_exact_mut(from.channels)) {
        sums.fill(0.0);
        for pixel in map.chunks_exact(from.channels) {
            sums.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        means.iter_mut().zip(&sums).for_each(|(mean, &sum)| *mean = (sum / positions) as f32);
    }
}

/// Every `stride`-th row and column from the first, zero channels added on both sides in equal number.
pub(super) fn subsample_and_pad(stride: usize, from: ImageShape, to: ImageShape, input: &[f32], output: &mut [f32]) {
    let before = (to.channels - from.channels) / 2;
    output.fill(0.0);
    for (map, result) in input.chunks_exact(from.len()).zip(output.chunks_exact_mut(to.len())) {
        for (position, pixel) in result.chunks_exact_mut(to.channels).enumerate() {
            let (y, x) = (position / to.width * stride, position % to.width * stride);
            let source = &map[(y * from.width + x) * from.channels..][..from.channels];
            pixel[before..before + from.channels].copy_from_slice(source);
        }
    }
}
