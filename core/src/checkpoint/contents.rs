//! What a container holds, before names are peeled and values decoded.

use std::collections::BTreeMap;

use super::error::Fault;
use super::tensor::Stored;
use crate::file::limits;
use crate::model::{Modules, TensorShapes};

/// What a container holds.
pub(super) struct Contents<'a> {
    /// The tensors of the chosen part, in the order of the file.
    pub(super) tensors: Vec<Stored<'a>>,
    /// Keys from the root of the file to its weights.
    pub(super) path: Vec<String>,
    /// The keys to the part that was chosen where the file branches, joined by dots.
    pub(super) part: Option<String>,
    /// Names and shapes of the tensors that lie beside that part, by the keys that lead to them.
    pub(super) beside: BTreeMap<String, TensorShapes>,
    /// Plain values beside the weights.
    pub(super) metadata: BTreeMap<String, String>,
    /// Bytes that the tensors can be made of.
    pub(super) content: u64,
    /// Whether the names and layouts may be Burn's own.
    pub(super) burn_layout: bool,
    /// What a whole module says of the modules in it.
    pub(super) modules: Modules,
}

impl<'a> Contents<'a> {
    /// What a container holds that has no parts.
    pub(super) fn plain(tensors: Vec<Stored<'a>>, metadata: BTreeMap<String, String>, content: u64) -> Self {
        let (path, part, beside) = (Vec::new(), None, BTreeMap::new());
        Self { tensors, path, part, beside, metadata, content, burn_layout: false, modules: Modules::new() }
    }

    /// Refuses tensors that claim more than the file holds, before any is read.
    ///
    /// # Errors
    /// [`Fault::Malformed`], naming the tensor.
    pub(super) fn check_sizes(&self) -> Result<(), Fault> {
        if self.tensors.len() > limits::ENTRIES {
            let expected = format!("at most {} tensors", limits::ENTRIES);
            return Err(Fault::malformed("tensors", expected, self.tensors.len().to_string()));
        }
        let (mut sum, limit) = (0_u64, limits::tensor_bytes(self.content));
        for Stored { name, shape, length, .. } in &self.tensors {
            if name.len() > limits::NAME_LENGTH {
                let start: String = name.chars().take(60).collect();
                let expected = format!("a name of at most {} bytes", limits::NAME_LENGTH);
                return Err(Fault::malformed(format!("tensor {start}…"), expected, name.len().to_string()));
            }
            if shape.len() > limits::RANK {
                let expected = format!("at most {} dimensions", limits::RANK);
                return Err(Fault::malformed(format!("tensor {name}"), expected, shape.len().to_string()));
            }
            if *length > self.content {
                let expected = format!("at most {} bytes, which the file holds", self.content);
                return Err(Fault::malformed(format!("tensor {name}"), expected, length.to_string()));
            }
            sum = sum.saturating_add(*length);
            if sum > limit {
                let expected = format!("at most {limit} bytes in all, for {} bytes of content", self.content);
                return Err(Fault::malformed(format!("tensor {name}"), expected, "more"));
            }
        }
        Ok(())
    }
}
