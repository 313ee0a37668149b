//! A network made ready for the host engine: one list of steps from each tap to the next.

use super::convolution::{Convolution, Geometry};
use super::fusion::{Fused, consumers, fuse};
use super::grouped::Grouped;
use super::pooling::Window;
use super::weights::Weights;
use super::winograd::Winograd;
use crate::activation::ActivationError;
use crate::data::ImageShape;
use crate::model::{Activation, Graph, ModelError, NodeId, Operation, Shape};

/// Index of a buffer that holds the values of one node for a batch of images.
pub(super) type Slot = usize;

/// The way from one tap to the next.
#[derive(Debug)]
pub(super) struct Segment {
    /// The name of the tap at its end.
    pub(super) layer: String,
    /// What it reads, of one image.
    pub(super) input: Shape,
    /// What it yields, of one image.
    pub(super) output: Shape,
    /// What is computed, in order. Slot 0 holds the input.
    pub(super) steps: Vec<Step>,
    /// Where the output is in the end.
    pub(super) result: Slot,
    /// The number of values of one image in each slot.
    pub(super) slots: Vec<usize>,
    /// Multiplications and additions of the plain algorithm for one image.
    pub(super) operations: f64,
}

/// One operation on a batch of images.
#[derive(Debug)]
pub(super) struct Step {
    /// The node whose values it yields.
    pub(super) node: NodeId,
    pub(super) work: Work,
    pub(super) from: Slot,
    pub(super) second: Option<Second>,
    pub(super) to: Slot,
    pub(super) input: Shape,
    pub(super) output: Shape,
    pub(super) activation: Activation,
}

/// What a step reads besides its input: the other operand of a gate or a concatenation, else what is added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Second {
    pub(super) slot: Slot,
    pub(super) shape: Shape,
}

/// What a step computes.
#[derive(Debug)]
pub(super) enum Work {
    /// A convolution, with a batch normalisation folded in.
    Convolve(Convolution),
    /// The same by another algorithm.
    ConvolveTiles(Winograd),
    /// A linear layer, with a batch normalisation folded in: weights `[in, out]`.
    Linear {
        weights: Vec<f32>,
        bias: Vec<f32>,
    },
    /// A batch normalisation by itself.
    Scale {
        scale: Vec<f32>,
        shift: Vec<f32>,
    },
    /// A convolution whose outputs read some of the channels each, with a batch normalisation folded in.
    ConvolveGroups(Grouped),
    /// A group normalisation.
    GroupNorm {
        groups: usize,
        epsilon: f64,
        scale: Vec<f32>,
        shift: Vec<f32>,
    },
    /// A sum or an activation by itself: what the second input and the activation of the step say.
    Copy,
    /// Each channel times a value of the second input.
    Gate,
    /// The channels of the input, then those of the second.
    Concatenate,
    MaxPool(Window),
    AveragePool(Window),
    AdaptiveAveragePool,
    GlobalAverage,
    SubsampleAndPad {
        stride: usize,
        before: usize,
    },
    /// A map in PyTorch's order.
    Flatten,
}

/// The segments of a network, from the images to the last tap.
///
/// # Errors
/// [`ActivationError::Tensor`] when a tensor is absent or misshaped, [`ActivationError::Model`] when the graph is not one
/// that can be run from tap to tap.
pub(super) fn segments(weights: &Weights<'_>, graph: &Graph) -> Result<Vec<Segment>, ActivationError> {
    segments_seen(weights, graph, &[])
}

/// The same, where the values of these nodes are to be seen: nothing that follows is computed together with them.
///
/// # Errors
/// Those of [`segments`].
pub(super) fn segments_seen(
    weights: &Weights<'_>,
    graph: &Graph,
    seen: &[NodeId],
) -> Result<Vec<Segment>, ActivationError> {
    let mut consumers = consumers(graph);
    for &node in seen {
        if let Some(count) = consumers.get_mut(node) {
            *count += 1;
        }
    }
    let mut start = 0;
    graph
        .taps
        .iter()
        .map(|tap| {
            let segment = Planner { weights, graph, consumers: &consumers, start }.segment(&tap.name, tap.node)?;
            start = tap.node;
            Ok(segment)
        })
        .collect()
}

