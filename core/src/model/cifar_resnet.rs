//! Residual networks of the original paper's CIFAR experiments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Convolution, ExpectedInput, Family, Graph, GraphBuilder, InferenceError, ModelError, TensorShapes};
use crate::data::ImageShape;

/// Channels of the first stage in the paper.
const PAPER_WIDTH: usize = 16;
/// Number of stages.
const STAGES: usize = 3;
/// The largest depth and width; more is taken for a broken file.
const MOST: usize = 4096;

/// He, Zhang, Ren and Sun (2015), section 4.2: depth 6n + 2, three stages of n basic blocks, shortcuts without tensors
/// (option A). Names as in akamaster/pytorch_resnet_cifar10. Taps: `stem`, `layerS.B` after each block, `avgpool`,
/// `linear`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CifarResnet {
    /// Number of layers with weights, 6n + 2.
    pub depth: usize,
    /// Channels of the first stage, 16 in the paper; each later stage has twice as many.
    pub width: usize,
    /// Channels of the images.
    pub input_channels: usize,
    /// Number of classes.
    pub classes: usize,
}

impl CifarResnet {
    fn append_block(builder: &mut GraphBuilder, name: &str, channels: usize, stride: usize) -> Result<(), ModelError> {
        let entry = builder.current();
        builder.conv(&format!("{name}.conv1"), Convolution::same(channels, 3, stride))?;
        builder.batch_norm(&format!("{name}.bn1"))?;
        builder.relu()?;
        builder.conv(&format!("{name}.conv2"), Convolution::same(channels, 3, 1))?;
        let residual = builder.batch_norm(&format!("{name}.bn2"))?;
        let shortcut = if stride == 1 { entry } else { builder.subsample_and_pad(entry, stride, channels)? };
        builder.add(residual, shortcut)?;
        builder.relu()?;
        builder.tap(name)
    }
}

impl Family for CifarResnet {
    fn graph(&self, input: ImageShape) -> Result<Graph, ModelError> {
        let mut builder = GraphBuilder::new(self.describe(), input)?;
        if input.channels != self.input_channels {
            let found = format!("{} channels", input.channels);
            return Err(builder.error("input", self.expected_input().to_string(), found));
        }
        if !(8..=MOST).contains(&self.depth) || self.depth % 6 != 2 {
            return Err(builder.error("depth", format!("6n + 2 from 8 to {MOST}"), self.depth.to_string()));
        }
        if !(1..=MOST).contains(&self.width) {
            return Err(builder.error("width", format!("1 to {MOST}"), self.width.to_string()));
        }
        builder.conv("conv1", Convolution::same(self.width, 3, 1))?;
        builder.batch_norm("bn1")?;
        builder.relu()?;
        builder.tap("stem")?;
        for stage in 0..STAGES {
            for block in 0..self.depth / 6 {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let name = format!("layer{}.{block}", stage + 1);
                Self::append_block(&mut builder, &name, self.width << stage, stride)?;
            }
        }
        builder.global_avg_pool()?;
        builder.tap("avgpool")?;
        builder.linear("linear", self.classes, true)?;
        builder.tap("linear")?;
        builder.finish()
    }

    fn describe(&self) -> String {
        match self.width {
            PAPER_WIDTH => format!("ResNet-{} (CIFAR)", self.depth),
            width => format!("ResNet-{} (CIFAR, width {width})", self.depth),
        }
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn expected_input(&self) -> ExpectedInput {
        ExpectedInput { channels: Some(self.input_channels), ..ExpectedInput::default() }
    }

    fn canonical_input(&self) -> ImageShape {
        ImageShape { channels: self.input_channels, height: 32, width: 32 }
    }

    fn assumptions(&self) -> Vec<String> {
        vec![
            "shortcuts between stages take every second row and column and pad with zero channels (option A)"
                .to_owned(),
        ]
    }

    fn signature() -> &'static str {
        "CIFAR ResNet of the original paper (conv1, bn1, layer1.0.conv1, …, linear)"
    }

    fn infer(_shapes: &TensorShapes) -> Option<Result<Self, InferenceError>> {
        None
    }
}
