//! Many networks × many layers: the [`Comparison`], the report that everybody shares.

mod comparison;

pub use comparison::{
    Cell, Comparison, DeviceRecord, InputKind, InputRecord, LayerRecord, MeasureRecord, PairRecord, ProbeRecord,
    SCHEMA_VERSION, Warning,
};
