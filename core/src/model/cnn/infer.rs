//! The layers of a plain CNN, from the names and shapes of tensors.

use std::str::FromStr;

use super::candidates::Found;
use super::{Cnn, chain};
use crate::model::chain::{Assigned, FoundNorm, assign, norm_of};
use crate::model::forks::{self, EXPORT, Reader, common_source};
use crate::model::hidden::said_activation;
use crate::model::layers::{FoundLinear, LayerKind, Link, chain as in_order, holds_attention, inconsistent, layers_of};
use crate::model::modules;
use crate::model::normalise::usual_groups;
use crate::model::{InferenceError, LayerOrder, NormKind, Said, TensorShapes};

pub(super) const FAMILY: &str = "CNN";

/// Recognises a plain CNN: nothing when there are other layers, or no convolution.
pub(super) fn infer(shapes: &TensorShapes, said: &Said<'_>) -> Option<Result<Vec<Cnn>, InferenceError>> {
    let (mut convs, mut linear, mut norms) = (Vec::new(), Vec::new(), Vec::new());
    for layer in layers_of(shapes) {
        let after = (convs.len() + linear.len()).checked_sub(1);
        match (norm_of(&layer), layer.kind) {
            (Some((norm, features)), _) => norms.push(FoundNorm { norm, features, after }),
            (None, LayerKind::Conv { outputs, inputs, kernel, bias }) => {
                convs.push(FoundConv { name: layer.name, inputs, outputs, kernel, bias, groups: 1 });
            }
            (None, LayerKind::Linear { outputs, inputs, bias }) => {
                linear.push(FoundLinear { name: layer.name, inputs, outputs, bias });
            }
            _ => return None,
        }
    }
    let residual = |conv: &FoundConv| conv.name.split('.').any(is_residual);
    if convs.is_empty() || holds_blocks_of_channels(&convs) || convs.iter().any(residual) || holds_attention(shapes) {
        return None;
    }
    let readers: Vec<Reader<'_>> =
        convs.iter().map(FoundConv::reader).chain(linear.iter().map(FoundLinear::reader)).collect();
    let checked = forks::check(FAMILY, &readers, shapes).and_then(|()| check_blocks(&convs, !norms.is_empty(), said));
    Some(checked.and_then(|()| members(convs, linear, norms, said)))
}

/// Refuses modules of a list that hold two convolutions of equal width each, whose result is mostly added to what they read,
/// unless it is said that it is not.
fn check_blocks(convs: &[FoundConv], normalised: bool, said: &Said<'_>) -> Result<(), InferenceError> {
    let block = |conv: &FoundConv| {
        let (module, layer) = conv.name.rsplit_once('.')?;
        let in_list = module.rsplit('.').next()?.parse::<usize>().is_ok() && layer.parse::<usize>().is_err();
        in_list.then(|| module.to_owned())
    };
    let is_block = |[a, b]: &&[FoundConv; 2]| {
        let (module, equal) = (block(a), b.inputs == b.outputs && a.outputs == b.inputs && a.kernel == b.kernel);
        module.is_some() && module == block(b) && equal && a.kernel > 1
    };
    let mut blocks = convs.array_windows().filter(is_block);
    let (Some([first, _]), Some(_)) = (blocks.next(), blocks.next()) else { return Ok(()) };
    let plain = "none, where nothing is added to what the blocks yield";
    if !normalised || said.of::<NoShortcut>("shortcut", plain)?.is_some() {
        return Ok(());
    }
    let expected = "convolutions of which each reads only what the one before yields";
    let found = format!(
        "blocks of two convolutions of equal width, which are mostly added to what they read, and no tensors that say so; say \
         shortcut=none (--architecture, Assumptions on the page) where they are not, else {EXPORT}"
    );
    Err(inconsistent(FAMILY, block(first).unwrap_or_else(|| first.name.clone()), expected, found))
}

/// That blocks have no shortcut.
struct NoShortcut;

impl FromStr for NoShortcut {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "none" { Ok(Self) } else { Err(()) }
    }
}

/// Whether a module is called as those are whose result is added to what they read: `res1`, `resblock2`.
fn is_residual(segment: &str) -> bool {
    let name = segment.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
    matches!(name, "res" | "resblock" | "res_block" | "residual" | "resnet_block")
}

/// Whether a numbered module holds a convolution of each channel beside others: blocks that are mostly added to what they read.
fn holds_blocks_of_channels(convs: &[FoundConv]) -> bool {
    let block = |conv: &FoundConv| {
        let (module, _) = conv.name.rsplit_once('.')?;
        module.rsplit('.').next()?.parse::<usize>().ok().map(|_| module.to_owned())
    };
    let each_channel = |conv: &&FoundConv| conv.inputs == 1 && conv.outputs > 1 && conv.kernel > 1;
    convs.iter().skip(1).filter(each_channel).any(|own| {
        block(own).is_some_and(|module| {
            convs.iter().any(|conv| conv.name != own.name && block(conv).as_ref() == Some(&module))
        })
    })
}

/// That layers do not follow one another, and which two read the same.
fn apart(what: &str, layers: &[Reader<'_>]) -> InferenceError {
    let broken = layers.array_windows().find(|[a, b]| a.outputs != b.inputs).map(|[_, b]| b.name);
    let (part, found) = match common_source(layers) {
        Some((own, other, source)) => (own, format!("{other} and {own}, which both read what {source} yields")),
        None => (broken.or(layers.first().map(|first| first.name)).unwrap_or(what), "others".to_owned()),
    };
    let expected = format!("{what} that follow one another");
    inconsistent(FAMILY, format!("{part}.weight"), expected, format!("{found}; {EXPORT}"))
}

/// A convolution that was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FoundConv {
    pub(super) name: String,
    /// Channels that each output reads.
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) kernel: usize,
    pub(super) bias: bool,
    pub(super) groups: usize,
}

