//! The samples that layers were computed on, as measures see them.

use std::sync::Arc;

use crate::data::SampleIds;
use crate::layer::Draw;

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

impl Samples {
    /// Drawn samples. The ids stay those of all samples.
    pub(crate) fn drawn(&self, draw: &Draw) -> Self {
        let of = |labels: &Vec<u32>| draw.indices().iter().map(|&sample| labels.get(sample).copied()).collect();
        let labels = self.labels.as_ref().and_then(of);
        Self { labels, ..self.clone() }
    }
}
