//! The layers of a plain CNN, from the names and shapes of tensors.

use super::candidates::Found;
use super::{Cnn, chain};
use crate::model::chain::{Assigned, FoundNorm, assign, norm_of};
use crate::model::layers::{FoundLinear, LayerKind, Link, chain as in_order, holds_attention, inconsistent, layers_of};
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
    Some(members(convs, linear, norms, said))
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
    let apart = |part: &str, what: &str| {
        inconsistent(FAMILY, format!("{part}.weight"), format!("{what} that follow one another"), "others")
    };
    let (first_conv, first_linear) = (convs[0].name.clone(), linear.first().map(|layer| layer.name.clone()));
    let convs = in_order(convs).ok_or_else(|| apart(&first_conv, "convolutions"))?;
    let backwards = convs.len() > 1 && convs.iter().rev().map(|conv| &conv.name).eq(as_found.iter().take(convs.len()));
    if backwards && linear.is_empty() {
        let expected = "convolutions in the order of the file";
        let found = "the opposite one, as where they are transposed, as in generators";
        return Err(inconsistent(FAMILY, format!("{first_conv}.weight"), expected, found));
    }
    let linear = match first_linear {
        Some(first) => in_order(linear).ok_or_else(|| apart(&first, "linear layers"))?,
        None => linear,
    };
    let in_file_order = names(&convs, &linear) == as_found;
    let of_convs = convs.iter().map(|conv| (conv.name.as_str(), conv.outputs));
    let layers: Vec<(&str, usize)> =
        of_convs.chain(linear.iter().map(|layer| (layer.name.as_str(), layer.outputs))).collect();
    let Assigned { mut of_layers, first, order } = assign(FAMILY, &layers, 0, norms, in_file_order)?;
    let of_linear = of_layers.split_off(convs.len());
    let kinds: Vec<NormKind> = of_layers.iter().flatten().map(|norm| norm.kind).collect();
    if first.is_some() || kinds.array_windows().any(|[a, b]| a != b) {
        let expected = "normalisations of one kind after convolutions";
        return Err(inconsistent(FAMILY, &convs[0].name, expected, "others"));
    }
    let norm_groups = match kinds.first() {
        Some(NormKind::Group(_)) => {
            let usual = usual_groups(convs.iter().map(|conv| conv.outputs));
            Some(said.of::<usize>("groups", "a number of groups such as 32")?.unwrap_or(usual))
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
        order: said_order.or(order).unwrap_or(LayerOrder::NormActivation),
    };
    let mut members = found.members(said)?;
    let ids = format!("one of {}", super::Activation::ids().collect::<Vec<_>>().join(", "));
    let activation = said.activation()?;
    let epsilon = if normalised { said.epsilon()? } else { None };
    for member in &mut members {
        member.activation = activation.unwrap_or(member.activation);
        member.norm_groups = norm_groups;
        if let Some(last) = member.blocks.last_mut().filter(|_| member.linear.is_empty()) {
            last.activation = Some(said.of("last", &ids)?.unwrap_or(super::Activation::Identity));
        }
        if let Some(epsilon) = epsilon {
            member.epsilon = epsilon;
        }
        chain::said_epsilon(member.linear.iter_mut().filter_map(|layer| layer.norm.as_mut()), said)?;
    }
    Ok(members)
}
