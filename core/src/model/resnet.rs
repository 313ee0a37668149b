//! Residual networks in torchvision's layout.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::family::dashed;
use super::head::{self, FoundHead};
use super::layers::{depths_of, dimensions, shape_of};
use super::normalise::Norm;
use super::{
    Activation, Assumption, ConvLayer, ExpectedInput, Family, Graph, GraphBuilder, InferenceError, LinearLayer,
    ModelError, Pool, Residual, ResidualBlock, ResidualOrder, Said, Shortcut, TensorShapes,
};
use crate::data::ImageShape;

/// The family's name in messages.
const FAMILY: &str = "ResNet";
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

/// What the shortcut and the last layer are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResnetNames {
    /// `downsample` and `fc`, as in torchvision.
    #[default]
    Torchvision,
    /// `shortcut` and `linear`, as in kuangliu/pytorch-cifar.
    PytorchCifar,
}

impl ResnetNames {
    /// The names in a checkpoint; nothing when neither fits.
    fn of(shapes: &TensorShapes) -> Option<Self> {
        let has = |part: &str| shapes.keys().any(|tensor| tensor.contains(part));
        if has(".downsample.") {
            Some(Self::Torchvision)
        } else if has(".shortcut.") {
            Some(Self::PytorchCifar)
        } else {
            // A single stage, or basic blocks of one width, have no shortcut.
            shapes.contains_key("fc.weight").then_some(Self::Torchvision)
        }
    }

    fn shortcut(self) -> &'static str {
        match self {
            Self::Torchvision => "downsample",
            Self::PytorchCifar => "shortcut",
        }
    }

    fn head(self) -> &'static str {
        match self {
            Self::Torchvision => "fc",
            Self::PytorchCifar => "linear",
        }
    }
}

/// He, Zhang, Ren and Sun (2015), in torchvision's layout and names. Taps: `stem` (after pooling where there is any),
/// `layerS.B` after each block, `avgpool`, and the last layer where there is one, `fc` or `linear`.
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
    /// Number of classes; absent where the network ends with the pooled features.
    pub classes: Option<usize>,
    /// What the shortcut and the last layer are called.
    #[serde(default)]
    pub names: ResnetNames,
    /// The name of the last layer where it is another: `fc.1` behind a dropout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
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
            classes: Some(classes),
            names: ResnetNames::Torchvision,
            head: None,
        }
    }

    /// What the last layer is called.
    fn head(&self) -> &str {
        self.head.as_deref().unwrap_or(self.names.head())
    }

    /// The same network layer by layer.
    fn layers(&self) -> Residual {
        let layer = |name: String, norm: String, channels: usize, kernel: usize, stride: usize| ConvLayer {
            name,
            channels,
            kernel,
            stride,
            groups: 1,
            bias: false,
            norm: Some(Norm::batch(norm)),
        };
        let (kernel, stride, stem_pool) = match self.stem {
            ResnetStem::ImageNet => (7, 2, Some(Pool { stride: 2, padding: 1, ..Pool::max(3) })),
            ResnetStem::Cifar => (3, 1, None),
        };
        let stem = vec![layer("conv1".to_owned(), "bn1".to_owned(), self.width, kernel, stride)];
        let mut blocks = Vec::new();
        let mut read = self.width;
        for (stage, &depth) in self.depths.iter().enumerate() {
            let width = self.width << stage;
            let channels = width * self.block.expansion();
            for block in 0..depth {
                let name = format!("layer{}.{block}", stage + 1);
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let of = |number: usize, channels, kernel, stride| {
                    layer(format!("{name}.conv{number}"), format!("{name}.bn{number}"), channels, kernel, stride)
                };
                let layers = match self.block {
                    ResnetBlock::Basic => vec![of(1, width, 3, stride), of(2, width, 3, 1)],
                    ResnetBlock::Bottleneck => {
                        vec![of(1, width, 1, 1), of(2, width, 3, stride), of(3, channels, 1, 1)]
                    }
                };
                let module = format!("{name}.{}", self.names.shortcut());
                let shortcut = match stride == 1 && read == channels {
                    true => Shortcut::Identity,
                    false => Shortcut::Projection {
                        layer: layer(format!("{module}.0"), format!("{module}.1"), channels, 1, stride),
                        pool: 1,
                    },
                };
                read = channels;
                blocks.push(ResidualBlock { name, layers, gate: None, shortcut });
            }
        }
        Residual {
            input_channels: self.input_channels,
            stem,
            stem_pool,
            blocks,
            last: Vec::new(),
            final_norm: None,
            head: self.classes.map(|classes| LinearLayer::new(self.head(), classes)).into_iter().collect(),
            order: ResidualOrder::Post,
            activation: Activation::Relu,
        }
    }

    /// The member that has these tensors; nothing for a residual network of another kind.
    fn infer_member(shapes: &TensorShapes, names: ResnetNames) -> Result<Option<Self>, InferenceError> {
        let [width, input_channels, kernel, _] = dimensions(FAMILY, shapes, "conv1.weight")?;
        let stem = match kernel {
            7 => ResnetStem::ImageNet,
            3 => ResnetStem::Cifar,
            _ => return Ok(None),
        };
        let bottleneck = shape_of(shapes, "layer1.0.conv3", "weight").is_some();
        let block = if bottleneck { ResnetBlock::Bottleneck } else { ResnetBlock::Basic };
        let depths = depths_of(shapes);
        for stage in 0..depths.len() {
            // Grouped and widened variants differ here, and nowhere in their names.
            let name = format!("layer{}.0.conv2.weight", stage + 1);
            let [outputs, inputs, _, _] = dimensions(FAMILY, shapes, &name)?;
            let expected = width << stage.min(MOST_STAGES);
            if [outputs, inputs] != [expected, expected] {
                return Ok(None);
            }
        }
        let last_stage = depths.len().saturating_sub(1).min(MOST_STAGES);
        let (classes, head) = match head::find(shapes, (width << last_stage) * block.expansion()) {
            Some(FoundHead { name, classes }) => (Some(classes), (name != names.head()).then_some(name)),
            None => (None, None),
        };
        Ok(Some(Self { block, depths, stem, width, input_channels, classes, names, head }))
    }
}

