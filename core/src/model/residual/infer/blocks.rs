//! From the layers of a block to the block.

use super::super::{ChannelGate, ConvLayer, GateLayer, Residual, ResidualBlock, Shortcut};
use super::members::{Found, FoundConv};
use super::{FAMILY, choice};
use crate::model::layers::{Layer, LayerKind, inconsistent};
use crate::model::normalise::{Norm, NormKind, usual_groups};
use crate::model::{InferenceError, Modules, Said};

/// Strides of the seven stages of MobileNetV2 (Sandler et al. 2018, table 2), and of its form for images of 32 × 32 pixels.
const INVERTED: [usize; 7] = [1, 2, 2, 2, 1, 2, 1];
const INVERTED_SMALL: [usize; 7] = [1, 1, 2, 2, 1, 2, 1];

/// What holds for all blocks.
pub(super) struct Settings {
    /// The stride of each stage, where it was said or follows from the family.
    pub(super) strides: Option<Vec<usize>>,
    /// Which convolution of a block has the stride, counted from 1, where it was said.
    stride_at: Option<usize>,
    padding: Padding,
    depthwise: bool,
    /// Whether blocks are MobileNetV2's, which are added to what they read.
    inverted: bool,
    /// Whether blocks with a stride have shortcuts without tensors.
    padded: bool,
    /// Whether the modules' names have one number: stages are then told by channels.
    flat: bool,
    /// Whether the user said that gates are those of squeeze and excitation, and that they come after an activation.
    gated: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Padding {
    Both,
    End,
    Pooled,
}

/// Where in the network a block is.
#[derive(Default)]
pub(super) struct Place {
    stage: usize,
    block: usize,
    numbers: Vec<usize>,
    channels: usize,
    /// Channels of the stage before.
    before: Option<usize>,
    begun: bool,
}

impl Settings {
    pub(super) fn new(said: &Said<'_>, blocks: &[Found], depthwise: bool) -> Result<Self, InferenceError> {
        let expected = "pad-both, pad-end or pool";
        let padding = match said.of::<String>("shortcut", expected)?.as_deref() {
            None | Some("pad-both") => Padding::Both,
            Some("pad-end") => Padding::End,
            Some("pool") => Padding::Pooled,
            Some(other) => return Err(choice("shortcut", expected, other)),
        };
        let stride_at = said.of::<usize>("stride-at", "1, 2 or 3")?;
        if let Some(other) = stride_at.filter(|place| !(1..=3).contains(place)) {
            return Err(choice("stride-at", "1, 2 or 3", &other.to_string()));
        }
        let inverted = depthwise && blocks.iter().any(|block| block.convs.len() == 3);
        let small = blocks.iter().any(|block| !block.name.starts_with("features"));
        let strides = inverted.then(|| if small { INVERTED_SMALL.to_vec() } else { INVERTED.to_vec() });
        let flat = blocks.iter().all(|block| block.numbers.len() < 2);
        let has_gates = blocks.iter().any(|block| !block.gate.is_empty());
        let expected = "sigmoid, or activation-sigmoid where the activation comes before";
        let gated = match has_gates.then(|| said.of::<String>("gate", expected)).transpose()?.flatten().as_deref() {
            None => None,
            Some("sigmoid") => Some(false),
            Some("activation-sigmoid") => Some(true),
            Some(other) => return Err(choice("gate", expected, other)),
        };
        let padded = !depthwise && blocks.iter().all(|block| block.projection.is_none());
        Ok(Self { strides, stride_at, padding, depthwise, inverted, padded, flat, gated })
    }

    /// Groups and epsilon of all normalisations.
    pub(super) fn apply_norms(&self, network: &mut Residual, said: &Said<'_>) -> Result<(), InferenceError> {
        let epsilon = said.epsilon()?;
        let convs = network.stem.iter().chain(network.blocks.iter().flat_map(|block| &block.layers));
        let channels: Vec<usize> = convs.map(|layer| layer.channels).collect();
        let usual = usual_groups(channels.into_iter());
        let layers =
            network.stem.iter_mut().chain(&mut network.last).chain(network.blocks.iter_mut().flat_map(|block| {
                let projection = match &mut block.shortcut {
                    Shortcut::Projection { layer, .. } => Some(layer),
                    _ => None,
                };
                block.layers.iter_mut().chain(projection)
            }));
        let mut norms: Vec<&mut Norm> =
            layers.filter_map(|layer| layer.norm.as_mut()).chain(&mut network.final_norm).collect();
        let grouped = norms.iter().any(|norm| norm.kind != NormKind::Batch);
        let groups = if grouped { said.groups()? } else { None };
        for norm in &mut norms {
            if let NormKind::Group(own) = &mut norm.kind {
                *own = groups.unwrap_or(usual);
            }
            if let Some(epsilon) = epsilon {
                norm.epsilon = epsilon;
            }
        }
        Ok(())
    }
}

impl Place {
    /// Number of stages so far.
    pub(super) fn stages(&self) -> usize {
        if self.begun { self.stage + 1 } else { 0 }
    }

