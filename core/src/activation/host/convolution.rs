//! 2-D convolution of maps in the order positions × channels.

use std::ops::Range;

use super::buffer::Buffer;
use super::epilogue::finish;
use crate::data::ImageShape;
use crate::model::Activation;
use crate::product::{Right, Size, Wanted, multiply};

/// The values of one block of patches: 512 KiB, which leaves room beside it in a second-level cache.
const BLOCK_VALUES: usize = 1 << 17;

/// Shapes of a convolution with square kernel and zero padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) input: ImageShape,
    pub(super) output: ImageShape,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) dilation: usize,
}

/// A convolution by matrix products: every output position is the product of its patch with the weights.
#[derive(Debug)]
pub(super) struct Convolution {
    geometry: Geometry,
    /// Kernel row × kernel column × input channel, by output channel.
    weights: Buffer,
    bias: Vec<f32>,
}

/// What is added and applied after a convolution.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending<'a> {
    pub(super) residual: Option<&'a [f32]>,
    pub(super) activation: Activation,
}

impl Geometry {
    /// Where row and column `tap` of the kernel reads the map at output position `position` of one image: the index of the
    /// pixel; nothing in the padding.
    pub(super) fn pixel(&self, position: usize, tap: usize) -> Option<usize> {
        let Self { input: from, output: to, kernel, stride, padding, dilation } = *self;
        let at = |start: usize, step: usize, length: usize| {
            (start * stride + step * dilation).checked_sub(padding).filter(|&at| at < length)
        };
        let y = at(position / to.width, tap / kernel, from.height)?;
        let x = at(position % to.width, tap % kernel, from.width)?;
        Some(y * from.width + x)
    }

    /// These channels of the patch under output position `position`, counted over all images.
    pub(super) fn gather(&self, input: &[f32], position: usize, channels: Range<usize>, patch: &mut [f32]) {
        let Self { input: from, output: to, .. } = *self;
        let positions = to.height * to.width;
        let map = &input[position / positions * from.len()..][..from.len()];
        for (tap, values) in patch.chunks_exact_mut(channels.len().max(1)).enumerate() {
            match self.pixel(position % positions, tap) {
                Some(pixel) => values.copy_from_slice(&map[pixel * from.channels..][channels.clone()]),
                None => values.fill(0.0),
            }
        }
    }
}

impl Convolution {
    /// `weights` as `[out, in, kernel, kernel]`, one `bias` per output channel.
    pub(super) fn new(geometry: Geometry, weights: &[f32], bias: Vec<f32>) -> Self {
        let Geometry { input, output, kernel, .. } = geometry;
        let taps = kernel * kernel;
        let mut ordered = vec![0.0; weights.len()];
        for (o, filter) in weights.chunks_exact(input.channels * taps).enumerate() {
            for (i, plane) in filter.chunks_exact(taps).enumerate() {
                for (tap, &weight) in plane.iter().enumerate() {
                    ordered[(tap * input.channels + i) * output.channels + o] = weight;
                }
            }
        }
        Self { geometry, weights: Buffer::from(ordered.as_slice()), bias }
    }

    /// Convolves `images` maps; `patches` is working memory.
    pub(super) fn run(
        &self,
        images: usize,
        input: &[f32],
        ending: Ending<'_>,
        output: &mut [f32],
        patches: &mut Buffer,
    ) {
        let Geometry { input: from, output: to, kernel, stride, padding, .. } = self.geometry;
        let inner = kernel * kernel * from.channels;
        let columns = to.channels;
        let weights = self.weights.first(inner * columns);
        let positions = images * to.height * to.width;
        let block = (BLOCK_VALUES / inner.max(1)).clamp(32, 1024);
        for start in (0..positions).step_by(block) {
            let rows = block.min(positions - start);
            let size = Size { rows, columns, inner };
            let target = &mut output[start * columns..(start + rows) * columns];
            if kernel == 1 && stride == 1 && padding == 0 {
                multiply(
                    size,
                    Wanted::All,
                    &input[start * inner..(start + rows) * inner],
                    Right::Plain(weights),
                    target,
                );
            } else {
                let patches = patches.first_mut(rows * inner);
                for (row, patch) in patches.chunks_exact_mut(inner).enumerate() {
                    self.gather(input, start + row, patch);
                }
                multiply(size, Wanted::All, patches, Right::Plain(weights), target);
            }
            let residual = ending.residual.map(|values| &values[start * columns..(start + rows) * columns]);
            finish(target, &self.bias, residual, ending.activation);
        }
    }

    /// The patch under output position `position`, counted over all images.
    fn gather(&self, input: &[f32], position: usize, patch: &mut [f32]) {
        let Geometry { input: from, output: to, kernel, stride, padding, dilation } = self.geometry;
        if dilation != 1 {
            return self.geometry.gather(input, position, 0..from.channels, patch);
        }
        let channels = from.channels;
        let (image, within) = (position / (to.height * to.width), position % (to.height * to.width));
        let (top, left) = (within / to.width * stride, within % to.width * stride);
        let map = &input[image * from.len()..(image + 1) * from.len()];
        // Kernel columns that lie on the map: left + column - padding in 0..width.
        let first = padding.saturating_sub(left).min(kernel);
        let last = (from.width + padding).saturating_sub(left).min(kernel).max(first);
        for (row, line) in patch.chunks_exact_mut(kernel * channels).enumerate() {
            let y = (top + row).wrapping_sub(padding);
            if y >= from.height || first == last {
                line.fill(0.0);
                continue;
            }
            let start = (y * from.width + left + first - padding) * channels;
            let (before, rest) = line.split_at_mut(first * channels);
            let (on_map, after) = rest.split_at_mut((last - first) * channels);
            before.fill(0.0);
            on_map.copy_from_slice(&map[start..start + on_map.len()]);
            after.fill(0.0);
        }
    }
}
