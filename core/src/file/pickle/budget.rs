//! How much memory the values of a pickle may take.

use crate::file::{PartFault, limits};

/// What is left of the memory of a pickle.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u64,
    left: u64,
}

impl Budget {
    /// For a pickle in a source of this many bytes.
    pub(super) fn of(source: usize) -> Self {
        let limit = limits::pickle_memory(source);
        Self { limit, left: limit }
    }

    /// Takes bytes away.
    ///
    /// # Errors
    /// [`PartFault::Malformed`] when fewer are left.
    pub(super) fn spend(&mut self, bytes: usize, part: &str) -> Result<(), PartFault> {
        match self.left.checked_sub(bytes as u64) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                let expected = format!("values that take at most {} bytes of memory", self.limit);
                Err(PartFault::malformed(part, expected, "more"))
            }
        }
    }

    /// Gives bytes back.
    pub(super) fn regain(&mut self, bytes: usize) {
        self.left = self.left.saturating_add(bytes as u64).min(self.limit);
    }
}
