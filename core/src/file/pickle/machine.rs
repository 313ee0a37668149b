//! The stack machine of the pickle protocols 0 to 5, without the part that calls anything.

use super::arena::{Content, Node, NodeId, Pickle};
use super::memo::Memo;
use super::operands::Operands;
use super::scan;
use super::store::Store;
use crate::file::PartFault;

/// Reads the pickle that starts at byte `start` of `source`. `part` names it in messages.
///
/// Nothing is called. Whatever Python would make, of any class and by any call, is kept as an object with what it is made of.
///
/// # Errors
/// [`PartFault::Malformed`] where the pickle breaks the protocol, or takes more memory than
/// [`crate::file::limits::pickle_memory`].
pub(crate) fn parse<'a>(source: &'a [u8], start: usize, part: &str) -> Result<Pickle<'a>, PartFault> {
    let memo = Memo::new(scan::taken(Operands::at(source, start, part)));
    let store = Store::new(source, part, memo);
    let mut machine = Machine { operands: Operands::at(source, start, part), store, framed: false };
    while machine.step()? {}
    let Machine { operands: Operands { position, .. }, store, .. } = machine;
    let (root, Store { nodes, contents, pool, globals, .. }) = store.finish()?;
    Ok(Pickle { source, nodes, contents, pool, globals, root, end: position })
}

struct Machine<'a> {
    operands: Operands<'a>,
    store: Store<'a>,
    /// Whether reading is in a frame.
    framed: bool,
}

