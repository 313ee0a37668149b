//! Linear layers one after another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chain::{self, Chain};
use super::family::dashed;
use super::forks::{self, Reader};
use super::hidden::{self, Code, code_of};
use super::layers::{FoundLinear, Layer, LayerKind, holds_attention, layers_of};
use super::modules;
use super::normalise::{LayerOrder, Norm, NormKind, epsilon_assumption};
use super::{
    Activation, Assumption, ExpectedInput, Family, Graph, GraphBuilder, InferenceError, ModelError, Said, TensorShapes,
};
use crate::data::ImageShape;

/// A linear layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinearLayer {
    /// The name of its tensors without `.weight`; also the tap's.
    pub name: String,
    /// Number of outputs.
    pub width: usize,
    /// Whether it has a bias.
    pub bias: bool,
    /// Its normalisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<Norm>,
    /// What follows it, where that is not what follows the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
}

impl LinearLayer {
    /// A layer with a bias and without a normalisation.
    #[must_use]
    pub fn new(name: impl Into<String>, width: usize) -> Self {
        Self { name: name.into(), width, bias: true, norm: None, activation: None }
    }

    /// Appends layers, the activation and dropout after each but the last, and one tap each.
    pub(super) fn append_all(
        layers: &[Self],
        activation: Activation,
        order: LayerOrder,
        dropout: f64,
        builder: &mut GraphBuilder,
    ) -> Result<(), ModelError> {
        let Some((logits, hidden)) = layers.split_last() else {
            return Err(builder.error("linear layers", "at least one", "none"));
        };
        for layer in hidden {
            builder.linear(&layer.name, layer.width, layer.bias)?;
            order.append(layer.norm.as_ref(), layer.activation.unwrap_or(activation), builder)?;
            builder.tap(&layer.name)?;
            builder.dropout(dropout)?;
        }
        builder.linear(&logits.name, logits.width, logits.bias)?;
        order.append(logits.norm.as_ref(), Activation::Identity, builder)?;
        builder.tap(&logits.name)
    }
}

/// A multi-layer perceptron: `x ↦ Wₖ a(… a(W₁ x + b₁) …) + bₖ`. Taps: each hidden layer after its normalisation and
/// activation, and the logits, named as the layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mlp {
    /// Number of values of one image.
    pub inputs: usize,
    /// The layers; the last yields the logits.
    pub layers: Vec<LinearLayer>,
    /// What follows each hidden layer.
    #[serde(default)]
    pub activation: Activation,
    /// Which of normalisation and activation comes first.
    #[serde(default)]
    pub order: LayerOrder,
    /// The normalisation of the images' values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_norm: Option<Norm>,
    /// Probability that a hidden value is set to zero in training.
    #[serde(default)]
    pub dropout: f64,
    /// Whether a file's order and names leave open which layers the normalisations follow.
    #[serde(skip)]
    pub norms_are_open: bool,
}

impl Mlp {
    /// A perceptron with ReLU, without normalisation and dropout, its layers named `fc1`, `fc2`, ….
    #[must_use]
    pub fn new(inputs: usize, hidden: &[usize], classes: usize) -> Self {
        let widths = hidden.iter().copied().chain([classes]);
        let layers = widths.enumerate().map(|(i, width)| LinearLayer::new(format!("fc{}", i + 1), width)).collect();
        Self {
            inputs,
            layers,
            activation: Activation::Relu,
            order: LayerOrder::NormActivation,
            input_norm: None,
            dropout: 0.0,
            norms_are_open: false,
        }
    }

    /// The activations after the hidden layers.
    fn hidden(&self) -> Vec<Activation> {
        let hidden = self.layers.split_last().map_or(&[][..], |(_, hidden)| hidden);
        hidden.iter().map(|layer| layer.activation.unwrap_or(self.activation)).collect()
    }

    /// The code, where it is an autoencoder by its names.
    fn code(&self) -> Option<Code> {
        let names: Vec<&str> = self.layers.iter().map(|layer| layer.name.as_str()).collect();
        code_of(&names)
    }

    /// What is assumed of which layers the normalisations follow.
    fn norms_assumption(&self) -> Assumption {
        let normalised: Vec<&LinearLayer> = self.layers.iter().filter(|layer| layer.norm.is_some()).collect();
        let names = |layers: &[&LinearLayer], by: &str| {
            layers.iter().map(|layer| layer.name.as_str()).collect::<Vec<_>>().join(by)
        };
        let as_wide = |layer: &&LinearLayer| normalised.first().is_some_and(|own| own.width == layer.width);
        let usual: Vec<&str> = match normalised.len() {
            1 => self.layers.iter().filter(as_wide).map(|layer| layer.name.as_str()).collect(),
            _ => Vec::new(),
        };
        let sentence = format!("normalisations follow {}", names(&normalised, ", "));
        Assumption::new("norms", names(&normalised, "+"), usual, sentence)
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
        if let Some(norm) = &self.input_norm {
            norm.append(&mut builder)?;
        }
        LinearLayer::append_all(&self.layers, self.activation, self.order, self.dropout, &mut builder)?;
        builder.finish()
    }

