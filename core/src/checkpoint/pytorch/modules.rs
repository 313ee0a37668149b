//! The modules of a whole module that was saved: their classes and the plain values among their attributes.

use std::collections::{BTreeMap, BTreeSet};

use super::objects::{Member, last_of_each_name};
use super::walk::Walk;
use crate::file::pickle::{Node, NodeId, Pickle};
use crate::model::{ATTRIBUTES, Module, Modules, TEXTS};

/// The most modules that are looked at.
const MOST: usize = 20_000;
/// Levels of modules.
const DEEPEST: usize = 64;
/// Where TorchScript keeps the classes of its modules.
const SCRIPTED: &str = "__torch__";

/// What a whole module says.
#[derive(Default)]
pub(super) struct Found {
    /// All modules in the order in which they were registered, the outermost one under an empty name.
    pub(super) modules: Modules,
    /// Names under which modules with tensors stand that have another name too.
    again: BTreeSet<String>,
}

impl Found {
    /// Whether a tensor is of a module that has another name too, under which it is read.
    pub(super) fn stands_twice(&self, tensor: &str) -> bool {
        tensor.match_indices('.').any(|(end, _)| self.again.contains(&tensor[..end]))
    }
}

/// A module under a name.
struct Registered {
    name: String,
    id: NodeId,
    /// The place of the module that holds it.
    holder: Option<usize>,
}

/// All modules below a value; none where it is no module.
pub(super) fn modules(walk: &Walk<'_, '_>, start: NodeId) -> Found {
    let all = registered(walk.pickle, walk.pickle.unwrapped(start));
    let again = again(walk, &all);
    let mut found = Found { modules: Modules::new(), again };
    for Registered { name, id, .. } in all {
        if !(found.again.contains(&name) || found.stands_twice(&name)) {
            let module = module(walk, id);
            found.modules.insert(name, module);
        }
    }
    found
}

fn registered(pickle: &Pickle<'_>, start: NodeId) -> Vec<Registered> {
    let mut found: Vec<Registered> = Vec::new();
    let mut open: Vec<Registered> = vec![Registered { name: String::new(), id: start, holder: None }];
    let mut seen = 0;
    while let Some(next) = open.pop() {
        seen += 1;
        if seen > MOST || next.name.matches('.').count() > DEEPEST || !is_module(pickle, next.id) {
            continue;
        }
        let holder = Some(found.len());
        // The first is to be looked at first.
        for (own, child) in children(pickle, next.id).into_iter().rev() {
            let name = if next.name.is_empty() { own.into_owned() } else { format!("{}.{own}", next.name) };
            open.push(Registered { name, id: pickle.unwrapped(child), holder });
        }
        found.push(next);
    }
    found
}

/// A pickled module, or one of TorchScript, which has its attributes only.
fn is_module(pickle: &Pickle<'_>, id: NodeId) -> bool {
    pickle.is_module(id) || is_scripted(pickle, id)
}

fn is_scripted(pickle: &Pickle<'_>, id: NodeId) -> bool {
    let inside =
        |package: &str| package.strip_prefix(SCRIPTED).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    pickle.made_by(id).is_some_and(|(package, _)| inside(package))
}

fn children<'p>(pickle: &'p Pickle<'_>, id: NodeId) -> Vec<Member<'p>> {
    match pickle.attribute(id, "_modules") {
        Some(table) if pickle.is_module(id) => last_of_each_name(pickle.members(table).into_iter()),
        _ => pickle.members(id).into_iter().filter(|&(_, value)| is_scripted(pickle, value)).collect(),
    }
}

/// Names under which a module with tensors stands again in another module. The name in a sequence counts where the others are
/// attributes of a module around it, else the first.
fn again(walk: &Walk<'_, '_>, all: &[Registered]) -> BTreeSet<String> {
    let mut by_object: BTreeMap<NodeId, Vec<&Registered>> = BTreeMap::new();
    for registered in all.iter().filter(|registered| walk.leads(registered.id)) {
        by_object.entry(registered.id).or_default().push(registered);
    }
    let holder = |registered: &Registered| registered.holder.and_then(|at| all.get(at));
    let mut again = BTreeSet::new();
    for group in by_object.into_values().filter(|group| group.len() > 1) {
        let Some(&first) = group.first() else { continue };
        let around = holder(first);
        let in_sequence = |other: &&&Registered| {
            holder(other).zip(around).is_some_and(|(own, around)| {
                own.name.starts_with(&around.name)
                    && class(walk.pickle, own.id).is_some_and(|(_, class)| class == "Sequential")
            })
        };
        let kept = group.iter().find(in_sequence).copied().unwrap_or(first);
        let apart = |other: &&&Registered| holder(other).map(|own| own.id) != holder(kept).map(|own| own.id);
        again.extend(group.iter().filter(apart).map(|other| other.name.clone()));
    }
    again
}

fn module(walk: &Walk<'_, '_>, id: NodeId) -> Module {
    let pickle = walk.pickle;
    let (package, class) = class(pickle, id).unwrap_or(("", ""));
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
    let texts = TEXTS.iter().filter_map(|&attribute| {
        let text = pickle.text(pickle.attribute(id, attribute)?)?;
        Some((attribute.to_owned(), text.to_owned()))
    });
    let weighted = pickle.members(id).into_iter().any(|(_, value)| walk.rank(value).is_some_and(|rank| rank > 1));
    let class = class.rsplit('.').next().unwrap_or(class).to_owned();
    Module { class, package: package.to_owned(), numbers: numbers.collect(), texts: texts.collect(), weighted }
}

/// Package and name of an object's class. Files of PyTorch before 1.6 keep the first use of each class behind an identifier
/// that carries its source code.
fn class<'p>(pickle: &'p Pickle<'_>, id: NodeId) -> Option<(&'p str, &'p str)> {
    match pickle.node(id) {
        Node::Made(_) | Node::Object(_) => pickle.global(pickle.unwrapped(*pickle.parts(id).first()?)),
        _ => None,
    }
}

fn number(pickle: &Pickle<'_>, id: NodeId) -> Option<f64> {
    match pickle.node(id) {
        Node::Integer(value) => Some(value as f64),
        Node::Float(value) => Some(value),
        Node::Bool(value) => Some(f64::from(u8::from(value))),
        _ => None,
    }
}
