//! Linear layers one after another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::family::dashed;
use super::layers::{FoundLinear, Layer, chain, inconsistent, layers_of};
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
        let widths = [self.inputs].into_iter().chain(self.layers.iter().map(|layer| layer.width));
        format!("MLP {} ({})", dashed(widths), self.activation.describe())
    }

    fn classes(&self) -> Option<usize> {
        self.layers.last().map(|layer| layer.width)
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

    fn infer(shapes: &TensorShapes) -> Option<Result<Self, InferenceError>> {
        let found: Vec<FoundLinear> = layers_of(shapes).into_iter().map(Layer::into_linear).collect::<Option<_>>()?;
        let apart = found.array_windows().find(|[a, b]| a.outputs != b.inputs).map(|[a, b]| {
            let expected = format!("a layer that takes the {} values of {}", a.outputs, a.name);
            inconsistent("MLP", format!("{}.weight", b.name), expected, format!("one that takes {}", b.inputs))
        });
        let Some(chain) = chain(found) else {
            return apart.map(Err);
        };
        let inputs = chain.first()?.inputs;
        let layers = chain.into_iter().map(FoundLinear::into_layer).collect();
        Some(Ok(Self { inputs, layers, activation: Activation::Relu, dropout: 0.0 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Operation;

    #[test]
    fn taps_are_named_as_the_layers_and_lie_after_the_activation() {
        let mlp = Mlp { dropout: 0.5, ..Mlp::new(784, &[256, 128], 10) };
        let graph = mlp.graph(ImageShape { channels: 1, height: 28, width: 28 }).unwrap();
        let taps: Vec<_> = graph.taps.iter().map(|tap| (tap.name.as_str(), &graph.nodes[tap.node].operation)).collect();
        assert!(matches!(
            taps[..],
            [("fc1", Operation::Relu), ("fc2", Operation::Relu), ("fc3", Operation::Linear { .. })]
        ));
        assert_eq!(graph.trainable_parameters(), 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10);
        assert_eq!(mlp.describe(), "MLP 784-256-128-10 (ReLU)");
    }

    #[test]
    fn images_of_another_size_and_impossible_members_are_refused() {
        let input = ImageShape { channels: 1, height: 28, width: 28 };
        let error = Mlp::new(12, &[], 2).graph(input).unwrap_err();
        assert_eq!(error.to_string(), "MLP 12-2 (ReLU): input: expected images of 12 values, found 1×28×28");
        let no_layers = Mlp { layers: vec![], ..Mlp::new(784, &[], 2) };
        assert!(no_layers.graph(input).is_err());
        assert!(Mlp { dropout: 1.0, ..Mlp::new(784, &[4], 2) }.graph(input).is_err());
        assert!(Mlp { dropout: f64::NAN, ..Mlp::new(784, &[4], 2) }.graph(input).is_err());
        let twice = Mlp { layers: vec![LinearLayer::new("a", 4), LinearLayer::new("a", 2)], ..Mlp::new(784, &[], 2) };
        assert!(twice.graph(input).is_err());
        assert!(Mlp::new(784, &[usize::MAX], 2).graph(input).is_err());
    }
}
