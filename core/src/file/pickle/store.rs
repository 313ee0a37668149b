//! The stack, the memo and the values of the machine.

use std::ops::Range;

use super::arena::{Content, Node, NodeId, Span};
use super::budget::Budget;
use super::memo::Memo;
use crate::file::PartFault;

/// Plain members of a list that are kept: as many labels as a large probe set has. Of longer histories of training, which
/// nothing here reads, the rest is counted only.
const KEPT_PLAIN: usize = 1 << 17;
/// The same for members that are made of others, such as NumPy's numbers.
const KEPT: usize = 1 << 12;

/// Everything that a pickle has made so far.
pub(super) struct Store<'a> {
    /// What is read, for messages.
    part: &'a str,
    pub(super) nodes: Vec<Node>,
    pub(super) contents: Vec<Content>,
    pub(super) pool: Vec<NodeId>,
    pub(super) globals: Vec<[Span; 2]>,
    stack: Vec<NodeId>,
    /// The most places that the stack had.
    highest: usize,
    marks: Vec<Mark>,
    /// The most marks that there were at once.
    deepest: usize,
    memo: Memo,
    /// One past the last value that may be referred to from outside the innermost mark.
    pinned: usize,
    budget: Budget,
}

/// What there was at a MARK.
#[derive(Debug, Clone, Copy)]
struct Mark {
    stack: usize,
    nodes: usize,
    contents: usize,
    pool: usize,
    globals: usize,
}

impl<'a> Store<'a> {
    /// For a pickle in this source that takes values from these places of its memo.
    pub(super) fn new(source: &[u8], part: &'a str, memo: Memo) -> Self {
        Self {
            part,
            nodes: Vec::new(),
            contents: Vec::new(),
            pool: Vec::new(),
            globals: Vec::new(),
            stack: Vec::new(),
            highest: 0,
            marks: Vec::new(),
            deepest: 0,
            memo,
            pinned: 0,
            budget: Budget::of(source.len()),
        }
    }

    /// Takes memory for values of this size, with what a growing vector takes more.
    fn spend(&mut self, bytes: usize) -> Result<(), PartFault> {
        self.budget.spend(bytes + bytes / 2, self.part)
    }

    fn fault(&self, expected: &str, found: impl Into<String>) -> PartFault {
        PartFault::malformed(self.part, expected, found)
    }

    /// A new value.
    pub(super) fn add(&mut self, node: Node) -> Result<NodeId, PartFault> {
        self.spend(size_of::<Node>())?;
        let id = self.index(self.nodes.len())?;
        self.nodes.push(node);
        Ok(id)
    }

    fn index(&self, length: usize) -> Result<u32, PartFault> {
        u32::try_from(length).map_err(|_| self.fault("at most 2³² values", "more"))
    }

    /// A new value on the stack.
    pub(super) fn push(&mut self, node: Node) -> Result<(), PartFault> {
        let id = self.add(node)?;
        self.push_id(id)
    }

    /// A value on the stack.
    fn push_id(&mut self, id: NodeId) -> Result<(), PartFault> {
        if self.stack.len() == self.highest {
            self.spend(size_of::<NodeId>())?;
            self.highest += 1;
        }
        self.stack.push(id);
        Ok(())
    }

    /// A new container on the stack.
    pub(super) fn push_content(&mut self, node: fn(u32) -> Node, content: Content) -> Result<(), PartFault> {
        let at = self.add_content(content)?;
        self.push(node(at))
    }

    fn add_content(&mut self, content: Content) -> Result<u32, PartFault> {
        let Content { items, entries, parts, .. } = &content;
        let held = items.capacity() + 2 * entries.capacity() + parts.capacity();
        self.spend(size_of::<Content>() + held * size_of::<NodeId>())?;
        let at = self.index(self.contents.len())?;
        self.contents.push(content);
        Ok(at)
    }

    /// A new tuple on the stack.
    pub(super) fn push_tuple(&mut self, items: &[NodeId]) -> Result<(), PartFault> {
        let start = self.pool(items)?;
        let length = self.index(items.len())?;
        self.push(Node::Tuple(start, length))
    }

    /// What a callable makes of its arguments, on the stack.
    pub(super) fn push_made(&mut self, callable: NodeId, arguments: NodeId) -> Result<(), PartFault> {
        let start = self.pool(&[callable, arguments])?;
        self.push(Node::Made(start))
    }

