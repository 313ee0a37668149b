//! A network on a device, for training and for reading representations.

mod layer;

use burn::module::Module;
use burn::tensor::module::{adaptive_avg_pool2d, avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, s};

use super::batch_norm::batch_norm;
use super::pointwise::{activate, group_norm};
use super::state::StateDict;
use super::{Graph, Node, NodeId, Operation, Shape, initial_state};

pub(super) use layer::Affine;
use layer::{Layer, Source, name_of};

/// Why a network cannot be put on a device, run or read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// A tensor of the state is missing or has another shape.
    #[error("tensor {tensor}: expected the shape {expected:?}, found {found}")]
    Tensor {
        /// The tensor's name.
        tensor: String,
        /// The shape that the architecture asks for.
        expected: Vec<usize>,
        /// What was found.
        found: String,
    },
    /// The input does not fit.
    #[error("{part}: expected {expected}, found {found}")]
    Input {
        /// What was to be run.
        part: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The device failed to hand back a tensor.
    #[error("tensor {tensor}: the device did not hand it back: {reason}")]
    ReadBack {
        /// The tensor's name.
        tensor: String,
        /// What the device said.
        reason: String,
    },
}

/// The value of a node for a batch of samples.
#[derive(Debug, Clone)]
pub enum Value {
    /// Feature maps, `[n, channels, height, width]`.
    Map(Tensor<4>),
    /// Vectors, `[n, features]`.
    Vector(Tensor<2>),
}

impl Value {
    /// Number of samples.
    #[must_use]
    pub fn samples(&self) -> usize {
        match self {
            Self::Map(map) => map.dims()[0],
            Self::Vector(vector) => vector.dims()[0],
        }
    }

    /// One row per sample, `[n, features]`.
    #[must_use]
    pub fn into_rows(self) -> Tensor<2> {
        match self {
            Self::Map(map) => map.flatten(1, 3),
            Self::Vector(vector) => vector,
        }
    }
}

/// A [`Graph`] with weights on a device. On a device with gradients it behaves as in training: batch normalisation takes
/// the batch's statistics and updates the running ones (momentum 0.1, the unbiased variance, as PyTorch), and dropout drops.
#[derive(Module, Debug)]
pub struct BurnNetwork {
    layers: Vec<Layer>,
    /// For each node, its layer.
    #[module(skip)]
    layer_of: Vec<Option<usize>>,
    #[module(skip)]
    graph: Graph,
}

impl BurnNetwork {
    /// A network with the weights of [`initial_state`].
    ///
    /// # Errors
    /// [`NetworkError`] when the graph does not fit its own parameters.
    pub fn init(graph: &Graph, seed: u64, device: &Device) -> Result<Self, NetworkError> {
        Self::from_state(graph, &initial_state(graph, seed), device)
    }

    /// A network with given weights; tensors that it does not need are ignored.
    ///
    /// # Errors
    /// [`NetworkError::Tensor`] when a tensor is missing or has another shape.
    pub fn from_state(graph: &Graph, state: &StateDict, device: &Device) -> Result<Self, NetworkError> {
        let mut layers = Vec::new();
        let mut layer_of = Vec::new();
        for node in &graph.nodes {
            let layer = Source { graph, state, device }.layer(node)?;
            layer_of.push(layer.is_some().then_some(layers.len()));
            layers.extend(layer);
        }
        Ok(Self { layers, layer_of, graph: graph.clone() })
    }

    /// The same layers and weights for images of another shape: `graph` is the same architecture's for that shape.
    ///
    /// # Errors
    /// [`NetworkError::Input`] when the graph has other operations or tensors.
    pub fn with_graph(mut self, graph: &Graph) -> Result<Self, NetworkError> {
        let operations = |graph: &Graph| graph.nodes.iter().map(|node| node.operation.clone()).collect::<Vec<_>>();
        if graph.parameters != self.graph.parameters || operations(graph) != operations(&self.graph) {
            return Err(input_error("graph", "the same operations and tensors", "others"));
        }
        self.graph = graph.clone();
        Ok(self)
    }

    /// What it computes.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The logits `[n, classes]` of images `[n, channels, height, width]`.
    ///
    /// # Errors
    /// [`NetworkError::Input`] when the images do not have the graph's shape.
    pub fn forward(&self, images: Tensor<4>) -> Result<Tensor<2>, NetworkError> {
        let last = self.graph.nodes.len().saturating_sub(1);
        self.run(0, Value::Map(images), last).map(Value::into_rows)
    }

