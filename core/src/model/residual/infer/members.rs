//! Which layers belong to which block.

use indexmap::{IndexMap, IndexSet};

use crate::model::chain::norm_of;
use crate::model::layers::{Layer, LayerKind};
use crate::model::normalise::{Norm, NormKind};

/// What modules that hold a shortcut are called.
const SHORTCUTS: [&str; 12] = [
    "conv_shortcut",
    "convShortcut",
    "downsample",
    "down_sample",
    "identity_downsample",
    "proj",
    "residual_conv",
    "shortcut",
    "short_cut",
    "skip",
    "skip_connection",
    "upsample",
];
/// What the layers of a gate are called, or the modules that hold them.
const GATES: [&str; 12] = [
    "conv_expand",
    "conv_reduce",
    "excitation",
    "excite",
    "fc",
    "fc1",
    "fc2",
    "se",
    "se_block",
    "se_layer",
    "se_module",
    "squeeze",
];
/// Modules that hold blocks where none has a shortcut with tensors.
const WITHOUT_SHORTCUTS: [&str; 1] = ["layer#.#"];
/// The same, where convolutions read one channel each.
const DEPTHWISE: [&str; 4] = ["features.#", "layers.#", "blocks.#", "model.#"];

/// All layers of a network.
pub(super) struct Members {
    pub(super) blocks: Vec<Found>,
    /// Layers that belong to no block.
    pub(super) outside: Vec<Layer>,
}

/// The layers of one block.
#[derive(Default)]
pub(super) struct Found {
    /// The module's name.
    pub(super) name: String,
    /// The numbers in it.
    pub(super) numbers: Vec<usize>,
    /// Convolutions in the order of computation.
    pub(super) convs: Vec<FoundConv>,
    /// Normalisations in that order, with their features.
    pub(super) norms: Vec<(Norm, usize)>,
    /// Layers of a gate.
    pub(super) gate: Vec<Layer>,
    /// The convolution of the shortcut.
    pub(super) projection: Option<FoundConv>,
    /// Its normalisation.
    pub(super) projection_norm: Option<(Norm, usize)>,
    /// A layer that no block is known to have.
    pub(super) unknown: Option<String>,
    /// Whether its layers are numbered in a module within it.
    pub(super) in_sequence: bool,
}

/// A convolution; its groups are known when the channels are that it reads.
#[derive(Debug, Clone)]
pub(super) struct FoundConv {
    pub(super) name: String,
    pub(super) outputs: usize,
    pub(super) own_inputs: usize,
    pub(super) kernel: usize,
    pub(super) bias: bool,
}

impl Found {
    /// Channels that the block reads, where a convolution without groups tells.
    pub(super) fn entry(&self) -> Option<usize> {
        let first = self.convs.first()?;
        let depthwise = first.own_inputs == 1 && first.outputs > 1;
        Some(if depthwise { first.outputs } else { first.own_inputs })
    }

    /// Channels that it yields.
    pub(super) fn exit(&self) -> Option<usize> {
        self.convs.last().map(|conv| conv.outputs)
    }

    /// Whether its shortcut has torchvision's name.
    pub(super) fn has_downsample(&self) -> bool {
        self.projection.as_ref().is_some_and(|conv| conv.name.contains("downsample"))
    }

    /// Whether a convolution reads one channel for each that it yields.
    pub(super) fn is_depthwise(&self) -> bool {
        self.convs.iter().any(|conv| conv.own_inputs == 1 && conv.outputs > 1 && conv.kernel > 1)
    }

    /// Whether its normalisations, one for each convolution or none, have the channels that those read (`pre`) or yield.
    pub(super) fn norms_fit(&self, pre: bool) -> bool {
        let counts_agree = self.norms.len() == self.convs.len() || self.norms.is_empty();
        let mut read = self.entry();
        counts_agree
            && self.convs.iter().zip(&self.norms).all(|(conv, (_, features))| {
                let fits = if pre { Some(*features) == read } else { *features == conv.outputs };
                read = Some(conv.outputs);
                fits
            })
    }
}

/// Groups layers by the modules that hold blocks; nothing when none does.
pub(super) fn group(layers: Vec<Layer>) -> Option<Members> {
    let patterns = patterns(&layers)?;
    let mut blocks: IndexMap<String, Found> = IndexMap::new();
    let mut outside = Vec::new();
    for layer in layers {
        let holding = patterns.iter().find_map(|pattern| {
            holder(&layer.name, pattern.split('.').count()).filter(|(holder, _)| masked(holder) == *pattern)
        });
        match holding {
            Some((holder, within)) => {
                let (holder, within) = (holder.to_owned(), within.to_owned());
                let new = || Found { name: holder.clone(), numbers: numbers(&holder), ..Found::default() };
                place(blocks.entry(holder.clone()).or_insert_with(new), layer, &within);
            }
            None => outside.push(layer),
        }
    }
    // The first layers of a sequence may be named as its blocks are.
    let mut found = Vec::new();
    for (_, block) in blocks {
        if block.convs.len() == 1 && block.projection.is_none() && block.gate.is_empty() && block.unknown.is_none() {
            outside.extend(block.into_layers());
        } else {
            found.push(block);
        }
    }
    (!found.is_empty() && found.iter().all(|block| block.convs.len() > 1 || block.unknown.is_some()))
        .then_some(Members { blocks: found, outside })
}

