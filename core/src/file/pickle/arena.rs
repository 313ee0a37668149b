//! The values of a pickle.

use std::ops::Range;

/// An index into [`Pickle::nodes`].
pub(crate) type NodeId = u32;

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
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
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) items: Vec<NodeId>,
    pub(crate) parts: Vec<NodeId>,
}

/// A pickle, read.
#[derive(Debug, Clone)]
pub(crate) struct Pickle<'a> {
    pub(crate) source: &'a [u8],
    pub(crate) nodes: Vec<Node>,
    pub(crate) root: NodeId,
    /// Where the pickle ends in the source, one past its STOP.
    pub(crate) end: usize,
}

impl Pickle<'_> {
    /// A value and what it refers to.
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// What a value is.
    pub(crate) fn kind(&self, id: NodeId) -> &Kind {
        &self.node(id).kind
    }

    /// The members of a sequence.
    pub(crate) fn items(&self, id: NodeId) -> &[NodeId] {
        &self.node(id).items
    }

    /// What a call or a persistent object is made of.
    pub(crate) fn parts(&self, id: NodeId) -> &[NodeId] {
        &self.node(id).parts
    }

    /// The text of a value that is text.
    pub(crate) fn text(&self, id: NodeId) -> Option<&str> {
        match self.kind(id) {
            Kind::Text(range) => self.source.get(range.clone()).and_then(|bytes| std::str::from_utf8(bytes).ok()),
            _ => None,
        }
    }

    /// The integer of a value that is an integer.
    pub(crate) fn integer(&self, id: NodeId) -> Option<i64> {
        match self.kind(id) {
            Kind::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// What a reader makes of a dictionary's key, or of the key of a storage: texts and integers are both used.
    pub(crate) fn key(&self, id: NodeId) -> Option<String> {
        self.text(id).map(str::to_owned).or_else(|| self.integer(id).map(|key| key.to_string()))
    }

    /// Module and name of a class or function.
    pub(crate) fn global(&self, id: NodeId) -> Option<(&str, &str)> {
        let Kind::Global(module, name) = self.kind(id) else { return None };
        let text = |range: &Range<usize>| std::str::from_utf8(self.source.get(range.clone())?).ok();
        Some((text(module)?, text(name)?))
    }

    /// Keys and values of a dictionary or of an object that holds items as one does, in order; later ones replace earlier.
    pub(crate) fn entries(&self, id: NodeId) -> impl Iterator<Item = (&str, NodeId)> {
        let items: &[NodeId] = match self.kind(id) {
            Kind::Mapping | Kind::Call => self.items(id),
            _ => &[],
        };
        let (pairs, _) = items.as_chunks::<2>();
        pairs.iter().filter_map(|&[key, value]| Some((self.text(key)?, value)))
    }
}
