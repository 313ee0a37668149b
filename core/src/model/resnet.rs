//! Residual networks in torchvision's layout.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Convolution, ExpectedInput, Family, Graph, GraphBuilder, InferenceError, ModelError, NodeId, Shape, TensorShapes,
};
use crate::data::ImageShape;

/// The members that have a number of their own.
const NUMBERED: [(u32, ResnetBlock, [usize; 4]); 5] = [
    (18, ResnetBlock::Basic, [2, 2, 2, 2]),
    (34, ResnetBlock::Basic, [3, 4, 6, 3]),
    (50, ResnetBlock::Bottleneck, [3, 4, 6, 3]),
    (101, ResnetBlock::Bottleneck, [3, 4, 23, 3]),
    (152, ResnetBlock::Bottleneck, [3, 8, 36, 3]),
];
/// The most stages; each doubles the channels.
const MOST_STAGES: usize = 8;
/// The largest base width and number of blocks of a stage; more is taken for a broken file.
const MOST_BLOCKS: usize = 1024;

/// What a stage repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResnetBlock {
    /// Two 3 × 3 convolutions.
    Basic,
    /// 1 × 1, 3 × 3 with the stride, and 1 × 1 to four times the channels (version 1.5, as in torchvision).
    Bottleneck,
}

impl ResnetBlock {
    /// Channels that a block yields, as a multiple of the stage's width.
    #[must_use]
    pub fn expansion(self) -> usize {
        match self {
            Self::Basic => 1,
            Self::Bottleneck => 4,
        }
    }
}

/// What comes before the first stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ResnetStem {
    /// 7 × 7 convolution with stride 2, batch norm, ReLU, 3 × 3 max pooling with stride 2.
    #[serde(rename = "imagenet")]
    ImageNet,
    /// 3 × 3 convolution with stride 1, batch norm, ReLU.
    #[serde(rename = "cifar")]
    Cifar,
}

/// He, Zhang, Ren and Sun (2015), in torchvision's layout and names. Taps: `stem` (after pooling where there is any),
/// `layerS.B` after each block, `avgpool`, `fc`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resnet {
    /// What a stage repeats.
    pub block: ResnetBlock,
    /// Number of blocks of each stage.
    pub depths: Vec<usize>,
    /// What comes before the first stage.
    pub stem: ResnetStem,
    /// Channels of the first stage; each later stage has twice as many.
    pub width: usize,
    /// Channels of the images.
    pub input_channels: usize,
    /// Number of classes.
    pub classes: usize,
}

impl Resnet {
    /// ResNet-18 with the stem for small images.
    #[must_use]
    pub fn resnet18_cifar(width: usize, input_channels: usize, classes: usize) -> Self {
        Self {
            block: ResnetBlock::Basic,
            depths: vec![2, 2, 2, 2],
            stem: ResnetStem::Cifar,
            width,
            input_channels,
            classes,
        }
    }

    fn append_stem(&self, builder: &mut GraphBuilder) -> Result<(), ModelError> {
        let kernel_and_stride = match self.stem {
            ResnetStem::ImageNet => (7, 2),
            ResnetStem::Cifar => (3, 1),
        };
        builder.conv("conv1", Convolution::same(self.width, kernel_and_stride.0, kernel_and_stride.1))?;
        builder.batch_norm("bn1")?;
        builder.relu()?;
        if self.stem == ResnetStem::ImageNet {
            builder.max_pool(3, 2, 1)?;
        }
        builder.tap("stem")
    }

