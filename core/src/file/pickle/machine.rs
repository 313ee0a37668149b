//! The stack machine of the pickle protocols 0 to 5, without the part that calls anything.

use std::collections::BTreeMap;
use std::ops::Range;

use super::arena::{Kind, Node, NodeId, Pickle};
use super::copies::Copies;
use super::operands::Operands;
use super::{bounds, callables};
use crate::file::{PartFault, limits};

/// Reads the pickle that starts at byte `start` of `source`. `part` names it in messages; `operations` is what is left
/// of the file's [`limits::PICKLE_OPERATIONS`].
///
/// # Errors
/// [`PartFault::Malformed`] where the pickle breaks the protocol or a limit, [`PartFault::ForeignCode`] where it would run code.
pub(crate) fn parse<'a>(
    source: &'a [u8],
    start: usize,
    part: &'a str,
    operations: &mut usize,
) -> Result<Pickle<'a>, PartFault> {
    let mut machine = Machine {
        operands: Operands { source, position: start, part },
        nodes: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: BTreeMap::new(),
        copies: Copies::default(),
    };
    loop {
        *operations = operations.checked_sub(1).ok_or_else(|| {
            PartFault::malformed(part, format!("at most {} operations", limits::PICKLE_OPERATIONS), "more")
        })?;
        if machine.step()? {
            break;
        }
    }
    let root = machine.pop()?;
    let Machine { operands, nodes, .. } = machine;
    bounds::check(&nodes, part)?;
    Ok(Pickle { source, nodes, root, end: operands.position })
}

struct Machine<'a> {
    operands: Operands<'a>,
    nodes: Vec<Node>,
    stack: Vec<NodeId>,
    /// Heights of the stack at each open MARK.
    marks: Vec<usize>,
    memo: BTreeMap<u32, NodeId>,
    copies: Copies,
}

