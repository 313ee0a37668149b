//! Many networks × many layers: the [`Comparison`], the report that everybody shares.
//!
//! A [`Study`] is described by a [`StudySpec`]; inputs are added to it, and further questions put to what is kept of their
//! layers. [`compare`] is one from beginning to end. [`open`] recognises the files that it takes, a [`Watcher`] sees cells as
//! they come, and [`sentence`] puts a map into words.

mod answer;
mod by_construction;
mod chance;
mod compare;
mod comparison;
mod csv;
mod error;
mod expect;
mod input;
mod interval;
mod json;
pub(crate) mod layer_map;
#[cfg(test)]
mod network_tests;
mod null;
mod number;
mod open;
mod outputs;
mod plan;
mod prepare;
#[cfg(test)]
mod prepare_tests;
mod remarks;
mod report;
#[cfg(test)]
pub(crate) mod sample;
mod samples;
mod sentence;
mod session;
#[cfg(test)]
mod session_tests;
mod spec;
#[cfg(test)]
mod tests;
mod watch;

pub use compare::compare;
pub use comparison::{
    BootstrapRecord, Cell, Comparison, DeviceRecord, GroupRecord, InputKind, InputRecord, IntervalRecord, LayerRecord,
    MeasureRecord, NullRecord, OutputRecord, PairRecord, PartRecord, ProbeRecord, RangeRecord, SCHEMA_MINOR,
    SCHEMA_VERSION, SearchRecord,
};
pub use error::StudyError;
pub use input::{Input, unique};
pub use json::ReportError;
pub use layer_map::{Chance, LayerMap};
pub use number::{bytes, number};
pub use open::{OpenError, Opened, open, open_as, open_sharded};
pub use plan::{Budget, LayerSize};
pub use prepare::prepare;
pub use remarks::{RemarkKind, RemarkPlace, Warning, Weight};
pub(crate) use sentence::same_depth;
pub use sentence::{sentence, sentence_of};
pub use session::Study;
pub use spec::{BootstrapSpec, InputSpec, LayerPlan, NullSpec, PairError, PairPlan, ProbeSpec, StudySpec};
pub use watch::{CellEvent, Watcher};
