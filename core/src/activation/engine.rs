//! What networks are run on.

use super::HostEngine;
#[cfg(feature = "devices")]
use {super::DeviceEngine, burn::tensor::Device};

/// What networks are run on.
#[derive(Debug, Clone)]
pub enum Engine {
    /// The processor.
    Host(HostEngine),
    /// Any device of Burn.
    #[cfg(feature = "devices")]
    Device(DeviceEngine),
}

impl Engine {
    /// The processor, with at most this many threads of the pool that it is called from.
    #[must_use]
    pub fn host(threads: usize) -> Self {
        Self::Host(HostEngine::new(threads))
    }

    /// A device of Burn. `id` is for machines (`webgpu`, `cuda`), `description` is for people.
    #[cfg(feature = "devices")]
    #[must_use]
    pub fn device(device: Device, id: impl Into<String>, description: impl Into<String>) -> Self {
        Self::Device(DeviceEngine::new(device, id, description))
    }

    /// Machine id: `cpu` for the processor.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Host(_) => "cpu",
            #[cfg(feature = "devices")]
            Self::Device(device) => device.id(),
        }
    }

    /// What people read: `CPU, 8 threads`.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Host(host) => match host.threads() {
                1 => "CPU, 1 thread".to_owned(),
                threads => format!("CPU, {threads} threads"),
            },
            #[cfg(feature = "devices")]
            Self::Device(device) => device.description().to_owned(),
        }
    }
}
