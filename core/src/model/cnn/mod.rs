//! Convolutions one after another, then linear layers.

mod infer;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::family::dashed;
use super::{
    Activation, Convolution, ExpectedInput, Family, Graph, GraphBuilder, InferenceError, LinearLayer, ModelError,
    Shape, TensorShapes,
};
use crate::data::ImageShape;

/// What makes a feature map smaller after a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pool {
    /// Maximum over windows of this side, side by side.
    Max(usize),
    /// Mean over windows of this side, side by side.
    Average(usize),
}

/// Convolution, batch normalisation where there is one, activation, pooling where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConvBlock {
    /// The name of the convolution's tensors without `.weight`; also the tap's.
    pub name: String,
    /// Number of channels of the result.
    pub channels: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Zeros added at each side.
    pub padding: usize,
    /// Whether the convolution has a bias.
    pub bias: bool,
    /// The name of the batch normalisation's tensors.
    pub batch_norm: Option<String>,
    /// What makes the map smaller.
    pub pool: Option<Pool>,
}

/// How the last feature map becomes the input of the first linear layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Head {
    /// All values side by side: the size of the images is fixed.
    Flatten,
    /// The mean of each channel: any size of images will do.
    GlobalAverage,
}

/// A plain convolutional network. Taps: each block after its pooling, each hidden linear layer after its activation, and
/// the logits, named as the layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cnn {
    /// The images that it is made for; with [`Head::GlobalAverage`] only the channels matter.
    pub input: ImageShape,
    /// The convolutional part.
    pub blocks: Vec<ConvBlock>,
    /// How it is joined to the linear part.
    pub head: Head,
    /// The linear part; the last layer yields the logits.
    pub linear: Vec<LinearLayer>,
    /// What follows each convolution and each hidden linear layer.
    #[serde(default)]
    pub activation: Activation,
    /// Probability that a hidden value of the linear part is set to zero in training.
    #[serde(default)]
    pub dropout: f64,
}

impl Cnn {
    /// The convolutional part for images of this shape, up to the vector that the first linear layer reads.
    fn convolutional_part(&self, input: ImageShape) -> Result<GraphBuilder, ModelError> {
        let mut builder = GraphBuilder::new(self.describe(), input)?;
        for block in &self.blocks {
            let ConvBlock { name, channels, kernel, padding, bias, batch_norm, pool } = block;
            let (channels, kernel, padding, bias) = (*channels, *kernel, *padding, *bias);
            builder.conv(name, Convolution { channels, kernel, stride: 1, padding, bias })?;
            if let Some(batch_norm) = batch_norm {
                builder.batch_norm(batch_norm)?;
            }
            self.activation.append(&mut builder)?;
            match *pool {
                Some(Pool::Max(side)) => builder.max_pool(side, side, 0)?,
                Some(Pool::Average(side)) => builder.avg_pool(side, side)?,
                None => builder.current(),
            };
            builder.tap(name)?;
        }
        match self.head {
            Head::Flatten => builder.flatten()?,
            Head::GlobalAverage => builder.global_avg_pool()?,
        };
        Ok(builder)
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
        LinearLayer::append_all(&self.linear, self.activation, self.dropout, &mut builder)?;
        builder.finish()
    }

    fn describe(&self) -> String {
        let channels = dashed(self.blocks.iter().map(|block| block.channels));
        let linear = dashed(self.linear.iter().map(|layer| layer.width));
        let pooled = self.blocks.iter().filter(|block| block.pool.is_some()).count();
        let pooling = match (self.blocks.iter().find_map(|block| block.pool), pooled) {
            (None, _) => "no pooling".to_owned(),
            (Some(pool), pooled) => {
                let kind = if matches!(pool, Pool::Max(_)) { "max" } else { "average" };
                if pooled == self.blocks.len() {
                    format!("{kind} pooling")
                } else {
                    format!("{pooled} × {kind} pooling")
                }
            }
        };
        format!("CNN {channels} + {linear} ({}, {pooling})", self.activation.describe())
    }

    fn classes(&self) -> Option<usize> {
        self.linear.last().map(|layer| layer.width)
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

    fn assumptions(&self) -> Vec<String> {
        vec![
            format!("the activation after each convolution and hidden layer is {}", self.activation.describe()),
            "the order and kind of pooling are those of the inferred architecture".to_owned(),
        ]
    }

    fn signature() -> &'static str {
        "CNN (convolutions with square kernels, batch norms where there are any, then linear layers)"
    }

    fn infer(shapes: &TensorShapes) -> Option<Result<Self, InferenceError>> {
        infer::infer(shapes)
    }
}

fn vector_at_end(builder: &GraphBuilder) -> Result<usize, ModelError> {
    builder.shape(builder.current()).map(Shape::len)
}
