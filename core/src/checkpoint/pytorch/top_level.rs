//! The dictionary at the top of a PyTorch file: where the weights are, and what is noted beside them.

use std::collections::BTreeMap;

use super::super::error::Fault;
use crate::file::pickle::{Kind, NodeId, Pickle};

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

/// What the top-level dictionary says.
pub(super) struct TopLevel {
    /// Keys from the root to the weights.
    pub(super) path: Vec<String>,
    /// Plain values beside the weights, nested dictionaries joined by dots.
    pub(super) metadata: BTreeMap<String, String>,
}

/// Looks through wrappers.
///
/// # Errors
/// [`Fault::Malformed`] when the file holds something else than a dictionary or a module.
pub(super) fn read(pickle: &Pickle<'_>, part: &str) -> Result<TopLevel, Fault> {
    const DEEPEST: usize = 4;
    const EXPECTED: &str = "a dictionary of tensors or a module";
    let mut node = pickle.root;
    match pickle.kind(node) {
        Kind::Mapping | Kind::Call => {}
        Kind::Sequence => return Err(Fault::malformed(part, EXPECTED, "a list")),
        _ => return Err(Fault::malformed(part, EXPECTED, "a single value")),
    }
    if pickle.is_tensor(node) {
        return Err(Fault::malformed(part, EXPECTED, "a single tensor"));
    }
    let mut path = Vec::new();
    let mut metadata = BTreeMap::new();
    while path.len() < DEEPEST
        && let Some((key, value)) = wrapper(pickle, node)
    {
        note(pickle, node, "", &mut metadata);
        path.push(key.to_owned());
        node = value;
    }
    Ok(TopLevel { path, metadata })
}

/// The entry of a dictionary that holds the weights, when the dictionary is not the weights themselves.
fn wrapper<'a>(pickle: &'a Pickle<'_>, node: NodeId) -> Option<(&'a str, NodeId)> {
    if pickle.is_module(node) {
        return None;
    }
    let last = |wanted: &str| pickle.entries(node).filter(|(key, _)| *key == wanted).last();
    let known = WRAPPERS.iter().filter_map(|wrapper| last(wrapper)).find(|&(_, value)| holds_tensors(pickle, value));
    known.or_else(|| {
        let mut groups =
            pickle.entries(node).filter(|&(_, value)| pickle.is_tensor(value) || holds_tensors(pickle, value));
        match (groups.next(), groups.next()) {
            (Some((key, value)), None) if !pickle.is_tensor(value) => Some((key, value)),
            _ => None,
        }
    })
}

/// Whether a value is a module or a dictionary with a tensor in it or below it.
fn holds_tensors(pickle: &Pickle<'_>, node: NodeId) -> bool {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if pickle.is_module(node) {
            return true;
        }
        for (_, value) in pickle.entries(node) {
            if pickle.is_tensor(value) {
                return true;
            }
            open.push(value);
        }
    }
    false
}

/// Notes the plain values of a dictionary, and of dictionaries in it.
fn note(pickle: &Pickle<'_>, node: NodeId, prefix: &str, metadata: &mut BTreeMap<String, String>) {
    const LONGEST: usize = 200;
    for (key, value) in pickle.entries(node) {
        let text = match pickle.kind(value) {
            Kind::Bool(value) => value.to_string(),
            Kind::Integer(value) => value.to_string(),
            Kind::Float(value) => value.to_string(),
            Kind::Text(_) => match pickle.text(value) {
                Some(text) => text.to_owned(),
                // Python may keep what is no UTF-8.
                None => continue,
            },
            Kind::Mapping if prefix.is_empty() => {
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
