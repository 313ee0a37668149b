//! From the bytes of a file to named tensors.

use std::collections::{BTreeMap, BTreeSet};

use super::container::{Container, recognise};
use super::contents::Contents;
use super::error::{CheckpointError, Fault};
use super::metadata::ARCHITECTURE;
use super::reading::Reading;
use super::tensor::{Element, Precision};
use super::{burnpack, prefix, pytorch, safetensors};
use crate::Sha256Digest;
use crate::file::NamedBytes;
use crate::model::{Modules, StateDict, TensorShapes};
use crate::names::natural_order;
use crate::parallel;

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
    /// The key of a dictionary that was read where it has others beside it; several keys are joined by dots.
    pub part: Option<String>,
    /// Names and shapes of the floating-point tensors that lie beside that part, by the keys that lead to them.
    pub beside: BTreeMap<String, TensorShapes>,
    /// The floating-point tensors, by PyTorch's name.
    pub state: StateDict,
    /// The names of all tensors in the order of the layers: that of the file where it was written layer by layer, as PyTorch
    /// does, else the order in which people count.
    pub order: Vec<String>,
    /// How each of them is stored.
    pub precisions: BTreeMap<String, Precision>,
    /// Floating-point tensors with a value that is not finite in single precision: no network can use them.
    pub unusable: BTreeMap<String, Unusable>,
    /// Tensors that hold no floating-point values, with their type: counters such as `num_batches_tracked`, masks, indices.
    pub ignored: BTreeMap<String, String>,
    /// What the file says of the modules of the network, where it holds a whole module and not only its tensors.
    pub modules: Modules,
    /// Plain values beside the weights: safetensors' and burnpack's metadata, a training script's `epoch` or `arch`.
    pub metadata: BTreeMap<String, String>,
}

/// A tensor that no network can use.
#[derive(Debug, Clone, PartialEq)]
pub struct Unusable {
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// What is wrong with it.
    pub fault: Fault,
}

/// Reads a checkpoint. The container is recognised by content, nothing in the file is ever run, and a file cannot ask
/// for much more memory than it has bytes.
///
/// # Errors
/// [`CheckpointError`]: the file, the part of it, what was expected and what was found.
pub fn read(file: &NamedBytes) -> Result<Checkpoint, CheckpointError> {
    read_as(file, &Reading::default())
}

/// [`read`], of the part that is wanted where the file has it under a key of its own. What the reading says beyond that is
/// for [`load`](super::load).
///
/// # Errors
/// Those of [`read`].
pub fn read_as(file: &NamedBytes, reading: &Reading) -> Result<Checkpoint, CheckpointError> {
    let decode = || {
        let (container, contents) = contents(&file.bytes, reading.wanted_part())?;
        decoded(container, contents)
    };
    // The hash takes as long as everything else.
    let (decoded, sha256) = parallel::both(decode, || Sha256Digest::of([file.bytes.as_slice()]));
    decoded.map(|decoded| decoded.named(&file.name, sha256)).map_err(|fault| fault.of(&file.name))
}

/// What a [`Checkpoint`] has besides the name and the hash of its file.
pub(super) struct Decoded {
    container: Container,
    wrappers: Vec<String>,
    part: Option<String>,
    beside: BTreeMap<String, TensorShapes>,
    modules: Modules,
    state: StateDict,
    order: Vec<String>,
    precisions: BTreeMap<String, Precision>,
    unusable: BTreeMap<String, Unusable>,
    ignored: BTreeMap<String, String>,
    metadata: BTreeMap<String, String>,
}

impl Decoded {
    /// The checkpoint.
    pub(super) fn named(self, file: &str, sha256: Sha256Digest) -> Checkpoint {
        let Self { container, wrappers, part, beside, modules, state, order, precisions, unusable, ignored, metadata } =
            self;
        let file = file.to_owned();
        Checkpoint {
            file,
            sha256,
            container,
            wrappers,
            part,
            beside,
            modules,
            state,
            order,
            precisions,
            unusable,
            ignored,
            metadata,
        }
    }
}

