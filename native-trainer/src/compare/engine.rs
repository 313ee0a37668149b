//! Which engine runs the networks, and on how many threads.

use std::ops::RangeInclusive;

use anyhow::{Context as _, Result, bail};
use repgeo_core::activation::Engine;

use crate::device::DeviceChoice;

/// As many threads as this may be asked for on any machine.
const THREADS_ANYWHERE: usize = 64;
/// And as many for each thread that the machine runs at once: more only wait for each other.
const THREADS_PER_PROCESSOR: usize = 4;

/// Starts the threads of the processor; all that it runs at once without a number.
///
/// # Errors
/// For no threads at all or very many, or when they cannot be started.
pub(super) fn start_threads(asked: Option<usize>) -> Result<()> {
    let threads = sensible(asked, std::thread::available_parallelism().map_or(1, std::num::NonZero::get))?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("the threads cannot be started")
}

fn sensible(asked: Option<usize>, processors: usize) -> Result<usize> {
    let sensible: RangeInclusive<usize> = 1..=(THREADS_PER_PROCESSOR * processors).max(THREADS_ANYWHERE);
    match asked {
        None => Ok(processors),
        Some(threads) if sensible.contains(&threads) => Ok(threads),
        Some(threads) => bail!(
            "--threads: expected from 1 to {} on this machine, which runs {processors} at once, found {threads}",
            sensible.end()
        ),
    }
}

/// The host engine for the processor, Burn's for a GPU; linear algebra keeps to the same threads.
///
/// # Errors
/// When this program was built without the device.
pub(super) fn open(choice: DeviceChoice) -> Result<Engine> {
    match choice {
        DeviceChoice::Cpu => Ok(Engine::host(rayon::current_num_threads())),
        gpu => Ok(Engine::device(gpu.open()?, gpu.id(), "first GPU")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_threads_is_bounded_by_the_machine() {
        assert_eq!(sensible(None, 2).unwrap(), 2);
        assert_eq!(sensible(None, 500).unwrap(), 500);
        assert_eq!(sensible(Some(64), 2).unwrap(), 64);
        assert_eq!(sensible(Some(400), 100).unwrap(), 400);
        for (asked, processors) in [(0, 2), (65, 2), (401, 100), (100_000, 8)] {
            assert!(sensible(Some(asked), processors).is_err(), "{asked}");
        }
    }
}
