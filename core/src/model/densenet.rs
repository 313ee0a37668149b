//! Networks of dense blocks, whose layers read what all layers before them in the block yield.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chain::{Chain, said_epsilon};
use super::layers::{Layer, LayerKind, inconsistent, layers_of};
use super::normalise::{Norm, epsilon_assumption};
use super::pool::{MaybePool, Pool};
use super::{
    Activation, Assumption, ConvLayer, Convolution, ExpectedInput, Family, Graph, GraphBuilder, InferenceError,
    LayerOrder, LinearLayer, ModelError, Said, TensorShapes,
};
use crate::data::ImageShape;

const FAMILY: &str = "DenseNet";

/// How torchvision, weiaicunzai/pytorch-cifar100 and kuangliu/pytorch-cifar name dense blocks, their layers, and transitions.
const NAMES: [(&str, &str, &str); 3] = [
    ("features.denseblock", ".denselayer", "features.transition"),
    ("features.dense_block", ".bottle_neck_layer_", "features.transition_layer_"),
    ("dense", ".", "trans"),
];

/// Normalisation, activation, convolution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DenseBlock {
    /// Its tap's name.
    pub name: String,
    /// The layers, each of one convolution or two.
    pub layers: Vec<Vec<ConvLayer>>,
    /// The convolution to fewer channels behind the block, before means over 2 × 2 windows.
    pub transition: Option<ConvLayer>,
}

impl DenseBlock {
    /// All convolutions.
    fn convolutions_mut(&mut self) -> impl Iterator<Item = &mut ConvLayer> {
        self.layers.iter_mut().flatten().chain(&mut self.transition)
    }
}

/// Huang et al. (2017). Taps: `stem`, `denseblockN` with all channels, `transitionN`, `avgpool` and the last layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DenseNet {
    /// Channels of the images.
    pub input_channels: usize,
    /// The first convolution.
    pub stem: ConvLayer,
    /// What follows it.
    #[schemars(with = "Option<String>")]
    pub stem_pool: Option<Pool>,
    /// The blocks.
    pub blocks: Vec<DenseBlock>,
    /// The normalisation after the last.
    pub final_norm: Norm,
    /// The layers behind the pooled features.
    pub head: Vec<LinearLayer>,
    /// What follows each normalisation.
    pub activation: Activation,
    /// Whether new channels come before those that were there.
    pub new_channels_first: bool,
    /// Whether transitions have no activation.
    #[serde(default)]
    pub linear_transitions: bool,
}

impl DenseNet {
    /// Normalisation, activation, convolution of the current node.
    fn append_layer(&self, builder: &mut GraphBuilder, layer: &ConvLayer) -> Result<(), ModelError> {
        if let Some(norm) = &layer.norm {
            norm.append(builder)?;
        }
        builder.activate(self.activation)?;
        builder.conv(&layer.name, convolution(layer))?;
        Ok(())
    }

    fn append_block(&self, builder: &mut GraphBuilder, block: &DenseBlock) -> Result<(), ModelError> {
        for layer in &block.layers {
            let before = builder.current();
            for convolution in layer {
                self.append_layer(builder, convolution)?;
            }
            let new = builder.current();
            if self.new_channels_first {
                builder.concatenate(new, before)?
            } else {
                builder.concatenate(before, new)?
            };
        }
        builder.tap(&block.name)
    }
}

fn convolution(layer: &ConvLayer) -> Convolution {
    let ConvLayer { channels, kernel, stride, bias, .. } = *layer;
    Convolution { bias, ..Convolution::same(channels, kernel, stride) }
}

