//! Residual networks in general: a stem, blocks with shortcuts, pooled features.

mod describe;
mod infer;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::normalise::{LayerOrder, Norm};
use super::pool::Pool;
use super::{
    Activation, Assumption, Convolution, ExpectedInput, Family, Graph, GraphBuilder, InferenceError, LinearLayer,
    ModelError, NodeId, Said, Shape, TensorShapes,
};
use crate::data::ImageShape;

/// A convolution with an odd kernel, padded so that it keeps the size but for its stride, and its normalisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConvLayer {
    /// The name of its tensors without `.weight`.
    pub name: String,
    /// Number of channels of the result.
    pub channels: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Step.
    pub stride: usize,
    /// Groups of channels.
    pub groups: usize,
    /// Whether it has a bias.
    pub bias: bool,
    /// Its normalisation.
    pub norm: Option<Norm>,
}

impl ConvLayer {
    fn convolution(&self) -> Convolution {
        let Self { channels, kernel, stride, groups, bias, .. } = *self;
        Convolution { groups, bias, ..Convolution::same(channels, kernel, stride) }
    }
}

/// Squeeze-and-excitation (Hu et al. 2018): the mean of each channel, two layers, and a sigmoid, by which the channel is
/// multiplied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelGate {
    /// The layer to fewer values.
    pub reduce: GateLayer,
    /// The layer back to all channels.
    pub expand: GateLayer,
    /// Whether an activation comes before it.
    #[serde(default)]
    pub after_activation: bool,
}

/// A layer of a gate: linear, or a 1 × 1 convolution, which is the same with other shapes of tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateLayer {
    /// The name of its tensors without `.weight`.
    pub name: String,
    /// Number of outputs.
    pub channels: usize,
    /// Whether it has a bias.
    pub bias: bool,
    /// Whether it is a convolution.
    pub convolution: bool,
}

/// What is added to the result of a block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shortcut {
    /// Nothing: the block is a chain.
    None,
    /// Its input.
    Identity,
    /// A convolution of its input.
    Projection {
        /// The convolution.
        layer: ConvLayer,
        /// Mean over windows of this side before it; 1 for none.
        pool: usize,
    },
    /// He et al. 2015, option A: its input, fewer positions and zero channels.
    Pad {
        /// Step.
        stride: usize,
        /// How many of the zero channels come before the others.
        before: usize,
        /// Whether positions are averaged rather than left out.
        pooled: bool,
    },
}

/// A block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResidualBlock {
    /// Its tap's name.
    pub name: String,
    /// The convolutions, one after the other.
    pub layers: Vec<ConvLayer>,
    /// By what the channels of the last are multiplied.
    pub gate: Option<ChannelGate>,
    /// What is added.
    pub shortcut: Shortcut,
}

/// Where a block has its activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResidualOrder {
    /// Convolution, normalisation, activation; the last activation follows the sum (He et al. 2015).
    Post,
    /// The same without an activation after the sum (Sandler et al. 2018).
    LinearBottleneck,
    /// Normalisation, activation, convolution (He et al. 2016); a shortcut with a convolution reads the first activation.
    Pre,
    /// The same, but all shortcuts read the block's input.
    PreWithPlainShortcuts,
}

impl ResidualOrder {
    /// Whether normalisation and activation come before each convolution.
    #[must_use]
    pub fn is_pre_activation(self) -> bool {
        matches!(self, Self::Pre | Self::PreWithPlainShortcuts)
    }
}

/// A residual network, layer by layer. Taps: `stem` (after pooling where there is any), each block's, the
/// convolutions behind them, `avgpool`, and the layers behind, named as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Residual {
    /// Channels of the images.
    pub input_channels: usize,
    /// The convolutions before the blocks.
    pub stem: Vec<ConvLayer>,
    /// What makes the map smaller before the blocks.
    #[schemars(with = "Option<String>")]
    pub stem_pool: Option<Pool>,
    /// The blocks.
    pub blocks: Vec<ResidualBlock>,
    /// The convolutions after the blocks.
    pub last: Vec<ConvLayer>,
    /// The normalisation after the last block, where blocks end with a sum.
    pub final_norm: Option<Norm>,
    /// The layers behind the pooled features.
    pub head: Vec<LinearLayer>,
    /// Where activations are.
    pub order: ResidualOrder,
    /// What they are.
    pub activation: Activation,
}

impl Residual {
    /// The graph behind the images.
    pub(super) fn append(&self, mut builder: GraphBuilder) -> Result<Graph, ModelError> {
        self.append_stem(&mut builder)?;
        for block in &self.blocks {
            self.append_block(&mut builder, block)?;
        }
        for layer in &self.last {
            self.append_layer(&mut builder, layer)?;
            builder.tap(layer.name.strip_suffix(".0").unwrap_or(&layer.name))?;
        }
        if let Some(norm) = &self.final_norm {
            norm.append(&mut builder)?;
            builder.activate(self.activation)?;
        }
        builder.global_avg_pool()?;
        builder.tap("avgpool")?;
        if !self.head.is_empty() {
            LinearLayer::append_all(&self.head, self.activation, LayerOrder::NormActivation, 0.0, &mut builder)?;
        }
        builder.finish()
    }

    fn append_stem(&self, builder: &mut GraphBuilder) -> Result<(), ModelError> {
        for layer in &self.stem {
            self.append_layer(builder, layer)?;
        }
        if let Some(pool) = self.stem_pool {
            pool.append(builder)?;
        }
        builder.tap("stem")
    }

