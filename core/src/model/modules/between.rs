//! What stands between the layers of a whole module.

use super::{Module, Modules};
use crate::model::Pool;
use crate::model::activation::Activation;

/// What a module does, as far as chains of layers go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Role {
    Layer,
    Norm,
    /// Nothing where it is one that no network here computes.
    Activation(Option<Activation>),
    /// Likelihoods of classes.
    Output,
    /// Nothing where windows are not square.
    Pool(Option<Pool>),
    /// Pooling to a size.
    Adaptive,
    /// It changes no values, or only in training.
    Nothing,
    Unknown,
}

/// Layers whose weights may be packed, so that they have no tensor.
const LAYERS: [&str; 4] = ["Linear", "Conv1d", "Conv2d", "Conv3d"];
const NORMS: [&str; 3] = ["SyncBatchNorm", "GroupNorm", "LayerNorm"];
const BATCH_NORMS: [&str; 2] = ["BatchNorm1d", "BatchNorm2d"];
/// Activations that no network here computes, or not with every attribute.
const UNCOMPUTED: [&str; 19] = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardtanh",
    "LogSigmoid",
    "Mish",
    "PReLU",
    "RReLU",
    "Sine",
    "Siren",
    "Snake",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanhshrink",
    "Threshold",
];
const OUTPUTS: [&str; 4] = ["Softmax", "LogSoftmax", "Softmax2d", "Softmin"];
const NOTHING: [&str; 12] = [
    "AlphaDropout",
    "DeQuantStub",
    "DropPath",
    "Flatten",
    "Identity",
    "QuantStub",
    "Reshape",
    "Squeeze",
    "StochasticDepth",
    "Unflatten",
    "Unsqueeze",
    "View",
];

impl Module {
    pub(super) fn role(&self) -> Role {
        let class = self.class.as_str();
        if NORMS.contains(&class) || BATCH_NORMS.iter().any(|norm| class.ends_with(norm)) {
            Role::Norm
        } else if self.weighted || LAYERS.contains(&class) {
            Role::Layer
        } else if let Some(activation) = self.activation() {
            Role::Activation(Some(activation))
        } else if UNCOMPUTED.contains(&class) {
            Role::Activation(None)
        } else if OUTPUTS.contains(&class) {
            Role::Output
        } else if class.starts_with("Adaptive") {
            Role::Adaptive
        } else if class == "MaxPool2d" || class == "AvgPool2d" {
            Role::Pool(self.pool())
        } else if NOTHING.contains(&class) || class.starts_with("Dropout") || class.ends_with("Noise") {
            Role::Nothing
        } else {
            Role::Unknown
        }
    }
}

/// A module that holds no others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'m> {
    pub(super) name: &'m str,
    pub(super) module: &'m Module,
    pub(super) role: Role,
    /// Whether a sequence says that it stands in this gap, and not only the order in which attributes were registered.
    pub(super) sure: bool,
}

/// What was registered between a layer and the next one.
#[derive(Debug)]
pub(super) struct Gap<'m> {
    pub(super) layer: &'m str,
    pub(super) items: Vec<Item<'m>>,
    /// Whether both layers are in one sequence, so that nothing else stands between them.
    pub(super) closed: bool,
    /// Whether the layer is in a sequence.
    pub(super) in_sequence: bool,
    /// Whether no layer follows.
    pub(super) last: bool,
}

impl<'m> Gap<'m> {
    /// What surely stands in it.
    pub(super) fn sure(&self) -> impl Iterator<Item = &Item<'m>> {
        self.items.iter().filter(|item| item.sure)
    }

    /// What may stand in it.
    pub(super) fn hints(&self) -> impl Iterator<Item = &Item<'m>> {
        self.items.iter().filter(|item| !item.sure)
    }
}

/// The modules that hold no others, in order.
pub(super) fn leaves(modules: &Modules) -> impl Iterator<Item = (&str, &Module)> {
    let names: Vec<&String> = modules.keys().collect();
    modules.iter().enumerate().filter_map(move |(at, (name, module))| {
        let holds = |next: &&&String| {
            name.is_empty() || next.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        names.get(at + 1).filter(holds).is_none().then_some((name.as_str(), module))
    })
}

/// What stands after each of these layers; nothing of one that is not registered, or of which another than the next of them
/// is registered next.
pub(super) fn gaps<'m>(modules: &'m Modules, layers: &[&str]) -> Vec<Option<Gap<'m>>> {
    let leaves: Vec<(&str, &Module)> = leaves(modules).collect();
    let is_layer = |name: &str, module: &Module| layers.contains(&name) || module.role() == Role::Layer;
    let gap = |(index, layer): (usize, &&str)| {
        let at = leaves.iter().position(|(name, _)| name == layer)?;
        let rest = leaves.get(at + 1..).unwrap_or(&[]);
        let count = rest.iter().position(|(name, module)| is_layer(name, module));
        let next = count.and_then(|count| rest.get(count)).map(|(name, _)| *name);
        if layers.get(index + 1).is_some_and(|&following| next != Some(following)) {
            return None;
        }
        let (own, _) = leaves.get(at)?;
        let item = |&(name, module): &(&'m str, &'m Module)| {
            let sure =
                in_one_sequence(modules, own, name) || next.is_some_and(|next| in_one_sequence(modules, name, next));
            Item { name, module, role: module.role(), sure }
        };
        Some(Gap {
            layer: own,
            items: rest.iter().take(count.unwrap_or(rest.len())).map(item).collect(),
            closed: next.is_some_and(|next| in_one_sequence(modules, own, next)),
            in_sequence: is_sequence(modules, holder(own)),
            last: next.is_none(),
        })
    };
    layers.iter().enumerate().map(gap).collect()
}

/// What holds a module.
fn holder(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(holder, _)| holder)
}

fn is_sequence(modules: &Modules, name: &str) -> bool {
    modules.get(name).is_some_and(|module| module.class == "Sequential")
}

/// Whether what holds both, and what holds each of them within that, are sequences.
pub(super) fn in_one_sequence(modules: &Modules, a: &str, b: &str) -> bool {
    let around =
        |name: &str, other: &str| name.is_empty() || other.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    let up_to_common = |name: &str, other: &str| {
        let mut at = holder(name);
        loop {
            if !is_sequence(modules, at) {
                return false;
            }
            if around(at, other) {
                return true;
            }
            at = holder(at);
        }
    };
    up_to_common(a, b) && up_to_common(b, a)
}