    /// The stage and the block that comes next, counted from 0, and whether it is the first of its stage.
    fn advance(&mut self, found: &Found, flat: bool) -> (usize, usize, bool) {
        let channels = found.exit().unwrap_or(0);
        let stage_of = |numbers: &[usize]| numbers.split_last().map_or(Vec::new(), |(_, stage)| stage.to_vec());
        let new = match flat {
            true => channels != self.channels,
            false => stage_of(&found.numbers) != stage_of(&self.numbers),
        };
        let first = new || !self.begun;
        if new && self.begun {
            self.before = Some(self.channels);
        }
        (self.stage, self.block) = match (self.begun, first) {
            (false, _) => (0, 0),
            (true, true) => (self.stage + 1, 0),
            (true, false) => (self.stage, self.block + 1),
        };
        self.begun = true;
        self.numbers.clone_from(&found.numbers);
        self.channels = channels;
        (self.stage, self.block, first)
    }
}

/// The block of these layers, which reads this many channels.
pub(super) fn block_of(
    found: &Found,
    pre: bool,
    channels: usize,
    place: &mut Place,
    settings: &Settings,
    modules: &Modules,
) -> Result<ResidualBlock, InferenceError> {
    if let Some(unknown) = &found.unknown {
        let expected = "convolutions, normalisations, a shortcut or a squeeze and excitation";
        return Err(inconsistent(FAMILY, unknown, expected, "a module that would change what the block computes"));
    }
    if !found.norms_fit(pre) {
        let (norms, convs) = (found.norms.len(), found.convs.len());
        let expected = "one normalisation for each convolution";
        return Err(inconsistent(
            FAMILY,
            &found.name,
            expected,
            format!("{norms} for {convs} convolutions of other channels"),
        ));
    }
    let (stage, block, first) = place.advance(found, settings.flat);
    let usual = if settings.depthwise && !settings.inverted {
        // MobileNet (Howard et al. 2017): where channels double, but for the first.
        if first && stage > 0 && found.exit() != found.entry() { 2 } else { 1 }
    } else {
        1 + usize::from(first && stage > 0)
    };
    let widened = found.exit().zip(place.before);
    if first
        && stage > 0
        && settings.strides.is_none()
        && !settings.depthwise
        && let Some((now, before)) = widened.filter(|(now, before)| !doubles(*now, *before))
    {
        let expected = format!(
            "{} channels, twice those of the stage before, or what its stride is (--architecture \
                                strides=1+2+2+2)",
            2 * before
        );
        return Err(inconsistent(FAMILY, &found.name, expected, now.to_string()));
    }
    let stride = match settings.strides.as_ref().and_then(|strides| strides.get(stage)) {
        Some(&stride) if first => stride,
        Some(_) => 1,
        None => usual,
    };
    let known = strides_of(found, modules);
    let stride = known.as_ref().map_or(stride, |strides| strides.iter().product());
    let strided = stride_place(found, pre, settings);
    let usual_stride = |i: usize| if i == strided { stride } else { 1 };
    let mut read = channels;
    let mut layers = Vec::new();
    for (i, conv) in found.convs.iter().enumerate() {
        let norm = found.norms.get(i).map(|(norm, _)| norm.clone());
        let layer = conv_layer(conv, read, known.as_ref().map_or(usual_stride(i), |strides| strides[i]), norm)?;
        read = layer.channels;
        layers.push(layer);
    }
    let shortcut = shortcut(found, channels, read, stride, settings)?;
    let name = if settings.depthwise { found.name.clone() } else { format!("layer{}.{block}", stage + 1) };
    Ok(ResidualBlock { name, layers, gate: gate_of(found, read, settings)?, shortcut })
}

/// The strides of a block's convolutions, where the file says them.
fn strides_of(found: &Found, modules: &Modules) -> Option<Vec<usize>> {
    found.convs.iter().map(|conv| modules.get(&conv.name)?.whole("stride")).collect()
}

/// Whether channels are twice those before, or a power of two of them, as where a stage has the stem's.
fn doubles(now: usize, before: usize) -> bool {
    before > 0 && now > before && now.is_multiple_of(before) && (now / before).is_power_of_two()
}

/// Which convolution has the block's stride.
fn stride_place(found: &Found, pre: bool, settings: &Settings) -> usize {
    if let Some(place) = settings.stride_at {
        return place.saturating_sub(1);
    }
    // weiaicunzai/pytorch-cifar100 and meliketoy/wide-resnet.pytorch, the latter known by its biases.
    if pre && found.in_sequence {
        return 0;
    }
    if pre && found.convs.len() == 2 && found.convs.iter().all(|conv| conv.bias) {
        return 1;
    }
    found.convs.iter().position(|conv| conv.kernel > 1).unwrap_or(0)
}

fn conv_layer(conv: &FoundConv, read: usize, stride: usize, norm: Option<Norm>) -> Result<ConvLayer, InferenceError> {
    let FoundConv { name, outputs, own_inputs, kernel, bias } = conv.clone();
    let weight = format!("{name}.weight");
    if kernel % 2 == 0 {
        return Err(inconsistent(FAMILY, weight, "an odd kernel", format!("{kernel} × {kernel}")));
    }
    if own_inputs == 0 || !read.is_multiple_of(own_inputs) {
        return Err(inconsistent(FAMILY, weight, format!("one that reads {read} channels"), own_inputs.to_string()));
    }
    Ok(ConvLayer { name, channels: outputs, kernel, stride, groups: read / own_inputs, bias, norm })
}

/// What is added to the result, of `yielded` channels.
fn shortcut(
    found: &Found,
    channels: usize,
    yielded: usize,
    stride: usize,
    settings: &Settings,
) -> Result<Shortcut, InferenceError> {
    if let Some(conv) = &found.projection {
        let norm = found.projection_norm.as_ref().map(|(norm, _)| norm.clone());
        // In a sequence that begins with something without tensors, positions are averaged first.
        let pool = if conv.kernel == 1 && conv.name.ends_with("downsample.1") { stride } else { 1 };
        let layer = conv_layer(conv, channels, stride / pool.max(1), norm)?;
        if layer.channels != yielded {
            let expected = format!("{yielded} channels, as the block yields");
            return Err(inconsistent(FAMILY, format!("{}.weight", layer.name), expected, layer.channels.to_string()));
        }
        return Ok(Shortcut::Projection { layer, pool });
    }
    Ok(match (stride == 1 && channels == yielded, settings.depthwise) {
        (true, true) if !settings.inverted => Shortcut::None,
        (true, _) => Shortcut::Identity,
        (false, true) => Shortcut::None,
        (false, false) if settings.padded && yielded >= channels => Shortcut::Pad {
            stride,
            before: if settings.padding == Padding::Both { (yielded - channels) / 2 } else { 0 },
            pooled: settings.padding == Padding::Pooled,
        },
        (false, false) => {
            let expected = format!("a shortcut from {channels} to {yielded} channels with stride {stride}");
            return Err(inconsistent(FAMILY, &found.name, expected, "none"));
        }
    })
}

/// The two layers by which the channels of the result are multiplied.
fn gate_of(found: &Found, channels: usize, settings: &Settings) -> Result<Option<ChannelGate>, InferenceError> {
    let layers: Vec<(GateLayer, usize)> = found.gate.iter().filter_map(gate_layer).collect();
    match &layers[..] {
        [] => Ok(None),
        [(reduce, read), (expand, reduced)]
            if *read == channels && *reduced == reduce.channels && expand.channels == channels =>
        {
            if let Some(after_activation) = settings.gated {
                return Ok(Some(ChannelGate { reduce: reduce.clone(), expand: expand.clone(), after_activation }));
            }
            let expected = "only convolutions and normalisations, or gate=sigmoid for a squeeze and excitation of the block's \
                            result (--architecture gate=sigmoid)";
            Err(inconsistent(
                FAMILY,
                &reduce.name,
                expected,
                "a module that changes what the block computes, and tensors do not say how",
            ))
        }
        [(first, _), ..] => {
            let expected = format!("two layers that read and yield {channels} values, as a squeeze and excitation");
            Err(inconsistent(FAMILY, &first.name, expected, "a module that would change what the block computes"))
        }
    }
}

fn gate_layer(layer: &Layer) -> Option<(GateLayer, usize)> {
    let Layer { name, kind } = layer;
    let (outputs, inputs, bias, convolution) = match *kind {
        LayerKind::Linear { outputs, inputs, bias } => (outputs, inputs, bias, false),
        LayerKind::Conv { outputs, inputs, bias, .. } => (outputs, inputs, bias, true),
        _ => return None,
    };
    Some((GateLayer { name: name.clone(), channels: outputs, bias, convolution }, inputs))
}