impl Family for Resnet {
    fn graph(&self, input: ImageShape) -> Result<Graph, ModelError> {
        let builder = GraphBuilder::new(self.describe(), input)?;
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
        self.layers().append(builder)
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
                let block = if block == ResnetBlock::Basic { "basic" } else { "bottleneck" };
                format!("ResNet of {} {block} blocks", dashed(self.depths.iter().copied()))
            }
        };
        format!("{name} ({stem}, width {})", self.width)
    }

    fn classes(&self) -> Option<usize> {
        self.classes
    }

    fn expected_input(&self) -> ExpectedInput {
        ExpectedInput { channels: Some(self.input_channels), ..ExpectedInput::default() }
    }

    fn canonical_input(&self) -> ImageShape {
        ImageShape { channels: self.input_channels, height: 32, width: 32 }
    }

    fn assumptions(&self) -> Vec<Assumption> {
        self.layers().assumptions()
    }

    fn title() -> &'static str {
        "ResNet"
    }

    fn infer(shapes: &TensorShapes, said: &Said<'_>) -> Option<Result<Vec<Self>, InferenceError>> {
        // Whoever says something of the layers gets them one by one.
        if !said.is_silent() {
            return None;
        }
        let names = ResnetNames::of(shapes)?;
        shape_of(shapes, "conv1", "weight")?;
        shape_of(shapes, "layer1.0.conv1", "weight")?;
        let member = Self::infer_member(shapes, names).transpose()?;
        let complete = member.as_ref().map_or(true, |member| is_all_of(&member.layers(), shapes));
        complete.then(|| member.map(|member| vec![member]))
    }
}