    /// Convolution, and normalisation and activation where there is a normalisation or they follow every layer.
    fn append_layer(&self, builder: &mut GraphBuilder, layer: &ConvLayer) -> Result<(), ModelError> {
        builder.conv(&layer.name, layer.convolution())?;
        if let Some(norm) = &layer.norm {
            norm.append(builder)?;
        }
        if layer.norm.is_some() || !self.order.is_pre_activation() {
            builder.activate(self.activation)?;
        }
        Ok(())
    }

    fn append_block(&self, builder: &mut GraphBuilder, block: &ResidualBlock) -> Result<(), ModelError> {
        let entry = builder.current();
        let mut first_activation = entry;
        for (i, layer) in block.layers.iter().enumerate() {
            if self.order.is_pre_activation() {
                if let Some(norm) = &layer.norm {
                    norm.append(builder)?;
                }
                builder.activate(self.activation)?;
                if i == 0 {
                    first_activation = builder.current();
                }
                builder.conv(&layer.name, layer.convolution())?;
            } else {
                if i > 0 {
                    builder.activate(self.activation)?;
                }
                builder.conv(&layer.name, layer.convolution())?;
                if let Some(norm) = &layer.norm {
                    norm.append(builder)?;
                }
            }
        }
        if let Some(gate) = &block.gate {
            self.append_gate(builder, gate)?;
        }
        let result = builder.current();
        let read = if self.order == ResidualOrder::Pre { first_activation } else { entry };
        let shortcut = match &block.shortcut {
            Shortcut::None => None,
            Shortcut::Identity => Some(entry),
            Shortcut::Projection { layer, pool } => Some(Self::append_projection(builder, read, layer, *pool)?),
            Shortcut::Pad { stride, before, pooled } => {
                Some(Self::append_padding(builder, entry, result, [*stride, *before], *pooled)?)
            }
        };
        if let Some(shortcut) = shortcut {
            builder.add(result, shortcut)?;
        }
        if self.order == ResidualOrder::Post {
            builder.activate(self.activation)?;
        }
        builder.tap(&block.name)
    }

    fn append_gate(&self, builder: &mut GraphBuilder, gate: &ChannelGate) -> Result<(), ModelError> {
        if gate.after_activation {
            builder.activate(self.activation)?;
        }
        let map = builder.current();
        if gate.reduce.convolution {
            builder.adaptive_avg_pool_of(map, 1)?;
        } else {
            builder.global_avg_pool()?;
        }
        for (layer, activation) in [(&gate.reduce, self.activation), (&gate.expand, Activation::Sigmoid)] {
            let GateLayer { name, channels, bias, convolution } = layer;
            if *convolution {
                builder.conv(name, Convolution { bias: *bias, ..Convolution::same(*channels, 1, 1) })?;
            } else {
                builder.linear(name, *channels, *bias)?;
            }
            builder.activate(activation)?;
        }
        builder.gate(map, builder.current())?;
        Ok(())
    }

    fn append_projection(
        builder: &mut GraphBuilder,
        from: NodeId,
        layer: &ConvLayer,
        pool: usize,
    ) -> Result<NodeId, ModelError> {
        let from = if pool > 1 { builder.avg_pool_of(from, pool, pool, 0)? } else { from };
        builder.conv_of(from, &layer.name, layer.convolution())?;
        if let Some(norm) = &layer.norm {
            norm.append(builder)?;
        }
        Ok(builder.current())
    }

    fn append_padding(
        builder: &mut GraphBuilder,
        from: NodeId,
        result: NodeId,
        [stride, before]: [usize; 2],
        pooled: bool,
    ) -> Result<NodeId, ModelError> {
        let Shape::Map(map) = builder.shape(result)? else {
            return Err(builder.error("a shortcut", "a feature map", "a vector"));
        };
        match pooled {
            false => builder.subsample_and_pad(from, stride, map.channels, before),
            true => {
                let from = builder.avg_pool_of(from, stride, stride, 0)?;
                builder.subsample_and_pad(from, 1, map.channels, before)
            }
        }
    }
}

impl Family for Residual {
    fn graph(&self, input: ImageShape) -> Result<Graph, ModelError> {
        let builder = GraphBuilder::new(self.describe(), input)?;
        if input.channels != self.input_channels {
            let found = format!("{} channels", input.channels);
            return Err(builder.error("input", self.expected_input().to_string(), found));
        }
        self.append(builder)
    }

    fn describe(&self) -> String {
        describe::describe(self)
    }

    fn classes(&self) -> Option<usize> {
        self.head.last().map(|layer| layer.width)
    }

    fn expected_input(&self) -> ExpectedInput {
        ExpectedInput { channels: Some(self.input_channels), ..ExpectedInput::default() }
    }

    fn canonical_input(&self) -> ImageShape {
        ImageShape { channels: self.input_channels, height: 64, width: 64 }
    }

    fn assumptions(&self) -> Vec<Assumption> {
        describe::assumptions(self)
    }

    fn title() -> &'static str {
        "other residual networks"
    }

    fn infer(shapes: &TensorShapes, said: &Said<'_>) -> Option<Result<Vec<Self>, InferenceError>> {
        infer::infer(shapes, said).map(|member| member.map(|member| vec![member]))
    }
}
