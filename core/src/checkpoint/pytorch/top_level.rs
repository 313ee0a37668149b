//! The value at the top of a PyTorch file: where the weights are, and what is noted beside them.

use std::collections::BTreeMap;

use super::super::error::Fault;
use super::objects::Member;
use super::walk::Walk;
use crate::file::limits;
use crate::file::pickle::{Node, NodeId, Pickle};

/// Keys under which training scripts put the weights, the most specific first.
const WRAPPERS: [&str; 12] = [
    "state_dict",
    "model_state_dict",
    "model_state",
    "net_state_dict",
    "network_state_dict",
    "state",
    "model",
    "net",
    "network",
    "module",
    "weights",
    "params",
];

/// The most values beside the weights that are looked at, each for its share.
pub(super) const MOST_BESIDE: usize = 16;

/// Where the weights are.
pub(super) struct TopLevel {
    /// The value that holds them.
    pub(super) weights: NodeId,
    /// Keys from the root to it.
    pub(super) path: Vec<String>,
    /// The keys to the part that was chosen where there are others beside it, joined by dots.
    pub(super) part: Option<String>,
    /// What leads to tensors beside it, by the keys that lead there.
    pub(super) beside: Vec<(String, NodeId)>,
    /// Plain values beside the weights, nested dictionaries joined by dots.
    pub(super) metadata: BTreeMap<String, String>,
}

/// Looks through wrappers: by the key that `part` names where there is one, else by the usual ones.
///
/// # Errors
/// [`Fault::Malformed`] when the file holds something else than tensors under names.
pub(super) fn read(walk: &Walk<'_, '_>, part: Option<&str>) -> Result<TopLevel, Fault> {
    const DEEPEST: usize = 6;
    let Walk { pickle, .. } = walk;
    let root = pickle.unwrapped(pickle.root);
    let refused = |found| Err(Fault::malformed(walk.part, "a dictionary of tensors or a module", found));
    if walk.is_tensor(root) {
        return refused("a single tensor".to_owned());
    }
    match pickle.node(root) {
        Node::Mapping(_) | Node::Made(_) | Node::Object(_) | Node::Tuple(..) | Node::Sequence(_) => {}
        _ => return refused("a single value".to_owned()),
    }
    let mut weights = root;
    let mut path: Vec<String> = Vec::new();
    let (mut chosen, mut beside) = (None, Vec::new());
    let mut found = false;
    let mut metadata = BTreeMap::new();
    while path.len() < DEEPEST
        && let Some((usual, mut branches)) = wrapper(walk, weights)
    {
        note(pickle, weights, "", &mut metadata);
        let asked =
            part.filter(|_| !found).and_then(|part| branches.iter().position(|(key, _)| joined(&path, key) == part));
        let (key, value) = branches.remove(asked.unwrap_or(usual));
        let others = branches.into_iter().filter(|(_, value)| !walk.is_tensor(*value));
        let others: Vec<(String, NodeId)> = others.map(|(other, value)| (joined(&path, &other), value)).collect();
        if asked.is_some() || !(found || others.is_empty()) {
            chosen = Some(joined(&path, &key));
        }
        found |= asked.is_some();
        beside.extend(others);
        path.push(key.into_owned());
        weights = pickle.unwrapped(value);
    }
    beside.retain(|(keys, _)| keys.len() <= limits::NAME_LENGTH);
    beside.truncate(MOST_BESIDE);
    Ok(TopLevel { weights, path, part: chosen, beside, metadata })
}

/// The keys of a path and one more.
fn joined(path: &[String], key: &str) -> String {
    path.iter().map(String::as_str).chain([key]).collect::<Vec<_>>().join(".")
}

/// The members of a value that lead to tensors and the place of the one that holds the weights, when the value is not the
/// weights themselves.
fn wrapper<'p>(walk: &Walk<'p, '_>, id: NodeId) -> Option<(usize, Vec<Member<'p>>)> {
    if walk.pickle.is_module(id) {
        return None;
    }
    let branches = walk.branches(id);
    let known = WRAPPERS
        .iter()
        .find_map(|wrapper| branches.iter().position(|(name, value)| name == wrapper && !walk.is_tensor(*value)));
    match (known, branches.as_slice()) {
        (Some(place), _) => Some((place, branches)),
        (None, [(name, value)]) if name.len() <= limits::NAME_LENGTH && !walk.is_tensor(*value) => Some((0, branches)),
        (None, _) => None,
    }
}

/// Notes the plain values of a dictionary, and of dictionaries and objects in it.
fn note(pickle: &Pickle<'_>, id: NodeId, prefix: &str, metadata: &mut BTreeMap<String, String>) {
    const LONGEST: usize = 200;
    const MOST: usize = 1_000;
    for (key, value) in pickle.all_members(id).take(MOST) {
        if metadata.len() >= MOST {
            break;
        }
        let text = match pickle.node(value) {
            Node::Bool(value) => value.to_string(),
            Node::Integer(value) => value.to_string(),
            Node::Float(value) => value.to_string(),
            Node::Text(_) => match pickle.text(value) {
                Some(text) => text.to_owned(),
                // Python may keep what is no UTF-8.
                None => continue,
            },
            Node::Mapping(_) | Node::Made(_) | Node::Object(_) if prefix.is_empty() => {
                note(pickle, value, &format!("{key}."), metadata);
                continue;
            }
            _ => continue,
        };
        if key.len() <= LONGEST && text.len() <= LONGEST {
            metadata.insert(format!("{prefix}{key}"), text);
        }
    }
}