struct Planner<'a> {
    weights: &'a Weights<'a>,
    graph: &'a Graph,
    consumers: &'a [usize],
    start: NodeId,
}

/// A step before its values have been given slots; `from` and `second` count values: 0 is the input, `i + 1` the
/// result of step `i`.
struct Draft {
    node: NodeId,
    work: Work,
    from: usize,
    second: Option<(usize, Shape)>,
    input: Shape,
    output: Shape,
    activation: Activation,
}

impl Planner<'_> {
    fn segment(&self, layer: &str, end: NodeId) -> Result<Segment, ActivationError> {
        if end < self.start || end >= self.graph.nodes.len() {
            return Err(self.broken(layer, "a tap after the one before it", format!("node {end}")));
        }
        let mut values: Vec<Option<usize>> = vec![None; end + 1 - self.start];
        values[0] = Some(0);
        let mut drafts: Vec<Draft> = Vec::new();
        for (node, fused) in fuse(self.graph, self.consumers, self.start, end) {
            let at = |node: NodeId| {
                let known = node.checked_sub(self.start).and_then(|index| values.get(index).copied().flatten());
                known.ok_or_else(|| self.broken(layer, "a cut at every tap", format!("a read of node {node}")))
            };
            let (read, second) = self.operands(layer, fused)?;
            let from = at(read)?;
            let value = if let Operation::Dropout { .. } = self.operation(fused.base) {
                from
            } else {
                let (input, output) = (self.shape(read), self.shape(node));
                let work = self.work(layer, fused, input, output)?;
                let second = second.map(|node| Ok::<_, ActivationError>((at(node)?, self.shape(node)))).transpose()?;
                drafts.push(Draft { node, work, from, second, input, output, activation: fused.activation });
                drafts.len()
            };
            values[node - self.start] = Some(value);
        }
        let Some(result) = values[end - self.start] else {
            return Err(self.broken(layer, "a value at the tap", "none".to_owned()));
        };
        let computed = &self.graph.nodes[self.start + 1..=end];
        let operations = computed.iter().map(|node| self.graph.operations(node)).sum();
        Ok(arrange(layer, self.shape(self.start), self.shape(end), drafts, result, operations))
    }

    /// What is read, and what is read besides it.
    fn operands(&self, layer: &str, fused: Fused) -> Result<(NodeId, Option<NodeId>), ActivationError> {
        let inputs = self.graph.nodes[fused.base].inputs.as_slice();
        match (self.operation(fused.base), inputs) {
            (Operation::Add | Operation::Gate | Operation::Concatenate, &[a, b]) => Ok((a, Some(b))),
            (Operation::Add | Operation::Gate | Operation::Concatenate, _) => {
                Err(self.broken(layer, "an operation with two inputs", inputs.len().to_string()))
            }
            (_, &[input]) => Ok((input, fused.residual)),
            _ => Err(self.broken(layer, "an operation with one input", inputs.len().to_string())),
        }
    }

    /// What is computed.
    fn work(&self, layer: &str, fused: Fused, input: Shape, output: Shape) -> Result<Work, ActivationError> {
        let norm = match fused.norm.map(|node| self.operation(node)) {
            Some(Operation::BatchNorm { name, epsilon }) => Some((name.as_str(), *epsilon)),
            _ => None,
        };
        let planned = match (self.operation(fused.base), input, output) {
            (
                Operation::Conv2d { name, kernel, stride, padding, dilation, groups, bias },
                Shape::Map(from),
                Shape::Map(to),
            ) => {
                let (kernel, stride, padding, dilation) = (*kernel, *stride, *padding, *dilation);
                let shape = [to.channels, from.channels / (*groups).max(1), kernel, kernel];
                let (weights, bias) = self.weights.weighted(name, &shape, *bias, norm)?;
                let geometry = Geometry { input: from, output: to, kernel, stride, padding, dilation };
                match *groups {
                    1 if Winograd::suits(&geometry) => Work::ConvolveTiles(Winograd::new(geometry, &weights, bias)),
                    1 => Work::Convolve(Convolution::new(geometry, &weights, bias)),
                    groups => Work::ConvolveGroups(Grouped::new(geometry, groups, &weights, bias)),
                }
            }
            (Operation::GroupNorm { name, groups, epsilon }, _, _) => {
                let (scale, shift) = self.weights.affine(name, channels(input))?;
                Work::GroupNorm { groups: *groups, epsilon: *epsilon, scale, shift }
            }
            (Operation::Linear { name, bias }, Shape::Vector(from), Shape::Vector(to)) => {
                let (weights, bias) = self.weights.weighted(name, &[to, from], *bias, norm)?;
                let mut transposed = vec![0.0; weights.len()];
                crate::activation::layout::transpose(&weights, to, from, &mut transposed);
                Work::Linear { weights: transposed, bias }
            }
            (Operation::BatchNorm { name, epsilon }, _, _) => {
                let (scale, shift) = self.weights.scale_and_shift(name, *epsilon, channels(input))?;
                Work::Scale { scale, shift }
            }
            (Operation::Add | Operation::Activate(_), _, _) => Work::Copy,
            (Operation::Gate, Shape::Map(_), _) => Work::Gate,
            (Operation::Concatenate, Shape::Map(_), Shape::Map(_)) => Work::Concatenate,
            (Operation::MaxPool2d { kernel, stride, padding }, Shape::Map(_), Shape::Map(_)) => {
                let window = Window { kernel: *kernel, stride: *stride, padding: *padding };
                Work::MaxPool(window)
            }
            (Operation::AvgPool2d { kernel, stride, padding }, Shape::Map(_), Shape::Map(_)) => {
                let window = Window { kernel: *kernel, stride: *stride, padding: *padding };
                Work::AveragePool(window)
            }
            (Operation::AdaptiveAvgPool2d, Shape::Map(_), Shape::Map(_)) => Work::AdaptiveAveragePool,
            (Operation::GlobalAvgPool, Shape::Map(_), _) => Work::GlobalAverage,
            (Operation::SubsampleAndPad { stride, before }, Shape::Map(_), Shape::Map(_)) => {
                Work::SubsampleAndPad { stride: *stride, before: *before }
            }
            (Operation::Flatten, _, _) => Work::Flatten,
            (other, _, _) => return Err(self.broken(layer, "an operation that fits its input", format!("{other:?}"))),
        };
        Ok(planned)
    }

    fn operation(&self, node: NodeId) -> &Operation {
        &self.graph.nodes[node].operation
    }

    fn shape(&self, node: NodeId) -> Shape {
        self.graph.nodes[node].shape
    }

    fn broken(&self, layer: &str, expected: &str, found: String) -> ActivationError {
        let architecture = self.weights.network().to_owned();
        ModelError { architecture, part: layer.to_owned(), expected: expected.to_owned(), found }.into()
    }
}