/// Whether the network has all tensors that it needs, needs all of the modules that hold blocks, and has a head where there
/// are linear layers.
pub(super) fn is_all_of(network: &Residual, shapes: &TensorShapes) -> bool {
    let input = ImageShape { channels: network.input_channels, height: 64, width: 64 };
    let Ok(graph) = network.graph(input) else { return true };
    let needed: BTreeSet<&str> = graph.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let linear = |(name, shape): (&String, &Vec<usize>)| shape.len() == 2 && name.ends_with(".weight");
    graph.parameters.iter().all(|parameter| shapes.get(&parameter.name) == Some(&parameter.shape))
        && shapes.keys().filter(|name| name.starts_with("layer")).all(|name| needed.contains(name.as_str()))
        && (!network.head.is_empty() || !shapes.iter().any(linear))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Architecture;

    fn member(block: ResnetBlock, depths: [usize; 4], stem: ResnetStem, classes: usize) -> Architecture {
        let names = ResnetNames::Torchvision;
        let classes = Some(classes);
        Resnet { block, depths: depths.to_vec(), stem, width: 64, input_channels: 3, classes, names, head: None }.into()
    }

    #[test]
    fn parameter_counts_are_those_that_torchvision_publishes() {
        let published = [11_689_512, 21_797_672, 25_557_032, 44_549_160, 60_192_808];
        for ((number, block, depths), count) in NUMBERED.into_iter().zip(published) {
            let architecture = member(block, depths, ResnetStem::ImageNet, 1000);
            assert_eq!(architecture.trainable_parameters().unwrap(), count, "ResNet-{number}");
        }
        // kuangliu/pytorch-cifar prints 11173962 for its ResNet18.
        let cifar = Architecture::from(Resnet::resnet18_cifar(64, 3, 10));
        assert_eq!(cifar.trainable_parameters().unwrap(), 11_173_962);
    }

    #[test]
    fn taps_and_shapes_follow_the_paper() {
        let graph = member(ResnetBlock::Bottleneck, [3, 4, 6, 3], ResnetStem::ImageNet, 1000)
            .graph(ImageShape { channels: 3, height: 224, width: 224 })
            .unwrap();
        let taps: Vec<(&str, usize)> =
            graph.taps.iter().map(|tap| (tap.name.as_str(), graph.nodes[tap.node].shape.len())).collect();
        assert_eq!(taps.len(), 19);
        assert_eq!(taps[0], ("stem", 64 * 56 * 56));
        assert_eq!(taps[1], ("layer1.0", 256 * 56 * 56));
        assert_eq!(taps[16], ("layer4.2", 2048 * 7 * 7));
        assert_eq!(taps[17..], [("avgpool", 2048), ("fc", 1000)]);
    }

    #[test]
    fn the_stride_of_a_bottleneck_is_in_its_3x3_convolution() {
        let architecture = member(ResnetBlock::Bottleneck, [1, 1, 1, 1], ResnetStem::Cifar, 10);
        let graph = architecture.graph(architecture.canonical_input()).unwrap();
        let stride_of = |wanted: &str| {
            graph.nodes.iter().find_map(|node| match &node.operation {
                crate::model::Operation::Conv2d { name, stride, .. } if name == wanted => Some(*stride),
                _ => None,
            })
        };
        assert_eq!(stride_of("layer2.0.conv1"), Some(1));
        assert_eq!(stride_of("layer2.0.conv2"), Some(2));
        assert_eq!(stride_of("layer2.0.downsample.0"), Some(2));
    }

    #[test]
    fn impossible_members_are_refused() {
        let input = ImageShape { channels: 3, height: 32, width: 32 };
        let sound = Resnet::resnet18_cifar(16, 3, 10);
        for broken in [
            Resnet { width: 0, ..sound.clone() },
            Resnet { width: usize::MAX, ..sound.clone() },
            Resnet { depths: vec![2, 0], ..sound.clone() },
            Resnet { depths: vec![], ..sound.clone() },
            Resnet { classes: Some(0), ..sound.clone() },
            Resnet { input_channels: 1, ..sound.clone() },
        ] {
            assert!(broken.graph(input).is_err(), "{broken:?}");
        }
        let error = sound.graph(ImageShape { channels: 1, ..input }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "ResNet-18 (CIFAR stem, width 16): input: expected images of any size with 3 channels, found 1 channels"
        );
    }
}