impl Family for DenseNet {
    fn graph(&self, input: ImageShape) -> Result<Graph, ModelError> {
        let mut builder = GraphBuilder::new(self.describe(), input)?;
        if input.channels != self.input_channels {
            let found = format!("{} channels", input.channels);
            return Err(builder.error("input", self.expected_input().to_string(), found));
        }
        builder.conv(&self.stem.name, convolution(&self.stem))?;
        if let Some(norm) = &self.stem.norm {
            norm.append(&mut builder)?;
            builder.activate(self.activation)?;
        }
        if let Some(pool) = self.stem_pool {
            pool.append(&mut builder)?;
        }
        builder.tap("stem")?;
        for (i, block) in self.blocks.iter().enumerate() {
            self.append_block(&mut builder, block)?;
            if let Some(transition) = &block.transition {
                if let Some(norm) = &transition.norm {
                    norm.append(&mut builder)?;
                }
                if !self.linear_transitions {
                    builder.activate(self.activation)?;
                }
                builder.conv(&transition.name, convolution(transition))?;
                builder.avg_pool(2, 2, 0)?;
                builder.tap(&format!("transition{}", i + 1))?;
            }
        }
        self.final_norm.append(&mut builder)?;
        builder.activate(self.activation)?;
        builder.global_avg_pool()?;
        builder.tap("avgpool")?;
        if !self.head.is_empty() {
            LinearLayer::append_all(&self.head, self.activation, LayerOrder::NormActivation, 0.0, &mut builder)?;
        }
        builder.finish()
    }

    fn describe(&self) -> String {
        let layers = self.blocks.iter().flat_map(|block| &block.layers);
        let convolutions: usize = layers.map(Vec::len).sum();
        let depth = convolutions + self.blocks.iter().filter(|block| block.transition.is_some()).count() + 2;
        let growth = self.blocks.iter().find_map(|block| Some(block.layers.first()?.last()?.channels)).unwrap_or(0);
        format!("DenseNet-{depth} (growth {growth}, {})", self.activation.describe())
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
        let pool = self.stem_pool.map_or_else(|| "none".to_owned(), |pool| pool.to_string());
        vec![
            Assumption::new(
                "activation",
                self.activation,
                Activation::ids(),
                format!("the activation is {}", self.activation.describe()),
            ),
            Assumption::new(
                "stem-stride",
                self.stem.stride,
                ["1", "2"],
                format!("the stem has stride {} and pooling {pool}", self.stem.stride),
            ),
            Assumption::new("stem-pool", &pool, ["none", "max:3:2:1"], ""),
            epsilon_assumption(self.final_norm.epsilon),
        ]
    }

    fn title() -> &'static str {
        "DenseNet"
    }

    fn infer(shapes: &TensorShapes, said: &Said<'_>) -> Option<Result<Vec<Self>, InferenceError>> {
        let layers = layers_of(shapes);
        let names = NAMES.iter().find(|(block, within, _)| {
            layers
                .iter()
                .any(|layer| block_number(&layer.name, block).is_some_and(|(_, rest)| rest.starts_with(within)))
        })?;
        Some(Self::infer_member(&layers, *names, said).map(|member| vec![member]))
    }
}

/// Convolutions and normalisations of a module, in order.
#[derive(Default)]
struct Module {
    convs: Vec<(ConvLayer, usize)>,
    norms: Vec<(Norm, usize)>,
}

impl Module {
    fn add(&mut self, layer: &Layer) -> Result<(), InferenceError> {
        let name = layer.name.clone();
        match layer.kind {
            LayerKind::Conv { outputs, inputs, kernel, bias } => {
                self.convs.push((
                    ConvLayer { name, channels: outputs, kernel, stride: 1, groups: 1, bias, norm: None },
                    inputs,
                ));
                Ok(())
            }
            LayerKind::BatchNorm { features } => {
                self.norms.push((Norm::batch(name), features));
                Ok(())
            }
            _ => Err(inconsistent(FAMILY, name, "convolutions and batch normalisations", "another layer")),
        }
    }

    /// The convolutions, each with the normalisation of what it reads.
    fn layers(self, name: &str) -> Result<Vec<ConvLayer>, InferenceError> {
        let fits = self.convs.len() == self.norms.len()
            && self.convs.iter().zip(&self.norms).all(|((_, inputs), (_, features))| inputs == features);
        if !fits {
            return Err(inconsistent(
                FAMILY,
                name,
                "a normalisation before each convolution, of what it reads",
                "others",
            ));
        }
        let layers = self.convs.into_iter().zip(self.norms);
        Ok(layers.map(|((layer, _), (norm, _))| ConvLayer { norm: Some(norm), ..layer }).collect())
    }
}

