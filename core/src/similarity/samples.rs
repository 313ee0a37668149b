//! The samples that layers were computed on, as measures see them.

use std::sync::Arc;

use crate::data::SampleIds;

/// The samples of all layers of a study, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// Their ids.
    pub ids: Arc<SampleIds>,
    /// The class of each, where known.
    pub labels: Option<Vec<u32>>,
    /// Names of the classes, where known.
    pub classes: Vec<String>,
}
