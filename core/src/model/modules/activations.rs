//! Which activations the modules of a file are, and after which layers they stand.

use super::between::{Gap, Item, Role, gaps, in_one_sequence, leaves};
use super::{Module, Modules};
use crate::model::normalise::LayerOrder;
use crate::model::{Activation, InferenceError, Pool, PoolKind};

/// What the modules of a file say of the activations after layers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::model) struct Positions {
    /// Of each layer; nothing where the modules do not say it.
    pub(in crate::model) each: Vec<Option<Activation>>,
    /// What stands after most of them; nothing where no module is an activation.
    pub(in crate::model) usual: Option<Activation>,
}

impl Positions {
    /// What is to be noted of a layer of which `noted` was taken: nothing where it is the usual one.
    pub(in crate::model) fn noted(&self, layer: usize, noted: Option<Activation>) -> Option<Activation> {
        let said = self.each.get(layer).copied().flatten();
        said.or(noted).filter(|activation| Some(*activation) != self.usual)
    }
}

/// What one gap says.
enum After<'m> {
    Known(Activation),
    /// What is registered there, where that is one activation.
    Hint(Item<'m>),
    Open,
}

/// The activations after layers, which are given in the order of their computation up to the last one that has any.
///
/// # Errors
/// [`InferenceError::Module`] when one stands there that no network here computes, or modules do not tell which of several.
pub(in crate::model) fn activations_after(modules: &Modules, layers: &[&str]) -> Result<Positions, InferenceError> {
    if modules.is_empty() {
        return Ok(Positions { each: vec![None; layers.len()], usual: None });
    }
    let gaps = gaps(modules, layers);
    let mut after: Vec<After<'_>> =
        gaps.iter().map(|gap| gap.as_ref().map_or(Ok(After::Open), after)).collect::<Result<_, _>>()?;
    let loose = loose(modules, layers, &gaps);
    let is_program = modules.get("").is_some_and(|outermost| outermost.class == "Sequential");
    let said = after.iter().any(|after| matches!(after, After::Known(_)));
    // Layers of a sequence that holds none may be run one by one by code.
    let empty = |gap: &Gap<'_>| match gap.closed {
        true => said || is_program,
        false => said && gap.in_sequence && !gap.last && loose.is_empty(),
    };
    for (after, gap) in after.iter_mut().zip(&gaps) {
        if matches!(after, After::Open) && gap.as_ref().is_some_and(empty) {
            *after = After::Known(Activation::Identity);
        }
    }
    let common = match after.iter().all(|after| matches!(after, After::Known(_))) {
        true => None,
        false => common(&loose, &after)?,
    };
    let each = after.iter().map(|after| match (after, common) {
        (After::Known(activation), _) => Ok(Some(*activation)),
        (After::Hint(_), Some(common)) => Ok(Some(common)),
        (After::Hint(item), None) => computed(item.name, item.module).map(Some),
        (After::Open, _) => Ok(None),
    });
    let each: Vec<Option<Activation>> = each.collect::<Result<_, InferenceError>>()?;
    let known = each.iter().flatten().find(|activation| **activation != Activation::Identity).copied();
    // Where some are open they are the common one, which then is the usual.
    let usual = if each.contains(&None) { common.or(known) } else { known };
    Ok(Positions { each, usual })
}

fn after<'m>(gap: &Gap<'m>) -> Result<After<'m>, InferenceError> {
    let is_activation = |item: &&Item<'m>| matches!(item.role, Role::Activation(_));
    for item in gap.sure().filter(|_| !gap.last) {
        match item.role {
            Role::Output => {
                return Err(refused(item.name, "an activation of single values between layers", item.module));
            }
            Role::Unknown => {
                return Err(refused(item.name, "a module of PyTorch that is known here between layers", item.module));
            }
            _ => {}
        }
    }
    let mut sure = gap.sure().filter(is_activation);
    if let Some(first) = sure.next() {
        let activation = computed(first.name, first.module)?;
        let twice = |item: &&Item<'_>| !(activation == Activation::Relu && item.role == first.role);
        return match sure.find(twice) {
            Some(second) => Err(refused(second.name, &format!("one activation after {}", gap.layer), second.module)),
            None => Ok(After::Known(activation)),
        };
    }
    let mut hints = gap.hints().filter(is_activation);
    match (hints.next(), hints.next()) {
        (Some(&only), None) if !gap.last => Ok(After::Hint(only)),
        _ => Ok(After::Open),
    }
}

/// The activations that no sequence puts after a layer: of those that are registered before the last layer one of each kind,
/// else of those after it.
fn loose<'m>(modules: &'m Modules, layers: &[&str], gaps: &[Option<Gap<'_>>]) -> Vec<(&'m str, &'m Module)> {
    let sure = |name: &str| gaps.iter().flatten().flat_map(Gap::sure).any(|item| item.name == name);
    let leaves: Vec<(&str, &Module)> = leaves(modules).collect();
    let last = leaves.iter().rposition(|(name, module)| layers.contains(name) || module.role() == Role::Layer);
    let (before, behind) = leaves.split_at(last.unwrap_or(0));
    // What follows the last layer in a sequence is the network's result.
    let is_result = |name: &str| behind.first().is_some_and(|(last, _)| in_one_sequence(modules, last, name));
    let of = |part: &[(&'m str, &'m Module)]| {
        let activations = part.iter().filter(|(_, module)| matches!(module.role(), Role::Activation(_)));
        kinds(activations.copied().filter(|(name, _)| !sure(name) && !is_result(name)))
    };
    let found = of(before);
    if found.is_empty() { of(behind) } else { found }
}