impl FoundConv {
    /// What it reads and yields, by its name.
    fn reader(&self) -> Reader<'_> {
        Reader { name: &self.name, inputs: self.inputs * self.groups, outputs: self.outputs }
    }
}

impl Link for FoundConv {
    fn ends(&self) -> (usize, usize) {
        (self.inputs * self.groups, self.outputs)
    }
}

fn members(
    mut convs: Vec<FoundConv>,
    linear: Vec<FoundLinear>,
    norms: Vec<FoundNorm>,
    said: &Said<'_>,
) -> Result<Vec<Cnn>, InferenceError> {
    // A convolution that reads one channel for each of those before it.
    for i in 1..convs.len() {
        let before = convs[i - 1].outputs;
        if convs[i].inputs == 1 && before > 1 && convs[i].outputs.is_multiple_of(before) {
            convs[i].groups = before;
        }
    }
    let names = |convs: &[FoundConv], linear: &[FoundLinear]| -> Vec<String> {
        convs.iter().map(|conv| &conv.name).chain(linear.iter().map(|layer| &layer.name)).cloned().collect()
    };
    let as_found = names(&convs, &linear);
    let first_conv = convs[0].name.clone();
    let fork: Vec<Reader<'_>> = convs.iter().map(FoundConv::reader).collect();
    let fork = apart("convolutions", &fork);
    let convs = in_order(convs).ok_or(fork)?;
    let backwards = convs.len() > 1 && convs.iter().rev().map(|conv| &conv.name).eq(as_found.iter().take(convs.len()));
    if backwards && linear.is_empty() {
        let expected = "convolutions in the order of the file";
        let found = "the opposite one, as where they are transposed, as in generators";
        return Err(inconsistent(FAMILY, format!("{first_conv}.weight"), expected, found));
    }
    let fork: Vec<Reader<'_>> = linear.iter().map(FoundLinear::reader).collect();
    let fork = apart("linear layers", &fork);
    let linear = if linear.is_empty() { linear } else { in_order(linear).ok_or(fork)? };
    let ordered = names(&convs, &linear);
    let in_file_order = ordered == as_found;
    let names: Vec<&str> = ordered.iter().map(String::as_str).collect();
    let of_convs = convs.iter().map(|conv| (conv.name.as_str(), conv.outputs));
    let layers: Vec<(&str, usize)> =
        of_convs.chain(linear.iter().map(|layer| (layer.name.as_str(), layer.outputs))).collect();
    let Assigned { mut of_layers, first, order, .. } = assign(FAMILY, &layers, 0, norms, in_file_order)?;
    let of_linear = of_layers.split_off(convs.len());
    let kinds: Vec<NormKind> = of_layers.iter().flatten().map(|norm| norm.kind).collect();
    if first.is_some() || kinds.array_windows().any(|[a, b]| a != b) {
        let expected = "normalisations of one kind after convolutions";
        return Err(inconsistent(FAMILY, &convs[0].name, expected, "others"));
    }
    let norm_groups = match kinds.first() {
        Some(NormKind::Group(_)) => {
            let usual = usual_groups(convs.iter().map(|conv| conv.outputs));
            Some(said.groups()?.unwrap_or(usual))
        }
        _ => None,
    };
    let normalised = of_layers.iter().chain(&of_linear).any(Option::is_some);
    let said_order =
        if normalised { said.of::<LayerOrder>("order", "norm-activation or activation-norm")? } else { None };
    let mut layers: Vec<_> = linear.iter().cloned().map(FoundLinear::into_layer).collect();
    layers.iter_mut().zip(of_linear).for_each(|(layer, norm)| layer.norm = norm);
    let found = Found {
        norms: of_layers.into_iter().map(|norm| norm.map(|norm| norm.name)).collect(),
        convs,
        features: linear.first().map(|layer| (format!("{}.weight", layer.name), layer.inputs)),
        linear: layers,
        order: said_order
            .or(modules::order_of(said.modules(), &names)?)
            .or(order)
            .unwrap_or(LayerOrder::NormActivation),
    };
    let mut members = found.members(said)?;
    let ids = format!("one of {}", super::Activation::ids().collect::<Vec<_>>().join(", "));
    let epsilon = if normalised { said.epsilon()? } else { None };
    for member in &mut members {
        member.activation = said_activation(member.hidden_mut(), None, hidden(&names), said)?;
        member.norm_groups = norm_groups;
        if let Some(last) = member.blocks.last_mut().filter(|_| member.linear.is_empty()) {
            let of_module = modules::activation_at_end(said.modules(), &last.name)?;
            last.activation = Some(said.of("last", &ids)?.or(of_module).unwrap_or(super::Activation::Identity));
        }
        if let Some(epsilon) = epsilon {
            member.epsilon = epsilon;
        }
        chain::said_epsilon(member.linear.iter_mut().filter_map(|layer| layer.norm.as_mut()), said)?;
    }
    Ok(members)
}

/// The layers with an activation after them that a user may say, of all in order: not the last.
fn hidden<'a, 'n>(names: &'a [&'n str]) -> &'a [&'n str] {
    names.split_last().map_or(&[], |(_, hidden)| hidden)
}
