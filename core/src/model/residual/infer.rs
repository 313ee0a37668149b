//! Which residual network has these tensors: names are taken as they are, layers are grouped by the modules that hold them.

mod blocks;
mod members;

use super::{ConvLayer, Residual, ResidualBlock, ResidualOrder, Shortcut};
use crate::model::chain::{Chain, norm_of};
use crate::model::layers::{Layer, LayerKind, layers_of};
use crate::model::normalise::Norm;
use crate::model::pool::{MaybePool, Pool};
use crate::model::{Activation, InferenceError, LinearLayer, Said, TensorShapes, modules};
use blocks::{Settings, block_of};
use members::{Members, group};

const FAMILY: &str = "residual network";

/// Recognises a residual network: nothing when no module holds a block.
pub(super) fn infer(shapes: &TensorShapes, said: &Said<'_>) -> Option<Result<Residual, InferenceError>> {
    let members = group(layers_of(shapes))?;
    member(shapes, members, said).transpose()
}

/// Nothing when convolutions are left that belong to no block, stem or end: those of another network beside it.
fn member(shapes: &TensorShapes, members: Members, said: &Said<'_>) -> Result<Option<Residual>, InferenceError> {
    let Members { blocks, outside } = members;
    let depthwise = blocks.iter().any(|block| block.is_depthwise());
    let mut outside = Outside::of(outside);
    let entry = blocks.first().and_then(|block| block.entry()).unwrap_or(0);
    let mut stem = outside.stem(entry);
    let final_features = blocks.last().and_then(|block| block.exit()).unwrap_or(0);
    let last = outside.chain_from(final_features);
    if !outside.convs.is_empty() || stem.is_empty() {
        return Ok(None);
    }
    let pre = is_pre_activation(&blocks, &stem, &outside);
    let final_norm = if pre { outside.norm(final_features) } else { None };

    let activation = said.activation()?;
    let mut settings = Settings::new(said, &blocks, depthwise)?;
    let expected = "a stride for each stage, such as 1+2+2+2";
    let strides: Option<Vec<usize>> = said.list("strides", expected)?;
    let stages = strides.as_ref().map(Vec::len);
    settings.strides = strides.or(settings.strides);
    let mut channels = stem.last().map_or(entry, |layer| layer.channels);
    let mut built = Vec::new();
    let mut place = blocks::Place::default();
    for found in &blocks {
        let block = block_of(found, pre, channels, &mut place, &settings, said.modules())?;
        channels = block.layers.last().map_or(channels, |layer| layer.channels);
        built.push(block);
    }
    if let Some(found) = stages.filter(|&found| found != place.stages()) {
        return Err(choice("strides", expected, &format!("{found} for {} stages", place.stages())));
    }
    let plain_shortcuts = match said.of::<String>("shortcut-reads", "activated or input")?.as_deref() {
        Some("activated") => false,
        Some("input") => true,
        Some(other) => return Err(choice("shortcut-reads", "activated or input", other)),
        // weiaicunzai/pytorch-cifar100, bearpaw/pytorch-classification and meliketoy/wide-resnet.pytorch, the last known by
        // its biases.
        None => {
            blocks.iter().any(|block| block.in_sequence || block.has_downsample())
                || built.iter().any(|block| block.layers.iter().any(|layer| layer.bias))
        }
    };
    let has_sums = built.iter().any(|block| block.shortcut != Shortcut::None);
    let order = match (pre, depthwise && has_sums) {
        (true, _) if plain_shortcuts => ResidualOrder::PreWithPlainShortcuts,
        (true, _) => ResidualOrder::Pre,
        (false, true) => ResidualOrder::LinearBottleneck,
        (false, false) => ResidualOrder::Post,
    };
    let stem_pool = stem_choices(
        &mut stem,
        said,
        depthwise && blocks.first().is_some_and(|block| block.name.starts_with("features")),
    )?;
    let features = last.last().map_or(channels, |layer| layer.channels);
    let usual = match order {
        // torchvision's has ReLU6, those for small images have ReLU.
        ResidualOrder::LinearBottleneck if stem.first().is_some_and(|layer| layer.stride == 2) => Activation::Relu6,
        _ => Activation::Relu,
    };
    let input_channels = Outside::input_channels(&stem, shapes).unwrap_or(0);
    let mut network = Residual {
        input_channels,
        stem,
        stem_pool,
        blocks: built,
        last,
        final_norm,
        head: outside.head(features),
        order,
        activation: activation.unwrap_or(usual),
    };
    settings.apply_norms(&mut network, said)?;
    if within_a_module(&network) {
        return Ok(None);
    }
    Ok(Some(network))
}

