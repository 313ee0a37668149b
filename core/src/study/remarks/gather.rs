//! From what was found, place by place, to remarks: the heaviest first, and one for all places of which the same is to be said.

use std::collections::BTreeMap;

use super::{RemarkKind, RemarkPlace, Warning};

/// How many layers or inputs a remark names.
const NAMED: usize = 4;

/// Something found of one layer, of one input, or of all.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::study) struct Finding {
    pub(in crate::study) kind: RemarkKind,
    pub(in crate::study) about: About,
    /// What is to be said, the same wherever it holds; ` in layer` can follow it.
    pub(in crate::study) text: String,
    /// What differs from place to place, such as `3 of 16`.
    pub(in crate::study) detail: Option<String>,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::study) enum About {
    /// All inputs together.
    All,
    /// One of them.
    Input(String),
    /// A layer of one.
    Layer { input: String, layer: String },
}

impl About {
    fn input(&self) -> Option<&str> {
        match self {
            Self::All => None,
            Self::Input(input) | Self::Layer { input, .. } => Some(input),
        }
    }

    fn layer(&self) -> Option<&str> {
        match self {
            Self::Layer { layer, .. } => Some(layer),
            _ => None,
        }
    }
}

/// Findings of which the same is to be said; never empty.
struct Group(Vec<Finding>);

/// The remarks on these findings, in order of weight; those of the same weight in the order in which they were found.
pub(in crate::study) fn gather(findings: impl IntoIterator<Item = Finding>) -> Vec<Warning> {
    let mut groups: Vec<Group> = Vec::new();
    for finding in findings {
        match groups.iter_mut().find(|group| group.takes(&finding)) {
            Some(group) => group.0.push(finding),
            None => groups.push(Group(vec![finding])),
        }
    }
    let mut warnings: Vec<Warning> = groups.iter().filter_map(Group::warning).collect();
    warnings.sort_by_key(|warning| warning.kind.weight());
    warnings
}

impl Group {
    /// Whether a finding is like these: of the same kind and text, and all of layers, or all of inputs.
    fn takes(&self, other: &Finding) -> bool {
        self.0.first().is_some_and(|first| {
            let alike = first.kind == other.kind && first.text == other.text;
            let level = first.about.layer().is_some() == other.about.layer().is_some();
            alike && level && first.about != About::All && other.about != About::All
        })
    }

    fn warning(&self) -> Option<Warning> {
        let first = self.0.first()?;
        let same_input = self.0.iter().all(|finding| finding.about.input() == first.about.input());
        let input = first.about.input().filter(|_| same_input).map(str::to_owned);
        if self.0.len() == 1 {
            let layer = first.about.layer().map(str::to_owned);
            return Some(Warning { kind: first.kind, input, layer, message: first.message(), places: Vec::new() });
        }
        // A detail that all have in common is said once.
        let common = self.0.iter().all(|finding| finding.detail == first.detail);
        let text = if common { first.message() } else { first.text.clone() };
        let name = |finding: &Finding| {
            let name = match &finding.about {
                About::Layer { layer, .. } if same_input => layer.clone(),
                About::Layer { input, layer } => format!("{layer} of {input}"),
                About::Input(input) => input.clone(),
                About::All => return None,
            };
            Some(if common { name } else { with(name, finding.detail.as_deref()) })
        };
        let named = self.named();
        let names = named.iter().filter_map(|finding| name(finding)).collect::<Vec<_>>().join(", ");
        let of_layers = first.about.layer().is_some();
        let unit = if of_layers { "layer" } else { "input" };
        let names = match self.0.len() - named.len() {
            0 => names,
            1 => format!("{names} and 1 more {unit}"),
            more => format!("{names} and {more} more {unit}s"),
        };
        let message = if of_layers { format!("{text} in {names}") } else { format!("{names}: {text}") };
        let places = self.0.iter().filter_map(Finding::place).collect();
        Some(Warning { kind: first.kind, input, layer: None, message, places })
    }

    /// The findings that the message names: of each input the first, then of each the second, so that none hides another.
    fn named(&self) -> Vec<&Finding> {
        let mut counts: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        let mut ranked: Vec<(usize, usize)> = Vec::with_capacity(self.0.len());
        for (place, finding) in self.0.iter().enumerate() {
            let count = counts.entry(finding.about.input()).or_insert(0);
            ranked.push((*count, place));
            *count += 1;
        }
        ranked.sort_unstable();
        ranked.truncate(NAMED);
        ranked.sort_unstable_by_key(|&(_, place)| place);
        ranked.into_iter().filter_map(|(_, place)| self.0.get(place)).collect()
    }
}