/// Number of channels of a map, of features of a vector.
fn channels(shape: Shape) -> usize {
    match shape {
        Shape::Map(ImageShape { channels, .. }) => channels,
        Shape::Vector(features) => features,
    }
}

/// Gives every value a slot, reusing those whose values are no longer read.
fn arrange(layer: &str, input: Shape, output: Shape, drafts: Vec<Draft>, result: usize, operations: f64) -> Segment {
    let mut last_read = vec![0; drafts.len() + 1];
    for (step, draft) in drafts.iter().enumerate() {
        last_read[draft.from] = step;
        if let Some((second, _)) = draft.second {
            last_read[second] = step;
        }
    }
    last_read[result] = drafts.len();
    let mut slots = vec![input.len()];
    let mut slot_of = vec![0; drafts.len() + 1];
    let mut free: Vec<Slot> = Vec::new();
    let mut steps = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.into_iter().enumerate() {
        let to = free.pop().unwrap_or_else(|| {
            slots.push(0);
            slots.len() - 1
        });
        slots[to] = slots[to].max(draft.output.len());
        slot_of[index + 1] = to;
        let from = slot_of[draft.from];
        let second = draft.second.map(|(value, shape)| Second { slot: slot_of[value], shape });
        let mut read = vec![draft.from];
        read.extend(draft.second.map(|(value, _)| value).filter(|&value| value != draft.from));
        free.extend(read.into_iter().filter(|&value| last_read[value] == index).map(|value| slot_of[value]));
        let Draft { node, work, input, output, activation, .. } = draft;
        steps.push(Step { node, work, from, second, to, input, output, activation });
    }
    Segment { layer: layer.to_owned(), input, output, steps, result: slot_of[result], slots, operations }
}