impl DenseNet {
    fn infer_member(
        layers: &[Layer],
        (block, within, transition): (&str, &str, &str),
        said: &Said<'_>,
    ) -> Result<Self, InferenceError> {
        let mut dense: IndexMap<usize, IndexMap<usize, Module>> = IndexMap::new();
        let mut transitions: IndexMap<usize, Module> = IndexMap::new();
        let (mut outside, mut head) = (Module::default(), Vec::new());
        for layer in layers {
            let of_block = block_number(&layer.name, block)
                .and_then(|(number, rest)| Some((number, number_after(rest, within)?.0)));
            if let Some((number, place)) = of_block {
                dense.entry(number).or_default().entry(place).or_default().add(layer)?;
            } else if let Some((number, _)) = number_after(&layer.name, transition) {
                transitions.entry(number).or_default().add(layer)?;
            } else if matches!(layer.kind, LayerKind::Linear { .. }) {
                head.push(layer.clone());
            } else {
                outside.add(layer)?;
            }
        }
        let [(mut stem, input_channels)] = <[_; 1]>::try_from(outside.convs)
            .map_err(|convs| inconsistent(FAMILY, "the stem", "one convolution", convs.len().to_string()))?;
        let mut norms = outside.norms;
        let last = norms
            .pop()
            .ok_or_else(|| inconsistent(FAMILY, "the end", "a normalisation after the last block", "none"))?;
        if let Some((norm, _)) = norms.pop().filter(|(_, features)| *features == stem.channels) {
            stem.norm = Some(norm);
        }
        let mut blocks = Vec::new();
        for (index, (number, modules)) in dense.into_iter().enumerate() {
            let name = format!("denseblock{}", index + 1);
            let layers = modules.into_values().map(|module| module.layers(&name)).collect::<Result<_, _>>()?;
            let transition = match transitions.swap_remove(&number) {
                Some(module) => module.layers(&format!("transition{number}"))?.pop(),
                None => None,
            };
            blocks.push(DenseBlock { name, layers, transition });
        }
        let large = stem.kernel == 7;
        stem.stride = said.of("stem-stride", "1 or 2")?.unwrap_or(if large { 2 } else { 1 });
        let stem_pool = match said.of("stem-pool", MaybePool::EXPECTED)? {
            Some(MaybePool(pool)) => pool,
            None => large.then(|| Pool { stride: 2, padding: 1, ..Pool::max(3) }),
        };
        let (final_norm, features) = last;
        let mut found = Self {
            input_channels,
            stem,
            stem_pool,
            blocks,
            final_norm,
            head: Chain::of(head)
                .ok()
                .filter(|chain| chain.inputs == features)
                .map_or(Vec::new(), |chain| chain.layers),
            activation: said.activation()?.unwrap_or(Activation::Relu),
            new_channels_first: within == "." && layers.iter().any(|layer| layer.name == "trans1.conv"),
            linear_transitions: within == ".bottle_neck_layer_",
        };
        said_epsilon(found.norms_mut(), said)?;
        Ok(found)
    }

    /// All normalisations.
    fn norms_mut(&mut self) -> impl Iterator<Item = &mut Norm> {
        let of_blocks = self.blocks.iter_mut().flat_map(DenseBlock::convolutions_mut);
        let of_layers = [&mut self.stem].into_iter().chain(of_blocks);
        let of_head = self.head.iter_mut().filter_map(|layer| layer.norm.as_mut());
        of_layers.filter_map(|layer| layer.norm.as_mut()).chain(of_head).chain([&mut self.final_norm])
    }
}

/// The same, also with `_layer_` before the number.
fn block_number<'a>(name: &'a str, beginning: &str) -> Option<(usize, &'a str)> {
    number_after(name, beginning).or_else(|| number_after(name, &format!("{beginning}_layer_")))
}

/// The number that follows this beginning, and what comes behind it.
fn number_after<'a>(name: &'a str, beginning: &str) -> Option<(usize, &'a str)> {
    let rest = name.strip_prefix(beginning)?;
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    Some((rest[..end].parse().ok()?, &rest[end..]))
}
