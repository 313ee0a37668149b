//! Runs a segment on a batch of images.

use super::buffer::Buffer;
use super::convolution::Ending;
use super::epilogue::{apply, finish};
use super::group_norm::group_norm;
use super::plan::{Segment, Step, Work};
use super::pooling;
use super::winograd::Memory;
use crate::activation::layout::transpose;
use crate::data::ImageShape;
use crate::model::{NodeId, Shape};
use crate::product::{Right, Size, Wanted, multiply};

/// Memory that is used again for every batch.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    slots: Vec<Buffer>,
    scratch: Scratch,
}

/// What an operation needs besides its input and output.
#[derive(Debug, Default)]
struct Scratch {
    patches: Buffer,
    tiles: Memory,
}

/// Computes `output` from `input` for `images` images, both in PyTorch's order.
pub(super) fn run(segment: &Segment, images: usize, input: &[f32], output: &mut [f32], workspace: &mut Workspace) {
    run_seen(segment, images, input, output, workspace, &mut |_, _| {});
}

/// The same; `see` is shown the values of every node that a step yields, maps in the order positions × channels.
pub(super) fn run_seen(
    segment: &Segment,
    images: usize,
    input: &[f32],
    output: &mut [f32],
    workspace: &mut Workspace,
    see: &mut impl FnMut(NodeId, &[f32]),
) {
    let Workspace { slots, scratch } = workspace;
    slots.resize_with(slots.len().max(segment.slots.len()), Buffer::default);
    reorder(segment.input, input, slots[0].first_mut(input.len()), Order::PositionsFirst);
    for step in &segment.steps {
        let mut target = std::mem::take(&mut slots[step.to]);
        let source = slots[step.from].first(images * step.input.len());
        let second = step.second.map(|second| slots[second.slot].first(images * second.shape.len()));
        let values = target.first_mut(images * step.output.len());
        compute(step, images, source, second, values, scratch);
        see(step.node, values);
        slots[step.to] = target;
    }
    reorder(segment.output, slots[segment.result].first(output.len()), output, Order::ChannelsFirst);
}

/// One step; `source`, `second` and `target` hold exactly the values of `images` images.
fn compute(
    step: &Step,
    images: usize,
    source: &[f32],
    second: Option<&[f32]>,
    target: &mut [f32],
    scratch: &mut Scratch,
) {
    let ending = Ending { residual: second, activation: step.activation };
    let mut added = second;
    match (&step.work, step.input, step.output) {
        (Work::Convolve(convolution), _, _) => {
            convolution.run(images, source, ending, target, &mut scratch.patches);
            return;
        }
        (Work::ConvolveTiles(winograd), _, _) => {
            winograd.run(images, source, ending, target, &mut scratch.tiles);
            return;
        }
        (Work::Linear { weights, bias }, _, _) => {
            let size = Size { rows: images, columns: bias.len(), inner: step.input.len() };
            multiply(size, Wanted::All, source, Right::Plain(weights), target);
            finish(target, bias, second, step.activation);
            return;
        }
        (Work::ConvolveGroups(grouped), _, _) => grouped.run(source, target, &mut scratch.patches),
        (Work::GroupNorm { groups, epsilon, scale, shift }, shape, _) => {
            group_norm(shape, *groups, *epsilon, [scale, shift], source, target);
        }
        (Work::Gate, Shape::Map(from), _) => {
            if let Some(factors) = added.take() {
                pooling::gate(from, source, factors, target);
            }
        }
        (Work::Concatenate, Shape::Map(from), Shape::Map(to)) => {
            if let Some(second) = added.take() {
                pooling::concatenate([from.channels, to.channels - from.channels], source, second, target);
            }
        }
        (Work::AdaptiveAveragePool, Shape::Map(from), Shape::Map(to)) => {
            pooling::adaptive_average_pool(from, to, source, target);
        }
        (Work::Scale { scale, shift }, _, _) => {
            for (from, to) in source.chunks_exact(scale.len().max(1)).zip(target.chunks_exact_mut(scale.len().max(1))) {
                let affine = from.iter().zip(scale).zip(shift);
                to.iter_mut().zip(affine).for_each(|(to, ((from, scale), shift))| *to = from * scale + shift);
            }
        }
        (&Work::MaxPool(window), Shape::Map(from), Shape::Map(to)) => {
            pooling::max_pool(window, from, to, source, target);
        }
        (&Work::AveragePool(window), Shape::Map(from), Shape::Map(to)) => {
            pooling::average_pool(window, from, to, source, target);
        }
        (Work::GlobalAverage, Shape::Map(from), _) => pooling::global_average(from, source, target),
        (&Work::SubsampleAndPad { stride, before }, Shape::Map(from), Shape::Map(to)) => {
            pooling::subsample_and_pad([stride, before], from, to, source, target);
        }
        (Work::Flatten, shape, _) => reorder(shape, source, target, Order::ChannelsFirst),
        _ => target.copy_from_slice(source),
    }
    if let Some(residual) = added {
        target.iter_mut().zip(residual).for_each(|(value, residual)| *value += residual);
    }
    apply(step.activation, target);
}

/// The order of the values of a map.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Channels × positions, as PyTorch has them.
    ChannelsFirst,
    /// Positions × channels, as the engine computes.
    PositionsFirst,
}

/// Copies the values of whole images from the other order into `order`.
fn reorder(shape: Shape, from: &[f32], to: &mut [f32], order: Order) {
    match shape {
        Shape::Map(map @ ImageShape { channels, height, width }) if channels > 1 && height * width > 1 => {
            let (rows, columns) = match order {
                Order::PositionsFirst => (channels, height * width),
                Order::ChannelsFirst => (height * width, channels),
            };
            for (from, to) in from.chunks_exact(map.len()).zip(to.chunks_exact_mut(map.len())) {
                transpose(from, rows, columns, to);
            }
        }
        _ => to.iter_mut().zip(from).for_each(|(to, &from)| *to = from),
    }
}