/// Whether all layers are in one module, which is then to be looked through, so that the names of taps are short; but for
/// what the networks of torchvision and Hugging Face are called.
fn within_a_module(network: &Residual) -> bool {
    let blocks = network.blocks.iter().flat_map(|block| &block.layers);
    let convs = network.stem.iter().chain(blocks).chain(&network.last).map(|layer| layer.name.as_str());
    let mut names = convs.chain(network.head.iter().map(|layer| layer.name.as_str()));
    let module = |name: &str| name.split_once('.').map(|(module, _)| module.to_owned());
    let first = names.next().and_then(module).filter(|module| module != "features" && module != "resnet");
    first.is_some() && names.all(|name| module(name) == first)
}

/// Strides of the stem's convolutions and what follows them: those for large images, with a kernel of 7 × 7 or three
/// convolutions, have stride 2 and pooling.
fn stem_choices(stem: &mut [ConvLayer], said: &Said<'_>, large_images: bool) -> Result<Option<Pool>, InferenceError> {
    let large = stem.len() > 1 || stem.first().is_some_and(|layer| layer.kernel >= 5);
    let expected = "a stride such as 2, or one for each convolution joined by +";
    let strides: Option<Vec<usize>> = said.list("stem-stride", expected)?;
    if let Some(strides) = strides.as_ref().filter(|strides| strides.len() > stem.len()) {
        return Err(choice("stem-stride", expected, &format!("{} of them", strides.len())));
    }
    if let Some(first) = stem.first_mut() {
        first.stride = if large || large_images { 2 } else { 1 };
    }
    for layer in stem.iter_mut() {
        layer.stride =
            said.modules().get(&layer.name).and_then(|module| module.whole("stride")).unwrap_or(layer.stride);
    }
    for (layer, stride) in stem.iter_mut().zip(strides.into_iter().flatten()) {
        layer.stride = stride;
    }
    match said.of("stem-pool", MaybePool::EXPECTED)? {
        Some(MaybePool(pool)) => Ok(pool),
        None if !said.modules().is_empty() => Ok(modules::pool_before_blocks(said.modules())),
        None => Ok(large.then(|| Pool { stride: 2, padding: 1, ..Pool::max(3) })),
    }
}

/// Whether normalisations come before the convolutions: they have the channels that those read. Where both would fit, a
/// normalisation that is left after the last block decides.
fn is_pre_activation(blocks: &[members::Found], stem: &[ConvLayer], outside: &Outside) -> bool {
    let normalised = blocks.iter().any(|block| !block.norms.is_empty());
    let post = blocks.iter().all(|block| block.norms_fit(false));
    let pre = normalised && blocks.iter().all(|block| block.norms_fit(true));
    match (post, pre) {
        (true, true) => stem.iter().all(|layer| layer.norm.is_none()) && !outside.norms.is_empty(),
        (_, pre) => pre,
    }
}

