//! What the page does, without a page.

use repgeo_core::data::ImageShape;
use repgeo_core::similarity::{Card, Direction, Range};
use repgeo_core::study::Cell;
use repgeo_core::supervise::{Progress, Stage};

use super::*;
use crate::protocol::{
    CellReport, EngineChoice, EngineReport, Event, InputSummary, PROTOCOL_VERSION, ProbeSummary, Purpose, Request,
    Thumbnails,
};

static CARD: Card = Card {
    id: "cka-linear-debiased",
    name: "CKA (linear, debiased)",
    formula: "",
    summary: "",
    source: "",
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: -1.0, high: 1.0 },
    invariances: &[],
    minimum_samples: 4,
    requirement: "",
    estimator: "",
};

fn cpu() -> EngineReport {
    EngineReport { id: "cpu".into(), name: "CPU".into(), reason: "It was asked for.".into() }
}

fn network() -> InputSummary {
    InputSummary {
        network: true,
        description: "ResNet-20".into(),
        parameters: Some(270_000),
        container: "safetensors".into(),
        normalisation: None,
        expects: None,
        report: Vec::new(),
    }
}

fn probe(count: usize) -> ProbeSummary {
    ProbeSummary {
        name: "CIFAR-10".into(),
        shape: ImageShape { channels: 3, height: 32, width: 32 },
        count,
        labelled: true,
        classes: Vec::new(),
        thumbnails: Thumbnails::default(),
    }
}

fn fresh() -> State {
    State::new(vec![&CARD], Settings::default(), ThemeChoice::System, false)
}

fn choose(state: &mut State, names: &[&str], purpose: Purpose) -> Vec<Effect> {
    let file = |name: &&str| ChosenFile { name: (*name).to_owned(), url: format!("blob:{name}") };
    state.apply(Action::FilesChosen { files: names.iter().map(file).collect(), purpose }, 0.0)
}

fn tell(state: &mut State, event: Event) -> Vec<Effect> {
    state.apply(Action::Told(event), 0.0)
}

fn ready() -> State {
    let mut state = fresh();
    tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    tell(&mut state, Event::Ready { engine: cpu() });
    state
}

/// Two networks with two layers each and a probe set of 1,000 images.
fn loaded() -> State {
    let mut state = ready();
    choose(&mut state, &["a.pt", "b.pt"], Purpose::Input);
    choose(&mut state, &["images.bin"], Purpose::Probe);
    tell(&mut state, Event::Loaded { id: 1, summary: network() });
    tell(&mut state, Event::Loaded { id: 2, summary: network() });
    tell(&mut state, Event::ProbeLoaded { ids: vec![3], summary: probe(1000) });
    state
}

fn running() -> State {
    let mut state = loaded();
    state.apply(Action::ComparePressed, 0.0);
    for input in 0..2 {
        tell(&mut state, Event::Layers { run: 1, input, layers: vec!["stem".into(), "fc".into()] });
    }
    state
}

fn value(row: usize, column: usize, value: f64) -> CellReport {
    CellReport { measure: CARD.id.into(), pair: 0, row, column, cell: Cell::Value(value) }
}

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
fn cells_fill_the_map_as_they_arrive() {
    let mut state = running();
    tell(&mut state, Event::Cells { run: 1, cells: vec![value(0, 1, 0.25)] });
    let map = state.picture.as_ref().unwrap().map().unwrap();
    assert_eq!(map.value(0, 1), Some(0.25));
    assert_eq!(map.cell(1, 1), None);
    assert_eq!(state.sentence(), "");
}

#[test]
fn cells_of_another_run_are_ignored() {
    let mut state = running();
    tell(&mut state, Event::Cells { run: 7, cells: vec![value(0, 1, 0.25)] });
    assert_eq!(state.picture.as_ref().unwrap().map().unwrap().cell(0, 1), None);
}

