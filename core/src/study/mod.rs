//! Many networks × many layers: the [`Comparison`], the report that everybody shares.

mod comparison;
mod csv;
mod json;
pub(crate) mod layer_map;
mod number;
#[cfg(test)]
pub(crate) mod sample;
mod sentence;

pub use comparison::{
    Cell, Comparison, DeviceRecord, InputKind, InputRecord, LayerRecord, MeasureRecord, PairRecord, ProbeRecord,
    RangeRecord, SCHEMA_VERSION, Warning,
};
pub use json::ReportError;
pub use layer_map::LayerMap;
pub use number::number;
pub(crate) use sentence::same_depth;
pub use sentence::{sentence, sentence_of};
