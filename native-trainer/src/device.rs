//! Which device the tensors are on.

use anyhow::{Result, bail};
use burn::tensor::Device;
use clap::ValueEnum;

/// A device, as asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeviceChoice {
    /// The processor.
    Cpu,
    /// The first GPU, through Vulkan (feature `vulkan`).
    Vulkan,
    /// The first NVIDIA GPU, through CUDA (feature `cuda`).
    Cuda,
}

impl DeviceChoice {
    /// The device.
    ///
    /// # Errors
    /// When this program was built without it.
    pub(crate) fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Ok(Device::vulkan(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(feature = "cuda")]
            Self::Cuda => Ok(Device::cuda(0)),
            #[cfg(not(all(feature = "vulkan", feature = "cuda")))]
            other => bail!(
                "this program was built without the device `{other}`: build it with `--features {other}`",
                other = other.id()
            ),
        }
    }

    /// Its name in reports and on the command line.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Vulkan => "vulkan",
            Self::Cuda => "cuda",
        }
    }
}
