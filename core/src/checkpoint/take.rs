//! Takes the part of a checkpoint that is read out of it.

use std::collections::BTreeMap;

use super::error::Fault;
use super::metadata::ARCHITECTURE;
use super::part::{self, Part};
use super::read::{Checkpoint, Unusable, within};
use super::reading::Reading;
use super::shards::ShardName;
use crate::model::{Architecture, InferenceError, Modules, StateDict, TensorShapes};
use crate::names::{hint, nearest};

/// What of a file lies beside the network that is read.
#[derive(Default)]
pub(super) struct Aside {
    /// What the part is called that is read, where the file has several or one was asked for.
    pub(super) part: Option<String>,
    /// Other whole networks, in the same way.
    pub(super) networks: Vec<String>,
    /// The names of tensors that belong to none.
    pub(super) tensors: Vec<String>,
}

/// The checkpoint of the part that is wanted, else of the one that is a whole network, and what lies beside it. Nothing
/// changes where no part is one: why is said when the architecture is chosen.
///
/// # Errors
/// [`Fault::NoPart`] when there is no part of the wanted name, [`Fault::Shard`] when the file is a shard by its name.
pub(super) fn take_part(mut checkpoint: Checkpoint, reading: &Reading) -> Result<(Checkpoint, Aside), Fault> {
    let is_network = |shapes: &TensorShapes| match &reading.architecture {
        Some(architecture) => part::fits(architecture, shapes),
        None => Architecture::readings(shapes, &reading.choices, &Modules::new())
            .is_ok_and(|readings| readings.first().is_some_and(|first| part::fits(first, shapes))),
    };
    let is_whole = checkpoint.metadata.contains_key(ARCHITECTURE);
    if !is_whole && let Some(ShardName { number, count, .. }) = ShardName::parse(&checkpoint.file) {
        return Err(Fault::Shard { tensors: checkpoint.order.len(), number, count });
    }
    let beside = checkpoint.beside.iter().filter(|(_, shapes)| part::choose(shapes, is_network).is_some());
    let beside: Vec<String> = beside.map(|(keys, _)| keys.clone()).collect();
    let shapes = shapes(&checkpoint.state, &checkpoint.unusable, &checkpoint.order);
    // What is recognised as a whole, and does not fit, is not a part of something else.
    let does_not_fit = |error: InferenceError| error.is_decisive();
    let is_whole = is_whole
        || (reading.architecture.is_none()
            && Architecture::readings(&shapes, &reading.choices, &checkpoint.modules).is_err_and(does_not_fit));
    let usual = if is_whole { None } else { part::choose(&shapes, is_network).or_else(|| part::of_copies(&shapes)) };
    let under_key = checkpoint.part.clone();
    let wanted = reading.wanted_part().filter(|&wanted| under_key.as_deref() != Some(wanted));
    let chosen = match wanted {
        None => usual,
        Some(wanted) => {
            let named = || part::named(&shapes, wanted, &checkpoint.wrappers, usual.as_ref(), is_network);
            let found = if is_whole { None } else { named() };
            if found.is_none() && (is_whole || usual.is_some() || !beside.is_empty()) {
                return Err(no_part(wanted, usual.as_ref(), under_key.as_deref(), &beside));
            }
            found
        }
    };
    let Some(Part { prefix, others, own_aside }) = chosen else {
        let part = under_key.filter(|_| reading.part.is_some());
        return Ok((checkpoint, Aside { part, ..Aside::default() }));
    };
    let is_own = |name: &String| name.strip_prefix(&prefix).is_some_and(|own| !own_aside.contains(own));
    let in_another = |name: &String| !name.starts_with(&prefix) && others.iter().any(|other| name.starts_with(other));
    let tensors = shapes.into_keys().filter(|name| !is_own(name) && !in_another(name)).collect();
    if !(prefix.is_empty() && own_aside.is_empty()) {
        let own = |name: &String| is_own(name).then(|| name[prefix.len()..].to_owned());
        checkpoint.state = taken(checkpoint.state, own);
        checkpoint.unusable = taken(checkpoint.unusable, own);
        checkpoint.precisions = taken(checkpoint.precisions, own);
        checkpoint.order = checkpoint.order.iter().filter_map(own).collect();
        checkpoint.modules = within(std::mem::take(&mut checkpoint.modules), &prefix);
    }
    let under_prefix = (!prefix.is_empty()).then(|| prefix.clone());
    checkpoint.wrappers.extend(under_prefix.clone());
    let networks: Vec<String> = others.into_iter().chain(beside).collect();
    let part = under_prefix.or(under_key).filter(|_| reading.part.is_some() || !networks.is_empty());
    Ok((checkpoint, Aside { part, networks, tensors }))
}

/// What has a name of its own, under that.
fn taken<T>(all: BTreeMap<String, T>, own: impl Fn(&String) -> Option<String>) -> BTreeMap<String, T> {
    all.into_iter().filter_map(|(name, value)| Some((own(&name)?, value))).collect()
}

fn no_part(wanted: &str, usual: Option<&Part>, under_key: Option<&str>, beside: &[String]) -> Fault {
    let prefixes = usual.into_iter().flat_map(|part| [&part.prefix].into_iter().chain(&part.others));
    let mut parts: Vec<String> = prefixes.filter(|prefix| !prefix.is_empty()).cloned().collect();
    if !beside.is_empty() {
        if parts.is_empty() {
            parts.extend(under_key.map(str::to_owned));
        }
        parts.extend_from_slice(beside);
    }
    let near = nearest(wanted, parts.iter().map(|part| part.trim_end_matches('.')));
    Fault::NoPart { part: wanted.to_owned(), hint: hint(&near), parts }
}

/// The shapes of all floating-point tensors in this order; what it does not name comes last.
pub(super) fn shapes(state: &StateDict, unusable: &BTreeMap<String, Unusable>, order: &[String]) -> TensorShapes {
    let shape = |name: &String| {
        let usable = state.get(name).map(|tensor| &tensor.shape);
        usable.or_else(|| unusable.get(name).map(|tensor| &tensor.shape)).cloned()
    };
    let names = order.iter().chain(state.keys()).chain(unusable.keys());
    names.filter_map(|name| Some((name.clone(), shape(name)?))).collect()
}
