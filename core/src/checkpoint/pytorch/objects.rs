//! Python's and PyTorch's objects among the values of a pickle: what holds other values under names, and what is a tensor.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::view::{Layout, Place};
use crate::file::limits;
use crate::file::pickle::{Content, Node, NodeId, Pickle};

/// A value under its name.
pub(super) type Member<'p> = (Cow<'p, str>, NodeId);

/// The tables that every `torch.nn.Module` keeps, in the order of its state dictionary.
const TABLES: [&str; 3] = ["_parameters", "_buffers", "_modules"];

/// What a tensor is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tensor {
    /// A view of a storage: of which storage, and which of its elements.
    View { place: Place, layout: Layout },
    /// One without a plain storage, or of elements that no network here computes in: what it is called.
    Other(&'static str),
}

impl Tensor {
    /// Number of dimensions.
    pub(super) fn rank(&self) -> usize {
        match self {
            Self::View { layout, .. } => layout.sizes.len(),
            Self::Other(_) => 0,
        }
    }

    /// Bytes of its sizes and strides.
    pub(super) fn bytes_of_lengths(&self) -> u64 {
        match self {
            Self::View { layout, .. } => 8 * (layout.sizes.len() + layout.strides.len()) as u64,
            Self::Other(_) => 0,
        }
    }
}

/// Where the tensors are that a pickle calls by a name: only in a tar archive.
pub(super) type Named = BTreeMap<String, Tensor>;

