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

/// Where the weights are.
pub(super) struct TopLevel {
    /// The value that holds them.
    pub(super) weights: NodeId,
    /// Keys from the root to it.
    pub(super) path: Vec<String>,
    /// Plain values beside the weights, nested dictionaries joined by dots.
    pub(super) metadata: BTreeMap<String, String>,
}

/// Looks through wrappers.
///
/// # Errors
/// [`Fault::Malformed`] when the file holds something else than tensors under names.
pub(super) fn read(walk: &Walk<'_, '_>) -> Result<TopLevel, Fault> {
    const DEEPEST: usize = 6;
    let Walk { pickle, part, .. } = walk;
    let root = pickle.unwrapped(pickle.root);
    let refused = |found| Err(Fault::malformed(*part, "a dictionary of tensors or a module", found));
    if walk.is_tensor(root) {
        return refused("a single tensor".to_owned());
    }
    match pickle.node(root) {
        Node::Mapping(_) | Node::Made(_) | Node::Object(_) | Node::Tuple(..) | Node::Sequence(_) => {}
        _ => return refused("a single value".to_owned()),
    }
    let mut weights = root;
    let mut path = Vec::new();
    let mut metadata = BTreeMap::new();
    while path.len() < DEEPEST
        && let Some((key, value)) = wrapper(walk, weights)
    {
        note(pickle, weights, "", &mut metadata);
        path.push(key.into_owned());
        weights = pickle.unwrapped(value);
    }
    Ok(TopLevel { weights, path, metadata })
}

/// The member of a value that holds the weights, when the value is not the weights themselves.
fn wrapper<'p>(walk: &Walk<'p, '_>, id: NodeId) -> Option<Member<'p>> {
    if walk.pickle.is_module(id) {
        return None;
    }
    let mut groups = walk.branches(id);
    let known = WRAPPERS
        .iter()
        .find_map(|wrapper| groups.iter().position(|(name, value)| name == wrapper && !walk.is_tensor(*value)));
    match known {
        Some(place) => Some(groups.swap_remove(place)),
        None if groups.len() == 1 => {
            groups.pop().filter(|(name, value)| name.len() <= limits::NAME_LENGTH && !walk.is_tensor(*value))
        }
        None => None,
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
