//! Probe sets: images or vectors with labels and stable ids, from bytes.

mod class_map;
mod format;
mod identity;
mod normalisation;
mod normalisation_choice;
mod pixels;
mod preparation;
mod probe_set;
mod resample;
mod subset;
mod values;

pub use crate::file::DataError;
pub use class_map::ClassMap;
pub use format::{read_prepared, read_probe_set};
pub use normalisation::Normalisation;
pub use normalisation_choice::{ChannelStatistics, NormalisationChoice};
pub use pixels::{ImageShape, Pixels, SampleIds};
pub use preparation::Preparation;
pub use probe_set::ProbeSet;
pub use subset::Subset;