    /// The value at the tap `to`, from the value at the earlier tap `from` or, without one, from the images.
    ///
    /// # Errors
    /// [`NetworkError::Input`] when there is no such tap, when they are in the wrong order, or when `value` does not have
    /// the tap's shape.
    pub fn run_to_tap(&self, from: Option<usize>, value: Value, to: usize) -> Result<Value, NetworkError> {
        let node_of = |tap: usize| {
            let taps = &self.graph.taps;
            taps.get(tap)
                .map(|tap| tap.node)
                .ok_or_else(|| input_error("taps", format!("a tap below {}", taps.len()), tap))
        };
        let start = from.map_or(Ok(0), node_of)?;
        let end = node_of(to)?;
        if start > end {
            return Err(input_error("taps", "a tap after the one that it starts from", "an earlier one"));
        }
        self.run(start, value, end)
    }

    /// The weights, read back from the device.
    ///
    /// # Errors
    /// [`NetworkError::ReadBack`] when the device fails.
    pub async fn state(&self) -> Result<StateDict, NetworkError> {
        let mut state = StateDict::new();
        for (node, layer) in self.graph.nodes.iter().zip(&self.layer_of) {
            let (Some(layer), Some(name)) = (*layer, name_of(&node.operation)) else { continue };
            self.layers[layer].read_back(&mut state, name).await?;
        }
        Ok(state)
    }

    /// Runs the nodes after `start`, whose value is given, up to `end`.
    fn run(&self, start: NodeId, value: Value, end: NodeId) -> Result<Value, NetworkError> {
        self.check(start, &value)?;
        let length = end + 1 - start;
        let mut last_use: Vec<usize> = (0..length).collect();
        let part = || self.graph.nodes.iter().enumerate().take(end + 1).skip(start + 1);
        for (i, node) in part() {
            for input in &node.inputs {
                if let Some(last) = input.checked_sub(start).and_then(|index| last_use.get_mut(index)) {
                    *last = i - start;
                }
            }
        }
        let mut values: Vec<Option<Value>> = vec![None; length];
        values[0] = Some(value);
        for (i, node) in part() {
            let mut inputs = Vec::with_capacity(node.inputs.len());
            for &input in &node.inputs {
                let index = input.checked_sub(start).filter(|&index| index < i - start);
                let slot = index.and_then(|index| Some((values.get_mut(index)?, last_use.get(index)?)));
                // A value that nothing else needs is handed over, so that the device can reuse its memory.
                let value = slot.and_then(|(slot, &last)| if last == i - start { slot.take() } else { slot.clone() });
                inputs
                    .push(value.ok_or_else(|| input_error("a part of the network", "a cut", format!("node {input}")))?);
            }
            values[i - start] = Some(self.apply(i, node, inputs)?);
        }
        values.pop().flatten().ok_or_else(|| input_error("a part of the network", "a value", "none"))
    }

    fn check(&self, node: NodeId, value: &Value) -> Result<(), NetworkError> {
        let expected = self.graph.nodes.get(node).map(|node| node.shape);
        let found = match value {
            Value::Map(map) => {
                let [_, channels, height, width] = map.dims();
                Shape::Map(crate::data::ImageShape { channels, height, width })
            }
            Value::Vector(vector) => Shape::Vector(vector.dims()[1]),
        };
        if expected == Some(found) {
            return Ok(());
        }
        Err(input_error("input", format!("{expected:?}"), format!("{found:?}")))
    }

