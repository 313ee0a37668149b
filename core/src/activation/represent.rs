//! The way in: a network, images and an engine become representations.

use super::job::Job;
use super::{ActivationError, Engine, Representation, RowPolicy};
use crate::checkpoint::Network;
use crate::data::{Normalisation, ProbeSet};
use crate::model::{Graph, StateDict};
use crate::supervise::Supervisor;

/// Runs a network that was read from a file; see [`represent_graph`]. Progress and errors call it by its file's name.
///
/// # Errors
/// [`ActivationError::Images`] when the images do not fit the network, and those of [`represent_graph`].
#[expect(clippy::too_many_arguments, reason = "each is one independent choice of the caller")]
pub async fn represent<E: From<ActivationError>>(
    network: &Network,
    probe: &ProbeSet,
    normalisation: &Normalisation,
    policy: RowPolicy,
    engine: &Engine,
    watcher: &impl Supervisor,
    portion: (f64, f64),
    each: impl AsyncFnMut(Representation) -> Result<(), E>,
) -> Result<(), E> {
    let graph = graph_for(network, probe)?;
    let (name, state) = (&network.file, &network.state);
    represent_graph(name, &graph, state, probe, normalisation, policy, engine, watcher, portion, each).await
}

/// The network for the images of a probe set.
///
/// # Errors
/// [`ActivationError::Images`] when the images do not fit the network.
pub(crate) fn graph_for(network: &Network, probe: &ProbeSet) -> Result<Graph, ActivationError> {
    let expected = network.architecture.expected_input();
    if !expected.accepts(probe.shape) {
        return Err(ActivationError::Images {
            network: network.file.clone(),
            probe: probe.name.clone(),
            expected: expected.to_string(),
            found: probe.shape.to_string(),
        });
    }
    Ok(network.architecture.graph(probe.shape)?)
}

/// Runs the network `graph` with the weights `state` over all images of `probe` and gives the representation of every
/// tap, in order, to `each`. `name` is what progress and errors call the network; `portion` says where this work begins
/// in the whole study, from 0 to 1, and how much of it it is.
///
/// The network is run from tap to tap: besides what `each` keeps there are never more than the maps of two taps, so peak
/// memory is images × (the two largest neighbouring taps) × 4 bytes. The supervisor is asked between units of work that
/// take well under a second.
///
/// # Errors
/// [`ActivationError::Tensor`] when a tensor is absent or misshaped, [`ActivationError::Data`] when the images cannot be
/// normalised, [`ActivationError::Cancelled`] when the supervisor says so, and whatever `each` returns.
#[expect(clippy::too_many_arguments, reason = "each is one independent choice of the caller")]
pub async fn represent_graph<E: From<ActivationError>>(
    name: &str,
    graph: &Graph,
    state: &StateDict,
    probe: &ProbeSet,
    normalisation: &Normalisation,
    policy: RowPolicy,
    engine: &Engine,
    watcher: &impl Supervisor,
    portion: (f64, f64),
    each: impl AsyncFnMut(Representation) -> Result<(), E>,
) -> Result<(), E> {
    let job = Job { network: name, graph, state, probe, normalisation, policy, portion };
    match engine {
        Engine::Host(host) => host.represent(&job, watcher, each).await,
        #[cfg(feature = "devices")]
        Engine::Device(device) => device.represent(&job, watcher, each).await,
    }
}