#[test]
fn cancel_is_asked_then_enforced() {
    let mut state = running();
    assert_eq!(
        state.apply(Action::CancelPressed, 0.0),
        [Effect::Send(Request::Cancel { run: 1 }), Effect::WatchCancel(1)]
    );
    assert_eq!(state.apply(Action::CancelPressed, 0.0), [], "asked once");

    let mut obedient = state.clone();
    tell(&mut obedient, Event::Cancelled { run: 1 });
    assert_eq!(obedient.outcome.as_deref(), Some("Cancelled"));
    assert_eq!(obedient.obstacle(), None, "everything that was loaded is still there");
    assert_eq!(obedient.apply(Action::CancelOverdue(1), 0.0), []);

    assert_eq!(state.apply(Action::CancelOverdue(1), 0.0), [Effect::Respawn]);
    assert_eq!(state.run, None);
    let effects = tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    assert_eq!(effects.len(), 4, "start, two networks and the probe set: {effects:?}");
}

#[test]
fn a_lost_engine_is_started_again_and_at_last_given_up() {
    let mut state = running();
    assert_eq!(state.apply(Action::EngineLost("out of memory".into()), 0.0), [Effect::Respawn]);
    assert!(state.notice.as_ref().unwrap().contains("out of memory"));
    assert_eq!(state.run, None);
    for _ in 0..2 {
        assert_eq!(state.apply(Action::EngineLost("out of memory".into()), 0.0), [Effect::Respawn]);
    }
    assert_eq!(state.apply(Action::EngineLost("out of memory".into()), 0.0), []);
    assert!(matches!(state.engine, EngineStatus::Gone { .. }));
}

#[test]
fn the_cpu_engine_takes_over_a_run_that_webgpu_lost() {
    let mut state = loaded();
    tell(&mut state, Event::Ready { engine: EngineReport { id: "webgpu".into(), ..cpu() } });
    state.apply(Action::ComparePressed, 0.0);
    assert_eq!(state.apply(Action::EngineLost("device lost".into()), 0.0), [Effect::Respawn]);
    assert!(state.notice.as_ref().unwrap().contains("the CPU engine has taken over"));

    let effects = tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    assert!(matches!(effects[0], Effect::Send(Request::Start { engine: EngineChoice::Cpu })), "{effects:?}");
    tell(&mut state, Event::Ready { engine: cpu() });
    tell(&mut state, Event::Loaded { id: 1, summary: network() });
    tell(&mut state, Event::ProbeLoaded { ids: vec![3], summary: probe(1000) });
    assert_eq!(state.run, None);
    let effects = tell(&mut state, Event::Loaded { id: 2, summary: network() });
    assert!(matches!(effects[..], [Effect::Send(Request::Compare { run: 2, .. })]), "{effects:?}");
}

#[test]
fn the_time_left_follows_the_pace() {
    let mut state = running();
    let progress = Progress { stage: Stage::Forward, network: "a".into(), layer: "stem".into(), fraction: 0.25 };
    state.apply(Action::Told(Event::Progress { run: 1, progress }), 10_000.0);
    assert_eq!(state.run.unwrap().seconds_left, Some(30.0));
}

#[test]
fn the_focus_stays_in_the_map_and_is_announced() {
    let mut state = running();
    tell(&mut state, Event::Cells { run: 1, cells: vec![value(1, 1, 0.5)] });
    let announced = |effects: Vec<Effect>| match effects.as_slice() {
        [Effect::Announce(text)] => text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(announced(state.apply(Action::FocusEntered, 0.0)), "stem of A, stem of B, not computed yet");
    state.apply(Action::Stepped(Step::Up), 0.0);
    assert_eq!(state.selection.cursor, Some((0, 0)));
    assert_eq!(announced(state.apply(Action::Stepped(Step::Last), 0.0)), "fc of A, fc of B, 0.500");
    state.apply(Action::Stepped(Step::Down), 0.0);
    assert_eq!(state.selection.cursor, Some((1, 1)));
}

#[test]
fn escape_lets_go_of_the_pin_before_it_cancels() {
    let mut state = running();
    state.apply(Action::CellPressed(0, 1), 0.0);
    assert_eq!(state.selection.pinned, Some((0, 1)));
    assert_eq!(state.apply(Action::Escaped, 0.0), []);
    assert_eq!(state.selection.pinned, None);
    assert!(matches!(state.apply(Action::Escaped, 0.0)[0], Effect::Send(Request::Cancel { run: 1 })));
}

#[test]
fn letters_go_on_after_z() {
    assert_eq!([letter(0), letter(25), letter(26)], ["A", "Z", "A2"]);
}
