//! A file and what has to become of it.

use std::collections::BTreeMap;

use repgeo_core::checkpoint;
use repgeo_core::data::{ProbeSet, read_probe_set};
use repgeo_core::file::NamedBytes;
use repgeo_core::study::{self, Opened};

/// Tensors by name.
pub(crate) type State = BTreeMap<String, Vec<f32>>;

/// A file and what has to become of it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) make: Box<dyn Fn() -> Vec<u8> + Sync>,
    pub(crate) expected: Expected,
}

/// What has to become of a file.
pub(crate) enum Expected {
    /// It is read, and a checkpoint is these tensors.
    Read(Option<State>),
    /// It is refused, and the sentence says this.
    Refused(&'static str),
}

impl Case {
    /// A file that is refused with these words.
    pub(crate) fn refused(name: impl Into<String>, bytes: impl Into<Vec<u8>>, because: &'static str) -> Self {
        let bytes = bytes.into();
        Self::made(name, Expected::Refused(because), move || bytes.clone())
    }

    /// A file that is read as these tensors.
    pub(crate) fn read(name: impl Into<String>, bytes: impl Into<Vec<u8>>, state: State) -> Self {
        let bytes = bytes.into();
        Self::made(name, Expected::Read(Some(state)), move || bytes.clone())
    }

    /// A file that is read, as images or as activations.
    pub(crate) fn accepted(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::made(name, Expected::Read(None), move || bytes.clone())
    }

    /// A file that is made when it is needed: one of many megabytes.
    pub(crate) fn made(
        name: impl Into<String>,
        expected: Expected,
        make: impl Fn() -> Vec<u8> + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), make: Box::new(make), expected }
    }
}

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