    fn apply(&self, id: NodeId, node: &Node, inputs: Vec<Value>) -> Result<Value, NetworkError> {
        let layer = self.layer_of[id].map(|layer| &self.layers[layer]);
        let mut inputs = inputs.into_iter();
        let value = match (&node.operation, layer, inputs.next(), inputs.next()) {
            (_, Some(Layer::Conv2d(conv)), Some(Value::Map(x)), None) => Value::Map(conv.forward(x)),
            (_, Some(Layer::BatchNorm(norm)), Some(Value::Map(x)), None) => Value::Map(batch_norm(norm, x)?),
            (_, Some(Layer::BatchNorm(norm)), Some(Value::Vector(x)), None) => Value::Vector(batch_norm(norm, x)?),
            (_, Some(Layer::Linear(linear)), Some(Value::Vector(x)), None) => Value::Vector(linear.forward(x)),
            (_, Some(Layer::Dropout(dropout)), Some(Value::Map(x)), None) => Value::Map(dropout.forward(x)),
            (_, Some(Layer::Dropout(dropout)), Some(Value::Vector(x)), None) => Value::Vector(dropout.forward(x)),
            (&Operation::GroupNorm { groups, epsilon, .. }, Some(Layer::GroupNorm(affine)), Some(x), None) => match x {
                Value::Map(x) => Value::Map(group_norm(affine, groups, epsilon, x)),
                Value::Vector(x) => {
                    let [n, features] = x.dims();
                    let map = group_norm(affine, groups, epsilon, x.reshape([n, features, 1, 1]));
                    Value::Vector(map.reshape([n, features]))
                }
            },
            (&Operation::Activate(activation), None, Some(Value::Map(x)), None) => Value::Map(activate(activation, x)),
            (&Operation::Activate(activation), None, Some(Value::Vector(x)), None) => {
                Value::Vector(activate(activation, x))
            }
            (&Operation::MaxPool2d { kernel, stride, padding }, None, Some(Value::Map(x)), None) => {
                let options = MaxPoolOptions::new([kernel; 2]).with_stride([stride; 2]).with_padding([padding; 2]);
                Value::Map(max_pool2d(x, options))
            }
            (&Operation::AvgPool2d { kernel, stride, padding }, None, Some(Value::Map(x)), None) => {
                let options = AvgPoolOptions::new([kernel; 2]).with_stride([stride; 2]).with_padding([padding; 2]);
                Value::Map(avg_pool2d(x, options))
            }
            (Operation::AdaptiveAvgPool2d, None, Some(Value::Map(x)), None) => {
                let Shape::Map(to) = node.shape else { return Err(input_error("pooling", "a map", "a vector")) };
                Value::Map(adaptive_avg_pool2d(x, [to.height, to.width]))
            }
            (Operation::GlobalAvgPool, None, Some(Value::Map(x)), None) => {
                Value::Vector(x.flatten::<3>(2, 3).mean_dim(2).squeeze_dim::<2>(2))
            }
            (Operation::Flatten, None, Some(x), None) => Value::Vector(x.into_rows()),
            (Operation::Add, None, Some(Value::Map(a)), Some(Value::Map(b))) => Value::Map(a + b),
            (Operation::Add, None, Some(Value::Vector(a)), Some(Value::Vector(b))) => Value::Vector(a + b),
            (Operation::Gate, None, Some(Value::Map(x)), Some(gate)) => {
                let [n, channels, ..] = x.dims();
                Value::Map(x * gate.into_rows().reshape([n, channels, 1, 1]))
            }
            (Operation::Concatenate, None, Some(Value::Map(a)), Some(Value::Map(b))) => {
                Value::Map(Tensor::cat(vec![a, b], 1))
            }
            (&Operation::SubsampleAndPad { stride, before }, None, Some(Value::Map(x)), None) => {
                Value::Map(subsample_and_pad(x, stride, before, node.shape))
            }
            (operation, ..) => return Err(input_error(format!("{operation:?}"), "inputs that fit", "others")),
        };
        Ok(value)
    }
}

/// He et al. 2015, option A.
fn subsample_and_pad(x: Tensor<4>, stride: usize, before: usize, shape: Shape) -> Tensor<4> {
    let step = isize::try_from(stride).unwrap_or(isize::MAX);
    let x = x.slice(s![.., .., ..;step, ..;step]);
    let [n, channels, height, width] = x.dims();
    let Shape::Map(after) = shape else { return x };
    let behind = after.channels.saturating_sub(channels + before);
    let device = x.device();
    let zeros = |channels: usize| (channels > 0).then(|| Tensor::zeros([n, channels, height, width], &device));
    let parts: Vec<Tensor<4>> = [zeros(before), Some(x), zeros(behind)].into_iter().flatten().collect();
    Tensor::cat(parts, 1)
}

pub(super) fn input_error(part: impl Into<String>, expected: impl Into<String>, found: impl ToString) -> NetworkError {
    NetworkError::Input { part: part.into(), expected: expected.into(), found: found.to_string() }
}
