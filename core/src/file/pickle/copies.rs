//! How much is copied by a reader that does not share, as Python does, what a pickle puts aside.

use super::arena::{Kind, Node, NodeId};
use crate::file::{PartFault, limits};

/// What was copied so far.
#[derive(Default)]
pub(super) struct Copies {
    nodes: u64,
    /// Bytes of texts and of the names of classes.
    text: u64,
}

impl Copies {
    /// Counts a value with all that is in it.
    ///
    /// # Errors
    /// [`PartFault::Malformed`] beyond [`limits::PICKLE_COPIED_NODES`] or [`limits::PICKLE_COPIED_TEXT`].
    pub(super) fn count(&mut self, nodes: &[Node], value: NodeId, part: &str) -> Result<(), PartFault> {
        let mut open = vec![value];
        while let Some(id) = open.pop() {
            let Node { kind, items, parts } = &nodes[id as usize];
            let text = match kind {
                Kind::Text(text) => text.len(),
                Kind::Global(module, name) => module.len().saturating_add(name.len()),
                _ => 0,
            };
            self.text = self.text.saturating_add(text as u64);
            self.nodes = self.nodes.saturating_add(1 + (items.len() + parts.len()) as u64);
            if self.text > limits::PICKLE_COPIED_TEXT || self.nodes > limits::PICKLE_COPIED_NODES {
                let (nodes, text) = (limits::PICKLE_COPIED_NODES, limits::PICKLE_COPIED_TEXT);
                let expected =
                    format!("at most {nodes} values and {text} bytes of text, shared ones counted at each use");
                return Err(PartFault::malformed(part, expected, "more"));
            }
            open.extend(items);
            open.extend(parts);
        }
        Ok(())
    }
}
