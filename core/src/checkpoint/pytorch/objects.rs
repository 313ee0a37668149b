//! PyTorch's objects among the values of a pickle.

use crate::file::pickle::{Kind, Node, NodeId, Pickle};

impl Pickle<'_> {
    /// Whether a value is a pickled `torch.nn.Module`: its state has the three tables that every module keeps.
    pub(crate) fn is_module(&self, id: NodeId) -> bool {
        const TABLES: [&str; 3] = ["_parameters", "_buffers", "_modules"];
        let Node { kind: Kind::Call, parts, .. } = self.node(id) else { return false };
        let mut states = parts.iter().skip(2);
        states.any(|&state| TABLES.iter().all(|table| self.entries(state).any(|(key, _)| key == *table)))
    }

    /// Whether a value holds a tensor: itself, or in its items.
    pub(crate) fn is_tensor(&self, id: NodeId) -> bool {
        match self.node(id) {
            Node { kind: Kind::Persistent, .. } => true,
            Node { kind: Kind::Call, parts, .. } => parts
                .first()
                .and_then(|&callable| self.global(callable))
                .is_some_and(|(module, name)| module.starts_with("torch") && name.starts_with("_rebuild")),
            _ => false,
        }
    }
}
