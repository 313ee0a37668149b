//! What a study will take, found out before anything runs.

use super::{Input, LayerPlan, StudyError};
use crate::activation::RowPolicy;
use crate::layer::{MAXIMUM_ROWS, PartId};
use crate::model::Graph;

/// How much memory a study may take, and what it may keep for later questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The most bytes at any time, where there is a limit: the study is refused when its plan is above.
    pub memory: Option<u64>,
    /// The most bytes of parts and rows that are kept of layers for later questions. Nothing is kept with 0.
    pub kept: u64,
}

impl Budget {
    /// No limit, and nothing is kept for later questions.
    pub const ONCE: Self = Self { memory: None, kept: 0 };
}

/// The size of a layer that will be computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSize {
    /// Its name.
    pub name: String,
    /// Number of rows, n.
    pub rows: usize,
    /// Number of columns, p.
    pub features: usize,
    /// Bytes of one value.
    value_bytes: u64,
}

impl LayerSize {
    /// Bytes of the rows.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (self.rows as u64).saturating_mul(self.features as u64).saturating_mul(self.value_bytes)
    }
}

/// The wanted layers of a network on this many images, first to last.
pub(super) fn of_network(graph: &Graph, policy: RowPolicy, images: usize, layers: &LayerPlan) -> Vec<LayerSize> {
    let taps = graph.taps.iter().filter(|tap| layers.includes(&tap.name));
    taps.map(|tap| {
        let (rows, features) = policy.size(graph.nodes[tap.node].shape, images);
        LayerSize { name: tap.name.clone(), rows, features, value_bytes: 4 }
    })
    .collect()
}

/// The wanted layers of an activation file.
pub(super) fn of_activations(input: &Input, policy: RowPolicy, layers: &LayerPlan) -> Vec<LayerSize> {
    let Input::Activations { file, .. } = input else { return Vec::new() };
    let wanted = file.representations.iter().enumerate().filter(|(_, layer)| layers.includes(&layer.layer));
    wanted
        .map(|(index, layer)| LayerSize {
            name: layer.layer.clone(),
            rows: layer.rows,
            features: file.features(index, policy),
            value_bytes: 8,
        })
        .collect()
}

/// Bytes of the maps of each tap on this many images: each is one array.
pub(super) fn map_bytes(graph: &Graph, images: usize) -> Vec<u64> {
    let bytes = |values: usize| (values as u64).saturating_mul(images as u64).saturating_mul(4);
    graph.taps.iter().map(|tap| bytes(graph.nodes[tap.node].shape.len())).collect()
}

/// The most bytes that are there at once while a network runs: the maps of two neighbouring taps.
pub(super) fn running_bytes(maps: &[u64]) -> u64 {
    let pairs = maps.windows(2).map(|pair| pair.iter().sum());
    pairs.chain(maps.iter().copied()).max().unwrap_or(0)
}

/// Bytes of what is kept of a layer to answer the study's own questions: at most n coordinates of n samples for each.
pub(super) fn answer_bytes(size: &LayerSize, questions: usize) -> u64 {
    PartId::Gram.bytes(size.rows, size.features).saturating_mul(questions as u64)
}

/// Refuses layers that no n × n matrix can compare, or no array of this machine can hold, and says how many samples would do.
///
/// # Errors
/// [`StudyError::TooManyRows`], [`StudyError::TooLarge`].
pub(super) fn check(input: &str, samples: usize, layers: &[LayerSize], whole: &[u64]) -> Result<(), StudyError> {
    if let Some(layer) = layers.iter().find(|layer| layer.rows > MAXIMUM_ROWS) {
        let (rows, limit) = (layer.rows, MAXIMUM_ROWS);
        let per_sample = rows.div_ceil(samples.max(1));
        let (input, layer) = (input.to_owned(), layer.name.clone());
        return Err(StudyError::TooManyRows { input, layer, rows, limit, fits: limit / per_sample });
    }
    // No array is larger than this, whatever memory there is.
    let limit = isize::MAX as u64;
    if let Some(&bytes) = whole.iter().find(|&&bytes| bytes > limit) {
        let fits = (samples as u128 * u128::from(limit) / u128::from(bytes)) as usize;
        return Err(StudyError::TooLarge { input: input.to_owned(), needed: bytes, limit, fits });
    }
    Ok(())
}
