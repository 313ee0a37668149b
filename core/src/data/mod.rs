//! Probe sets: images with labels and stable ids, from bytes.

mod class_map;
mod format;
mod identity;
mod normalisation;
mod probe_set;
mod subset;
mod values;

pub use crate::file::DataError;
pub use class_map::ClassMap;
pub use format::read_probe_set;
pub use normalisation::Normalisation;
pub use probe_set::{ImageShape, Pixels, ProbeSet, SampleIds};
pub use subset::Subset;
