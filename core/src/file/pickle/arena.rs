//! The values of a pickle.

use std::borrow::Cow;
use std::ops::Range;

/// Bytes of the longest name of a class, a key or an attribute: a long text is in a file once and may be referred to by each
/// of its values.
const LONGEST_NAME: usize = 1024;

/// An index into [`Pickle::nodes`].
pub(crate) type NodeId = u32;

/// Bytes of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// The span of a range; absent beyond the 4 GiB of an index of 32 bits.
    pub(super) fn of(range: &Range<usize>) -> Option<Self> {
        Some(Self { start: u32::try_from(range.start).ok()?, length: u32::try_from(range.len()).ok()? })
    }

    /// The bytes.
    pub(crate) fn of_source(self, source: &[u8]) -> &[u8] {
        let start = self.start as usize;
        source.get(start..start + self.length as usize).unwrap_or(&[])
    }

    /// The bytes as text, where they are no longer than a name.
    fn name(self, source: &[u8]) -> Option<&str> {
        if self.length as usize > LONGEST_NAME {
            return None;
        }
        std::str::from_utf8(self.of_source(source)).ok()
    }
}

/// What a value is, in 16 bytes. An index leads to [`Pickle::contents`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Node {
    None,
    Bool(bool),
    /// A whole number of up to 64 bits.
    Integer(i64),
    Float(f64),
    Text(Span),
    Bytes(Span),
    /// A class or function: an index into [`Pickle::globals`].
    Global(u32),
    /// A tuple: where its members begin in [`Pickle::pool`], and how many there are.
    Tuple(u32, u32),
    /// A list or set.
    Sequence(u32),
    /// A dictionary.
    Mapping(u32),
    /// What a callable makes of its arguments, with nothing set on it: where the two are in [`Pickle::pool`].
    Made(u32),
    /// The same with more: its parts are the callable, the arguments and any states set on it.
    Object(u32),
    /// An object that the file keeps elsewhere: a storage, a tensor or a module; its part is the identifier.
    Persistent(u32),
    /// A number of more than 64 bits, a buffer outside the pickle or an entry of Python's extension registry.
    Opaque,
}

/// What a value holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    /// Members of a sequence, and what was appended to an object.
    pub(crate) items: Vec<NodeId>,
    /// Keys and values, in the order in which they were set; of equal keys the last counts.
    pub(crate) entries: Vec<[NodeId; 2]>,
    /// What an object is made of.
    pub(crate) parts: Vec<NodeId>,
    /// How many plain members were left out at the end of a long sequence.
    pub(crate) left_out: u64,
}

/// A pickle, read.
#[derive(Debug)]
pub(crate) struct Pickle<'a> {
    pub(crate) source: &'a [u8],
    pub(crate) nodes: Vec<Node>,
    pub(super) contents: Vec<Content>,
    pub(super) pool: Vec<NodeId>,
    pub(super) globals: Vec<[Span; 2]>,
    pub(crate) root: NodeId,
    /// Where the pickle ends in the source, one past its STOP.
    pub(crate) end: usize,
}

const NOTHING: &Content = &Content { items: Vec::new(), entries: Vec::new(), parts: Vec::new(), left_out: 0 };

