//! 3 × 3 convolution with stride 1 by F(4 × 4, 3 × 3) (Winograd 1980; Lavin and Gray 2016).
//!
//! A tile of 4 × 4 outputs takes 36 multiplications per pair of channels instead of 144. Input and weights are taken to 36
//! points, each point is one matrix product over the channels of many tiles, and the products are taken back.
//!
//! Tiles of one row of tiles make a strip. All transforms of a strip run over contiguous memory, tiles × channels: rows
//! are first sorted by the column's place in its tile, `[place][tile][channel]`.

mod transform;

use pulp::{Arch, Simd, WithSimd};

use self::transform::{InputsToPoints, OUTPUTS, POINTS, PointsToOutputs, apply, weights_to_points};
use super::buffer::Buffer;
use super::convolution::{Ending, Geometry};
use super::epilogue::{self, finish_row};
use crate::model::Activation;
use crate::product::{Right, Size, Wanted, multiply};

/// Tiles of one matrix product: enough rows for full speed, few enough that points stay in a second-level cache.
const BLOCK_TILES: usize = 128;

/// A 3 × 3 convolution with stride 1, its weights at the points.
#[derive(Debug)]
pub(in crate::activation::host) struct Winograd {
    geometry: Geometry,
    /// `[point][in][out]`.
    weights: Buffer,
    bias: Vec<f32>,
}

/// Working memory of [`Winograd::run`].
#[derive(Debug, Default)]
pub(in crate::activation::host) struct Memory {
    /// The input at the points, `[point][tile][in]`.
    input: Buffer,
    /// The output at the points, `[point][tile][out]`.
    output: Buffer,
    /// One row, sorted.
    row: Buffer,
    /// Six rows at the horizontal points, or four rows of outputs at the horizontal points.
    rows: Buffer,
    /// Four columns of each tile of a row of outputs.
    columns: Buffer,
}

impl Winograd {
    /// Whether a convolution can be computed so, and is faster so than by patches.
    pub(in crate::activation::host) fn suits(geometry: &Geometry) -> bool {
        let Geometry { input, output, kernel, stride, padding, dilation } = *geometry;
        let tiles = output.height.div_ceil(OUTPUTS) * output.width.div_ceil(OUTPUTS);
        let saved = tiles * POINTS * POINTS < output.height * output.width * kernel * kernel;
        kernel == 3 && stride == 1 && dilation == 1 && padding <= 1 && input.channels >= 8 && saved
    }

    /// `weights` as `[out, in, 3, 3]`, one `bias` per output channel.
    pub(in crate::activation::host) fn new(geometry: Geometry, weights: &[f32], bias: Vec<f32>) -> Self {
        let (inputs, outputs) = (geometry.input.channels, geometry.output.channels);
        let points = weights_to_points(weights, inputs, outputs);
        Self { geometry, weights: Buffer::from(points.as_slice()), bias }
    }

    /// Convolves `images` maps.
    pub(in crate::activation::host) fn run(
        &self,
        images: usize,
        input: &[f32],
        ending: Ending<'_>,
        output: &mut [f32],
        memory: &mut Memory,
    ) {
        let Geometry { input: from, output: to, .. } = self.geometry;
        let (down, across) = (to.height.div_ceil(OUTPUTS), to.width.div_ceil(OUTPUTS));
        let strips = images * down;
        let block = BLOCK_TILES.div_ceil(across).min(strips);
        let points = POINTS * POINTS;
        let simd = Arch::new();
        for start in (0..strips).step_by(block) {
            let strips = start..(start + block).min(strips);
            let tiles = strips.len() * across;
            let size = Size { rows: tiles, columns: to.channels, inner: from.channels };
            simd.dispatch(Gather { geometry: &self.geometry, input, strips: strips.clone(), across, down, memory });
            let inputs = memory.input.first(points * tiles * from.channels).chunks_exact(tiles * from.channels);
            let products = memory.output.first_mut(points * tiles * to.channels);
            let outputs = products.chunks_exact_mut(tiles * to.channels);
            let pairs = from.channels * to.channels;
            let weights = self.weights.first(points * pairs).chunks_exact(pairs);
            for ((input, weights), output) in inputs.zip(weights).zip(outputs) {
                multiply(size, Wanted::All, input, Right::Plain(weights), output);
            }
            let (bias, geometry) = (&self.bias, &self.geometry);
            simd.dispatch(Scatter { geometry, bias, ending, strips, across, down, memory, output: &mut *output });
        }
        if ending.activation != Activation::Relu {
            epilogue::apply(ending.activation, output);
        }
    }
}

