//! Convolutions one after another, then linear layers.

mod candidates;
mod infer;
mod likelihood;
mod pooling;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chain;
use super::family::dashed;
use super::hidden::{activation_assumption, describe_activations};
use super::normalise::{LayerOrder, Norm, NormKind, epsilon, epsilon_assumption};
use super::pool::{Pool, PoolKind};
use super::{
    Activation, Assumption, Convolution, ExpectedInput, Family, Graph, GraphBuilder, InferenceError, LinearLayer,
    ModelError, Said, Shape, TensorShapes,
};
use crate::data::ImageShape;

/// Convolution, normalisation where there is one, activation, pooling where there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConvBlock {
    /// The name of the convolution's tensors without `.weight`; also the tap's.
    pub name: String,
    /// Number of channels of the result.
    pub channels: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Step.
    #[serde(default = "one")]
    pub stride: usize,
    /// Zeros added at each side.
    pub padding: usize,
    /// Groups of channels.
    #[serde(default = "one")]
    pub groups: usize,
    /// Whether the convolution has a bias.
    pub bias: bool,
    /// The name of the normalisation's tensors.
    pub batch_norm: Option<String>,
    /// What makes the map smaller.
    #[schemars(with = "Option<String>")]
    pub pool: Option<Pool>,
    /// What follows the convolution, where that is not what follows the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
}

fn one() -> usize {
    1
}

impl ConvBlock {
    /// A convolution with a bias that keeps the size of maps by an odd kernel, without normalisation and pooling.
    #[must_use]
    pub fn new(name: impl Into<String>, channels: usize, kernel: usize) -> Self {
        Self {
            name: name.into(),
            channels,
            kernel,
            stride: 1,
            padding: kernel / 2,
            groups: 1,
            bias: true,
            batch_norm: None,
            pool: None,
            activation: None,
        }
    }
}

/// How the last feature map becomes the input of the first linear layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Head {
    /// All values side by side: the size of the images is fixed.
    Flatten,
    /// The mean of each channel: any size of images will do.
    GlobalAverage,
    /// Means over so many windows a side that cover the map evenly, side by side: any size of images will do.
    Adaptive(usize),
}

/// A plain convolutional network. Taps: each block after its pooling, each hidden linear layer after its activation, and
/// the logits, named as the layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cnn {
    /// The images that it is made for; with other heads than [`Head::Flatten`] only the channels matter.
    pub input: ImageShape,
    /// The convolutional part.
    pub blocks: Vec<ConvBlock>,
    /// How it is joined to the linear part.
    pub head: Head,
    /// The linear part; the last layer yields the logits. Without any, the means of the last block's channels are they.
    pub linear: Vec<LinearLayer>,
    /// What follows each convolution and each hidden linear layer.
    #[serde(default)]
    pub activation: Activation,
    /// Which of normalisation and activation comes first.
    #[serde(default)]
    pub order: LayerOrder,
    /// Groups of channels that convolutions are normalised over in one sample; absent for batch normalisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm_groups: Option<usize>,
    /// What normalisations add to the variance.
    #[serde(default = "super::normalise::epsilon")]
    pub epsilon: f64,
    /// Probability that a hidden value of the linear part is set to zero in training.
    #[serde(default)]
    pub dropout: f64,
}

impl Cnn {
    /// A network with ReLU and without dropout.
    #[must_use]
    pub fn new(input: ImageShape, blocks: Vec<ConvBlock>, head: Head, linear: Vec<LinearLayer>) -> Self {
        Self {
            input,
            blocks,
            head,
            linear,
            activation: Activation::Relu,
            order: LayerOrder::NormActivation,
            norm_groups: None,
            epsilon: epsilon(),
            dropout: 0.0,
        }
    }

    /// The convolutional part for images of this shape, up to the vector that the first linear layer reads.
    fn convolutional_part(&self, input: ImageShape) -> Result<GraphBuilder, ModelError> {
        let mut builder = GraphBuilder::new(self.describe(), input)?;
        for block in &self.blocks {
            let ConvBlock { channels, kernel, stride, padding, groups, bias, .. } = *block;
            let convolution = Convolution { channels, kernel, stride, padding, dilation: 1, groups, bias };
            builder.conv(&block.name, convolution)?;
            let kind = self.norm_groups.map_or(NormKind::Batch, NormKind::Group);
            let norm = block.batch_norm.as_ref().map(|name| Norm { name: name.clone(), kind, epsilon: self.epsilon });
            let activation = block.activation.unwrap_or(self.activation);
            self.order.append(norm.as_ref(), activation, &mut builder)?;
            if let Some(pool) = block.pool {
                pool.append(&mut builder)?;
            }
            builder.tap(&block.name)?;
        }
        match self.head {
            Head::Flatten => builder.flatten()?,
            Head::GlobalAverage => builder.global_avg_pool()?,
            Head::Adaptive(side) => {
                builder.adaptive_avg_pool_of(builder.current(), side)?;
                builder.flatten()?
            }
        };
        Ok(builder)
    }

    /// The activations after convolutions and linear layers that others follow.
    fn hidden(&self) -> Vec<Activation> {
        let convolutions = self.blocks.iter().map(|block| block.activation);
        let linear = self.linear.iter().map(|layer| layer.activation);
        let hidden = (self.blocks.len() + self.linear.len()).saturating_sub(1);
        convolutions.chain(linear).take(hidden).map(|own| own.unwrap_or(self.activation)).collect()
    }

    /// The same, to be changed; what follows the others where it is absent.
    fn hidden_mut(&mut self) -> Vec<&mut Option<Activation>> {
        let hidden = (self.blocks.len() + self.linear.len()).saturating_sub(1);
        let convolutions = self.blocks.iter_mut().map(|block| &mut block.activation);
        convolutions.chain(self.linear.iter_mut().map(|layer| &mut layer.activation)).take(hidden).collect()
    }

