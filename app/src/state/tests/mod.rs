//! What the page does, without a page.

mod address;
mod chance;
mod engine;
mod files;
mod remarks;

use repgeo_core::data::ImageShape;
use repgeo_core::similarity::{Arity, Card, Direction, Family, Range};
use repgeo_core::study::Cell;
use repgeo_core::supervise::{Progress, Stage};

use super::*;
use crate::protocol::{
    Adapter, CellReport, EngineChoice, EngineReport, Event, InputSummary, PROTOCOL_VERSION, Preparation, ProbeSummary,
    Purpose, Request, Thumbnails, WorkerKind,
};

pub(super) static CARD: Card = Card {
    id: "cka-linear-debiased",
    name: "CKA (linear, debiased)",
    formula: "",
    summary: "",
    source: "",
    family: Family::Kernel,
    arity: Arity::Pair,
    symmetric: true,
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

fn webgpu() -> EngineReport {
    EngineReport { id: "webgpu".into(), name: "WebGPU".into(), reason: "It was faster.".into() }
}

fn network() -> InputSummary {
    InputSummary {
        network: true,
        description: "ResNet-20".into(),
        parameters: Some(270_000),
        part: None,
        others: Vec::new(),
        assumptions: Vec::new(),
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
        notes: Vec::new(),
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
    tell(&mut state, Event::Ready { engine: cpu(), adapter: Adapter::None });
    state
}

/// Two networks with two layers each and a probe set of 1,000 images.
fn loaded() -> State {
    load(ready())
}

fn load(mut state: State) -> State {
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

    assert_eq!(state.apply(Action::CancelOverdue(1), 0.0), [Effect::Respawn(WorkerKind::Host)]);
    assert_eq!(state.run, None);
    let effects = tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    assert_eq!(effects.len(), 4, "start, two networks and the probe set: {effects:?}");
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