    fn describe(&self) -> String {
        let widths = [self.inputs].into_iter().chain(self.layers.iter().map(|layer| layer.width));
        let norm = match self.layers.iter().find_map(|layer| layer.norm.as_ref()).map(|norm| norm.kind) {
            None => "",
            Some(NormKind::Batch) => ", batch norm",
            Some(NormKind::Group(_)) => ", layer norm",
        };
        let activations = hidden::describe_activations(&self.hidden(), self.code());
        format!("MLP {} ({activations}{norm})", dashed(widths))
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

    fn assumptions(&self) -> Vec<Assumption> {
        let mut found = Vec::new();
        let hidden = self.hidden();
        if !hidden.is_empty() {
            found.push(hidden::activation_assumption(&hidden, self.code(), "hidden layer"));
        }
        if self.layers.iter().any(|layer| layer.norm.is_some()) {
            found.push(self.order.assumption());
        }
        if self.norms_are_open {
            found.push(self.norms_assumption());
        }
        let mut norms = self.layers.iter().filter_map(|layer| layer.norm.as_ref()).chain(&self.input_norm);
        found.extend(norms.next().map(|norm| epsilon_assumption(norm.epsilon)));
        found
    }

    fn title() -> &'static str {
        "MLP"
    }

    fn infer(shapes: &TensorShapes, said: &Said<'_>) -> Option<Result<Vec<Self>, InferenceError>> {
        let layers = layers_of(shapes);
        let is_linear = |layer: &Layer| matches!(layer.kind, LayerKind::Linear { .. });
        let known = |layer: &Layer| {
            matches!(layer.kind, LayerKind::Linear { .. } | LayerKind::BatchNorm { .. } | LayerKind::Affine { .. })
        };
        if !layers.iter().all(known) || !layers.iter().any(is_linear) || holds_attention(shapes) {
            return None;
        }
        let linear: Vec<FoundLinear> = layers.iter().cloned().filter_map(Layer::into_linear).collect();
        let readers: Vec<Reader<'_>> = linear.iter().map(FoundLinear::reader).collect();
        let checked = forks::check("MLP", &readers, shapes);
        Some(checked.and_then(|()| Self::infer_member(layers, said)).map(|member| vec![member]))
    }
}

impl Mlp {
    fn infer_member(layers: Vec<Layer>, said: &Said<'_>) -> Result<Self, InferenceError> {
        let mut found = Chain::of(layers)?;
        found.place_norms(said)?;
        let norms = found.layers.iter().any(|layer| layer.norm.is_some());
        let order = if norms { said.of("order", "norm-activation or activation-norm")? } else { None };
        let names: Vec<&str> = found.layers.iter().map(|layer| layer.name.as_str()).collect();
        let order =
            order.or(modules::order_of(said.modules(), &names)?).or(found.order).unwrap_or(LayerOrder::NormActivation);
        let mut mlp = Self {
            inputs: found.inputs,
            layers: found.layers,
            activation: Activation::Relu,
            order,
            input_norm: found.input_norm,
            dropout: 0.0,
            norms_are_open: found.norms_are_open,
        };
        let code = mlp.code();
        if let Some((_, hidden)) = mlp.layers.split_last_mut().filter(|(_, hidden)| !hidden.is_empty()) {
            let names: Vec<String> = hidden.iter().map(|layer| layer.name.clone()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let hidden = hidden.iter_mut().map(|layer| &mut layer.activation).collect();
            mlp.activation = hidden::said_activation(hidden, code, &names, said)?;
        }
        chain::said_epsilon(
            mlp.layers.iter_mut().filter_map(|layer| layer.norm.as_mut()).chain(&mut mlp.input_norm),
            said,
        )?;
        Ok(mlp)
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
            [("fc1", Operation::Activate(_)), ("fc2", Operation::Activate(_)), ("fc3", Operation::Linear { .. })]
        ));
        assert_eq!(graph.trainable_parameters(), 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10);
        assert_eq!(mlp.describe(), "MLP 784-256-128-10 (ReLU)");
    }

    #[test]
    fn images_of_another_size_and_impossible_members_are_refused() {
        let input = ImageShape { channels: 1, height: 28, width: 28 };
        let error = Mlp::new(12, &[], 2).graph(input).unwrap_err();
        assert_eq!(
            error.to_string(),
            "MLP 12-2 (linear): input: expected images or vectors of 12 values, found 1×28×28"
        );
        let no_layers = Mlp { layers: vec![], ..Mlp::new(784, &[], 2) };
        assert!(no_layers.graph(input).is_err());
        assert!(Mlp { dropout: 1.0, ..Mlp::new(784, &[4], 2) }.graph(input).is_err());
        assert!(Mlp { dropout: f64::NAN, ..Mlp::new(784, &[4], 2) }.graph(input).is_err());
        let twice = Mlp { layers: vec![LinearLayer::new("a", 4), LinearLayer::new("a", 2)], ..Mlp::new(784, &[], 2) };
        assert!(twice.graph(input).is_err());
        assert!(Mlp::new(784, &[usize::MAX], 2).graph(input).is_err());
    }
}
