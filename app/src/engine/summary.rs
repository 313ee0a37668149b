//! What the interface is told of what was read.

use repgeo_core::checkpoint::{ArchitectureOrigin, Network};
use repgeo_core::data::ProbeSet;
use repgeo_core::model::ModelError;
use repgeo_core::study::Input;

use crate::protocol::{InputSummary, ProbeSummary, Remark, Thumbnails};

/// How many images the interface shows.
const SHOWN: usize = 8;
/// Larger images are shown smaller.
const LARGEST: usize = 48;

/// A network or activations.
///
/// # Errors
/// [`ModelError`], when the parameters of a network cannot be counted.
pub(super) fn of_input(input: &Input) -> Result<InputSummary, ModelError> {
    Ok(match input {
        Input::Network { network, .. } => of_network(network)?,
        Input::Activations { file, .. } => {
            let layers = file.representations.len();
            let samples = file.representations.first().map_or(0, |first| first.samples.ids.len());
            InputSummary {
                network: false,
                description: format!("Activations: {layers} layers, {samples} samples"),
                parameters: None,
                assumptions: Vec::new(),
                part: None,
                others: Vec::new(),
                container: "activations".to_owned(),
                normalisation: None,
                expects: None,
                report: Vec::new(),
            }
        }
    })
}

fn of_network(network: &Network) -> Result<InputSummary, ModelError> {
    let expected = network.architecture.expected_input();
    let remarks = network.remarks().into_iter().map(|text| Remark { attention: true, text });
    let applied = format!("{} tensors applied, {}", network.report.applied.len(), network.sha256.short());
    let notes = network.notes().into_iter().chain([applied]).map(|text| Remark { attention: false, text });
    Ok(InputSummary {
        network: true,
        description: network.architecture.describe(),
        parameters: Some(network.architecture.trainable_parameters()?),
        assumptions: match network.origin {
            ArchitectureOrigin::Inferred => network.architecture.assumptions(),
            _ => Vec::new(),
        },
        part: network.part.clone(),
        others: network.others.clone(),
        container: network.container.description().to_owned(),
        normalisation: network.normalisation(),
        expects: Some(expected.to_string()),
        report: remarks.chain(notes).collect(),
    })
}

/// A probe set.
///
/// # Errors
/// In words, when it has fewer values than its shape says.
pub(super) fn of_probe(probe: &ProbeSet) -> Result<ProbeSummary, String> {
    let count = probe.len().min(SHOWN);
    let step = probe.shape.width.max(probe.shape.height).div_ceil(LARGEST).max(1);
    let (width, height) = (probe.shape.width.div_ceil(step), probe.shape.height.div_ceil(step));
    let mut pixels = Vec::with_capacity(count * width * height * 4);
    for index in 0..count {
        let short =
            || format!("{}: expected image {index} of the shape {:?}, found fewer values", probe.name, probe.shape);
        let image = probe.thumbnail(index).ok_or_else(short)?;
        for y in 0..height {
            for x in 0..width {
                let start = (y * step * probe.shape.width + x * step) * 4;
                pixels.extend(&image[start..start + 4]);
            }
        }
    }
    let label = |index: usize| {
        let class = *probe.labels.as_ref()?.get(index)?;
        Some(probe.class_names.get(class as usize).cloned().unwrap_or_else(|| class.to_string()))
    };
    Ok(ProbeSummary {
        name: probe.name.clone(),
        shape: probe.shape,
        count: probe.len(),
        labelled: probe.labels.is_some(),
        classes: probe.class_names.clone(),
        notes: probe.notes.clone(),
        thumbnails: Thumbnails { count, width, height, labels: (0..count).filter_map(label).collect(), pixels },
    })
}
