//! Files that are chosen, refused and named.

use super::*;

#[test]
fn files_wait_for_an_engine_that_still_loads() {
    let mut state = fresh();
    assert_eq!(choose(&mut state, &["a.pt"], Purpose::Any), []);
    assert_eq!(state.obstacle().unwrap(), "The engine is still loading.");

    let effects = tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    assert!(matches!(&effects[0], Effect::Send(Request::Start { .. })), "{effects:?}");
    assert!(matches!(&effects[1], Effect::Send(Request::Open { files, .. }) if files[0].name == "a.pt"), "{effects:?}");
}

#[test]
fn an_engine_of_another_version_is_not_used() {
    let mut state = fresh();
    tell(&mut state, Event::Awake { version: PROTOCOL_VERSION + 1 });
    assert!(state.obstacle().unwrap().contains("reload the page"));
}

#[test]
fn the_obstacle_names_what_is_missing() {
    let mut state = ready();
    assert_eq!(state.obstacle().unwrap(), "Add two networks or activation files.");
    choose(&mut state, &["a.pt", "b.pt"], Purpose::Input);
    assert_eq!(state.obstacle().unwrap(), "Files are still being read.");
    tell(&mut state, Event::Loaded { id: 1, summary: network() });
    tell(&mut state, Event::Refused { id: 2, reason: "b.pt: not a checkpoint".into() });
    assert_eq!(state.obstacle().unwrap(), "Add a second network or activation file.");

    let mut state = loaded();
    assert_eq!(state.obstacle(), None);
    state.apply(Action::Changed(Change::Samples(Some(1001))), 0.0);
    assert_eq!(state.obstacle().unwrap(), "Ask for 4 to 1\u{202f}000 images: CIFAR-10 has 1\u{202f}000.");
    state.apply(Action::Changed(Change::Samples(None)), 0.0);
    assert!(state.obstacle().is_some());
}

#[test]
fn activations_need_no_probe_set() {
    let mut state = ready();
    choose(&mut state, &["a.npz", "b.npz"], Purpose::Any);
    let activations = InputSummary { network: false, ..network() };
    tell(&mut state, Event::Loaded { id: 1, summary: activations.clone() });
    tell(&mut state, Event::Loaded { id: 2, summary: activations });
    assert_eq!(state.obstacle(), None);
    assert!(!state.needs_probe());
}

#[test]
fn a_refused_file_leaves_the_rest() {
    let mut state = loaded();
    choose(&mut state, &["broken.pt"], Purpose::Any);
    tell(&mut state, Event::Refused { id: 4, reason: "broken.pt: empty".into() });
    assert_eq!(state.files[3].status, FileStatus::Refused { reason: "broken.pt: empty".into() });
    assert_eq!(state.obstacle(), None);
    assert_eq!(state.inputs().count(), 2);
}

#[test]
fn a_dropped_selection_of_pictures_is_one_probe_set() {
    let mut state = ready();
    let effects = choose(&mut state, &["1.png", "net.pt", "2.PNG"], Purpose::Any);
    let opened: Vec<(usize, Purpose)> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Send(Request::Open { files, purpose, .. }) => (files.len(), *purpose),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(opened, [(2, Purpose::Probe), (1, Purpose::Any)]);
    assert_eq!(state.files[0].name, "2 files");
}

#[test]
fn a_new_probe_set_replaces_the_one_before() {
    let mut state = loaded();
    choose(&mut state, &["other.bin"], Purpose::Any);
    let effects = tell(&mut state, Event::ProbeLoaded { ids: vec![4], summary: probe(10) });
    assert!(effects.contains(&Effect::Release("blob:images.bin".into())), "{effects:?}");
    assert_eq!(state.probe().unwrap().count, 10);
    assert_eq!(state.files.len(), 3);
}

#[test]
fn equal_names_are_told_apart() {
    let mut state = ready();
    choose(&mut state, &["net.pt", "net.safetensors"], Purpose::Input);
    tell(&mut state, Event::Loaded { id: 1, summary: network() });
    tell(&mut state, Event::Loaded { id: 2, summary: network() });
    assert_eq!(state.input_names(), ["net", "net (2)"]);
}

