//! Which engine runs the networks.

use anyhow::{Context as _, Result, bail};
use repgeo_core::activation::Engine;

use crate::device::DeviceChoice;

/// The host engine for the processor, Burn's for a GPU; linear algebra keeps to the same threads.
///
/// # Errors
/// When this program was built without the device, or for no threads at all.
pub(super) fn open(choice: DeviceChoice, threads: Option<usize>) -> Result<Engine> {
    if threads == Some(0) {
        bail!("--threads: expected at least 1, found 0");
    }
    let available = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = threads.unwrap_or_else(available);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("the threads cannot be started")?;
    match choice {
        DeviceChoice::Cpu => Ok(Engine::host(threads)),
        gpu => Ok(Engine::device(gpu.open()?, gpu.id(), "first GPU")),
    }
}
