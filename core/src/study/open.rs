//! Files that can be compared, recognised by their content.

use crate::activation::{ActivationFile, ActivationFileError, read_activations};
use crate::checkpoint::{self, CheckpointError, Container, Network, Reading};
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
    let may_hold_activations = checkpoint.container != Container::Burnpack
        && checkpoint.modules.is_empty()
        && !checkpoint.order.iter().any(|name| is_parameter(name));
    match checkpoint::load(checkpoint, reading) {
        Ok(network) => Ok(Opened::Network(Box::new(network))),
        Err(error) if may_hold_activations && error.fault.is_not_inferred() => {
            Ok(Opened::Activations(read_activations(file)?))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a tensor is called like what a module or an optimizer keeps, which no layer's activations are.
fn is_parameter(name: &str) -> bool {
    const PARAMETERS: [&str; 10] = [
        "weight",
        "bias",
        "running_mean",
        "running_var",
        "num_batches_tracked",
        "exp_avg",
        "exp_avg_sq",
        "momentum_buffer",
        "square_avg",
        "inv_freq",
    ];
    let (module, own) = name.rsplit_once('.').unwrap_or(("", name));
    let within = !module.is_empty() && PARAMETERS.contains(&own);
    within
        || ["_weight", "_bias"].iter().any(|end| own.ends_with(end))
        || ["weight_", "bias_"].iter().any(|start| own.starts_with(start))
        || name.split('.').any(|part| part == "parametrizations" || part == "_packed_params")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A safetensors file of single-precision zeros.
    fn file(tensors: &[(&str, &[usize])]) -> NamedBytes {
        let (mut header, mut end) = (serde_json::Map::new(), 0);
        for (name, shape) in tensors {
            let start = end;
            end += 4 * shape.iter().product::<usize>();
            let entry = serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, end] });
            header.insert((*name).to_owned(), entry);
        }
        let header = serde_json::Value::Object(header).to_string();
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; end]].concat();
        NamedBytes { name: "file.safetensors".to_owned(), bytes }
    }

    #[test]
    fn weights_of_no_known_network_are_no_activations() {
        let layers: [(&str, &[usize]); 2] = [("branch.0", &[5, 3]), ("trunk.0", &[5, 2])];
        assert!(matches!(open(&file(&layers)), Ok(Opened::Activations(_))));
        let parameters: [&[(&str, &[usize])]; 4] = [
            &[("branch.0.weight", &[5, 3]), ("trunk.0.weight", &[5, 2])],
            &[("lstm.weight_ih_l0", &[8, 3]), ("lstm.weight_hh_l0", &[8, 2])],
            &[("layers.0.base_weight", &[5, 3]), ("layers.0.grid", &[5, 7])],
            &[("0.exp_avg", &[5, 3]), ("2.exp_avg", &[5, 2])],
        ];
        for tensors in parameters {
            let refused = open(&file(tensors));
            assert!(matches!(refused, Err(OpenError::Checkpoint(_))), "{tensors:?}: {refused:?}");
        }
    }
}
