//! Engines that are lost, replaced and chosen.

use super::*;

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
const STORED: &str = include_str!("../../../../static/demo/report.json");

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
    let architecture = r#"{ "family": "mlp", "inputs": 4, "activation": "relu", "layers": [] }"#.to_owned();
    state.apply(Action::ArchitectureGiven { id: 1, architecture: architecture.clone() }, 0.0);
    state.apply(Action::EngineLost("out of memory".into()), 0.0);
    let effects = tell(&mut state, Event::Awake { version: PROTOCOL_VERSION });
    assert_eq!(effects[2], Effect::Send(Request::Describe { id: 1, architecture }));
}
