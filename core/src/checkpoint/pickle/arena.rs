//! The values of a pickle.

use std::ops::Range;

/// An index into [`Pickle::nodes`].
pub(in crate::checkpoint) type NodeId = u32;

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::checkpoint) enum Kind {
    None,
    Bool(bool),
    /// A whole number of up to 64 bits.
    Integer(i64),
    Float(f64),
    /// Text, as the range of the source that holds it.
    Text(Range<usize>),
    /// A class or function: the ranges of its module and its name.
    Global(Range<usize>, Range<usize>),
    /// A tuple, list or set; its items are the members.
    Sequence,
    /// A dictionary; its items are keys and values in turn.
    Mapping,
    /// What a callable makes of its arguments; its parts are the callable, the arguments and any states set on it, its
    /// items what was put into it.
    Call,
    /// An object that the file keeps elsewhere: a storage or a tensor; its part is the identifier.
    Persistent,
    /// Anything that no checkpoint needs: bytes and very long integers.
    Opaque,
}

/// A value and what it refers to.
#[derive(Debug, Clone)]
pub(in crate::checkpoint) struct Node {
    pub(in crate::checkpoint) kind: Kind,
    pub(in crate::checkpoint) items: Vec<NodeId>,
    pub(in crate::checkpoint) parts: Vec<NodeId>,
}

/// A pickle, read.
#[derive(Debug, Clone)]
pub(in crate::checkpoint) struct Pickle<'a> {
    pub(in crate::checkpoint) source: &'a [u8],
    pub(in crate::checkpoint) nodes: Vec<Node>,
    pub(in crate::checkpoint) root: NodeId,
    /// Where the pickle ends in the source, one past its STOP.
    pub(in crate::checkpoint) end: usize,
}

impl Pickle<'_> {
    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    /// What a value is.
    pub(in crate::checkpoint) fn kind(&self, id: NodeId) -> &Kind {
        self.node(id).map_or(&Kind::Opaque, |node| &node.kind)
    }

    /// The members of a sequence.
    pub(in crate::checkpoint) fn items(&self, id: NodeId) -> &[NodeId] {
        self.node(id).map_or(&[], |node| &node.items)
    }

    /// What a call or a persistent object is made of.
    pub(in crate::checkpoint) fn parts(&self, id: NodeId) -> &[NodeId] {
        self.node(id).map_or(&[], |node| &node.parts)
    }

    /// The text of a value that is text.
    pub(in crate::checkpoint) fn text(&self, id: NodeId) -> Option<&str> {
        match self.kind(id) {
            Kind::Text(range) => self.source.get(range.clone()).and_then(|bytes| std::str::from_utf8(bytes).ok()),
            _ => None,
        }
    }

    /// The integer of a value that is an integer.
    pub(in crate::checkpoint) fn integer(&self, id: NodeId) -> Option<i64> {
        match self.kind(id) {
            Kind::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// What a reader makes of a dictionary's key, or of the key of a storage: texts and integers are both used.
    pub(in crate::checkpoint) fn key(&self, id: NodeId) -> Option<String> {
        self.text(id).map(str::to_owned).or_else(|| self.integer(id).map(|key| key.to_string()))
    }

    /// Module and name of a class or function.
    pub(in crate::checkpoint) fn global(&self, id: NodeId) -> Option<(&str, &str)> {
        let Kind::Global(module, name) = self.kind(id) else { return None };
        let text = |range: &Range<usize>| std::str::from_utf8(self.source.get(range.clone())?).ok();
        Some((text(module)?, text(name)?))
    }

    /// Keys and values of a dictionary or of an object that holds items as one does, in order; later ones replace earlier.
    pub(in crate::checkpoint) fn entries(&self, id: NodeId) -> impl Iterator<Item = (&str, NodeId)> {
        let items: &[NodeId] = match self.kind(id) {
            Kind::Mapping | Kind::Call => self.items(id),
            _ => &[],
        };
        let (pairs, _) = items.as_chunks::<2>();
        pairs.iter().filter_map(|&[key, value]| Some((self.text(key)?, value)))
    }

    /// Whether a value is a pickled `torch.nn.Module`: its state has the three tables that every module keeps.
    pub(in crate::checkpoint) fn is_module(&self, id: NodeId) -> bool {
        const TABLES: [&str; 3] = ["_parameters", "_buffers", "_modules"];
        let states = match self.node(id) {
            Some(Node { kind: Kind::Call, parts, .. }) => parts.get(2..).unwrap_or_default(),
            _ => &[],
        };
        states.iter().any(|&state| TABLES.iter().all(|table| self.entries(state).any(|(key, _)| key == *table)))
    }

    /// Whether a value holds a tensor: itself, or in its items.
    pub(in crate::checkpoint) fn is_tensor(&self, id: NodeId) -> bool {
        match self.node(id) {
            Some(Node { kind: Kind::Persistent, .. }) => true,
            Some(Node { kind: Kind::Call, parts, .. }) => parts
                .first()
                .and_then(|&callable| self.global(callable))
                .is_some_and(|(module, name)| module.starts_with("torch") && name.starts_with("_rebuild")),
            _ => false,
        }
    }
}
