//! Residual networks of the original paper's CIFAR experiments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::head::{self, FoundHead};
use super::layers::{depths_of, dimensions, inconsistent, shape_of};
use super::normalise::Norm;
use super::resnet::is_all_of;
use super::{
    Activation, Assumption, ConvLayer, ExpectedInput, Family, Graph, GraphBuilder, InferenceError, LinearLayer,
    ModelError, Residual, ResidualBlock, ResidualOrder, Said, Shortcut, TensorShapes,
};
use crate::data::ImageShape;

/// The family's name in messages.
const FAMILY: &str = "CIFAR ResNet";
/// Channels of the first stage in the paper.
const PAPER_WIDTH: usize = 16;
/// What the last layer is called, where nothing else is said.
const HEAD: &str = "linear";
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
    /// Number of classes; absent where the network ends with the pooled features.
    pub classes: Option<usize>,
    /// The name of the last layer where it is not `linear`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
}

impl CifarResnet {
    /// The member of this depth with 16 channels in its first stage, for colour images.
    #[must_use]
    pub fn of_depth(depth: usize, classes: usize) -> Self {
        Self { depth, width: PAPER_WIDTH, input_channels: 3, classes: Some(classes), head: None }
    }

    /// What the last layer is called.
    fn head(&self) -> &str {
        self.head.as_deref().unwrap_or(HEAD)
    }

    /// The same network layer by layer.
    fn layers(&self) -> Residual {
        let layer = |name: String, norm: String, channels: usize, stride: usize| ConvLayer {
            name,
            channels,
            kernel: 3,
            stride,
            groups: 1,
            bias: false,
            norm: Some(Norm::batch(norm)),
        };
        let mut blocks = Vec::new();
        for stage in 0..STAGES {
            let channels = self.width << stage;
            for block in 0..self.depth / 6 {
                let name = format!("layer{}.{block}", stage + 1);
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let of = |number: usize, stride: usize| {
                    layer(format!("{name}.conv{number}"), format!("{name}.bn{number}"), channels, stride)
                };
                let layers = vec![of(1, stride), of(2, 1)];
                let shortcut = match stride {
                    1 => Shortcut::Identity,
                    _ => Shortcut::Pad { stride, before: channels / 4, pooled: false },
                };
                blocks.push(ResidualBlock { name, layers, gate: None, shortcut });
            }
        }
        Residual {
            input_channels: self.input_channels,
            stem: vec![layer("conv1".to_owned(), "bn1".to_owned(), self.width, 1)],
            stem_pool: None,
            blocks,
            last: Vec::new(),
            final_norm: None,
            head: self.classes.map(|classes| LinearLayer::new(self.head(), classes)).into_iter().collect(),
            order: ResidualOrder::Post,
            activation: Activation::Relu,
        }
    }
}

impl CifarResnet {
    /// The member that has these tensors.
    fn infer_member(shapes: &TensorShapes) -> Result<Self, InferenceError> {
        let [width, input_channels, kernel, _] = dimensions(FAMILY, shapes, "conv1.weight")?;
        if kernel != 3 {
            return Err(inconsistent(FAMILY, "conv1.weight", "a kernel of 3 × 3", format!("{kernel} × {kernel}")));
        }
        let depths = depths_of(shapes);
        let blocks = depths.first().copied().unwrap_or(0);
        if depths != [blocks; STAGES] {
            let expected = format!("{STAGES} stages with equally many blocks");
            return Err(inconsistent(FAMILY, "layer1, layer2, …", expected, format!("{depths:?} blocks")));
        }
        for stage in 0..STAGES {
            let name = format!("layer{}.0.conv1.weight", stage + 1);
            let [outputs, ..] = dimensions::<4>(FAMILY, shapes, &name)?;
            if outputs != width << stage {
                return Err(inconsistent(FAMILY, &name, format!("{} channels", width << stage), outputs.to_string()));
            }
        }
        let (classes, head) = match head::find(shapes, width << (STAGES - 1)) {
            Some(FoundHead { name, classes }) => (Some(classes), (name != HEAD).then_some(name)),
            None => (None, None),
        };
        Ok(Self { depth: 6 * blocks + 2, width, input_channels, classes, head })
    }
}

impl Family for CifarResnet {
    fn graph(&self, input: ImageShape) -> Result<Graph, ModelError> {
        let builder = GraphBuilder::new(self.describe(), input)?;
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
        if !self.width.is_multiple_of(2) {
            return Err(builder.error("width", "an even number, to pad both sides alike", self.width.to_string()));
        }
        self.layers().append(builder)
    }

    fn describe(&self) -> String {
        match self.width {
            PAPER_WIDTH => format!("ResNet-{} (CIFAR)", self.depth),
            width => format!("ResNet-{} (CIFAR, width {width})", self.depth),
        }
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
        "CIFAR ResNet"
    }

    fn infer(shapes: &TensorShapes, said: &Said<'_>) -> Option<Result<Vec<Self>, InferenceError>> {
        if !said.is_silent() {
            return None;
        }
        shape_of(shapes, "conv1", "weight")?;
        shape_of(shapes, "layer1.0.conv1", "weight")?;
        let with_shortcuts =
            shapes.keys().any(|tensor| tensor.contains(".downsample.") || tensor.contains(".shortcut."));
        if with_shortcuts {
            return None;
        }
        let member = Self::infer_member(shapes);
        let complete = member.as_ref().map_or(true, |member| is_all_of(&member.layers(), shapes));
        complete.then(|| member.map(|member| vec![member]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Architecture;

    fn member(depth: usize) -> CifarResnet {
        CifarResnet::of_depth(depth, 10)
    }

    #[test]
    fn parameter_counts_are_those_of_the_paper() {
        // Table 6 of the paper gives 0.27, 0.46, 0.66, 0.85 and 1.7 million.
        for (depth, count) in [(20, 269_722), (32, 464_154), (44, 658_586), (56, 853_018), (110, 1_727_962)] {
            assert_eq!(Architecture::from(member(depth)).trainable_parameters().unwrap(), count, "{depth}");
        }
    }

    #[test]
    fn taps_are_the_stem_every_block_the_pooled_features_and_the_logits() {
        let graph = member(20).graph(member(20).canonical_input()).unwrap();
        let taps: Vec<(&str, usize)> =
            graph.taps.iter().map(|tap| (tap.name.as_str(), graph.nodes[tap.node].shape.len())).collect();
        let expected = [
            ("stem", 16_384),
            ("layer1.0", 16_384),
            ("layer1.1", 16_384),
            ("layer1.2", 16_384),
            ("layer2.0", 8192),
            ("layer2.1", 8192),
            ("layer2.2", 8192),
            ("layer3.0", 4096),
            ("layer3.1", 4096),
            ("layer3.2", 4096),
            ("avgpool", 64),
            ("linear", 10),
        ];
        assert_eq!(taps, expected);
    }

    #[test]
    fn depths_that_are_not_6n_plus_2_and_odd_widths_are_refused() {
        let input = member(20).canonical_input();
        assert!(member(21).graph(input).is_err());
        assert!(member(2).graph(input).is_err());
        assert!(CifarResnet { width: 15, ..member(20) }.graph(input).is_err());
    }
}
