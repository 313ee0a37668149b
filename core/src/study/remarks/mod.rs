//! What a reader of a report should know.

mod gather;
mod kind;
mod warning;

pub(super) use gather::{About, Finding, gather};
pub use kind::{RemarkKind, Weight};
pub use warning::{RemarkPlace, Warning};

use super::Input;
use super::samples::are_positions;
use crate::layer::Layer;

/// A sample that holds more than this part of a layer's variance decides what measures say of the layer.
const DOMINANT: f64 = 0.5;

/// What is known of an input before it runs.
pub(super) fn of_input(input: &Input, name: &str) -> Vec<Finding> {
    let finding = |kind: RemarkKind, text: &str, detail: Option<String>| Finding {
        kind,
        about: About::Input(name.to_owned()),
        text: text.to_owned(),
        detail,
    };
    match input {
        Input::Network { network, .. } => {
            let aside = network.report.remark();
            let aside =
                aside.map(|which| finding(RemarkKind::TensorsLeftAside, "tensors were left aside", Some(which)));
            let assumed = network.assumptions();
            let assumed = assumed.iter().map(|text| finding(RemarkKind::AssumedArchitecture, text, None));
            let wrappers = network.looked_through().map(|text| finding(RemarkKind::Wrappers, &text, None));
            aside.into_iter().chain(assumed).chain(wrappers).collect()
        }
        Input::Activations { file, .. } => {
            let anonymous = file.representations.first().is_some_and(|layer| are_positions(&layer.samples));
            let text = "the file does not name its samples; its rows are taken to be in the order of the others";
            anonymous.then(|| finding(RemarkKind::UnnamedSamples, text, None)).into_iter().collect()
        }
    }
}

/// That nothing could be kept of a layer, and why.
pub(super) fn unusable(input: &str, layer: &str, fault: &str) -> Finding {
    of_layer(RemarkKind::UnusableLayer, (input, layer), "nothing could be computed", fault.to_owned())
}

/// What the layers of an input have shown.
pub(super) fn of_layers(name: &str, layers: &[Layer]) -> Vec<Finding> {
    let constant = layers.iter().filter(|layer| layer.facts.constant_features > 0).map(|layer| {
        let detail = format!("{} of {}", layer.facts.constant_features, layer.facts.features);
        let text = "features are constant over all samples";
        of_layer(RemarkKind::ConstantFeatures, (name, &layer.name), text, detail)
    });
    let dominated = layers.iter().filter_map(|layer| {
        let farthest = layer.facts.farthest.filter(|farthest| farthest.share > DOMINANT)?;
        let detail = format!("sample {}, {:.0} %", farthest.row, 100.0 * farthest.share);
        let text = "one sample holds most of the variance and decides what measures say";
        Some(of_layer(RemarkKind::DominantSample, (name, &layer.name), text, detail))
    });
    constant.chain(dominated).collect()
}

fn of_layer(kind: RemarkKind, (input, layer): (&str, &str), text: &str, detail: String) -> Finding {
    let about = About::Layer { input: input.to_owned(), layer: layer.to_owned() };
    Finding { kind, about, text: text.to_owned(), detail: Some(detail) }
}

/// What is to be said of all inputs together: that networks see differently normalised pixels.
pub(super) fn of_all<'a>(inputs: impl Iterator<Item = &'a super::InputRecord>) -> Option<Finding> {
    let mut normalised = inputs.filter_map(|input| Some((&input.name, input.normalisation.as_ref()?)));
    let (first, own) = normalised.next()?;
    let (second, other) = normalised.find(|(_, other)| (&other.mean, &other.std) != (&own.mean, &own.std))?;
    let text = format!(
        "the networks see differently normalised pixels: {first} by {}, {second} by {}; choose one normalisation for all if they \
         were trained alike",
        own.name, other.name
    );
    Some(Finding { kind: RemarkKind::DifferentNormalisation, about: About::All, text, detail: None })
}
