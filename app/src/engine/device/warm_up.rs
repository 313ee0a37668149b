//! A small network on a few images: the work by which devices are compared.

use std::borrow::Cow;

use repgeo_core::activation::{self, ActivationError, Engine, Job, Representation, RowPolicy};
use repgeo_core::data::{ImageShape, Normalisation, Pixels, ProbeSet};
use repgeo_core::layer::{Layer, PartId};
use repgeo_core::model::{Architecture, CifarResnet, Graph, StateDict, initial_state};
use repgeo_core::study::StudyError;
use repgeo_core::supervise::{Cancelled, Progress, Supervisor};

use super::super::port;

const NAME: &str = "the warm-up";
/// Number of images: enough to fill a batch.
const IMAGES: usize = 32;
const IMAGE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };
/// A device that is not done with both rounds after this many milliseconds has lost.
const PATIENCE: f64 = 2500.0;

/// Milliseconds that the work takes on an engine; [`f64::INFINITY`] when it was not done in time.
///
/// # Errors
/// In words, when the engine cannot do it.
pub(super) async fn time(engine: &Engine) -> Result<f64, String> {
    let work = work().ok_or("the warm-up could not be prepared.")?;
    let watcher = Impatient { until: port::now() + PATIENCE };
    // The first round compiles shaders and fills caches.
    let mut taken = f64::INFINITY;
    for _ in 0..2 {
        let start = port::now();
        match round(engine, &work, &watcher).await {
            Ok(()) => taken = port::now() - start,
            Err(ActivationError::Cancelled(_)) => return Ok(f64::INFINITY),
            Err(error) => return Err(format!("the warm-up failed: {error}.")),
        }
    }
    Ok(taken)
}

/// Whether an error comes from the device and not from what it was asked to do.
pub(super) fn is_of_device(error: &StudyError) -> bool {
    matches!(error, StudyError::Activation(ActivationError::Device { .. }))
}

/// What a comparison does with one network: all representations and their Gram matrices, read back.
async fn round(engine: &Engine, work: &Work, watcher: &Impatient) -> Result<(), ActivationError> {
    let each = async |representation: Representation| -> Result<(), ActivationError> {
        let layer = representation.layer.clone();
        let failed = |reason| ActivationError::Device { network: NAME.to_owned(), layer, reason };
        Layer::of(Cow::Owned(representation), &[PartId::Gram], false, watcher)
            .await
            .map(drop)
            .map_err(|error| failed(error.to_string()))
    };
    let Work { graph, state, probe } = work;
    let normalisation = Normalisation { name: "none".to_owned(), mean: vec![0.0; 3], std: vec![1.0; 3] };
    let policy = RowPolicy::Flatten;
    let job = Job { network: NAME, graph, state, probe, normalisation: &normalisation, policy, portion: (0.0, 1.0) };
    activation::represent(engine, &job, watcher, each).await
}

/// A narrow residual network before training, and made-up images.
struct Work {
    graph: Graph,
    state: StateDict,
    probe: ProbeSet,
}

fn work() -> Option<Work> {
    let architecture = Architecture::from(CifarResnet::of_depth(8, 10));
    let graph = architecture.graph(IMAGE).ok()?;
    let state = initial_state(&graph, 0);
    let pixels = (0..IMAGES * IMAGE.len()).map(|index| (index * 37 % 251) as u8).collect();
    let probe = ProbeSet::new(NAME, IMAGE, Pixels::U8(pixels), None, Vec::new()).ok()?;
    Some(Work { graph, state, probe })
}

/// Stops the work when its time is over.
struct Impatient {
    until: f64,
}

impl Supervisor for Impatient {
    fn progress(&self, _progress: Progress) {}

    async fn pause(&self) -> Result<(), Cancelled> {
        if port::now() > self.until { Err(Cancelled) } else { Ok(()) }
    }
}
