//! What a reader of a report should know.

mod gather;
mod kind;
mod warning;

pub(super) use gather::{About, Finding, gather};
pub use kind::{RemarkKind, Weight};
pub use warning::{RemarkPlace, Warning};

use super::Input;
use super::samples::are_positions;
use crate::checkpoint::{Divergence, Evidence};
use crate::data::{Pixels, ProbeSet};
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
            let assumed: Vec<String> = network
                .own_classes()
                .into_iter()
                .chain(network.computed.clone())
                .chain(network.assumptions())
                .collect();
            let assumed = assumed.iter().map(|text| finding(RemarkKind::AssumedArchitecture, text, None));
            let wrappers = network.looked_through().map(|text| finding(RemarkKind::Wrappers, &text, None));
            let others = network.part.as_ref().filter(|_| !network.others.is_empty()).map(|part| {
                let text = format!("the file holds several networks, of which {part} is compared");
                finding(RemarkKind::NetworksLeftAside, &text, Some(network.others.join(", ")))
            });
            let settled = network.settled.iter();
            let unlike = settled.clone().flat_map(|settled| &settled.warnings);
            let unlike = unlike.map(|text| finding(RemarkKind::UnlikeTraining, text, None));
            let evidence = settled.filter_map(|settled| evidence(&settled.evidence.as_ref()?.taken));
            let evidence = evidence.map(|text| finding(RemarkKind::Evidence, &text, None));
            unlike.chain(others).chain(aside).chain(assumed).chain(evidence).chain(wrappers).collect()
        }
        Input::Activations { file, .. } => {
            let anonymous = file.representations.first().is_some_and(|layer| are_positions(&layer.samples));
            let text = "the file does not name its samples; its rows are taken to be in the order of the others";
            let anonymous = anonymous.then(|| finding(RemarkKind::UnnamedSamples, text, None));
            let aside = (!file.left_aside.is_empty()).then(|| {
                let which = Some(file.left_aside.join(", "));
                finding(RemarkKind::ArraysLeftAside, "arrays that are no layers were left aside", which)
            });
            anonymous.into_iter().chain(aside).collect()
        }
    }
}

/// What images say of how a network was read.
fn evidence(evidence: &Evidence) -> Option<String> {
    let accuracy = evidence.accuracy.map(|accuracy| {
        format!("it classifies {:.0} % of {} images as they are labelled", 100.0 * accuracy, evidence.images)
    });
    let divergence = evidence.divergence.map(|Divergence { median, largest }| {
        format!(
            "the values that its batch normalisations see differ from those of its training by {median:.3} (median over layers, \
             at most {largest:.3}; Kullback-Leibler divergence, mean over channels)"
        )
    });
    let said: Vec<String> = accuracy.into_iter().chain(divergence).collect();
    (!said.is_empty()).then(|| said.join("; "))
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

/// How the probe set was read, and whether its values are unusual ones.
pub(super) fn of_probe(probe: &ProbeSet) -> impl Iterator<Item = Finding> {
    let notes = probe.notes.iter().map(|note| Finding {
        kind: RemarkKind::ProbeSet,
        about: About::All,
        text: note.clone(),
        detail: None,
    });
    unusual_pixels(probe).into_iter().chain(notes)
}

/// That images hold values that pixels do not have, with what they probably are.
fn unusual_pixels(probe: &ProbeSet) -> Option<Finding> {
    /// The largest value of a pixel, with what a sharpened image may exceed it by.
    const LARGEST: f32 = 2.0;
    let Pixels::F32(values) = &probe.pixels else { return None };
    if probe.holds_vectors() {
        return None;
    }
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let advice = if low < 0.0 {
        "they seem to be standardised already: choose no normalisation"
    } else if high > LARGEST {
        "divide them by 255 if that is what they were multiplied by"
    } else {
        return None;
    };
    let text = format!("the images hold values from {low} to {high} where pixels from 0 to 1 are expected; {advice}");
    Some(Finding { kind: RemarkKind::UnusualPixels, about: About::All, text, detail: None })
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