impl Found {
    /// The layers of what turned out to be no block.
    fn into_layers(self) -> impl Iterator<Item = Layer> {
        let convs = self.convs.into_iter().map(|conv| {
            let FoundConv { name, outputs, own_inputs, kernel, bias } = conv;
            Layer { name, kind: LayerKind::Conv { outputs, inputs: own_inputs, kernel, bias } }
        });
        let norms = self.norms.into_iter().map(|(norm, features)| Layer {
            name: norm.name,
            kind: match norm.kind {
                NormKind::Batch => LayerKind::BatchNorm { features },
                NormKind::Group(_) => LayerKind::Affine { features },
            },
        });
        convs.chain(norms)
    }
}

/// The modules that hold blocks, their numbers masked: what comes before a shortcut or a convolution of each channel, else
/// what usually does.
fn patterns(layers: &[Layer]) -> Option<Vec<String>> {
    let convs = || layers.iter().filter(|layer| matches!(layer.kind, LayerKind::Conv { .. }));
    let before = |name: &str, modules: &[&str]| {
        let segments: Vec<&str> = name.split('.').collect();
        let at = segments.iter().position(|segment| modules.contains(segment)).filter(|&at| at > 0)?;
        Some(masked(&segments[..at].join("."))).filter(|mask| mask.contains('#'))
    };
    if let Some(found) = convs().find_map(|layer| before(&layer.name, &SHORTCUTS)) {
        return Some(vec![found]);
    }
    let named: IndexSet<String> = convs().filter_map(|layer| before(&layer.name, &["depthwise"])).collect();
    if !named.is_empty() {
        return Some(named.into_iter().collect());
    }
    let each_channel = |layer: &Layer| match layer.kind {
        LayerKind::Conv { inputs, outputs, kernel, .. } => inputs == 1 && outputs > 1 && kernel > 1,
        _ => false,
    };
    // Images with one channel are read so too.
    let known: &[&str] = if convs().skip(1).any(each_channel) { &DEPTHWISE } else { &WITHOUT_SHORTCUTS };
    let holds_several = |mask: &str| {
        let depth = mask.split('.').count();
        let mut held: IndexMap<&str, usize> = IndexMap::new();
        for layer in convs() {
            if let Some((holder, _)) = holder(&layer.name, depth).filter(|(holder, _)| masked(holder) == mask) {
                *held.entry(holder).or_insert(0) += 1;
            }
        }
        held.values().any(|&count| count > 1)
    };
    known.iter().find(|mask| holds_several(mask)).map(|mask| vec![(*mask).to_owned()])
}

/// The first `depth` modules of a layer's name, and the rest.
fn holder(name: &str, depth: usize) -> Option<(&str, &str)> {
    let (end, _) = name.match_indices('.').nth(depth.checked_sub(1)?)?;
    Some((&name[..end], &name[end + 1..]))
}

/// A name with every number as `#`.
fn masked(name: &str) -> String {
    let mut mask = String::new();
    for character in name.chars() {
        match character.is_ascii_digit() {
            true if mask.ends_with('#') => {}
            true => mask.push('#'),
            false => mask.push(character),
        }
    }
    mask
}

/// The numbers in a name.
fn numbers(name: &str) -> Vec<usize> {
    name.split(|character: char| !character.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// Puts a layer where it belongs in its block.
fn place(block: &mut Found, layer: Layer, within: &str) {
    let norm = norm_of(&layer);
    let Layer { name, kind } = layer;
    let in_module = |names: &[&str]| within.split('.').any(|segment| names.contains(&segment));
    let shortcut = in_module(&SHORTCUTS);
    match kind {
        LayerKind::Linear { .. } => block.gate.push(Layer { name, kind }),
        LayerKind::Conv { kernel: 1, .. } if !shortcut && in_module(&GATES) => block.gate.push(Layer { name, kind }),
        LayerKind::Conv { outputs, inputs, kernel, bias } => {
            let conv = FoundConv { name: name.clone(), outputs, own_inputs: inputs, kernel, bias };
            if !shortcut {
                block.in_sequence |= within.contains('.');
                block.convs.push(conv);
            } else if block.projection.is_none() {
                block.projection = Some(conv);
            } else {
                block.unknown = Some(name);
            }
        }
        LayerKind::BatchNorm { .. } | LayerKind::Affine { .. } => {
            if let Some((norm, features)) = norm {
                place_norm(block, norm, features, shortcut);
            }
        }
        LayerKind::Other => block.unknown = Some(name),
    }
}

fn place_norm(block: &mut Found, norm: Norm, features: usize, shortcut: bool) {
    if !shortcut {
        block.norms.push((norm, features));
    } else if block.projection_norm.is_none() {
        block.projection_norm = Some((norm, features));
    } else {
        block.unknown = Some(norm.name);
    }
}