#[test]
fn bundled_networks_go_by_the_names_of_the_catalogue() {
    let mut state = ready();
    let catalogue = include_str!("../../../../static/catalogue.json");
    state.apply(Action::CatalogueArrived(serde_json::from_str(catalogue).unwrap()), 0.0);
    for id in 1..=2 {
        state.apply(Action::BundledNetworkChosen(0), 0.0);
        tell(&mut state, Event::Loaded { id, summary: network() });
    }
    assert_eq!(state.input_names(), ["MLP, seed 0", "MLP, seed 0 (2)"]);
    assert_eq!((state.files[0].label(), state.files[0].name.as_str()), ("MLP, seed 0", "mlp-seed0.safetensors"));
    state.apply(Action::BundledProbeChosen(0), 0.0);
    assert_eq!(state.files[2].label(), "Fashion-MNIST test, 2000 images");
}

#[test]
fn another_network_of_a_file_is_read_from_the_file_again() {
    let mut state = loaded();
    let several = InputSummary { part: Some("model".into()), others: vec!["ema".into()], ..network() };
    tell(&mut state, Event::Loaded { id: 1, summary: several.clone() });
    assert_eq!(state.input_names(), ["a", "b"]);
    let before = state.compare_settings();

    let effects = state.apply(Action::PartChosen { id: 1, part: "ema".into() }, 0.0);
    let [Effect::Send(Request::Remove { id: 1 }), Effect::Send(Request::Open { files, .. })] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!((files[0].url.as_str(), files[0].reading.part.as_deref()), ("blob:a.pt", Some("ema")));
    assert_eq!(state.obstacle().unwrap(), "Files are still being read.");

    let other = InputSummary { part: Some("ema".into()), others: vec!["model".into()], ..network() };
    tell(&mut state, Event::Loaded { id: 1, summary: other });
    assert_eq!(state.input_names(), ["a (ema)", "b"]);
    let after = state.compare_settings();
    assert_eq!(after.spec.inputs[0].part.as_deref(), Some("ema"));
    assert!(!after.has_layers_of(&before));

    // A new engine is told which.
    let effects = state.apply(Action::EngineLost("it stopped".into()), 0.0);
    assert!(effects.contains(&Effect::Respawn(WorkerKind::Host)), "{effects:?}");
    let effects = tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    let asked = effects.iter().any(|effect| {
        matches!(effect, Effect::Send(Request::Open { files, .. }) if files[0].reading.part.as_deref() == Some("ema"))
    });
    assert!(asked, "{effects:?}");
}

#[test]
fn shards_are_one_network_once_they_were_read() {
    let mut state = ready();
    let names =
        ["model-00001-of-00002.safetensors", "model.safetensors.index.json", "model-00002-of-00002.safetensors"];
    choose(&mut state, &["a.pt"], Purpose::Any);
    choose(&mut state, &names, Purpose::Any);
    choose(&mut state, &["b.pt"], Purpose::Any);
    tell(&mut state, Event::Joined { ids: vec![3, 2, 4], name: "model.safetensors".into() });
    let listed: Vec<_> = state.files.iter().map(|file| (file.id, file.name.as_str(), file.sources.len())).collect();
    assert_eq!(listed, [(1, "a.pt", 1), (3, "model.safetensors", 3), (5, "b.pt", 1)]);
    tell(&mut state, Event::Loaded { id: 3, summary: network() });
    assert_eq!(state.input_names(), ["model"]);
    let effects = state.apply(Action::FileRemoved(3), 0.0);
    assert_eq!(effects.iter().filter(|effect| matches!(effect, Effect::Release(_))).count(), 3, "{effects:?}");
    // What was removed meanwhile stays away.
    tell(&mut state, Event::Joined { ids: vec![3, 2, 4], name: "model.safetensors".into() });
    assert_eq!(state.files.len(), 2);
}

#[test]
fn what_tensors_leave_open_is_changed_and_assumed_again() {
    let mut state = loaded();
    let before = state.compare_settings();
    let change = |value: &str| Action::AssumptionChanged { id: 1, key: "activation".into(), value: value.into() };
    let effects = state.apply(change("gelu"), 0.0);
    let asked = |effects: &[Effect]| {
        let [Effect::Send(Request::Remove { id: 1 }), Effect::Send(Request::Open { files, .. })] = effects else {
            panic!("{effects:?}");
        };
        files[0].reading.choices.clone()
    };
    assert_eq!(asked(&effects), [("activation".to_owned(), "gelu".to_owned())].into());
    tell(&mut state, Event::Loaded { id: 1, summary: network() });
    assert!(!state.compare_settings().has_layers_of(&before));
    assert_eq!(asked(&state.apply(change(" "), 0.0)), [].into());
    tell(&mut state, Event::ArchitectureUnknown { id: 1, reason: "a gate".into() });
    let choices: repgeo_core::model::Choices = [("gate".to_owned(), "sigmoid".to_owned())].into();
    assert_eq!(asked(&state.apply(Action::AssumptionsGiven { id: 1, choices: choices.clone() }, 0.0)), choices);
}

