//! From the bytes of a file to named tensors.

use std::collections::{BTreeMap, BTreeSet};

use super::container::{Container, recognise};
use super::error::{CheckpointError, Fault};
use super::metadata::ARCHITECTURE;
use super::tensor::{Element, Precision};
use super::{burnpack, prefix, pytorch, safetensors};
use crate::Sha256Digest;
use crate::file::NamedBytes;
use crate::model::StateDict;

/// The weights of a file, and what the file says about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The file's name.
    pub file: String,
    /// The hash of the file's bytes.
    pub sha256: Sha256Digest,
    /// How it is packed.
    pub container: Container,
    /// What was looked through, from the outermost on: keys of dictionaries (`state_dict`) and prefixes of names (`module.`).
    pub wrappers: Vec<String>,
    /// The floating-point tensors, by PyTorch's name.
    pub state: StateDict,
    /// How each of them is stored.
    pub precisions: BTreeMap<String, Precision>,
    /// Tensors that hold no floating-point values, with their type: counters such as `num_batches_tracked`, masks, indices.
    pub ignored: BTreeMap<String, String>,
    /// Plain values beside the weights: safetensors' and burnpack's metadata, a training script's `epoch` or `arch`.
    pub metadata: BTreeMap<String, String>,
}

/// Reads a checkpoint. The container is recognised by content, nothing in the file is ever run, and a file cannot ask
/// for much more memory than it has bytes.
///
/// # Errors
/// [`CheckpointError`]: the file, the part of it, what was expected and what was found.
pub fn read(file: &NamedBytes) -> Result<Checkpoint, CheckpointError> {
    read_bytes(&file.name, &file.bytes).map_err(|fault| fault.of(&file.name))
}

fn read_bytes(file: &str, bytes: &[u8]) -> Result<Checkpoint, Fault> {
    let container = recognise(bytes)?;
    let mut contents = match container {
        Container::PytorchZip | Container::PytorchLegacy | Container::PytorchTar => pytorch::read(container, bytes)?,
        Container::Safetensors => safetensors::read(bytes)?,
        Container::Burnpack => burnpack::read(bytes)?,
    };
    contents.select();
    contents.check_sizes()?;
    let mut wrappers = std::mem::take(&mut contents.path);
    // A file that says its architecture has that architecture's names, whatever they begin with.
    if !contents.metadata.contains_key(ARCHITECTURE) {
        wrappers.extend(prefix::peel(&mut contents.tensors));
    }

    let mut state = StateDict::new();
    let mut precisions = BTreeMap::new();
    let mut ignored = BTreeMap::new();
    for tensor in contents.tensors {
        let name = tensor.name.clone();
        match tensor.element.clone() {
            Element::Float(precision) => {
                state.insert(name.clone(), tensor.decode(precision)?);
                precisions.insert(name, precision);
            }
            Element::Other(element) => {
                ignored.insert(name, element);
            }
        }
    }
    if state.is_empty() {
        let types: BTreeSet<&str> = ignored.values().map(String::as_str).collect();
        let types = types.into_iter().collect::<Vec<_>>().join(", ");
        let found = if types.is_empty() { "no tensor".to_owned() } else { format!("only tensors of type {types}") };
        return Err(Fault::malformed(container.description(), "tensors of floating-point values", found));
    }
    if contents.burn_layout {
        state = burnpack::to_pytorch(state)?;
        precisions = precisions.into_iter().map(|(name, precision)| (burnpack::rename(&name), precision)).collect();
    }
    Ok(Checkpoint {
        file: file.to_owned(),
        sha256: Sha256Digest::of([bytes]),
        container,
        wrappers,
        state,
        precisions,
        ignored,
        metadata: contents.metadata,
    })
}