impl Pickle<'_> {
    /// Names and values in a dictionary, a module, or another object by its attributes; in a list by their place. Of equal
    /// names the last value counts, at the first one's place, as in Python.
    pub(super) fn members(&self, id: NodeId) -> Vec<Member<'_>> {
        last_of_each_name(self.all_members(id))
    }

    /// The same with every value of equal names.
    pub(super) fn all_members(&self, id: NodeId) -> Box<dyn Iterator<Item = Member<'_>> + '_> {
        let id = self.unwrapped(id);
        match self.node(id) {
            Node::Tuple(..) | Node::Sequence(_) => {
                Box::new(self.items(id).iter().enumerate().map(|(at, &value)| (Cow::Owned(at.to_string()), value)))
            }
            Node::Mapping(_) => Box::new(self.entries(id)),
            Node::Object(_) if self.is_module(id) => Box::new(self.tables(id)),
            Node::Made(_) | Node::Object(_) => {
                let pairs = self.arguments(id).first().map_or(&[][..], |&pairs| self.items(pairs));
                let written_by_python_2 = pairs.iter().filter_map(|&pair| match *self.items(pair) {
                    [key, value] => Some((self.key(key)?, value)),
                    _ => None,
                });
                let attributes = self.states(id).flat_map(|state| self.entries(state));
                Box::new(written_by_python_2.chain(self.entries(id)).chain(attributes))
            }
            _ => Box::new(std::iter::empty()),
        }
    }

    fn entries(&self, id: NodeId) -> impl Iterator<Item = Member<'_>> {
        let Content { entries, .. } = self.content(id);
        entries.iter().filter_map(|&[key, value]| Some((self.key(key)?, value)))
    }

    /// The dictionaries of attributes that were set on an object; with slots there are two in a tuple.
    fn states(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let states = match self.node(id) {
            Node::Object(_) => self.parts(id).get(2..).unwrap_or(&[]),
            _ => &[],
        };
        states
            .iter()
            .flat_map(|&state| match *self.items(state) {
                [dictionary, slots] => [Some(dictionary), Some(slots)],
                _ => [Some(state), None],
            })
            .flatten()
    }

    /// An attribute of an object.
    pub(super) fn attribute(&self, id: NodeId, name: &str) -> Option<NodeId> {
        let all = self.states(id).flat_map(|state| self.content(state).entries.iter());
        all.filter(|[key, _]| self.is_text(*key, name)).last().map(|&[_, value]| value)
    }

    /// A pickled `torch.nn.Module`: its state has the three tables that every module keeps.
    pub(super) fn is_module(&self, id: NodeId) -> bool {
        TABLES.iter().all(|table| self.attribute(id, table).is_some())
    }

    /// Parameters, buffers and modules of a module, without the buffers that its state dictionary leaves out.
    fn tables(&self, id: NodeId) -> impl Iterator<Item = Member<'_>> {
        let left_out = self.attribute(id, "_non_persistent_buffers_set").map_or(&[][..], |set| self.made_of(set));
        let left_out: BTreeSet<&str> = left_out.iter().filter_map(|&name| self.text(name)).collect();
        let tables = TABLES.iter().filter_map(move |table| Some((*table, self.attribute(id, table)?)));
        tables
            .flat_map(|(table, value)| self.all_members(value).map(move |member| (table, member)))
            .filter(move |(table, (name, _))| *table != "_buffers" || !left_out.contains(&**name))
            .map(|(_, member)| member)
    }

    /// The members of a set, as any protocol writes it: `set([…])` or a set by itself.
    fn made_of(&self, id: NodeId) -> &[NodeId] {
        match self.node(id) {
            Node::Made(_) | Node::Object(_) => self.arguments(id).first().map_or(&[], |&list| self.items(list)),
            _ => self.items(id),
        }
    }

    /// A module of the legacy format stands behind an identifier that carries its source code.
    pub(super) fn unwrapped(&self, id: NodeId) -> NodeId {
        match (self.node(id), self.parts(id)) {
            (Node::Persistent(_), &[identifier, ..]) => match *self.items(identifier) {
                [tag, module, ..] if self.is_text(tag, "module") => module,
                _ => id,
            },
            _ => id,
        }
    }

    /// What tensor a value is; nothing when it is none.
    pub(super) fn tensor(&self, id: NodeId, named: &Named) -> Option<Tensor> {
        /// A parameter around a tensor of another type around a tensor.
        const DEEPEST: usize = 8;
        let mut id = id;
        for _ in 0..DEEPEST {
            if let (Node::Persistent(_), &[identifier, ..]) = (self.node(id), self.parts(id)) {
                return self.key(identifier).and_then(|key| named.get(&*key).cloned());
            }
            let (module, mut function) = self.made_by(id)?;
            let mut arguments = self.arguments(id);
            if (module, function) == ("torch._tensor", "_rebuild_from_type_v2") {
                let &[inner, _, inner_arguments, ..] = arguments else { return None };
                function = self.global(inner)?.1;
                arguments = self.items(inner_arguments);
            } else if !module.starts_with("torch") {
                return None;
            }
            match function {
                "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3" => {
                    let data_type = (function == "_rebuild_tensor_v3").then(|| arguments.get(6).copied()).flatten();
                    return Some(self.view(arguments, data_type));
                }
                "_rebuild_parameter" | "_rebuild_parameter_with_state" | "Parameter" | "Buffer" => {
                    id = *arguments.first()?;
                }
                "_rebuild_sparse_tensor" | "_rebuild_sparse_csr_tensor" => return Some(Tensor::Other("sparse")),
                "_rebuild_qtensor" => return Some(Tensor::Other("quantised")),
                "_rebuild_meta_tensor_no_storage" => return Some(Tensor::Other("without values")),
                _ if function.starts_with("_rebuild_") => return Some(Tensor::Other("another tensor")),
                _ => return None,
            }
        }
        None
    }

    /// A tensor by its storage, the offset in it, sizes and strides.
    fn view(&self, arguments: &[NodeId], data_type: Option<NodeId>) -> Tensor {
        const UNKNOWN: Tensor = Tensor::Other("another tensor");
        let &[storage, offset, sizes, strides, ..] = arguments else { return UNKNOWN };
        let Some(&identifier) = self.parts(storage).first() else { return UNKNOWN };
        // `storage`, class, key, location, number of elements, and in the legacy format the view that it is of another.
        let &[_, class, key, _, ref rest @ ..] = self.items(identifier) else { return UNKNOWN };
        let (Some(key), Some((_, class))) = (self.key(key), self.global(class)) else { return UNKNOWN };
        let element = data_type.and_then(|id| self.global(id)).map_or(class, |(_, name)| name);
        let Some(offset) = self.length(offset) else { return UNKNOWN };
        let within = rest.get(1).map(|&view| self.items(view)).and_then(|view| self.length(*view.get(1)?));
        // Many tensors may share a long tuple: one length more than there may be is enough to refuse them.
        let most = limits::RANK + 1;
        let lengths = |id| self.items(id).iter().take(most).map(|&item| self.length(item)).collect::<Option<Vec<_>>>();
        let (Some(sizes), Some(strides)) = (lengths(sizes), lengths(strides)) else { return UNKNOWN };
        let place = Place { storage: key.into_owned(), element: element.to_owned() };
        let offset = offset.saturating_add(within.unwrap_or(0));
        Tensor::View { place, layout: Layout { offset, sizes, strides } }
    }

    fn length(&self, id: NodeId) -> Option<u64> {
        self.integer(id).and_then(|number| u64::try_from(number).ok())
    }
}

/// Of equal names the last value, at the first one's place.
pub(super) fn last_of_each_name<'p>(members: impl Iterator<Item = Member<'p>>) -> Vec<Member<'p>> {
    let mut places: BTreeMap<Cow<'p, str>, usize> = BTreeMap::new();
    let mut kept: Vec<Member<'p>> = Vec::new();
    for (name, value) in members {
        match places.get(&name) {
            Some(&place) => kept[place].1 = value,
            None => {
                places.insert(name.clone(), kept.len());
                kept.push((name, value));
            }
        }
    }
    kept
}
