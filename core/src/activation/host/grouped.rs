//! Convolutions whose outputs read some of the channels each, of maps in the order positions × channels.

use super::buffer::Buffer;
use super::convolution::Geometry;
use super::epilogue::finish;
use crate::model::Activation;
use crate::product::{Right, Size, Wanted, multiply};

/// Rows of a block of patches.
const BLOCK_ROWS: usize = 256;

/// A convolution with groups: a matrix product for each, or, where each reads one channel, sums over the kernel.
#[derive(Debug)]
pub(super) struct Grouped {
    geometry: Geometry,
    groups: usize,
    /// For each group kernel row × kernel column × input channel, by output channel of the group. With one input channel a
    /// group: kernel row × kernel column, by output channel.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Grouped {
    /// `weights` as `[out, in / groups, kernel, kernel]`, one `bias` per output channel.
    pub(super) fn new(geometry: Geometry, groups: usize, weights: &[f32], bias: Vec<f32>) -> Self {
        let (taps, outputs) = (geometry.kernel * geometry.kernel, geometry.output.channels);
        let (own_inputs, own_outputs) = (geometry.input.channels / groups, outputs / groups);
        let mut ordered = vec![0.0; weights.len()];
        for (output, filter) in weights.chunks_exact((own_inputs * taps).max(1)).enumerate() {
            for (index, &weight) in filter.iter().enumerate() {
                let (input, tap) = (index / taps, index % taps);
                let place = if own_inputs == 1 {
                    tap * outputs + output
                } else {
                    let group = output / own_outputs * own_outputs * own_inputs * taps;
                    group + (tap * own_inputs + input) * own_outputs + output % own_outputs
                };
                ordered[place] = weight;
            }
        }
        Self { geometry, groups, weights: ordered, bias }
    }

    /// Convolves all maps; `memory` is working memory.
    pub(super) fn run(&self, input: &[f32], output: &mut [f32], memory: &mut Buffer) {
        if self.geometry.input.channels == self.groups {
            self.each_channel(input, output);
        } else {
            self.each_group(input, output, memory);
        }
        finish(output, &self.bias, None, Activation::Identity);
    }

    fn each_channel(&self, input: &[f32], output: &mut [f32]) {
        let Geometry { input: from, output: to, kernel, .. } = self.geometry;
        let share = (to.channels / self.groups).max(1);
        for (map, result) in input.chunks_exact(from.len()).zip(output.chunks_exact_mut(to.len())) {
            for (position, sums) in result.chunks_exact_mut(to.channels).enumerate() {
                sums.fill(0.0);
                for tap in 0..kernel * kernel {
                    let Some(pixel) = self.geometry.pixel(position, tap) else { continue };
                    let values = &map[pixel * from.channels..][..from.channels];
                    let weights = &self.weights[tap * to.channels..][..to.channels];
                    if share == 1 {
                        let terms = weights.iter().zip(values);
                        sums.iter_mut().zip(terms).for_each(|(sum, (weight, value))| *sum += weight * value);
                    } else {
                        for (channel, (sum, weight)) in sums.iter_mut().zip(weights).enumerate() {
                            *sum += weight * values[channel / share];
                        }
                    }
                }
            }
        }
    }

    fn each_group(&self, input: &[f32], output: &mut [f32], memory: &mut Buffer) {
        let Geometry { input: from, output: to, kernel, .. } = self.geometry;
        let (inputs, columns) = (from.channels / self.groups, to.channels / self.groups);
        let inner = kernel * kernel * inputs;
        let positions = output.len() / to.channels;
        for start in (0..positions).step_by(BLOCK_ROWS) {
            let rows = BLOCK_ROWS.min(positions - start);
            let (patches, products) = memory.first_mut(rows * (inner + columns)).split_at_mut(rows * inner);
            for (group, weights) in self.weights.chunks_exact(inner * columns).enumerate() {
                for (row, patch) in patches.chunks_exact_mut(inner).enumerate() {
                    self.geometry.gather(input, start + row, group * inputs..(group + 1) * inputs, patch);
                }
                multiply(Size { rows, columns, inner }, Wanted::All, patches, Right::Plain(weights), products);
                for (row, values) in products.chunks_exact(columns).enumerate() {
                    output[(start + row) * to.channels + group * columns..][..columns].copy_from_slice(values);
                }
            }
        }
    }
}
