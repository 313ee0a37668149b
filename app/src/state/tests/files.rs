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
            Effect::Send(Request::Open { files, purpose }) => (files.len(), *purpose),
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