    fn append_block(
        &self,
        builder: &mut GraphBuilder,
        name: &str,
        width: usize,
        stride: usize,
    ) -> Result<(), ModelError> {
        let entry = builder.current();
        let channels = width * self.block.expansion();
        let convolutions = match self.block {
            ResnetBlock::Basic => vec![Convolution::same(width, 3, stride), Convolution::same(width, 3, 1)],
            ResnetBlock::Bottleneck => vec![
                Convolution::same(width, 1, 1),
                Convolution::same(width, 3, stride),
                Convolution::same(channels, 1, 1),
            ],
        };
        for (i, &convolution) in convolutions.iter().enumerate() {
            if i > 0 {
                builder.relu()?;
            }
            builder.conv(&format!("{name}.conv{}", i + 1), convolution)?;
            builder.batch_norm(&format!("{name}.bn{}", i + 1))?;
        }
        let residual = builder.current();
        let shortcut = shortcut_of(builder, entry, name, channels, stride)?;
        builder.add(residual, shortcut)?;
        builder.relu()?;
        builder.tap(name)
    }
}

/// The identity where shapes agree, else a 1 × 1 convolution and batch norm.
fn shortcut_of(
    builder: &mut GraphBuilder,
    entry: NodeId,
    name: &str,
    channels: usize,
    stride: usize,
) -> Result<NodeId, ModelError> {
    let Shape::Map(map) = builder.shape(entry)? else {
        return Ok(entry);
    };
    if stride == 1 && map.channels == channels {
        return Ok(entry);
    }
    builder.conv_of(entry, &format!("{name}.downsample.0"), Convolution::same(channels, 1, stride))?;
    builder.batch_norm(&format!("{name}.downsample.1"))
}

impl Family for Resnet {
    fn graph(&self, input: ImageShape) -> Result<Graph, ModelError> {
        let mut builder = GraphBuilder::new(self.describe(), input)?;
        if input.channels != self.input_channels {
            let found = format!("{} channels", input.channels);
            return Err(builder.error("input", self.expected_input().to_string(), found));
        }
        if self.depths.is_empty() || self.depths.len() > MOST_STAGES {
            return Err(builder.error("stages", format!("1 to {MOST_STAGES}"), self.depths.len().to_string()));
        }
        for (part, &count) in [("width", &self.width)].into_iter().chain(self.depths.iter().map(|d| ("blocks", d))) {
            if !(1..=MOST_BLOCKS).contains(&count) {
                return Err(builder.error(part, format!("1 to {MOST_BLOCKS}"), count.to_string()));
            }
        }
        self.append_stem(&mut builder)?;
        for (stage, &depth) in self.depths.iter().enumerate() {
            for block in 0..depth {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let name = format!("layer{}.{block}", stage + 1);
                self.append_block(&mut builder, &name, self.width << stage, stride)?;
            }
        }
        builder.global_avg_pool()?;
        builder.tap("avgpool")?;
        builder.linear("fc", self.classes, true)?;
        builder.tap("fc")?;
        builder.finish()
    }

    fn describe(&self) -> String {
        let stem = match self.stem {
            ResnetStem::ImageNet => "ImageNet stem",
            ResnetStem::Cifar => "CIFAR stem",
        };
        let numbered = NUMBERED.iter().find(|(_, block, depths)| *block == self.block && depths[..] == self.depths[..]);
        let name = match (numbered, self.block) {
            (Some((number, ..)), _) => format!("ResNet-{number}"),
            (None, block) => {
                let depths: Vec<String> = self.depths.iter().map(usize::to_string).collect();
                let block = if block == ResnetBlock::Basic { "basic" } else { "bottleneck" };
                format!("ResNet of {} {block} blocks", depths.join("-"))
            }
        };
        format!("{name} ({stem}, width {})", self.width)
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
        vec![match self.stem {
            ResnetStem::ImageNet => "the stem has stride 2 and 3 × 3 max pooling with stride 2".to_owned(),
            ResnetStem::Cifar => "the stem has stride 1 and no pooling".to_owned(),
        }]
    }

    fn signature() -> &'static str {
        "ResNet in torchvision's names (conv1, bn1, layer1.0.conv1, …, fc)"
    }

    fn infer(_shapes: &TensorShapes) -> Option<Result<Self, InferenceError>> {
        None
    }
}
