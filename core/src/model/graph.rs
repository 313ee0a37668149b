//! A network as a graph of standard operations: the one definition that training, every device and the host engine run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Activation;
use crate::data::ImageShape;

/// Why an architecture cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{architecture}: {part}: expected {expected}, found {found}")]
pub struct ModelError {
    /// The architecture.
    pub architecture: String,
    /// Which part of it.
    pub part: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// The shape of one sample at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// A feature map.
    Map(ImageShape),
    /// A vector of this many features.
    Vector(usize),
}

impl Shape {
    /// Number of values of one sample.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Map(map) => map.len(),
            Self::Vector(features) => features,
        }
    }

    /// Whether a sample of this shape has no values.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// An index into [`Graph::nodes`].
pub type NodeId = usize;

/// One operation. Tensor names are PyTorch's: a layer `name` owns `name.weight`, `name.bias`, `name.running_mean`, ….
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// The images.
    Input,
    /// 2-D convolution, square kernel, zero padding; weight `[out, in / groups, kernel, kernel]`.
    Conv2d {
        /// Layer name.
        name: String,
        /// Side of the kernel.
        kernel: usize,
        /// Step.
        stride: usize,
        /// Zeros added at each side.
        padding: usize,
        /// Distance of neighbouring values of the kernel.
        dilation: usize,
        /// Groups of channels, each of which reads its own share of the input's.
        groups: usize,
        /// Whether it has `name.bias`.
        bias: bool,
    },
    /// Batch normalisation of a feature map or a vector.
    BatchNorm {
        /// Layer name.
        name: String,
        /// Added to the variance.
        epsilon: f64,
    },
    /// Group normalisation (Wu and He 2018): mean and variance of one sample over the channels of each group and all
    /// positions. Of a vector with one group it is layer normalisation (Ba et al. 2016).
    GroupNorm {
        /// Layer name.
        name: String,
        /// Number of groups.
        groups: usize,
        /// Added to the variance.
        epsilon: f64,
    },
    /// `y = W x + b`; weight `[out, in]`.
    Linear {
        /// Layer name.
        name: String,
        /// Whether it has `name.bias`.
        bias: bool,
    },
    /// A function of each value.
    Activate(Activation),
    /// Maximum over square windows (padding counts as minus infinity).
    MaxPool2d {
        /// Side of the window.
        kernel: usize,
        /// Step.
        stride: usize,
        /// Padding at each side.
        padding: usize,
    },
    /// Mean over square windows; padding counts as zeros.
    AvgPool2d {
        /// Side of the window.
        kernel: usize,
        /// Step.
        stride: usize,
        /// Padding at each side.
        padding: usize,
    },
    /// Means over windows that cover the map evenly: output row `i` of `h` covers rows from `⌊i H / h⌋` to below
    /// `⌈(i + 1) H / h⌉`, as PyTorch has it; `h` and `w` are those of the node's shape.
    AdaptiveAvgPool2d,
    /// Mean over all positions of each channel: a map becomes a vector of its channels.
    GlobalAvgPool,
    /// Channels × height × width as one vector.
    Flatten,
    /// Sets values to zero with probability `rate` in training; the identity otherwise.
    Dropout {
        /// Probability.
        rate: f64,
    },
    /// The sum of two inputs of equal shape.
    Add,
    /// Each channel of the first input, a map, times the second input's value of that channel: squeeze-and-excitation (Hu
    /// et al. 2018).
    Gate,
    /// The channels of two maps of one size, one after the other.
    Concatenate,
    /// He et al. 2015, option A: every `stride`-th row and column from the first, zero channels added up to the channels of
    /// the node's shape.
    SubsampleAndPad {
        /// Step.
        stride: usize,
        /// How many of the zero channels come before the others.
        before: usize,
    },
}

/// An operation, what it reads and what it yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What is computed.
    pub operation: Operation,
    /// The nodes that are read, each with a smaller index.
    pub inputs: Vec<NodeId>,
    /// The shape of one sample of the result.
    pub shape: Shape,
}

/// A place where representations are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tap {
    /// The layer's name as users know it: `stem`, `layer2.1`, `avgpool`, `fc`.
    pub name: String,
    /// The node that is read.
    pub node: NodeId,
}

/// What a tensor of the state is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterRole {
    /// Weight of a convolution or linear layer.
    Weight,
    /// Bias of a convolution or linear layer.
    Bias,
    /// Scale of a batch normalisation.
    Scale,
    /// Shift of a batch normalisation.
    Shift,
    /// Running mean of a batch normalisation; a buffer.
    RunningMean,
    /// Running variance of a batch normalisation; a buffer.
    RunningVar,
}

/// A tensor that the network needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// PyTorch's name, such as `layer1.0.conv1.weight`.
    pub name: String,
    /// PyTorch's shape.
    pub shape: Vec<usize>,
    /// What it is for.
    pub role: ParameterRole,
}

/// A network: operations in order of execution, the tensors that they need, and the taps.
///
/// Every tap is a cut: no node after a tap reads a node before it. A network can therefore be run from tap to tap, with
/// one tap's activations as the only input of the next part.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// Operations; the first is [`Operation::Input`], the last yields the logits.
    pub nodes: Vec<Node>,
    /// Tensors, in the order of the operations.
    pub parameters: Vec<Parameter>,
    /// Taps from the input to the logits.
    pub taps: Vec<Tap>,
}

impl Graph {
    /// Number of trainable values: weights, biases, scales and shifts, without the running statistics.
    #[must_use]
    pub fn trainable_parameters(&self) -> usize {
        self.parameters.iter().filter(|parameter| parameter.role.is_trainable()).map(Parameter::len).sum()
    }
}

impl ParameterRole {
    /// Whether training changes it by gradients.
    #[must_use]
    pub fn is_trainable(self) -> bool {
        !matches!(self, Self::RunningMean | Self::RunningVar)
    }
}

impl Parameter {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
