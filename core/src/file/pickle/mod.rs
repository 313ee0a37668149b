//! Pickles read for what they hold, without running anything.
//!
//! The reader that yields the tensors ([`pytorch_reader`]) copies what a pickle shares and walks values recursively. A
//! pickle is therefore first read here, into an arena of values that refer to one another: names of everything that
//! Python would call, cycles, nesting and the size after copying are known before that reader sees a byte.

mod arena;
mod bounds;
mod callables;
mod copies;
mod machine;
mod operands;

pub(crate) use arena::{Kind, Node, NodeId, Pickle};
pub(crate) use machine::parse;