impl Machine<'_> {
    /// Runs one operation, which may not reach beyond its frame; false at STOP.
    fn step(&mut self) -> Result<bool, PartFault> {
        if self.framed && self.operands.position == self.operands.end {
            self.framed = false;
            self.operands.end = self.operands.source.len();
        }
        self.operation()
    }

    /// A frame, in which the next operations are whole.
    fn open_frame(&mut self) -> Result<(), PartFault> {
        let length = self.operands.u64()?;
        let Operands { position, end, source, .. } = self.operands;
        if self.framed {
            return Err(self.operands.fault(format!("the end of the frame at byte {end}"), "another frame before it"));
        }
        let end = usize::try_from(length).ok().and_then(|length| position.checked_add(length));
        match end.filter(|&end| end <= source.len()) {
            Some(end) => {
                self.operands.end = end;
                self.framed = true;
                Ok(())
            }
            None => Err(self.operands.fault("a frame within the pickle", format!("one of {length} bytes"))),
        }
    }

    /// Runs one operation; false at STOP. Opcodes as in CPython's `pickletools`.
    fn operation(&mut self) -> Result<bool, PartFault> {
        let opcode = self.operands.byte()?;
        match opcode {
            b'.' => return Ok(false),
            0x80 => {
                let protocol = self.operands.byte()?;
                if protocol > 5 {
                    return Err(self.operands.fault("a pickle protocol up to 5", protocol.to_string()));
                }
            }
            0x95 => self.open_frame()?,
            0x98 => {}
            b'N' | 0x88 | 0x89 | b'I' | b'L' | b'J' | b'K' | b'M' | 0x8a | 0x8b | b'F' | b'G' | 0x82..=0x84 | 0x97 => {
                let value = self.plain(opcode)?;
                self.store.push(value)?;
            }
            b'V' | b'U' | 0x8c | b'T' | b'X' | 0x8d | b'C' | b'B' | 0x8e | 0x96 | b'S' => {
                let value = self.string(opcode)?;
                self.store.push(value)?;
            }
            b'('
            | b')'
            | b']'
            | 0x8f
            | b'}'
            | b't'
            | b'l'
            | 0x91
            | b'd'
            | 0x85..=0x87
            | b'a'
            | b's'
            | b'e'
            | b'u'
            | 0x90 => {
                self.container(opcode)?;
            }
            b'0' => self.store.drop_top()?,
            b'1' => {
                self.store.pop_to_mark()?;
            }
            b'2' => self.store.duplicate()?,
            b'g' | b'h' | b'j' | b'p' | b'q' | b'r' | 0x94 => self.memo(opcode)?,
            b'c' | 0x93 | b'i' | b'o' | b'P' | b'Q' | b'R' | 0x81 | 0x92 | b'b' => self.object(opcode)?,
            _ => return Err(self.operands.fault("a pickle operation", format!("the byte 0x{opcode:02x}"))),
        }
        Ok(true)
    }

    /// Numbers, and what stands for a value that is nowhere in the pickle.
    fn plain(&mut self, opcode: u8) -> Result<Node, PartFault> {
        let operands = &mut self.operands;
        let whole = |value: Option<i64>| value.map_or(Node::Opaque, Node::Integer);
        Ok(match opcode {
            b'N' => Node::None,
            0x88 => Node::Bool(true),
            0x89 => Node::Bool(false),
            b'I' | b'L' => operands.decimal_line()?,
            b'J' => Node::Integer(operands.i32()?.into()),
            b'K' => Node::Integer(operands.byte()?.into()),
            b'M' => Node::Integer(operands.u16()?.into()),
            0x8a => {
                let length = operands.byte()?;
                whole(operands.long(length.into())?)
            }
            0x8b => {
                let length = operands.u32()?;
                whole(operands.long(length.into())?)
            }
            b'F' => operands.text_line()?.parse().map_or(Node::Opaque, Node::Float),
            b'G' => Node::Float(operands.f64()?),
            // An entry of the extension registry, by an index of 1, 2 or 4 bytes.
            0x82 => {
                operands.range(1)?;
                Node::Opaque
            }
            0x83 => {
                operands.range(2)?;
                Node::Opaque
            }
            0x84 => {
                operands.range(4)?;
                Node::Opaque
            }
            _ => Node::Opaque,
        })
    }

    /// Texts and bytes.
    fn string(&mut self, opcode: u8) -> Result<Node, PartFault> {
        let operands = &mut self.operands;
        let range = match opcode {
            b'V' => operands.line()?,
            b'S' => operands.quoted_line()?,
            b'U' | 0x8c | b'C' => {
                let length = operands.byte()?;
                operands.range(length.into())?
            }
            b'T' | b'X' | b'B' => {
                let length = operands.u32()?;
                operands.range(length.into())?
            }
            _ => {
                let length = operands.u64()?;
                operands.range(length)?
            }
        };
        let span = self.store.span(&range)?;
        Ok(if matches!(opcode, b'C' | b'B' | 0x8e | 0x96) { Node::Bytes(span) } else { Node::Text(span) })
    }

    /// Tuples, lists, sets and dictionaries.
    fn container(&mut self, opcode: u8) -> Result<(), PartFault> {
        let store = &mut self.store;
        match opcode {
            b'(' => store.mark(),
            b')' => store.push_tuple(&[]),
            b']' | 0x8f => store.push_content(Node::Sequence, Content::default()),
            b'}' => store.push_content(Node::Mapping, Content::default()),
            b't' => {
                let items = store.pop_to_mark()?;
                store.push_tuple(&items)
            }
            b'l' | 0x91 => {
                let items = store.pop_to_mark()?;
                store.push_content(Node::Sequence, Content { items, ..Content::default() })
            }
            b'd' => {
                let items = store.pop_to_mark()?;
                let entries = store.pairs(&items)?.to_vec();
                store.push_content(Node::Mapping, Content { entries, ..Content::default() })
            }
            0x85..=0x87 => {
                let mut items = (0x85..=opcode).map(|_| store.pop()).collect::<Result<Vec<_>, _>>()?;
                items.reverse();
                store.push_tuple(&items)
            }
            b'a' => store.append_one(),
            b's' => {
                let value = store.pop()?;
                let key = store.pop()?;
                store.set(&[key, value])
            }
            b'u' => {
                let items = store.pop_to_mark()?;
                store.set(&items)
            }
            _ => store.append_to_mark(),
        }
    }

    fn memo(&mut self, opcode: u8) -> Result<(), PartFault> {
        let operands = &mut self.operands;
        let index = match opcode {
            b'g' | b'p' => operands.index_line()?,
            b'h' | b'q' => operands.byte()?.into(),
            b'j' | b'r' => operands.u32()?,
            _ => self.store.next_index()?,
        };
        if matches!(opcode, b'g' | b'h' | b'j') { self.store.get(index) } else { self.store.memorise(index) }
    }

    /// Classes, functions, and what Python would make by them.
    fn object(&mut self, opcode: u8) -> Result<(), PartFault> {
        match opcode {
            b'c' => self.global(),
            0x93 => {
                let name = self.store.pop_text()?;
                let module = self.store.pop_text()?;
                self.store.push_global(module, name)
            }
            b'i' => {
                let arguments = self.store.pop_to_mark()?;
                self.global()?;
                let class = self.store.pop()?;
                self.make(class, &arguments)
            }
            b'o' => {
                let mut arguments = self.store.pop_to_mark()?;
                if arguments.is_empty() {
                    return Err(self.operands.fault("a class behind a mark", "none"));
                }
                let class = arguments.remove(0);
                self.make(class, &arguments)
            }
            b'P' => {
                let identifier = self.operands.line()?;
                let identifier = self.store.span(&identifier)?;
                let identifier = self.store.add(Node::Text(identifier))?;
                self.persistent(identifier)
            }
            b'Q' => {
                let identifier = self.store.pop()?;
                self.persistent(identifier)
            }
            b'R' | 0x81 => {
                let arguments = self.store.pop()?;
                let callable = self.store.pop()?;
                self.store.push_made(callable, arguments)
            }
            0x92 => {
                let named = self.store.pop()?;
                let arguments = self.store.pop()?;
                let class = self.store.pop()?;
                self.store
                    .push_content(Node::Object, Content { parts: vec![class, arguments, named], ..Content::default() })
            }
            _ => {
                let state = self.store.pop()?;
                self.store.set_state(state)
            }
        }
    }

    fn global(&mut self) -> Result<(), PartFault> {
        let module = self.operands.line()?;
        let name = self.operands.line()?;
        let (module, name) = (self.store.span(&module)?, self.store.span(&name)?);
        self.store.push_global(module, name)
    }

    /// An object of a class and arguments that are no value by themselves.
    fn make(&mut self, class: NodeId, arguments: &[NodeId]) -> Result<(), PartFault> {
        self.store.push_tuple(arguments)?;
        let arguments = self.store.pop()?;
        self.store.push_made(class, arguments)
    }

    fn persistent(&mut self, identifier: NodeId) -> Result<(), PartFault> {
        self.store.push_content(Node::Persistent, Content { parts: vec![identifier], ..Content::default() })
    }
}
