//! What the page does, without a page.

use repgeo_core::data::ImageShape;
use repgeo_core::similarity::{Arity, Card, Direction, Range};
use repgeo_core::study::Cell;
use repgeo_core::supervise::{Progress, Stage};

use super::*;
use crate::protocol::{
    Adapter, CellReport, EngineChoice, EngineReport, Event, InputSummary, PROTOCOL_VERSION, ProbeSummary, Purpose,
    Request, Thumbnails, WorkerKind,
};

pub(super) static CARD: Card = Card {
    id: "cka-linear-debiased",
    name: "CKA (linear, debiased)",
    formula: "",
    summary: "",
    source: "",
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
    let catalogue = include_str!("../../../static/catalogue.json");
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
fn a_lost_engine_is_started_again_and_at_last_given_up() {
    let mut state = running();
    assert_eq!(state.apply(Action::EngineLost("out of memory".into()), 0.0), [Effect::Respawn(WorkerKind::Host)]);
    assert!(state.notice.as_ref().unwrap().contains("out of memory"));
    assert_eq!(state.run, None);
    for _ in 0..2 {
        assert_eq!(state.apply(Action::EngineLost("out of memory".into()), 0.0), [Effect::Respawn(WorkerKind::Host)]);
    }
    assert_eq!(state.apply(Action::EngineLost("out of memory".into()), 0.0), []);
    assert!(matches!(state.engine, EngineStatus::Gone { .. }));
}

/// A page that asked for WebGPU and got it.
fn on_webgpu() -> State {
    let mut state = State { settings: Settings { engine: EngineChoice::Webgpu, ..Settings::default() }, ..fresh() };
    tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    let effects = tell(&mut state, Event::Ready { engine: cpu(), adapter: Adapter::Software });
    assert_eq!(effects, [Effect::Respawn(WorkerKind::Webgpu)]);
    let effects = tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    assert_eq!(effects, [Effect::Send(Request::Start { engine: EngineChoice::Webgpu })]);
    assert_eq!(tell(&mut state, Event::Ready { engine: webgpu(), adapter: Adapter::Software }), []);
    state
}

#[test]
fn the_cpu_engine_takes_over_a_run_that_webgpu_lost() {
    let mut state = load(on_webgpu());
    state.apply(Action::ComparePressed, 0.0);
    assert_eq!(state.apply(Action::EngineLost("device lost".into()), 0.0), [Effect::Respawn(WorkerKind::Host)]);
    assert!(state.notice.as_ref().unwrap().contains("the CPU engine has taken over"));

    let effects = tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    assert!(matches!(effects[0], Effect::Send(Request::Start { engine: EngineChoice::Cpu })), "{effects:?}");
    tell(&mut state, Event::Ready { engine: cpu(), adapter: Adapter::Unknown });
    tell(&mut state, Event::Loaded { id: 1, summary: network() });
    tell(&mut state, Event::ProbeLoaded { ids: vec![3], summary: probe(1000) });
    assert_eq!(state.run, None);
    let effects = tell(&mut state, Event::Loaded { id: 2, summary: network() });
    assert!(matches!(effects[..], [Effect::Send(Request::Compare { run: 2, .. })]), "{effects:?}");
}

#[test]
fn a_webgpu_engine_that_cannot_be_loaded_leaves_the_host_engine() {
    let mut state = State { settings: Settings { engine: EngineChoice::Webgpu, ..Settings::default() }, ..fresh() };
    tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    tell(&mut state, Event::Ready { engine: cpu(), adapter: Adapter::Hardware });
    let effects = state.apply(Action::EngineLost("its files could not be loaded".into()), 0.0);
    assert_eq!(effects, [Effect::Respawn(WorkerKind::Host)]);
    let effects = tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    assert_eq!(effects, [Effect::Send(Request::Start { engine: EngineChoice::Cpu })]);
}

#[test]
fn the_webgpu_engine_is_not_fetched_without_an_adapter_or_against_the_choice() {
    let found = |engine, adapter| {
        let mut state = State { settings: Settings { engine, ..Settings::default() }, ..fresh() };
        tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
        let effects = tell(&mut state, Event::Ready { engine: cpu(), adapter });
        (effects, state.engine)
    };
    for (engine, adapter) in [
        (EngineChoice::Webgpu, Adapter::None),
        (EngineChoice::Cpu, Adapter::Unknown),
        (EngineChoice::Automatic, Adapter::None),
        (EngineChoice::Automatic, Adapter::Software),
        (EngineChoice::Automatic, Adapter::Hardware),
    ] {
        assert_eq!(found(engine, adapter), (vec![], EngineStatus::Ready(cpu())), "{engine:?}, {adapter:?}");
    }
}

/// A page whose host engine found this adapter and needed this many seconds for a comparison; and what follows.
fn compared(adapter: Adapter, seconds: f64) -> (State, Vec<Effect>) {
    let mut state = fresh();
    tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    tell(&mut state, Event::Ready { engine: cpu(), adapter });
    let mut state = load(state);
    state.apply(Action::ComparePressed, 0.0);
    let comparison = Box::new(repgeo_core::study::Comparison::from_json(STORED).unwrap());
    let effects = state.apply(
        Action::Told(Event::Done { run: 1, comparison, memory: 0.0, kept: vec!["cka-linear".to_owned()] }),
        1000.0 * seconds,
    );
    (state, effects)
}

/// The report of the page's first comparison.
const STORED: &str = include_str!("../../../static/demo/report.json");

#[test]
fn a_measure_is_asked_of_kept_layers_when_it_is_chosen() {
    let (mut state, _) = compared(Adapter::None, 1.0);
    let choose = |state: &mut State, measure: &str| state.apply(Action::Changed(Change::Measure(measure.into())), 0.0);
    // What is not kept waits for Compare.
    assert_eq!(choose(&mut state, "procrustes-angular"), []);
    let effects = choose(&mut state, "cka-linear");
    let [Effect::Send(Request::Compare { run: 2, settings })] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(settings.spec.questions, ["cka-linear"]);
    assert!(state.picture.as_ref().is_some_and(|picture| picture.report.is_some()), "the map stays meanwhile");

    // Other images are other layers.
    let (mut state, _) = compared(Adapter::None, 1.0);
    state.apply(Action::Changed(Change::Samples(Some(8))), 0.0);
    assert_eq!(choose(&mut state, "cka-linear"), []);
}

#[test]
fn webgpu_is_tried_after_a_long_comparison_where_there_is_a_graphics_card() {
    for (adapter, seconds, tried) in [
        (Adapter::Hardware, 5.0, true),
        (Adapter::Hardware, 0.5, false),
        (Adapter::Software, 5.0, false),
        (Adapter::None, 5.0, false),
    ] {
        let (mut state, effects) = compared(adapter, seconds);
        assert_eq!(effects.contains(&Effect::TryWebgpu), tried, "{adapter:?}, {seconds} s: {effects:?}");
        if tried {
            assert_eq!(state.try_webgpu(5.0), [], "once is enough");
        }
    }
}

#[test]
fn webgpu_takes_over_with_all_files_when_it_was_faster_and_nothing_runs() {
    let (mut state, _) = compared(Adapter::Hardware, 5.0);
    state.apply(Action::ComparePressed, 0.0);
    assert_eq!(state.apply(Action::WebgpuTried(Ok(webgpu())), 0.0), []);
    assert_eq!(state.engine, EngineStatus::Ready(cpu()), "a run is under way");
    let effects = tell(&mut state, Event::Cancelled { run: 2 });
    assert_eq!(effects[0], Effect::Promote);
    assert_eq!(effects.len(), 4, "two networks and the probe set are read again: {effects:?}");
    assert_eq!(state.engine, EngineStatus::Ready(webgpu()));
}

#[test]
fn the_host_engine_stays_with_the_reason_when_webgpu_was_not_faster_or_failed() {
    let slower = EngineReport { reason: "a warm-up took 9 ms on WebGPU".into(), ..cpu() };
    let (mut state, _) = compared(Adapter::Hardware, 5.0);
    assert_eq!(state.apply(Action::WebgpuTried(Ok(slower.clone())), 0.0), [Effect::EndTrial]);
    assert_eq!(state.engine, EngineStatus::Ready(slower.clone()));
    for engine in [EngineChoice::Cpu, EngineChoice::Automatic] {
        state.apply(Action::Changed(Change::Engine(engine)), 0.0);
        tell(&mut state, Event::Ready { engine: cpu(), adapter: Adapter::Hardware });
    }
    assert_eq!(state.engine, EngineStatus::Ready(slower), "what was measured is said again");

    let (mut state, _) = compared(Adapter::Hardware, 5.0);
    assert_eq!(state.apply(Action::WebgpuTried(Err("no network".into())), 0.0), [Effect::EndTrial]);
    assert!(matches!(&state.engine, EngineStatus::Ready(report) if report.reason.contains("no network")));
    assert_eq!(state.inputs().count(), 2);
}

#[test]
fn another_device_is_asked_for_at_once_and_the_files_follow_it() {
    let mut state = loaded();
    state.adapter = Adapter::Hardware;
    let effects = state.apply(Action::Changed(Change::Engine(EngineChoice::Webgpu)), 0.0);
    assert_eq!(effects, [Effect::Send(Request::Start { engine: EngineChoice::Webgpu })]);
    let effects = tell(&mut state, Event::Ready { engine: cpu(), adapter: Adapter::Hardware });
    assert_eq!(effects, [Effect::Respawn(WorkerKind::Webgpu)]);
    let effects = tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    assert_eq!(effects.len(), 4, "start, two networks and the probe set: {effects:?}");
}

#[test]
fn a_device_that_was_chosen_during_a_run_is_asked_for_before_the_next() {
    let mut state = running();
    assert_eq!(state.apply(Action::Changed(Change::Engine(EngineChoice::Cpu)), 0.0), []);
    tell(&mut state, Event::Cancelled { run: 1 });
    let effects = state.apply(Action::ComparePressed, 0.0);
    assert_eq!(effects, [Effect::Send(Request::Start { engine: EngineChoice::Cpu })]);
    let effects = tell(&mut state, Event::Ready { engine: cpu(), adapter: Adapter::Unknown });
    assert!(matches!(effects[..], [Effect::Send(Request::Compare { run: 2, .. })]), "{effects:?}");
}

#[test]
fn a_given_architecture_is_given_again_to_another_engine() {
    let mut state = ready();
    choose(&mut state, &["a.pt"], Purpose::Input);
    tell(&mut state, Event::ArchitectureUnknown { id: 1, reason: "unknown".into() });
    let architecture: repgeo_core::model::Architecture =
        serde_json::from_str(r#"{ "family": "mlp", "inputs": 4, "activation": "relu", "layers": [] }"#).unwrap();
    state.apply(Action::ArchitectureGiven { id: 1, architecture: architecture.clone() }, 0.0);
    state.apply(Action::EngineLost("out of memory".into()), 0.0);
    let effects = tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    assert_eq!(effects[2], Effect::Send(Request::Describe { id: 1, architecture }));
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