fn prepare(state: &mut State, preparation: Preparation) -> Vec<Effect> {
    state.apply(Action::Changed(Change::Preparation(preparation)), 0.0)
}

/// What the engine is asked to read: the files' numbers, what they are chosen as, and the resizing of images.
fn opened(effects: &[Effect]) -> Vec<(Vec<u32>, Purpose, Option<usize>)> {
    let opened = effects.iter().filter_map(|effect| match effect {
        Effect::Send(Request::Open { files, purpose, preparation }) => {
            Some((files.iter().map(|file| file.id).collect(), *purpose, preparation.resize))
        }
        _ => None,
    });
    opened.collect()
}

fn resized(short: usize) -> Preparation {
    Preparation { resize: Some(short), ..Preparation::default() }
}

#[test]
fn a_refused_probe_set_is_read_again_as_images_are_prepared_now() {
    let mut state = ready();
    choose(&mut state, &["1.png", "2.png"], Purpose::Any);
    tell(&mut state, Event::Refused { id: 1, reason: "2.png: expected 4×2 pixels".into() });
    assert_eq!(prepare(&mut state, Preparation::default()), [], "nothing was changed");

    let effects = prepare(&mut state, resized(8));
    assert_eq!(effects[0], Effect::Send(Request::Remove { id: 1 }));
    assert_eq!(opened(&effects), [(vec![3, 4], Purpose::Probe, Some(8))]);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Release(_))), "{effects:?}");
    tell(&mut state, Event::ProbeLoaded { ids: vec![3, 4], summary: probe(2) });
    assert_eq!((state.files.len(), state.probe().unwrap().count), (1, 2));

    // A new engine is told the same.
    state.apply(Action::EngineLost("it stopped".into()), 0.0);
    let effects = tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    assert_eq!(opened(&effects), [(vec![3, 4], Purpose::Probe, Some(8))]);
}

#[test]
fn what_the_engine_says_of_a_reading_before_is_not_taken() {
    let mut state = loaded();
    let before = state.compare_settings();
    assert_eq!(opened(&prepare(&mut state, resized(8))), [(vec![4], Purpose::Probe, Some(8))]);
    prepare(&mut state, resized(16));
    tell(&mut state, Event::ProbeLoaded { ids: vec![4], summary: probe(10) });
    tell(&mut state, Event::Refused { id: 4, reason: "too small".into() });
    assert_eq!(state.obstacle().unwrap(), "Files are still being read.");
    tell(&mut state, Event::ProbeLoaded { ids: vec![5], summary: probe(1000) });
    assert_eq!(state.obstacle(), None);
    assert!(!state.compare_settings().has_layers_of(&before), "other images give other layers");
}

#[test]
fn what_was_dropped_after_the_probe_set_may_become_it() {
    let mut state = ready();
    choose(&mut state, &["old.zip"], Purpose::Any);
    tell(&mut state, Event::Refused { id: 1, reason: "old.zip: several sizes".into() });
    choose(&mut state, &["images.bin"], Purpose::Probe);
    tell(&mut state, Event::ProbeLoaded { ids: vec![2], summary: probe(10) });
    choose(&mut state, &["a.pt", "images.zip", "labels", "b.pt"], Purpose::Any);
    tell(&mut state, Event::Loaded { id: 3, summary: network() });
    for id in [4, 5] {
        tell(&mut state, Event::Refused { id, reason: "several sizes".into() });
    }
    tell(&mut state, Event::ArchitectureUnknown { id: 6, reason: "a gate".into() });

    let effects = prepare(&mut state, resized(8));
    assert_eq!(opened(&effects), [(vec![7], Purpose::Probe, Some(8)), (vec![8, 9], Purpose::Any, Some(8))]);
    tell(&mut state, Event::ProbeLoaded { ids: vec![7], summary: probe(10) });
    tell(&mut state, Event::ProbeLoaded { ids: vec![8, 9], summary: probe(20) });
    assert_eq!(state.probe().unwrap().count, 20);
    let names: Vec<_> = state.files.iter().map(|file| file.id).collect();
    assert_eq!(names, [1, 3, 8, 6], "the rest stays as it was");
}
