//! Files that can be compared, recognised by their content.

use crate::activation::{ActivationFile, ActivationFileError, read_activations};
use crate::checkpoint::{self, CheckpointError, Container, Fault, Network, Reading};
use crate::file::{Kind, NamedBytes, ZipContent, recognise};

/// What a file turned out to be.
#[derive(Debug, Clone)]
pub enum Opened {
    /// A checkpoint, with all that its architecture needs.
    Network(Box<Network>),
    /// Activations that were computed elsewhere.
    Activations(ActivationFile),
}

/// Why a file can be neither compared as a network nor as activations.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OpenError {
    /// It is a checkpoint, but not a usable one; or nothing that is known here.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// It holds activations, but not usable ones.
    #[error(transparent)]
    Activations(#[from] ActivationFileError),
}

/// [`open_as`], with nothing said about how a checkpoint is to be read.
///
/// # Errors
/// Those of [`open_as`].
pub fn open(file: &NamedBytes) -> Result<Opened, OpenError> {
    open_as(file, &Reading::default())
}

/// Reads a network that is split over several files, with its index where it has one.
///
/// # Errors
/// Those of [`read_sharded`](checkpoint::read_sharded) and [`load`](checkpoint::load).
pub fn open_sharded(index: Option<&NamedBytes>, shards: &[NamedBytes], reading: &Reading) -> Result<Opened, OpenError> {
    let checkpoint = checkpoint::read_sharded(index, shards)?;
    Ok(Opened::Network(Box::new(checkpoint::load(checkpoint, reading)?)))
}

/// Recognises a file by its content and reads it: NumPy files hold activations, burnpack holds networks, and of
/// safetensors and PyTorch files those hold a network where an architecture can be told from the tensors, else activations.
///
/// # Errors
/// [`OpenError`], about what the file most looks like.
pub fn open_as(file: &NamedBytes, reading: &Reading) -> Result<Opened, OpenError> {
    let kind = recognise(&file.bytes);
    if kind.holds_arrays() || kind == Kind::Zip(ZipContent::Nothing) {
        return Ok(Opened::Activations(read_activations(file)?));
    }
    let checkpoint = checkpoint::read_as(file, reading)?;
    let may_hold_activations = checkpoint.container != Container::Burnpack;
    // Layers are not called like this.
    let is_parameter = |name: &String| name.ends_with(".weight") || name.ends_with(".bias");
    let has_parameters = checkpoint.state.keys().any(is_parameter);
    // A part that was asked for is one of a network.
    let may_hold_activations = may_hold_activations && !(has_parameters && reading.part.is_some());
    match checkpoint::load(checkpoint, reading) {
        Ok(network) => Ok(Opened::Network(Box::new(network))),
        Err(error) if may_hold_activations && matches!(*error.fault, Fault::NotInferred(_)) => {
            match read_activations(file) {
                Ok(activations) => Ok(Opened::Activations(activations)),
                Err(_) if has_parameters => Err(error.into()),
                Err(error) => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}
