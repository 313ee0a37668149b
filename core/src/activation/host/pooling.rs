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

/// The mean over each window; padding counts as zeros.
pub(super) fn average_pool(window: Window, from: ImageShape, to: ImageShape, input: &[f32], output: &mut [f32]) {
    slide(window, from, to, input, output, 0.0, |sum, value| sum + value);
    let share = 1.0 / (window.kernel * window.kernel) as f32;
    output.iter_mut().for_each(|value| *value *= share);
}

/// The mean over windows that cover the map evenly.
pub(super) fn adaptive_average_pool(from: ImageShape, to: ImageShape, input: &[f32], output: &mut [f32]) {
    let span =
        |index: usize, length: usize, count: usize| index * length / count..((index + 1) * length).div_ceil(count);
    let mut sums = vec![0.0_f64; from.channels];
    for (map, result) in input.chunks_exact(from.len()).zip(output.chunks_exact_mut(to.len())) {
        for (position, means) in result.chunks_exact_mut(from.channels).enumerate() {
            let rows = span(position / to.width, from.height, to.height);
            let columns = span(position % to.width, from.width, to.width);
            sums.fill(0.0);
            for y in rows.clone() {
                for x in columns.clone() {
                    let pixel = &map[(y * from.width + x) * from.channels..][..from.channels];
                    sums.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += f64::from(value));
                }
            }
            let count = (rows.len() * columns.len()) as f64;
            means.iter_mut().zip(&sums).for_each(|(mean, &sum)| *mean = (sum / count) as f32);
        }
    }
}

/// Each channel of a map times a value of that channel.
pub(super) fn gate(from: ImageShape, input: &[f32], factors: &[f32], output: &mut [f32]) {
    let images = input.chunks_exact(from.len()).zip(factors.chunks_exact(from.channels));
    for ((map, factors), result) in images.zip(output.chunks_exact_mut(from.len())) {
        for (pixel, gated) in map.chunks_exact(from.channels).zip(result.chunks_exact_mut(from.channels)) {
            gated.iter_mut().zip(pixel).zip(factors).for_each(|((gated, value), factor)| *gated = value * factor);
        }
    }
}

/// The channels of one map, then those of another, at every position.
pub(super) fn concatenate(channels: [usize; 2], first: &[f32], second: &[f32], output: &mut [f32]) {
    let [a, b] = channels;
    let positions = first.chunks_exact(a).zip(second.chunks_exact(b));
    for ((first, second), joined) in positions.zip(output.chunks_exact_mut(a + b)) {
        joined[..a].copy_from_slice(first);
        joined[a..].copy_from_slice(second);
    }
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

/// Every `stride`-th row and column from the first, zero channels added, `before` of them before the others.
pub(super) fn subsample_and_pad(
    [stride, before]: [usize; 2],
    from: ImageShape,
    to: ImageShape,
    input: &[f32],
    output: &mut [f32],
) {
    output.fill(0.0);
    for (map, result) in input.chunks_exact(from.len()).zip(output.chunks_exact_mut(to.len())) {
        for (position, pixel) in result.chunks_exact_mut(to.channels).enumerate() {
            let (y, x) = (position / to.width * stride, position % to.width * stride);
            let source = &map[(y * from.width + x) * from.channels..][..from.channels];
            pixel[before..before + from.channels].copy_from_slice(source);
        }
    }
}