    fn pool(&mut self, ids: &[NodeId]) -> Result<u32, PartFault> {
        self.spend(size_of_val(ids))?;
        let start = self.index(self.pool.len())?;
        self.pool.extend(ids);
        Ok(start)
    }

    /// A class or function on the stack.
    pub(super) fn push_global(&mut self, module: Span, name: Span) -> Result<(), PartFault> {
        self.spend(size_of::<[Span; 2]>())?;
        let at = self.index(self.globals.len())?;
        self.globals.push([module, name]);
        self.push(Node::Global(at))
    }

    pub(super) fn mark(&mut self) -> Result<(), PartFault> {
        if self.marks.len() == self.deepest {
            self.spend(size_of::<Mark>())?;
            self.deepest += 1;
        }
        self.marks.push(Mark {
            stack: self.stack.len(),
            nodes: self.nodes.len(),
            contents: self.contents.len(),
            pool: self.pool.len(),
            globals: self.globals.len(),
        });
        Ok(())
    }

    pub(super) fn top(&self) -> Result<NodeId, PartFault> {
        let floor = self.marks.last().map_or(0, |mark| mark.stack);
        match self.stack.last() {
            Some(&top) if self.stack.len() > floor => Ok(top),
            _ => Err(self.fault("a value on the stack", "none")),
        }
    }

    pub(super) fn pop(&mut self) -> Result<NodeId, PartFault> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// Takes the value on top away, or the mark that lies there instead.
    pub(super) fn drop_top(&mut self) -> Result<(), PartFault> {
        if self.marks.last().is_some_and(|mark| mark.stack == self.stack.len()) {
            self.marks.pop();
            Ok(())
        } else {
            self.pop().map(|_| ())
        }
    }

    pub(super) fn pop_to_mark(&mut self) -> Result<Vec<NodeId>, PartFault> {
        self.take_to_mark().map(|(items, _)| items)
    }

    fn take_to_mark(&mut self) -> Result<(Vec<NodeId>, Mark), PartFault> {
        let Some(mark) = self.marks.pop() else { return Err(self.fault("a mark on the stack", "none")) };
        Ok((self.stack.split_off(mark.stack.min(self.stack.len())), mark))
    }

    /// A text that is taken off the stack.
    pub(super) fn pop_text(&mut self) -> Result<Span, PartFault> {
        let top = self.pop()?;
        match self.nodes.get(top as usize) {
            Some(&Node::Text(span) | &Node::Bytes(span)) => Ok(span),
            _ => Err(self.fault("the name of a class", "another value")),
        }
    }

    pub(super) fn duplicate(&mut self) -> Result<(), PartFault> {
        let top = self.top()?;
        self.push_id(top)
    }

    pub(super) fn get(&mut self, index: u32) -> Result<(), PartFault> {
        match self.memo.get(index) {
            Some(id) => self.push_id(id),
            None => Err(self.fault("a value that was memorised", format!("the unknown index {index}"))),
        }
    }

    pub(super) fn memorise(&mut self, index: u32) -> Result<(), PartFault> {
        let top = self.top()?;
        let grown = self.memo.put(index, top);
        self.spend(grown)?;
        if self.memo.is_taken(index) {
            self.pinned = self.pinned.max(top as usize + 1);
        }
        Ok(())
    }

    /// The index that a value gets that is memorised without one.
    pub(super) fn next_index(&self) -> Result<u32, PartFault> {
        self.index(self.memo.len())
    }

    /// Sets a state on the object on top.
    pub(super) fn set_state(&mut self, state: NodeId) -> Result<(), PartFault> {
        self.spend(size_of::<NodeId>())?;
        let top = self.top()?;
        if let Some(content) = self.content_mut(top)? {
            content.parts.push(state);
        }
        Ok(())
    }

    /// Appends one value to the value on top.
    pub(super) fn append_one(&mut self) -> Result<(), PartFault> {
        let item = self.pop()?;
        self.append(&[item])
    }

