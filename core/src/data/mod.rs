//! Probe sets: images with labels and stable ids, from bytes.

mod class_map;
pub(crate) mod container;
mod error;
mod format;
mod identity;
#[cfg(test)]
pub(crate) mod mutation;
mod normalisation;
pub(crate) mod npy;
mod probe_set;
mod subset;
mod values;

pub use class_map::ClassMap;
pub use error::DataError;
pub(crate) use error::{one_line, reason};
pub use format::read_probe_set;
pub use normalisation::Normalisation;
pub use probe_set::{ImageShape, Pixels, ProbeSet, SampleIds};
pub use subset::Subset;

/// A file as it came in: its name, for messages, and its bytes.
#[derive(Debug, Clone)]
pub struct NamedBytes {
    /// The file name. A folder before it, where there is one, names the class of an image.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}
