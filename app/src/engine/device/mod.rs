//! What a worker computes on. The worker with WebGPU has a choice, the other has the processor.

mod adapter;
#[cfg(not(feature = "webgpu"))]
mod host;
#[cfg(feature = "webgpu")]
mod warm_up;
#[cfg(feature = "webgpu")]
mod webgpu;

#[cfg(not(feature = "webgpu"))]
pub(super) use host::Devices;
#[cfg(feature = "webgpu")]
pub(super) use webgpu::Devices;

use crate::protocol::EngineReport;

/// The processor computes, for this reason: what follows "because".
fn on_cpu(reason: &str) -> EngineReport {
    EngineReport {
        id: "cpu".to_owned(),
        name: "CPU".to_owned(),
        reason: format!("The CPU engine computes, because {reason}"),
    }
}