fn choice(key: &str, expected: &str, found: &str) -> InferenceError {
    InferenceError::Choice { key: key.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

/// Convolutions and normalisations that belong to no block, in order; what was taken is gone.
struct Outside {
    convs: Vec<ConvLayer>,
    /// Input channels of each.
    inputs: Vec<usize>,
    norms: Vec<(Norm, usize)>,
    /// All of them, and the linear layers.
    all: Vec<Layer>,
}

impl Outside {
    fn of(layers: Vec<Layer>) -> Self {
        let (mut convs, mut inputs, mut norms) = (Vec::new(), Vec::new(), Vec::new());
        for layer in &layers {
            if let LayerKind::Conv { outputs, inputs: read, kernel, bias } = layer.kind {
                let name = layer.name.clone();
                convs.push(ConvLayer { name, channels: outputs, kernel, stride: 1, groups: 1, bias, norm: None });
                inputs.push(read);
            }
            norms.extend(norm_of(layer));
        }
        Self { convs, inputs, norms, all: layers }
    }

    /// The first convolutions, up to the one that yields what the first block reads.
    fn stem(&mut self, entry: usize) -> Vec<ConvLayer> {
        let chained = |outside: &Self, count: usize| {
            (1..count).all(|i| outside.inputs[i] == outside.convs[i - 1].channels)
                && outside.convs[count - 1].channels == entry
        };
        let fits: Vec<usize> = (1..=self.convs.len()).filter(|&count| chained(self, count)).collect();
        // Of several that yield as much, those in the module of the first belong together.
        let module = |name: &str| name.rsplit_once('.').map(|(module, _)| module.to_owned());
        let first = self.convs.first().and_then(|layer| module(&layer.name));
        let together =
            fits.iter().rev().find(|&&count| first.is_some() && module(&self.convs[count - 1].name) == first);
        let count = together.or(fits.first()).copied().unwrap_or(0);
        self.take(count)
    }

    /// The convolutions that read this many channels, one after the other.
    fn chain_from(&mut self, features: usize) -> Vec<ConvLayer> {
        let mut channels = features;
        let fits = self.convs.iter().zip(&self.inputs).take_while(|(layer, inputs)| {
            let fits = **inputs == channels;
            channels = layer.channels;
            fits
        });
        let count = fits.count();
        self.take(count)
    }

    fn take(&mut self, count: usize) -> Vec<ConvLayer> {
        self.inputs.drain(..count);
        let mut taken: Vec<ConvLayer> = self.convs.drain(..count).collect();
        for layer in &mut taken {
            layer.norm = self.norm(layer.channels);
        }
        taken
    }

    /// The next normalisation of this many features.
    fn norm(&mut self, features: usize) -> Option<Norm> {
        let index = self.norms.iter().position(|(_, found)| *found == features)?;
        Some(self.norms.remove(index).0)
    }

    /// The linear layers that read this many features, one after the other, and the normalisations that are left; none where
    /// they do not follow one another.
    fn head(self, features: usize) -> Vec<LinearLayer> {
        let left = |name: &String| self.norms.iter().any(|(norm, _)| norm.name == *name);
        let of_head = |layer: &Layer| matches!(layer.kind, LayerKind::Linear { .. }) || left(&layer.name);
        match Chain::of(self.all.iter().filter(|layer| of_head(layer)).cloned().collect()) {
            Ok(chain) if chain.inputs == features && chain.input_norm.is_none() => chain.layers,
            _ => Vec::new(),
        }
    }

    /// Channels of the images.
    fn input_channels(stem: &[ConvLayer], shapes: &TensorShapes) -> Option<usize> {
        let first = stem.first()?;
        shapes.get(&format!("{}.weight", first.name))?.get(1).copied()
    }
}

/// The stride of each stage: the first block's of those in one module, or, where one module holds all, of those that yield as
/// many channels.
pub(super) fn stage_strides(network: &Residual) -> Vec<usize> {
    let module = |block: &ResidualBlock| block.name.rsplit_once('.').map(|(module, _)| module.to_owned());
    let flat = network.blocks.array_windows().all(|[a, b]| module(a) == module(b));
    let stage = |block: &ResidualBlock| match flat {
        true => (None, block.layers.last().map(|layer| layer.channels)),
        false => (module(block), None),
    };
    let mut strides = Vec::new();
    let mut last = None;
    for block in &network.blocks {
        let own = Some(stage(block));
        if own != last {
            strides.push(block.layers.iter().map(|layer| layer.stride).max().unwrap_or(1));
            last = own;
        }
    }
    strides
}
