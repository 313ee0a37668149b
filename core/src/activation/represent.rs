//! The way in: a network, images and an engine become representations.

use super::job::Job;
use super::readings::{choices, images_error, likeliest_reading, readings_for};
use super::{ActivationError, Engine, Representation};
use crate::checkpoint::Network;
use crate::data::ProbeSet;
use crate::model::Graph;
use crate::supervise::Supervisor;

/// The network for the images of a probe set.
///
/// # Errors
/// [`ActivationError::Images`] when the images do not fit the network, [`ActivationError::Undecided`] when it was not settled
/// which network it is.
pub fn graph_for(network: &Network, probe: &ProbeSet) -> Result<Graph, ActivationError> {
    let readings = readings_for(network, probe.shape);
    if readings.is_empty() {
        return Err(images_error(network, probe));
    }
    if network.settled.is_none() {
        let index = likeliest_reading(network, &readings)?;
        if readings[index] != network.architecture {
            return Err(ActivationError::Undecided { network: network.file.clone(), choices: choices(&readings) });
        }
    }
    Ok(network.architecture.graph(probe.shape)?)
}

/// Runs a network over all images and gives the representation of every tap, in order, to `each`.
///
/// The network is run from tap to tap: besides what `each` keeps there are never more than the maps of two taps, so peak
/// memory is images × (the two largest neighbouring taps) × 4 bytes. The supervisor is asked between units of work that
/// take well under a second.
///
/// # Errors
/// [`ActivationError::Tensor`] when a tensor is absent or misshaped, [`ActivationError::Data`] when the images cannot be
/// normalised, [`ActivationError::Cancelled`] when the supervisor says so, and whatever `each` returns.
pub async fn represent<E: From<ActivationError>>(
    engine: &Engine,
    job: &Job<'_>,
    watcher: &impl Supervisor,
    each: impl AsyncFnMut(Representation) -> Result<(), E>,
) -> Result<(), E> {
    match engine {
        Engine::Host(host) => host.represent(job, watcher, each).await,
        #[cfg(feature = "devices")]
        Engine::Device(device) => device.represent(job, watcher, each).await,
    }
}