    /// Appends all values down to the mark. Beyond what is kept of a list they are forgotten, when nothing else refers to
    /// them.
    pub(super) fn append_to_mark(&mut self) -> Result<(), PartFault> {
        let (items, mark) = self.take_to_mark()?;
        let top = self.list()?;
        let is_plain = |id: &NodeId| {
            let node = self.nodes.get(*id as usize);
            matches!(node, Some(Node::None | Node::Bool(_) | Node::Integer(_) | Node::Float(_)))
        };
        let kept = if items.iter().all(is_plain) { KEPT_PLAIN } else { KEPT };
        let held = self.content_mut(top)?.map_or(0, |content| content.items.len());
        if held < kept || self.pinned > mark.nodes {
            return self.append(&items);
        }
        let forgotten = (self.nodes.len() - mark.nodes) * size_of::<Node>()
            + (self.pool.len() - mark.pool) * size_of::<NodeId>()
            + (self.contents.len() - mark.contents) * size_of::<Content>()
            + (self.globals.len() - mark.globals) * size_of::<[Span; 2]>();
        self.budget.regain(forgotten + forgotten / 2);
        self.nodes.truncate(mark.nodes);
        self.contents.truncate(mark.contents);
        self.pool.truncate(mark.pool);
        self.globals.truncate(mark.globals);
        if let Some(content) = self.content_mut(top)? {
            content.left_out += items.len() as u64;
        }
        Ok(())
    }

    fn append(&mut self, items: &[NodeId]) -> Result<(), PartFault> {
        self.spend(size_of_val(items))?;
        let top = self.list()?;
        if let Some(content) = self.content_mut(top)? {
            content.items.extend(items);
        }
        Ok(())
    }

    /// Sets keys and values in the value on top.
    pub(super) fn set(&mut self, items: &[NodeId]) -> Result<(), PartFault> {
        self.spend(size_of_val(items))?;
        let pairs = self.pairs(items)?;
        let top = self.top()?;
        // What stands for a value elsewhere may be anything.
        if !matches!(
            self.kind(top),
            Node::Mapping(_) | Node::Made(_) | Node::Object(_) | Node::Persistent(_) | Node::Opaque
        ) {
            return Err(self.fault("a dictionary or an object to set keys in", "another value"));
        }
        if let Some(content) = self.content_mut(top)? {
            content.entries.extend(pairs);
        }
        Ok(())
    }

    /// Keys and their values.
    pub(super) fn pairs<'i>(&self, items: &'i [NodeId]) -> Result<&'i [[NodeId; 2]], PartFault> {
        match items.as_chunks::<2>() {
            (pairs, []) => Ok(pairs),
            _ => Err(self.fault("a value for every key", "a key without one")),
        }
    }

    /// The value on top, to which others are appended.
    fn list(&self) -> Result<NodeId, PartFault> {
        let top = self.top()?;
        match self.kind(top) {
            Node::Sequence(_) | Node::Made(_) | Node::Object(_) | Node::Persistent(_) | Node::Opaque => Ok(top),
            _ => Err(self.fault("a list, a set or an object to append to", "another value")),
        }
    }

    fn kind(&self, id: NodeId) -> Node {
        self.nodes.get(id as usize).copied().unwrap_or(Node::Opaque)
    }

    /// What a value holds, to be changed. What is put into a value from before the innermost mark is pinned.
    fn content_mut(&mut self, id: NodeId) -> Result<Option<&mut Content>, PartFault> {
        if let Some(&Node::Made(start)) = self.nodes.get(id as usize) {
            let start = start as usize;
            let parts = self.pool.get(start..start + 2).unwrap_or(&[]).to_vec();
            let at = self.add_content(Content { parts, ..Content::default() })?;
            self.nodes[id as usize] = Node::Object(at);
            // The content may be of a value from before the mark.
            self.pinned = self.nodes.len();
        }
        if self.marks.last().is_some_and(|mark| (id as usize) < mark.nodes) {
            self.pinned = self.nodes.len();
        }
        Ok(match self.nodes.get(id as usize) {
            Some(&(Node::Sequence(at) | Node::Mapping(at) | Node::Object(at) | Node::Persistent(at))) => {
                self.contents.get_mut(at as usize)
            }
            _ => None,
        })
    }

    /// The value that is left at the end.
    pub(super) fn finish(mut self) -> Result<(NodeId, Self), PartFault> {
        let root = self.pop()?;
        Ok((root, self))
    }

    /// The span of a range of the source.
    pub(super) fn span(&self, range: &Range<usize>) -> Result<Span, PartFault> {
        Span::of(range).ok_or_else(|| self.fault("a pickle of at most 4 GiB", "more"))
    }
}