/// What a file holds, before any value is decoded.
pub(super) fn contents<'a>(bytes: &'a [u8], part: Option<&str>) -> Result<(Container, Contents<'a>), Fault> {
    let container = recognise(bytes)?;
    let contents = match container {
        Container::PytorchZip | Container::PytorchLegacy | Container::PytorchTar => {
            pytorch::read(container, bytes, part)?
        }
        Container::Safetensors => safetensors::read(bytes)?,
        Container::Burnpack => burnpack::read(bytes)?,
    };
    contents.check_sizes()?;
    Ok((container, contents))
}

/// Peels the names and decodes the values.
pub(super) fn decoded(container: Container, mut contents: Contents<'_>) -> Result<Decoded, Fault> {
    let mut wrappers = std::mem::take(&mut contents.path);
    // A file that says its architecture has that architecture's names, whatever they begin with.
    if !contents.metadata.contains_key(ARCHITECTURE) {
        let peeled = prefix::peel(&mut contents.tensors);
        let prefix = peeled.concat();
        contents.modules = within(contents.modules, &prefix);
        wrappers.extend(peeled);
    }

    let mut order: Vec<String> = contents.tensors.iter().map(|tensor| tensor.name.clone()).collect();
    if !matches!(container, Container::PytorchZip | Container::PytorchLegacy | Container::PytorchTar) {
        order.sort_by(|a, b| natural_order(a, b));
    }
    let mut state = StateDict::new();
    let mut precisions = BTreeMap::new();
    let mut unusable = BTreeMap::new();
    let mut ignored = BTreeMap::new();
    for tensor in std::mem::take(&mut contents.tensors) {
        let name = tensor.name.clone();
        match tensor.element.clone() {
            Element::Float(precision) => {
                let shape = tensor.shape.clone();
                match tensor.decode(precision) {
                    Ok(tensor) => {
                        state.insert(name.clone(), tensor);
                        precisions.insert(name, precision);
                    }
                    // What the network does not need may be anything.
                    Err(fault @ (Fault::NotFinite { .. } | Fault::OutOfRange { .. })) => {
                        unusable.insert(name, Unusable { shape, fault });
                    }
                    Err(fault) => return Err(fault),
                }
            }
            Element::Other(element) => {
                ignored.insert(name, element);
            }
        }
    }
    if state.is_empty() {
        if let Some((_, Unusable { fault, .. })) = unusable.pop_first() {
            return Err(fault);
        }
        let types: BTreeSet<&str> = ignored.values().map(String::as_str).collect();
        let types = types.into_iter().collect::<Vec<_>>().join(", ");
        let found = if types.is_empty() { "no tensor".to_owned() } else { format!("only tensors of type {types}") };
        return Err(Fault::malformed(container.description(), "tensors of floating-point values", found));
    }
    if contents.burn_layout {
        state = burnpack::to_pytorch(state)?;
        unusable = unusable.into_iter().map(|(name, tensor)| (burnpack::rename(&name), tensor)).collect();
        order = order.into_iter().map(|name| burnpack::rename(&name)).collect();
        precisions = precisions.into_iter().map(|(name, precision)| (burnpack::rename(&name), precision)).collect();
    }
    let Contents { part, beside, modules, metadata, .. } = contents;
    Ok(Decoded { container, wrappers, part, beside, modules, state, order, precisions, unusable, ignored, metadata })
}

/// The modules whose names begin with a prefix, without it, and the one that holds them, under an empty name.
pub(super) fn within(modules: Modules, prefix: &str) -> Modules {
    if prefix.is_empty() {
        return modules;
    }
    let own = |name: &str| match prefix.strip_suffix('.') {
        Some(holder) if name == holder => Some(String::new()),
        _ => name.strip_prefix(prefix).map(str::to_owned),
    };
    modules.into_iter().filter_map(|(name, module)| Some((own(&name)?, module))).collect()
}
