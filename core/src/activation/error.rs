//! What can go wrong between a network, a probe set and its representations.

use crate::data::DataError;
use crate::model::ModelError;
use crate::supervise::Cancelled;

/// Why there are no representations: which file, layer or setting, what was expected and what was found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ActivationError {
    /// The images do not fit the network.
    #[error(
        "{network}: expects {expected}, but {probe} has images of {found}; choose another probe set, or say \
         what its tensors leave open, under Assumptions on the page or with --architecture"
    )]
    Images {
        /// The file of the network.
        network: String,
        /// The probe set.
        probe: String,
        /// What the network expects, such as `images of any size with 1 channel`.
        expected: String,
        /// The shape of the images.
        found: String,
    },
    /// Several networks have the checkpoint's tensors, and nothing tells which of them it is.
    #[error(
        "{network}: its tensors are those of several networks, and they do not say where maps are padded, pooled and strided; \
         choose one, under Assumptions on the page or with --architecture: {choices}"
    )]
    Undecided {
        /// The file of the network.
        network: String,
        /// What to say, and what it means.
        choices: String,
    },
    /// A tensor of the network is absent or has another shape.
    #[error("{network}: tensor `{tensor}`: expected {expected}, found {found}")]
    Tensor {
        /// The file of the network.
        network: String,
        /// PyTorch's name of the tensor.
        tensor: String,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The network cannot be run on a device.
    #[error("{network}: layer `{layer}`: {reason}")]
    Device {
        /// The file of the network.
        network: String,
        /// The layer that was being computed.
        layer: String,
        /// What the device says.
        reason: String,
    },
    /// The architecture cannot be built for these images.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The images cannot be read or normalised, or a file of activations is refused.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Whoever watches asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