impl Machine<'_> {
    /// Runs one operation; true at STOP. Opcodes as in CPython's `pickletools`.
    fn step(&mut self) -> Result<bool, PartFault> {
        let operands = &mut self.operands;
        match operands.byte()? {
            b'.' => return Ok(true),
            0x80 => {
                let protocol = operands.byte()?;
                if protocol > 5 {
                    return Err(operands.fault("a pickle protocol up to 5", protocol.to_string()));
                }
            }
            0x95 => {
                operands.u64()?;
            }

            b'N' => self.push(Kind::None),
            0x88 => self.push(Kind::Bool(true)),
            0x89 => self.push(Kind::Bool(false)),
            b'I' | b'L' => {
                let value = operands.decimal_line()?;
                self.push(value.map_or(Kind::Opaque, Kind::Integer));
            }
            b'J' => {
                let value = operands.i32()?;
                self.push(Kind::Integer(value.into()));
            }
            b'K' => {
                let value = operands.byte()?;
                self.push(Kind::Integer(value.into()));
            }
            b'M' => {
                let value = operands.u16()?;
                self.push(Kind::Integer(value.into()));
            }
            0x8a => {
                let length = operands.byte()?;
                let value = operands.long(length.into())?;
                self.push(value.map_or(Kind::Opaque, Kind::Integer));
            }
            0x8b => {
                let length = operands.u32()?;
                let value = operands.long(length.into())?;
                self.push(value.map_or(Kind::Opaque, Kind::Integer));
            }
            b'F' => {
                let value = operands.text_line()?.parse().ok();
                self.push(value.map_or(Kind::Opaque, Kind::Float));
            }
            b'G' => {
                let value = operands.f64()?;
                self.push(Kind::Float(value));
            }

            b'V' => {
                let text = operands.line()?;
                self.push(Kind::Text(text));
            }
            b'U' | 0x8c => {
                let length = operands.byte()?;
                self.push_text(length.into())?;
            }
            b'T' | b'X' => {
                let length = operands.u32()?;
                self.push_text(length.into())?;
            }
            0x8d => {
                let length = operands.u64()?;
                self.push_text(length)?;
            }
            b'C' => {
                let length = operands.byte()?;
                self.push_bytes(length.into())?;
            }
            b'B' => {
                let length = operands.u32()?;
                self.push_bytes(length.into())?;
            }
            0x8e | 0x96 => {
                let length = operands.u64()?;
                self.push_bytes(length)?;
            }

            b'(' => self.marks.push(self.stack.len()),
            b')' | b']' | 0x8f => self.push(Kind::Sequence),
            b'}' => self.push(Kind::Mapping),
            b't' | b'l' | 0x91 => {
                let items = self.pop_to_mark()?;
                self.push_node(Kind::Sequence, items, Vec::new());
            }
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push_node(Kind::Mapping, items, Vec::new());
            }
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b'a' => {
                let item = self.pop()?;
                self.put(vec![item])?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.put(vec![key, value])?;
            }
            b'e' | b'u' | 0x90 => {
                let items = self.pop_to_mark()?;
                self.put(items)?;
            }

            b'0' => {
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                } else {
                    self.pop()?;
                }
            }
            b'1' => {
                self.pop_to_mark()?;
            }
            b'2' => {
                let top = self.top()?;
                self.copy(top)?;
                self.stack.push(top);
            }
            b'g' => {
                let index = self.memo_index()?;
                self.get(index)?;
            }
            b'h' => {
                let index = operands.byte()?;
                self.get(index.into())?;
            }
            b'j' => {
                let index = operands.u32()?;
                self.get(index)?;
            }
            b'p' => {
                let index = self.memo_index()?;
                self.memoize(index)?;
            }
            b'q' => {
                let index = operands.byte()?;
                self.memoize(index.into())?;
            }
            b'r' => {
                let index = operands.u32()?;
                self.memoize(index)?;
            }
            0x94 => {
                let index = u32::try_from(self.memo.len()).unwrap_or(u32::MAX);
                self.memoize(index)?;
            }

            b'c' => {
                let module = operands.line()?;
                let name = operands.line()?;
                self.push_global(module, name)?;
            }
            0x93 => {
                let name = self.pop_text()?;
                let module = self.pop_text()?;
                self.push_global(module, name)?;
            }
            b'i' => {
                let module = operands.line()?;
                let name = operands.line()?;
                return Err(self.foreign("call of", &module, &name));
            }
            b'P' => {
                let identifier = operands.line()?;
                let identifier = self.add(Kind::Text(identifier), Vec::new(), Vec::new());
                self.push_node(Kind::Persistent, Vec::new(), vec![identifier]);
            }
            b'Q' => {
                let identifier = self.pop()?;
                self.push_node(Kind::Persistent, Vec::new(), vec![identifier]);
            }
            b'R' => {
                let arguments = self.pop()?;
                let callable = self.pop()?;
                self.check_call(callable)?;
                self.push_node(Kind::Call, Vec::new(), vec![callable, arguments]);
            }
            0x81 => {
                let arguments = self.pop()?;
                let class = self.pop()?;
                self.push_node(Kind::Call, Vec::new(), vec![class, arguments]);
            }
            0x92 => {
                let named = self.pop()?;
                let arguments = self.pop()?;
                let class = self.pop()?;
                let both = self.add(Kind::Sequence, vec![arguments, named], Vec::new());
                self.push_node(Kind::Call, Vec::new(), vec![class, both]);
            }
            b'b' => {
                let state = self.pop()?;
                let object = self.top()?;
                self.copy(object)?;
                self.copy(state)?;
                if let Some(node) = self.nodes.get_mut(object as usize) {
                    node.parts.push(state);
                }
            }
            opcode => {
                let found = match opcode {
                    b'o' => "a call of the OBJ kind".to_owned(),
                    0x82..=0x84 => "a reference to Python's extension registry".to_owned(),
                    0x97 | 0x98 => "a buffer outside the pickle".to_owned(),
                    _ => format!("the byte 0x{opcode:02x}"),
                };
                return Err(self.operands.fault("a pickle operation", found));
            }
        }
        Ok(false)
    }

    fn add(&mut self, kind: Kind, items: Vec<NodeId>, parts: Vec<NodeId>) -> NodeId {
        // There are at most twice as many nodes as operations, far below 2³².
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(Node { kind, items, parts });
        id
    }

    fn push_node(&mut self, kind: Kind, items: Vec<NodeId>, parts: Vec<NodeId>) {
        let id = self.add(kind, items, parts);
        self.stack.push(id);
    }

    fn push(&mut self, kind: Kind) {
        self.push_node(kind, Vec::new(), Vec::new());
    }

    fn push_text(&mut self, length: u64) -> Result<(), PartFault> {
        let text = self.operands.range(length)?;
        self.push(Kind::Text(text));
        Ok(())
    }

    fn push_bytes(&mut self, length: u64) -> Result<(), PartFault> {
        self.operands.range(length)?;
        self.push(Kind::Opaque);
        Ok(())
    }

    fn push_global(&mut self, module: Range<usize>, name: Range<usize>) -> Result<(), PartFault> {
        if callables::is_forbidden(&self.lossy(&module), &self.lossy(&name)) {
            return Err(self.foreign("reference to", &module, &name));
        }
        self.push(Kind::Global(module, name));
        Ok(())
    }

    /// Refuses what must not be called.
    fn check_call(&self, callable: NodeId) -> Result<(), PartFault> {
        match self.nodes.get(callable as usize).map(|node| &node.kind) {
            Some(Kind::Global(module, name)) if callables::may_be_called(&self.lossy(module), &self.lossy(name)) => {
                Ok(())
            }
            Some(Kind::Global(module, name)) => Err(self.foreign("call of", module, name)),
            _ => Err(self.operands.fault("a call of a named function", "a call of a value")),
        }
    }

    fn foreign(&self, action: &'static str, module: &Range<usize>, name: &Range<usize>) -> PartFault {
        let shown = |range: &Range<usize>| self.lossy(range).chars().take(80).collect::<String>();
        PartFault::ForeignCode {
            part: format!("{} at byte {}", self.operands.part, self.operands.position),
            action,
            name: format!("{}.{}", shown(module), shown(name)),
        }
    }

    fn lossy(&self, range: &Range<usize>) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.operands.source[range.clone()])
    }

    fn top(&self) -> Result<NodeId, PartFault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.last() {
            Some(&top) if self.stack.len() > floor => Ok(top),
            _ => Err(self.operands.fault("a value on the stack", "none")),
        }
    }

    fn pop(&mut self) -> Result<NodeId, PartFault> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_text(&mut self) -> Result<Range<usize>, PartFault> {
        let top = self.pop()?;
        match self.nodes.get(top as usize).map(|node| &node.kind) {
            Some(Kind::Text(range)) => Ok(range.clone()),
            _ => Err(self.operands.fault("the name of a class", "another value")),
        }
    }

    fn pop_to_mark(&mut self) -> Result<Vec<NodeId>, PartFault> {
        let Some(mark) = self.marks.pop() else { return Err(self.operands.fault("a mark on the stack", "none")) };
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn tuple(&mut self, length: usize) -> Result<(), PartFault> {
        let mut items = (0..length).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        self.push_node(Kind::Sequence, items, Vec::new());
        Ok(())
    }

    /// Puts items into the container on top.
    fn put(&mut self, items: Vec<NodeId>) -> Result<(), PartFault> {
        let top = self.top()?;
        match self.nodes.get_mut(top as usize) {
            Some(Node { kind: Kind::Sequence | Kind::Mapping | Kind::Call, items: held, .. }) => {
                held.extend(items);
                Ok(())
            }
            _ => Err(self.operands.fault("a container to put a value into", "another value")),
        }
    }

    fn memo_index(&mut self) -> Result<u32, PartFault> {
        match self.operands.decimal_line()?.and_then(|index| u32::try_from(index).ok()) {
            Some(index) => Ok(index),
            None => Err(self.operands.fault("an index of 32 bits", "another number")),
        }
    }

    fn get(&mut self, index: u32) -> Result<(), PartFault> {
        match self.memo.get(&index).copied() {
            Some(id) => {
                self.stack.push(id);
                self.copy(id)
            }
            None => Err(self.operands.fault("a value that was memorised", format!("the unknown index {index}"))),
        }
    }

    fn memoize(&mut self, index: u32) -> Result<(), PartFault> {
        let top = self.top()?;
        self.memo.insert(index, top);
        self.copy(top)
    }

    /// Counts what the reader copies here.
    fn copy(&mut self, value: NodeId) -> Result<(), PartFault> {
        self.copies.count(&self.nodes, value, self.operands.part)
    }
}
