//! What an engine is asked to do.

use std::ops::Range;
use std::sync::Arc;

use super::rows::Rows;
use super::{ActivationError, Matrix, Representation, RowPolicy};
use crate::data::{Normalisation, ProbeSet, SampleIds};
use crate::model::{Graph, Shape, StateDict};
use crate::supervise::{Progress, Stage, Supervisor};

/// One network and the images that it is run on.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// What progress and errors call the network.
    pub network: &'a str,
    /// The network.
    pub graph: &'a Graph,
    /// Its weights.
    pub state: &'a StateDict,
    /// The images.
    pub probe: &'a ProbeSet,
    /// How their pixels are normalised.
    pub normalisation: &'a Normalisation,
    /// How a feature map becomes a row.
    pub policy: RowPolicy,
    /// Where this work begins in the whole, and how much of the whole it is.
    pub portion: (f64, f64),
}

impl Job<'_> {
    /// Number of images.
    pub(super) fn images(&self) -> usize {
        self.probe.len()
    }

    /// The normalised images `range`, each channels × height × width.
    pub(super) fn batch(&self, range: Range<usize>) -> Result<Vec<f32>, ActivationError> {
        Ok(self.probe.batch(range, self.normalisation)?)
    }

    /// Says that `done` of the work, from 0 to 1, is done, and that `layer` is being computed.
    pub(super) fn report(&self, watcher: &impl Supervisor, layer: &str, done: f64) {
        let (start, length) = self.portion;
        watcher.progress(Progress {
            stage: Stage::Forward,
            network: self.network.to_owned(),
            layer: layer.to_owned(),
            fraction: start + length * done.clamp(0.0, 1.0),
        });
    }

    /// The representation of a layer whose maps are kept as they are.
    pub(super) fn flattened(&self, layer: &str, shape: Shape, matrix: Matrix) -> Representation {
        self.representation(layer, self.images(), shape.len(), matrix)
    }

    /// The representation of a layer whose maps were reduced.
    pub(super) fn reduced(&self, layer: &str, rows: Rows) -> Representation {
        self.representation(layer, rows.rows, rows.features, rows.into_matrix())
    }

    /// An error of the device that was asked for `layer`.
    #[cfg(feature = "devices")]
    pub(super) fn device_error(&self, layer: &str, reason: String) -> ActivationError {
        ActivationError::Device { network: self.network.to_owned(), layer: layer.to_owned(), reason }
    }

    pub(super) fn representation(&self, layer: &str, rows: usize, features: usize, matrix: Matrix) -> Representation {
        let samples: Arc<SampleIds> = Arc::clone(&self.probe.samples);
        Representation { layer: layer.to_owned(), samples, row_policy: self.policy, rows, features, matrix }
    }
}