    fn is_normalised(&self) -> bool {
        let of_linear = self.linear.iter().any(|layer| layer.norm.is_some());
        of_linear || self.blocks.iter().any(|block| block.batch_norm.is_some())
    }
}

impl Family for Cnn {
    fn graph(&self, input: ImageShape) -> Result<Graph, ModelError> {
        let made_for = self.convolutional_part(self.input)?;
        let mut builder = self.convolutional_part(input)?;
        let same_tensors =
            self.input.channels == input.channels && vector_at_end(&made_for)? == vector_at_end(&builder)?;
        if !same_tensors {
            let found = format!("{}×{}×{}", input.channels, input.height, input.width);
            return Err(builder.error("input", self.expected_input().to_string(), found));
        }
        if self.linear.is_empty() {
            if self.head != Head::Flatten {
                builder.tap("avgpool")?;
            }
        } else {
            LinearLayer::append_all(&self.linear, self.activation, self.order, self.dropout, &mut builder)?;
        }
        builder.finish()
    }

    fn describe(&self) -> String {
        let channels = dashed(self.blocks.iter().map(|block| block.channels));
        let linear = match self.linear.is_empty() {
            true => String::new(),
            false => format!(" + {}", dashed(self.linear.iter().map(|layer| layer.width))),
        };
        let pooled = self.blocks.iter().filter(|block| block.pool.is_some()).count();
        let strided = self.blocks.iter().any(|block| block.stride > 1);
        let pooling = match (self.blocks.iter().find_map(|block| block.pool), pooled) {
            (None, _) if strided => "strides".to_owned(),
            (None, _) => "no pooling".to_owned(),
            (Some(pool), pooled) => {
                let kind = if pool.kind == PoolKind::Max { "max" } else { "average" };
                if pooled == self.blocks.len() {
                    format!("{kind} pooling")
                } else {
                    format!("{pooled} × {kind} pooling")
                }
            }
        };
        let activations = match (&self.hidden()[..], self.blocks.first()) {
            ([], Some(only)) => only.activation.unwrap_or(self.activation).describe(),
            (hidden, _) => describe_activations(hidden, None),
        };
        format!("CNN {channels}{linear} ({activations}, {pooling})")
    }

    fn classes(&self) -> Option<usize> {
        match self.linear.last() {
            Some(layer) => Some(layer.width),
            None => self.blocks.last().map(|block| block.channels),
        }
    }

    fn expected_input(&self) -> ExpectedInput {
        let ImageShape { channels, height, width } = self.input;
        let sized = self.head == Head::Flatten;
        ExpectedInput {
            channels: Some(channels),
            height: sized.then_some(height),
            width: sized.then_some(width),
            features: None,
        }
    }

    fn canonical_input(&self) -> ImageShape {
        self.input
    }

    fn assumptions(&self) -> Vec<Assumption> {
        let of_each = |text: &dyn Fn(&ConvBlock) -> String| self.blocks.iter().map(text).collect::<Vec<_>>().join("+");
        let pool = of_each(&|block| block.pool.map_or_else(|| "none".to_owned(), |pool| pool.to_string()));
        let strides = of_each(&|block| block.stride.to_string());
        let paddings = of_each(&|block| block.padding.to_string());
        let mut found = vec![
            Assumption::new(
                "pool",
                &pool,
                ["max:2", "avg:2", "none"],
                format!("the pooling after each convolution is {pool}"),
            ),
            Assumption::new("stride", &strides, ["1", "2"], format!("the strides of the convolutions are {strides}")),
            Assumption::new("padding", &paddings, ["0", "1", "2"], format!("their paddings are {paddings}")),
        ];
        let hidden = self.hidden();
        if !hidden.is_empty() {
            found.insert(0, activation_assumption(&hidden, None, "convolution and hidden layer"));
        }
        let (head, sentence) = match self.head {
            Head::Flatten => ("flatten".to_owned(), "the linear part reads all positions"),
            Head::GlobalAverage => ("global-average".to_owned(), "the linear part reads the mean of each channel"),
            Head::Adaptive(side) => (format!("adaptive:{side}"), "the linear part reads means over parts of the map"),
        };
        found.push(Assumption::new("head", head, ["flatten", "global-average"], sentence));
        if self.is_normalised() {
            found.push(self.order.assumption());
        }
        if let Some(groups) = self.norm_groups {
            let sentence = format!("normalisations have {groups} groups");
            found.push(Assumption::new("groups", groups, ["1", "2", "8", "32"], sentence));
        }
        if let Some(last) = self.blocks.last().filter(|_| self.linear.is_empty()) {
            let last = last.activation.unwrap_or(self.activation);
            let sentence = format!("the activation after the last convolution is {}", last.describe());
            found.push(Assumption::new("last", last, [Activation::Identity, Activation::Relu], sentence));
        }
        if self.is_normalised() {
            found.push(epsilon_assumption(self.epsilon));
        }
        // Other heads take images of any size.
        if self.head == Head::Flatten {
            let side = self.input.height;
            let sentence = format!("the images have {side} × {side} pixels");
            found.push(Assumption::new("image", side, [""; 0], sentence));
        }
        found
    }

    fn likelihood(&self) -> u8 {
        likelihood::likelihood(self)
    }

    fn title() -> &'static str {
        "CNN"
    }

    fn infer(shapes: &TensorShapes, said: &Said<'_>) -> Option<Result<Vec<Self>, InferenceError>> {
        infer::infer(shapes, said)
    }
}

fn vector_at_end(builder: &GraphBuilder) -> Result<usize, ModelError> {
    builder.shape(builder.current()).map(Shape::len)
}
