//! The modules of a whole module that was saved: their classes and the numbers among their attributes.

use super::objects::last_of_each_name;
use crate::file::pickle::{Node, NodeId, Pickle};
use crate::model::{ATTRIBUTES, Module, Modules};

/// The most modules that are looked at.
const MOST: usize = 20_000;
/// Levels of modules.
const DEEPEST: usize = 64;

/// All modules below a value, in their order; none where it is no module.
pub(super) fn modules(pickle: &Pickle<'_>, start: NodeId) -> Modules {
    let mut found = Modules::new();
    let mut open: Vec<(NodeId, String)> = vec![(pickle.unwrapped(start), String::new())];
    let mut seen = 0;
    while let Some((id, name)) = open.pop() {
        seen += 1;
        if seen > MOST || name.matches('.').count() > DEEPEST || !pickle.is_module(id) {
            continue;
        }
        let children = pickle.attribute(id, "_modules").map_or_else(Vec::new, |table| pickle.members(table));
        // The first is to be looked at first.
        for (own, child) in last_of_each_name(children.into_iter()).into_iter().rev() {
            let name = if name.is_empty() { own.into_owned() } else { format!("{name}.{own}") };
            open.push((pickle.unwrapped(child), name));
        }
        if !name.is_empty() {
            found.insert(name, module(pickle, id));
        }
    }
    found
}

fn module(pickle: &Pickle<'_>, id: NodeId) -> Module {
    let class = pickle.made_by(id).map_or("", |(_, class)| class.rsplit('.').next().unwrap_or(class)).to_owned();
    let numbers = ATTRIBUTES.iter().filter_map(|&attribute| {
        let value = pickle.attribute(id, attribute)?;
        let numbers: Option<Vec<f64>> = match pickle.node(value) {
            Node::Tuple(..) | Node::Sequence(_) => {
                pickle.items(value).iter().map(|&item| number(pickle, item)).collect()
            }
            _ => number(pickle, value).map(|number| vec![number]),
        };
        Some((attribute.to_owned(), numbers?))
    });
    Module { class, numbers: numbers.collect() }
}

fn number(pickle: &Pickle<'_>, id: NodeId) -> Option<f64> {
    match pickle.node(id) {
        Node::Integer(value) => Some(value as f64),
        Node::Float(value) => Some(value),
        _ => None,
    }
}
