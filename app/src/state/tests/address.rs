//! Settings in the page's address.

use std::collections::BTreeMap;

use repgeo_core::data::{ChannelStatistics, Normalisation};

use super::*;
use crate::protocol::NormalisationChoice;

/// A page that was opened with this query.
fn opened(query: &[(&str, &str)]) -> State {
    let query: BTreeMap<&str, &str> = query.iter().copied().collect();
    let mut state = ready();
    state.take_address(|key| query.get(key).map(|value| (*value).to_owned()));
    state
}

/// What the address says.
fn said(state: &State) -> Vec<(&'static str, String)> {
    state.address().into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

#[test]
fn settings_are_taken_from_the_address_and_written_to_it() {
    let query = [
        ("samples", "64"),
        ("resize", "36"),
        ("crop", "32"),
        ("normalize", "imagenet"),
        ("null", "1000"),
        ("bootstrap", "999"),
        ("architecture", "activation=gelu,pool=max:3:2+none"),
    ];
    let state = opened(&query);
    assert_eq!(state.notice, None);
    assert_eq!(state.settings.samples, Some(64));
    assert_eq!(state.settings.preparation, Preparation { resize: Some(36), crop: Some(32), skip_broken: false });
    assert_eq!(state.settings.normalisation, NormalisationChoice::Preset("imagenet".into()));
    assert_eq!((state.settings.noise_floor, state.settings.orders), (true, Some(1000)));
    assert_eq!((state.settings.intervals, state.settings.resamples), (true, Some(999)));
    assert_eq!(said(&state), query.map(|(key, value)| (key, value.to_owned())));

    for id in Normalisation::PRESETS.iter().chain(&["probe-set"]) {
        assert_eq!(said(&opened(&[("normalize", id)])), [("normalize", (*id).to_owned())]);
    }
}

#[test]
fn what_is_as_usual_is_not_in_the_address() {
    assert_eq!(said(&ready()), []);
    let usual = [("samples", "512"), ("measure", CARD.id), ("normalize", "automatic"), ("resize", ""), ("crop", " ")];
    assert_eq!(opened(&usual).settings, Settings::default());
    assert_eq!(said(&opened(&usual)), []);
    let mut state = ready();
    let numbers = NormalisationChoice::Numbers(Box::new(ChannelStatistics { mean: vec![0.5], std: vec![0.5] }));
    state.apply(Action::Changed(Change::Normalisation(numbers)), 0.0);
    state.apply(Action::Changed(Change::Samples(None)), 0.0);
    assert_eq!(said(&state), []);
}

#[test]
fn wrong_values_are_named_in_one_sentence_and_the_rest_is_taken() {
    let wrong = [
        ("samples", "many"),
        ("measure", "cka"),
        ("normalize", "imagnet"),
        ("null", "5"),
        ("bootstrap", "x"),
        ("architecture", "gelu"),
        ("crop", "8"),
    ];
    let state = opened(&wrong);
    assert_eq!(
        state.notice.unwrap(),
        "Not taken from the page's address: samples=many, expected a whole number; normalize=imagnet, expected probe-set or \
         one of cifar, pytorch-cifar, cifar100, svhn, stl10, imagenet, fashion-mnist, mnist, half, none; measure=cka, \
         expected one of cka-linear-debiased; null=5, expected a whole number from 19 to 100000; bootstrap=x, expected a whole number from 199 to 100000; architecture=gelu, expected KEY=VALUE, several separated by commas."
    );
    let expected = Preparation { crop: Some(8), ..Preparation::default() };
    assert_eq!(state.settings, Settings { preparation: expected, ..Settings::default() });
}

#[test]
fn a_plus_sign_may_stand_in_an_address_as_it_is() {
    // A browser reads it as a space.
    let state = opened(&[("architecture", "pool=max:2 none, stride=2")]);
    assert_eq!(said(&state), [("architecture", "pool=max:2+none,stride=2".to_owned())]);
}

#[test]
fn an_architecture_is_said_of_networks_that_are_opened() {
    let mut state = opened(&[("architecture", "activation=gelu")]);
    let effects = choose(&mut state, &["a.pt", "b.pt"], Purpose::Any);
    let Effect::Send(Request::Open { files, .. }) = &effects[0] else { panic!("{effects:?}") };
    assert!(files.iter().all(|file| file.reading.choices["activation"] == "gelu"), "{files:?}");
    let catalogue = include_str!("../../../../static/catalogue.json");
    state.apply(Action::CatalogueArrived(serde_json::from_str(catalogue).unwrap()), 0.0);
    let effects = state.apply(Action::BundledNetworkChosen(0), 0.0);
    let Effect::Send(Request::Open { files, .. }) = &effects[0] else { panic!("{effects:?}") };
    assert!(files[0].reading.choices.is_empty(), "a bundled network leaves nothing open");

    let architecture =
        |state: &State| said(state).into_iter().find(|(key, _)| *key == "architecture").map(|(_, value)| value);
    for id in 1..=3 {
        tell(&mut state, Event::Loaded { id, summary: network() });
    }
    assert_eq!(architecture(&state).unwrap(), "activation=gelu");
    let change = |state: &mut State, id, value: &str| {
        state.apply(Action::AssumptionChanged { id, key: "activation".into(), value: value.into() }, 0.0);
        tell(state, Event::Loaded { id, summary: network() });
    };
    change(&mut state, 1, "tanh");
    assert_eq!(architecture(&state), None, "they differ");
    change(&mut state, 2, "tanh");
    assert_eq!(architecture(&state).unwrap(), "activation=tanh");
    change(&mut state, 1, "");
    assert_eq!(architecture(&state).unwrap(), "activation=tanh");
    change(&mut state, 2, "");
    assert_eq!(architecture(&state), None, "nothing is said of any");

    // Of activations nothing is said.
    choose(&mut state, &["c.npz"], Purpose::Any);
    tell(&mut state, Event::Loaded { id: 4, summary: InputSummary { network: false, ..network() } });
    assert_eq!(architecture(&state), None);
    assert!(state.compare_settings().spec.inputs[3].choices.is_empty());
}

#[test]
fn the_bundled_comparison_keeps_what_the_address_asked_for() {
    let mut state = opened(&[("samples", "64"), ("measure", "unknown")]);
    let catalogue = include_str!("../../../../static/catalogue.json");
    let report = include_str!("../../../../static/demo/report.json");
    state.apply(Action::CatalogueArrived(serde_json::from_str(catalogue).unwrap()), 0.0);
    state.apply(Action::DemoArrived(report.to_owned()), 0.0);
    assert_eq!(said(&state), [("samples", "64".to_owned())]);
    assert!(state.is_stale(), "what is shown was computed of other images");
    for id in 1..=3 {
        tell(&mut state, Event::Loaded { id, summary: network() });
    }
    let effects = tell(&mut state, Event::ProbeLoaded { ids: vec![4], summary: probe(2000) });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Send(Request::Compare { .. }))), "{effects:?}");
    assert!(state.notice.unwrap().contains("measure=unknown"), "nobody has pressed Compare");
}
