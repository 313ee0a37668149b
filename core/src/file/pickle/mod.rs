//! Pickles read for what they hold, without running anything.

mod arena;
mod budget;
mod foreign;
mod machine;
mod memo;
mod operands;
mod scan;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use arena::{Content, Node, NodeId, Pickle};
pub(crate) use machine::parse;
