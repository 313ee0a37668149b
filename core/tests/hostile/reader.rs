//! What reads a file, and what it makes of it.

use repgeo_core::checkpoint;
use repgeo_core::data::{ProbeSet, read_probe_set};
use repgeo_core::file::NamedBytes;
use repgeo_core::study::{self, Opened};
use repgeo_hostile::State;

/// What reads a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// As a checkpoint.
    Checkpoint,
    /// As whatever it is among the inputs of a study.
    Input,
    /// As images.
    Images,
}

/// What was read.
pub(crate) enum Read {
    Checkpoint(Box<checkpoint::Checkpoint>),
    Input(Box<Opened>),
    Images(Box<ProbeSet>),
}

impl Reader {
    /// Reads a file, else says why not.
    pub(crate) fn read(self, file: &NamedBytes) -> Result<Read, String> {
        match self {
            Self::Checkpoint => {
                checkpoint::read(file).map(Box::new).map(Read::Checkpoint).map_err(|error| error.to_string())
            }
            Self::Input => study::open(file).map(Box::new).map(Read::Input).map_err(|error| error.to_string()),
            Self::Images => read_probe_set(std::slice::from_ref(file))
                .map(Box::new)
                .map(Read::Images)
                .map_err(|error| error.to_string()),
        }
    }
}

impl Read {
    /// The tensors of a checkpoint.
    pub(crate) fn state(&self) -> Option<State> {
        match self {
            Self::Checkpoint(checkpoint) => {
                Some(checkpoint.state.iter().map(|(name, tensor)| (name.clone(), tensor.values.clone())).collect())
            }
            _ => None,
        }
    }

    /// Checks that what was read is whole.
    ///
    /// # Panics
    /// When it is not.
    pub(crate) fn check(&self) {
        match self {
            Self::Checkpoint(checkpoint) => {
                assert!(!checkpoint.state.is_empty(), "loaded without a tensor");
                assert!(checkpoint.state.keys().eq(checkpoint.precisions.keys()), "tensors and precisions differ");
                for (key, tensor) in &checkpoint.state {
                    assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>(), "{key}");
                    assert!(tensor.values.iter().all(|value| value.is_finite()), "{key}");
                }
            }
            Self::Input(opened) => match &**opened {
                Opened::Network(network) => assert!(!network.state.is_empty()),
                Opened::Activations(activations) => {
                    assert!(!activations.representations.is_empty());
                    for layer in &activations.representations {
                        assert!(layer.rows > 0 && layer.features > 0 && layer.rows == layer.samples.ids.len());
                    }
                }
            },
            Self::Images(set) => assert!(!set.is_empty() && set.pixels.len() == set.len() * set.shape.len()),
        }
    }
}
