//! Many networks × many layers: the [`Comparison`], the report that everybody shares.
//!
//! [`compare`] is the study. [`open`] recognises the files that it takes, a [`Watcher`] sees cells as they come, and
//! [`sentence`] puts a map into words.

mod collector;
mod compare;
mod comparison;
mod csv;
mod error;
mod input;
mod json;
pub(crate) mod layer_map;
#[cfg(test)]
mod network_tests;
mod number;
mod open;
#[cfg(test)]
pub(crate) mod sample;
mod samples;
mod sentence;
#[cfg(test)]
mod tests;
mod watch;

pub use compare::compare;
pub use comparison::{
    Cell, Comparison, DeviceRecord, InputKind, InputRecord, LayerRecord, MeasureRecord, PairRecord, ProbeRecord,
    RangeRecord, SCHEMA_VERSION, Warning,
};
pub use error::StudyError;
pub use input::{Input, Settings};
pub use json::ReportError;
pub use layer_map::LayerMap;
pub use number::number;
pub use open::{OpenError, Opened, open};
pub use sentence::{same_depth, sentence, sentence_of};
pub use watch::{CellEvent, Watcher};
