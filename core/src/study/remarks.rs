//! What a reader of a report should know.

use super::samples::are_positions;
use super::{Input, Warning};
use crate::layer::Layer;

/// How many layers a remark names.
const NAMED: usize = 4;

/// A sample that holds more than this part of a layer's variance decides what measures say of the layer.
const DOMINANT: f64 = 0.5;

/// What is known of an input before it runs.
pub(super) fn of_input(input: &Input, name: &str) -> Vec<Warning> {
    let remark = |message: String| Warning { input: Some(name.to_owned()), layer: None, message };
    match input {
        Input::Network { network, .. } => network.remarks().into_iter().chain(network.notes()).map(remark).collect(),
        Input::Activations { file, .. } => {
            let anonymous = file.representations.first().is_some_and(|layer| are_positions(&layer.samples));
            let text = "the file does not name its samples; its rows are taken to be in the order of the others";
            anonymous.then(|| remark(text.to_owned())).into_iter().collect()
        }
    }
}

/// What its layers have shown, one remark for all layers of which the same is to be said.
pub(super) fn of_layers(name: &str, layers: &[Layer]) -> Vec<Warning> {
    let remark = |message: String| Warning { input: Some(name.to_owned()), layer: None, message };
    let constant = layers
        .iter()
        .filter(|layer| layer.facts.constant_features > 0)
        .map(|layer| format!("{} ({} of {})", layer.name, layer.facts.constant_features, layer.facts.features));
    let dominated = layers.iter().filter_map(|layer| {
        let farthest = layer.facts.farthest.filter(|farthest| farthest.share > DOMINANT)?;
        Some(format!("{} (sample {}, {:.0} %)", layer.name, farthest.row, 100.0 * farthest.share))
    });
    let texts = [
        ("features are constant over all samples in", constant.collect::<Vec<_>>()),
        ("one sample holds most of the variance, and so decides what measures say, in", dominated.collect()),
    ];
    texts
        .into_iter()
        .filter(|(_, layers)| !layers.is_empty())
        .map(|(text, layers)| remark(gathered(text, &layers)))
        .collect()
}

/// `text layer1 (…), layer2 (…) and 5 more layers`.
fn gathered(text: &str, layers: &[String]) -> String {
    let shown = layers.len().min(NAMED);
    let named = layers[..shown].join(", ");
    match layers.len() - shown {
        0 => format!("{text} {named}"),
        1 => format!("{text} {named} and 1 more layer"),
        more => format!("{text} {named} and {more} more layers"),
    }
}

/// What is to be said of all inputs together: that networks see differently normalised pixels.
pub(super) fn of_all<'a>(inputs: impl Iterator<Item = &'a super::InputRecord>) -> Vec<Warning> {
    let mut normalised = inputs.filter_map(|input| Some((&input.name, input.normalisation.as_ref()?)));
    let Some((first, own)) = normalised.next() else { return Vec::new() };
    let different = normalised.find(|(_, other)| (&other.mean, &other.std) != (&own.mean, &own.std));
    let Some((second, other)) = different else { return Vec::new() };
    let message = format!(
        "the networks see differently normalised pixels: {first} by {}, {second} by {}; choose one normalisation for all if they \
         were trained alike",
        own.name, other.name
    );
    vec![Warning { input: None, layer: None, message }]
}
