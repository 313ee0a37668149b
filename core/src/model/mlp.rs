//! Linear layers one after another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ExpectedInput, Family, Graph, GraphBuilder, InferenceError, ModelError, NodeId, TensorShapes};
use crate::data::ImageShape;

/// What follows a hidden layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `max(0, x)`.
    #[default]
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// The name that people use.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Relu => "ReLU",
            Self::Tanh => "tanh",
        }
    }

    /// Appends it to a network.
    pub(super) fn append(self, builder: &mut GraphBuilder) -> Result<NodeId, ModelError> {
        match self {
            Self::Relu => builder.relu(),
            Self::Tanh => builder.tanh(),
        }
    }
}

/// A linear layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinearLayer {
    /// The name of its tensors without `.weight`; also the tap's.
    pub name: String,
    /// Number of outputs.
    pub width: usize,
    /// Whether it has a bias.
    pub bias: bool,
}

impl LinearLayer {
    /// A layer with a bias.
    #[must_use]
    pub fn new(name: impl Into<String>, width: usize) -> Self {
        Self { name: name.into(), width, bias: true }
    }

    /// Appends layers, the activation and dropout after each but the last, and one tap each.
    pub(super) fn append_all(
        layers: &[Self],
        activation: Activation,
        dropout: f64,
        builder: &mut GraphBuilder,
    ) -> Result<(), ModelError> {
        let Some((logits, hidden)) = layers.split_last() else {
            return Err(builder.error("linear layers", "at least one", "none"));
        };
        for layer in hidden {
            builder.linear(&layer.name, layer.width, layer.bias)?;
            activation.append(builder)?;
            builder.tap(&layer.name)?;
            builder.dropout(dropout)?;
        }
        builder.linear(&logits.name, logits.width, logits.bias)?;
        builder.tap(&logits.name)
    }
}

/// A multi-layer perceptron: `x ↦ Wₖ a(… a(W₁ x + b₁) …) + bₖ`. Taps: each hidden layer after its activation, and the
/// logits, named as the layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mlp {
    /// Number of values of one image.
    pub inputs: usize,
    /// The layers; the last yields the logits.
    pub layers: Vec<LinearLayer>,
    /// What follows each hidden layer.
    #[serde(default)]
    pub activation: Activation,
    /// Probability that a hidden value is set to zero in training.
    #[serde(default)]
    pub dropout: f64,
}

impl Mlp {
    /// A perceptron with ReLU and without dropout, its layers named `fc1`, `fc2`, ….
    #[must_use]
    pub fn new(inputs: usize, hidden: &[usize], classes: usize) -> Self {
        let widths = hidden.iter().copied().chain([classes]);
        let layers = widths.enumerate().map(|(i, width)| LinearLayer::new(format!("fc{}", i + 1), width)).collect();
        Self { inputs, layers, activation: Activation::Relu, dropout: 0.0 }
    }
}

impl Family for Mlp {
    fn graph(&self, input: ImageShape) -> Result<Graph, ModelError> {
        let mut builder = GraphBuilder::new(self.describe(), input)?;
        if input.len() != self.inputs {
            let found = format!("{}×{}×{}", input.channels, input.height, input.width);
            return Err(builder.error("input", self.expected_input().to_string(), found));
        }
        builder.flatten()?;
        LinearLayer::append_all(&self.layers, self.activation, self.dropout, &mut builder)?;
        builder.finish()
    }

    fn describe(&self) -> String {
        let widths: Vec<String> = [self.inputs]
            .into_iter()
            .chain(self.layers.iter().map(|layer| layer.width))
            .map(|w| w.to_string())
            .collect();
        format!("MLP {} ({})", widths.join("-"), self.activation.describe())
    }

    fn classes(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.width)
    }

    fn expected_input(&self) -> ExpectedInput {
        ExpectedInput { features: Some(self.inputs), ..ExpectedInput::default() }
    }

    fn canonical_input(&self) -> ImageShape {
        ImageShape { channels: self.inputs, height: 1, width: 1 }
    }

    fn assumptions(&self) -> Vec<String> {
        vec![format!("the activation after each hidden layer is {}", self.activation.describe())]
    }

    fn signature() -> &'static str {
        "MLP (only linear layers, each taking what the one before yields)"
    }

    fn infer(_shapes: &TensorShapes) -> Option<Result<Self, InferenceError>> {
        None
    }
}