impl Pickle<'_> {
    /// What a value is.
    pub(crate) fn node(&self, id: NodeId) -> Node {
        self.nodes.get(id as usize).copied().unwrap_or(Node::Opaque)
    }

    /// What a value holds: nothing when it is no container.
    pub(crate) fn content(&self, id: NodeId) -> &Content {
        match self.node(id) {
            Node::Sequence(at) | Node::Mapping(at) | Node::Object(at) | Node::Persistent(at) => {
                self.contents.get(at as usize).unwrap_or(NOTHING)
            }
            _ => NOTHING,
        }
    }

    /// The members of a sequence.
    pub(crate) fn items(&self, id: NodeId) -> &[NodeId] {
        match self.node(id) {
            Node::Tuple(start, length) => self.pooled(start, length),
            Node::Sequence(_) => &self.content(id).items,
            _ => &[],
        }
    }

    /// What an object or a persistent one is made of.
    pub(crate) fn parts(&self, id: NodeId) -> &[NodeId] {
        match self.node(id) {
            Node::Made(start) => self.pooled(start, 2),
            _ => &self.content(id).parts,
        }
    }

    fn pooled(&self, start: u32, length: u32) -> &[NodeId] {
        let start = start as usize;
        self.pool.get(start..start + length as usize).unwrap_or(&[])
    }

    /// Everything that a value refers to.
    pub(crate) fn held(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let Content { items, entries, parts, .. } = self.content(id);
        let pooled = match self.node(id) {
            Node::Tuple(start, length) => self.pooled(start, length),
            Node::Made(start) => self.pooled(start, 2),
            _ => &[],
        };
        pooled.iter().chain(items).chain(entries.iter().flatten()).chain(parts).copied()
    }

    /// The text of a value that is text and no longer than a name. Python 2 writes names as bytes.
    pub(crate) fn text(&self, id: NodeId) -> Option<&str> {
        match self.node(id) {
            Node::Text(span) | Node::Bytes(span) => span.name(self.source),
            _ => None,
        }
    }

    /// Whether a value is this text.
    pub(crate) fn is_text(&self, id: NodeId, text: &str) -> bool {
        match self.node(id) {
            Node::Text(span) | Node::Bytes(span) => span.of_source(self.source) == text.as_bytes(),
            _ => false,
        }
    }

    /// The integer of a value that is an integer.
    pub(crate) fn integer(&self, id: NodeId) -> Option<i64> {
        match self.node(id) {
            Node::Integer(value) => Some(value),
            _ => None,
        }
    }

    /// What a reader makes of a dictionary's key, or of the key of a storage: texts and integers are both used. Of a text that
    /// is longer than a name the beginning, which is still longer than the name of a tensor may be.
    pub(crate) fn key(&self, id: NodeId) -> Option<Cow<'_, str>> {
        match self.node(id) {
            Node::Text(span) | Node::Bytes(span) => {
                let bytes = span.of_source(self.source);
                let start = bytes.get(..LONGEST_NAME).unwrap_or(bytes);
                match std::str::from_utf8(start) {
                    Ok(text) => Some(Cow::Borrowed(text)),
                    // Cut within a character.
                    Err(error) if start.len() < bytes.len() && error.error_len().is_none() => {
                        std::str::from_utf8(start.get(..error.valid_up_to())?).ok().map(Cow::Borrowed)
                    }
                    Err(_) => None,
                }
            }
            Node::Integer(key) => Some(Cow::Owned(key.to_string())),
            _ => None,
        }
    }

    /// Module and name of a class or function.
    pub(crate) fn global(&self, id: NodeId) -> Option<(&str, &str)> {
        let Node::Global(at) = self.node(id) else { return None };
        self.named(*self.globals.get(at as usize)?)
    }

    /// Module and name of every class and function that is named.
    pub(crate) fn globals(&self) -> impl Iterator<Item = (&str, &str)> {
        self.globals.iter().filter_map(|&global| self.named(global))
    }

    fn named(&self, [module, name]: [Span; 2]) -> Option<(&str, &str)> {
        Some((module.name(self.source)?, name.name(self.source)?))
    }

    /// Module and name of the class or function that an object is made by.
    pub(crate) fn made_by(&self, id: NodeId) -> Option<(&str, &str)> {
        match self.node(id) {
            Node::Made(_) | Node::Object(_) => self.global(*self.parts(id).first()?),
            _ => None,
        }
    }

    /// What a callable was called with.
    pub(crate) fn arguments(&self, id: NodeId) -> &[NodeId] {
        match (self.node(id), self.parts(id)) {
            (Node::Made(_) | Node::Object(_), &[_, arguments, ..]) => self.items(arguments),
            _ => &[],
        }
    }
}
