//! The processor alone.

use repgeo_core::activation::Engine;
use repgeo_core::study::StudyError;

use super::{adapter, on_cpu};
use crate::protocol::{Adapter, EngineChoice, EngineReport};

/// The processor.
pub(crate) struct Devices {
    host: Engine,
}

impl Default for Devices {
    fn default() -> Self {
        Self { host: Engine::host(1) }
    }
}

impl Devices {
    /// What is computed on.
    pub(crate) fn engine(&self) -> &Engine {
        &self.host
    }

    /// The processor, and why; which adapter there is, where WebGPU may be wanted. Whether to go on with the other worker
    /// is the interface's decision.
    pub(crate) async fn choose(&mut self, wanted: EngineChoice) -> (EngineReport, Adapter) {
        if wanted == EngineChoice::Cpu {
            return (on_cpu("it was asked for."), Adapter::Unknown);
        }
        let adapter = adapter::find().await;
        let reason = match adapter {
            Adapter::Hardware => "WebGPU has not been timed yet: that is done after a comparison that takes long.",
            Adapter::Software => "the WebGPU of this browser computes on the processor too.",
            Adapter::None | Adapter::Unknown => "this browser offers no WebGPU adapter.",
        };
        (on_cpu(reason), adapter)
    }

    /// What takes over after an error of the device: the processor is none.
    pub(crate) fn replace_after(&mut self, _error: &StudyError) -> Option<EngineReport> {
        None
    }
}