impl Finding {
    /// What is to be said of this one alone.
    fn message(&self) -> String {
        with(self.text.clone(), self.detail.as_deref())
    }

    fn place(&self) -> Option<RemarkPlace> {
        let layer = self.about.layer().map(str::to_owned);
        Some(RemarkPlace { input: self.about.input()?.to_owned(), layer, message: self.message() })
    }
}

/// `text (detail)`.
fn with(text: String, detail: Option<&str>) -> String {
    match detail {
        Some(detail) => format!("{text} ({detail})"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_layer(input: &str, layer: &str, detail: &str) -> Finding {
        Finding {
            kind: RemarkKind::ConstantFeatures,
            about: About::Layer { input: input.to_owned(), layer: layer.to_owned() },
            text: "features are constant".to_owned(),
            detail: Some(detail.to_owned()),
        }
    }

    fn of_input(kind: RemarkKind, input: &str, text: &str) -> Finding {
        Finding { kind, about: About::Input(input.to_owned()), text: text.to_owned(), detail: None }
    }

    fn messages(findings: Vec<Finding>) -> Vec<String> {
        gather(findings).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_changes_values_comes_before_what_limits_their_reading_and_that_before_the_record() {
        let of_all = Finding {
            kind: RemarkKind::DifferentNormalisation,
            about: About::All,
            text: "differently normalised".to_owned(),
            detail: None,
        };
        let found = vec![
            of_input(RemarkKind::Wrappers, "a", "looked through state_dict"),
            of_layer("a", "stem", "1 of 3"),
            of_input(RemarkKind::AssumedArchitecture, "b", "the stem has stride 1"),
            of_input(RemarkKind::UnnamedSamples, "a", "no names"),
            of_all,
        ];
        assert_eq!(
            messages(found),
            [
                "b: the stem has stride 1",
                "a: no names",
                "differently normalised",
                "a, stem: features are constant (1 of 3)",
                "a: looked through state_dict",
            ]
        );
    }

    #[test]
    fn layers_of_one_input_are_named_up_to_a_handful() {
        let layers = |count: usize| (0..count).map(|layer| of_layer("a", &format!("fc{layer}"), &layer.to_string()));
        let message = |count| gather(layers(count)).swap_remove(0).to_string();
        assert_eq!(message(1), "a, fc0: features are constant (0)");
        assert_eq!(message(2), "a: features are constant in fc0 (0), fc1 (1)");
        assert_eq!(message(5), "a: features are constant in fc0 (0), fc1 (1), fc2 (2), fc3 (3) and 1 more layer");
        assert_eq!(message(9), "a: features are constant in fc0 (0), fc1 (1), fc2 (2), fc3 (3) and 5 more layers");
    }

    #[test]
    fn one_input_does_not_hide_another() {
        let of =
            |input: &'static str| (0..6).map(move |layer| of_layer(input, &format!("fc{layer}"), &layer.to_string()));
        let warnings = gather(of("a").chain(of("b")));
        assert_eq!(
            warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["features are constant in fc0 of a (0), fc1 of a (1), fc0 of b (0), fc1 of b (1) and 8 more layers"]
        );
        // Programs get them all.
        assert_eq!((warnings[0].input.as_ref(), warnings[0].layer.as_ref()), (None, None));
        let places: Vec<String> = warnings[0].places.iter().map(ToString::to_string).collect();
        assert_eq!(places.len(), 12);
        assert_eq!(places[5], "a, fc5: features are constant (5)");
        assert_eq!(places[11], "b, fc5: features are constant (5)");
    }

    #[test]
    fn inputs_are_gathered_by_what_is_said_of_them() {
        let assumed = |input: &str, text: &str| of_input(RemarkKind::AssumedArchitecture, input, text);
        let found = vec![assumed("a", "ReLU"), assumed("b", "option A"), assumed("c", "ReLU")];
        assert_eq!(messages(found), ["a, c: ReLU", "b: option A"]);
        let found = ["a", "b", "c", "d", "e", "f"].map(|input| assumed(input, "ReLU")).to_vec();
        assert_eq!(messages(found), ["a, b, c, d and 2 more inputs: ReLU"]);
        // The same words of another kind are another remark.
        let found = vec![assumed("a", "ReLU"), of_input(RemarkKind::Wrappers, "b", "ReLU")];
        assert_eq!(messages(found), ["a: ReLU", "b: ReLU"]);
    }

    #[test]
    fn a_detail_in_common_is_said_once() {
        let found = vec![of_layer("a", "fc1", "3 of 3"), of_layer("b", "fc1", "3 of 3")];
        assert_eq!(messages(found), ["features are constant (3 of 3) in fc1 of a, fc1 of b"]);
    }
}