/// The activation that is meant where places do not tell it: the only loose one, else one of the sequences.
fn common(loose: &[(&str, &Module)], after: &[After<'_>]) -> Result<Option<Activation>, InferenceError> {
    match loose {
        [] => Ok(after.iter().find_map(|after| match after {
            After::Known(activation) if *activation != Activation::Identity => Some(*activation),
            _ => None,
        })),
        [(name, module)] => computed(name, module).map(Some),
        _ if after.iter().all(|after| !matches!(after, After::Open)) => Ok(None),
        _ => Err(several(loose)),
    }
}

/// One of each kind, without a sigmoid beside others.
fn kinds<'m>(modules: impl Iterator<Item = (&'m str, &'m Module)>) -> Vec<(&'m str, &'m Module)> {
    let mut found: Vec<(&str, &Module)> = Vec::new();
    for (name, module) in modules {
        let same = |(_, other): &(&str, &Module)| match (other.activation(), module.activation()) {
            (None, None) => other.describe() == module.describe(),
            (own, other) => own == other,
        };
        if !found.iter().any(same) {
            found.push((name, module));
        }
    }
    if found.len() > 1 {
        found.retain(|(_, module)| !matches!(module.class.as_str(), "Sigmoid" | "Hardsigmoid"));
    }
    found
}

/// The activation of all modules that are one, but for a sigmoid beside another, which yields probabilities or gates; nothing
/// where none is one.
///
/// # Errors
/// [`InferenceError::Module`] when it is none that is computed here, or there are several.
pub(in crate::model) fn activation(modules: &Modules) -> Result<Option<Activation>, InferenceError> {
    if let Some((name, gate)) = leaves(modules).find(|(_, module)| module.class == "Hardsigmoid") {
        return Err(refused(name, "a sigmoid for gates", gate));
    }
    let found = kinds(leaves(modules).filter(|(_, module)| matches!(module.role(), Role::Activation(_))));
    match found[..] {
        [] => Ok(None),
        [(name, module)] => computed(name, module).map(Some),
        _ => Err(several(&found)),
    }
}

/// The activation in a sequence after its last layer, where it is no sigmoid, which yields probabilities.
///
/// # Errors
/// [`InferenceError::Module`] when it is none that is computed here.
pub(in crate::model) fn activation_at_end(
    modules: &Modules,
    layer: &str,
) -> Result<Option<Activation>, InferenceError> {
    let gaps = gaps(modules, &[layer]);
    let mut sure = gaps.iter().flatten().flat_map(Gap::sure);
    let found = sure.find(|item| matches!(item.role, Role::Activation(_)) && item.module.class != "Sigmoid");
    found.map(|item| computed(item.name, item.module)).transpose()
}

/// Which of normalisation and activation comes first where sequences say so; nothing where they do not.
///
/// # Errors
/// [`InferenceError::Module`] when it is not the same after all layers, or pooling stands before either and cannot be put
/// behind it.
pub(in crate::model) fn order_of(modules: &Modules, layers: &[&str]) -> Result<Option<LayerOrder>, InferenceError> {
    let mut order = None;
    for gap in gaps(modules, layers).iter().flatten() {
        check_pooling(gap)?;
        let place = |wanted: fn(&Role) -> bool| gap.sure().position(|item| wanted(&item.role));
        let norm = place(|role| *role == Role::Norm);
        let Some((norm, activation)) = norm.zip(place(|role| matches!(role, Role::Activation(_)))) else { continue };
        let own = if norm < activation { LayerOrder::NormActivation } else { LayerOrder::ActivationNorm };
        if order.is_some_and(|order| order != own) {
            let expected = "normalisation and activation in the same order after all layers".to_owned();
            return Err(module_error(gap.layer, expected, "the other order".to_owned()));
        }
        order = Some(own);
    }
    Ok(order)
}

/// The largest of a window's values stays the largest where an activation never falls; nothing else can be put before
/// pooling.
fn check_pooling(gap: &Gap<'_>) -> Result<(), InferenceError> {
    let plain = |pool: &Option<Pool>| pool.is_some_and(|pool| pool.side == 1 && pool.stride == 1);
    let pool = gap.sure().position(|item| match &item.role {
        Role::Pool(pool) => !plain(pool),
        role => *role == Role::Adaptive,
    });
    let Some(pool) = pool else { return Ok(()) };
    let is_max =
        gap.sure().nth(pool).and_then(|item| item.module.pool()).is_some_and(|pool| pool.kind == PoolKind::Max);
    for item in gap.sure().skip(pool + 1) {
        let movable = match item.role {
            Role::Norm => false,
            Role::Activation(Some(activation)) => is_max && never_falls(activation),
            Role::Activation(None) => false,
            _ => true,
        };
        if !movable {
            let expected = "normalisation and activation before pooling".to_owned();
            return Err(module_error(item.name, expected, format!("{} after it", item.module.describe())));
        }
    }
    Ok(())
}

fn never_falls(activation: Activation) -> bool {
    match activation {
        Activation::LeakyRelu(slope) => slope >= 0.0,
        Activation::Gelu | Activation::Silu | Activation::Hardswish => false,
        _ => true,
    }
}

fn computed(name: &str, module: &Module) -> Result<Activation, InferenceError> {
    let known = || format!("one of the activations {}", Activation::ids().collect::<Vec<_>>().join(", "));
    module.activation().ok_or_else(|| refused(name, &known(), module))
}

fn refused(name: &str, expected: &str, module: &Module) -> InferenceError {
    module_error(name, expected.to_owned(), module.describe())
}

fn module_error(name: &str, expected: String, found: String) -> InferenceError {
    InferenceError::Module { part: name.to_owned(), expected, found }
}

fn several(found: &[(&str, &Module)]) -> InferenceError {
    let named: Vec<String> = found.iter().map(|(name, module)| format!("{name} is {}", module.describe())).collect();
    InferenceError::Activations { found: named.join(", ") }
}