/// Takes the tiles of some strips to the points.
struct Gather<'a> {
    geometry: &'a Geometry,
    input: &'a [f32],
    strips: std::ops::Range<usize>,
    across: usize,
    down: usize,
    memory: &'a mut Memory,
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { geometry, input, strips, across, down, memory } = self;
        let Geometry { input: from, padding, .. } = *geometry;
        let length = across * from.channels;
        let plane = strips.len() * length;
        let first = strips.start;
        let sorted = memory.row.first_mut((across + 1) * OUTPUTS * from.channels);
        let rows = memory.rows.first_mut(POINTS * POINTS * length);
        let transformed = memory.input.first_mut(POINTS * POINTS * plane);
        for strip in strips {
            let (image, tile) = (strip / down, strip % down);
            let map = &input[image * from.len()..][..from.len()];
            // Two rows are shared with the strip above, when that was transformed before.
            let known = if tile > 0 && strip > first { POINTS - OUTPUTS } else { 0 };
            let shared = OUTPUTS * POINTS * length;
            if known > 0 {
                rows.copy_within(shared..shared + known * POINTS * length, 0);
            }
            for row in known..POINTS {
                let points = &mut rows[row * POINTS * length..][..POINTS * length];
                let y = (tile * OUTPUTS + row).wrapping_sub(padding);
                if y >= from.height {
                    points.fill(0.0);
                    continue;
                }
                let pixels = &map[y * from.width * from.channels..][..from.width * from.channels];
                sort_by_place(pixels, from.channels, padding, across, sorted);
                let place = |k: usize| &sorted[(k % OUTPUTS * (across + 1) + k / OUTPUTS) * from.channels..][..length];
                let [p0, p1, p2, p3, p4, p5] = split(points, length, length);
                apply::<InputsToPoints, S, POINTS, POINTS>(simd, std::array::from_fn(place), [p0, p1, p2, p3, p4, p5]);
            }
            for horizontal in 0..POINTS {
                let row = |k: usize| &rows[(k * POINTS + horizontal) * length..][..length];
                let start = (horizontal * plane) + (strip - first) * length;
                let targets = split(&mut transformed[start..], POINTS * plane, length);
                apply::<InputsToPoints, S, POINTS, POINTS>(simd, std::array::from_fn(row), targets);
            }
        }
    }
}

/// Sorts a row by the column's place in its tile: `[place][tile][channel]`, one tile more than there are, zeros where
/// there is no map.
#[inline(always)]
fn sort_by_place(pixels: &[f32], channels: usize, padding: usize, across: usize, sorted: &mut [f32]) {
    for (place, tiles) in sorted.chunks_exact_mut((across + 1) * channels).take(OUTPUTS).enumerate() {
        for (tile, target) in tiles.chunks_exact_mut(channels).enumerate() {
            let x = (tile * OUTPUTS + place).wrapping_sub(padding);
            match pixels.get(x.wrapping_mul(channels)..).and_then(|rest| rest.get(..channels)) {
                Some(pixel) => target.copy_from_slice(pixel),
                None => target.fill(0.0),
            }
        }
    }
}

/// Parts of this length, each begun `stride` after the one before.
#[inline(always)]
fn split<const N: usize>(values: &mut [f32], stride: usize, length: usize) -> [&mut [f32]; N] {
    let mut rest = values;
    std::array::from_fn(|_| {
        let from = std::mem::take(&mut rest);
        // The last part may end with the values, before its stride does.
        let (part, after) = from.split_at_mut(stride.min(from.len()));
        rest = after;
        &mut part[..length]
    })
}

/// Takes the products of some strips back from the points, adds bias and residual, applies ReLU.
struct Scatter<'a> {
    geometry: &'a Geometry,
    bias: &'a [f32],
    ending: Ending<'a>,
    strips: std::ops::Range<usize>,
    across: usize,
    down: usize,
    memory: &'a mut Memory,
    output: &'a mut [f32],
}

impl WithSimd for Scatter<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { geometry, bias, ending, strips, across, down, memory, output } = self;
        let to = geometry.output;
        let length = across * to.channels;
        let plane = strips.len() * length;
        let first = strips.start;
        let floor = if ending.activation == Activation::Relu { 0.0 } else { f32::NEG_INFINITY };
        let width = to.width * to.channels;
        let transformed = memory.output.first(POINTS * POINTS * plane);
        let rows = memory.rows.first_mut(OUTPUTS * POINTS * length);
        let columns = memory.columns.first_mut(OUTPUTS * length);
        for strip in strips {
            let (image, tile) = (strip / down, strip % down);
            for horizontal in 0..POINTS {
                let start = horizontal * plane + (strip - first) * length;
                let products = |k: usize| &transformed[k * POINTS * plane + start..][..length];
                let targets = split(&mut rows[horizontal * length..], POINTS * length, length);
                apply::<PointsToOutputs, S, POINTS, OUTPUTS>(simd, std::array::from_fn(products), targets);
            }
            for row in 0..OUTPUTS.min(to.height - tile * OUTPUTS) {
                let points = |k: usize| &rows[(row * POINTS + k) * length..][..length];
                let places = split(columns, length, length);
                apply::<PointsToOutputs, S, POINTS, OUTPUTS>(simd, std::array::from_fn(points), places);
                let start = image * to.len() + (tile * OUTPUTS + row) * width;
                let residual = ending.residual.map(|values| &values[start..start + width]);
                let target = &mut output[start..start + width];
                finish(simd, columns, across, bias, residual, floor, target);
            }
        }
    }
}

/// Sorts a row of outputs back from `[place][tile][channel]`.
#[inline(always)]
fn finish<S: Simd>(
    simd: S,
    columns: &[f32],
    across: usize,
    bias: &[f32],
    residual: Option<&[f32]>,
    floor: f32,
    output: &mut [f32],
) {
    let channels = bias.len();
    for (x, target) in output.chunks_exact_mut(channels).enumerate() {
        let source = &columns[(x % OUTPUTS * across + x / OUTPUTS) * channels..][..channels];
        let residual = residual.map(|values| &values[x * channels..][..channels]);
        target.copy_from_slice(source);
        finish_row(simd, target, bias, residual, floor);
    }
}

#[cfg(test)]
mod tests;
