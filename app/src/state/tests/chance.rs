//! What chance makes of the map.

use repgeo_core::activation::RowPolicy;
use repgeo_core::study::{Comparison, NullRecord, NullSpec, RangeRecord};
use serde_json::Value;

use super::*;

fn change(state: &mut State, change: Change) -> Vec<Effect> {
    state.apply(Action::Changed(change), 0.0)
}

/// The null that the one request asks for.
fn asked(effects: &[Effect]) -> Option<NullSpec> {
    match effects {
        [Effect::Send(Request::Compare { settings, .. })] => settings.spec.null,
        other => panic!("{other:?}"),
    }
}

/// A report of the page's only measure, with a null where one was asked for.
fn report(null: Option<NullSpec>) -> Box<Comparison> {
    let report: Value = serde_json::from_str(include_str!("../../../../static/demo/report.json")).unwrap();
    let mut report = Comparison::from_json(&report.to_string()).unwrap();
    report.measures.retain(|measure| measure.id == CARD.id);
    let pair = &mut report.measures[0].pairs[0];
    let all = |value: f64| {
        let of = |cell: &Cell| matches!(cell, Cell::Value(_)).then_some(value);
        pair.cells.iter().map(|row| row.iter().map(of).collect()).collect::<Vec<Vec<_>>>()
    };
    let mut score = all(0.5);
    score[0][1] = Some(0.0);
    let record = |spec| NullRecord {
        spec,
        p: all(0.01),
        q: all(0.02),
        floor: all(0.125),
        best: None,
        best_of_rows: vec![None; score.len()],
        diagonal_mean: None,
        score: score.clone(),
    };
    pair.null = null.map(record);
    Box::new(report)
}

/// A page that compared, with this null in the settings and in the report.
fn compared(orders: Option<usize>) -> State {
    let mut state = loaded();
    if let Some(orders) = orders {
        change(&mut state, Change::NoiseFloor(true));
        change(&mut state, Change::Orders(Some(orders)));
    }
    let null = asked(&state.apply(Action::ComparePressed, 0.0));
    let done = Event::Done { run: 1, comparison: report(null), memory: 0.0, kept: vec![CARD.id.to_owned()] };
    tell(&mut state, done);
    state
}

#[test]
fn a_noise_floor_is_asked_for_where_it_is_wanted() {
    let mut state = loaded();
    assert_eq!(asked(&state.clone().apply(Action::ComparePressed, 0.0)), None);
    change(&mut state, Change::NoiseFloor(true));
    let null = NullSpec { permutations: 200, seed: 0, alpha: 0.05 };
    assert_eq!(asked(&state.apply(Action::ComparePressed, 0.0)), Some(null));
}

#[test]
fn too_few_orders_and_rows_that_are_not_exchangeable_are_refused() {
    let mut state = loaded();
    change(&mut state, Change::NoiseFloor(true));
    assert_eq!(state.obstacle(), None);
    for orders in [None, Some(18), Some(1_000_000)] {
        change(&mut state, Change::Orders(orders));
        let obstacle = state.obstacle().unwrap();
        assert_eq!(obstacle, "Ask for 19 to 100\u{202f}000 random orders: fewer say nothing at the level 0.05.");
    }
    change(&mut state, Change::Orders(Some(19)));
    change(&mut state, Change::RowPolicy(RowPolicy::PositionsAsSamples));
    assert!(state.obstacle().unwrap().contains("not independent"));
    change(&mut state, Change::NoiseFloor(false));
    assert_eq!(state.obstacle(), None);
}

#[test]
fn the_floor_of_kept_layers_is_computed_without_pressing_compare() {
    let mut state = compared(None);
    assert!(!state.knows_chance() && !state.is_stale());
    let effects = change(&mut state, Change::NoiseFloor(true));
    assert_eq!(asked(&effects).map(|null| null.permutations), Some(200));
    // Nothing of what is shown goes away meanwhile.
    assert!(state.picture.as_ref().unwrap().report.is_some());
    let done = Event::Done { run: 2, comparison: report(asked(&effects)), memory: 0.0, kept: vec![CARD.id.to_owned()] };
    tell(&mut state, done);
    assert!(state.knows_chance() && !state.is_stale());
    // A cancelled floor leaves what is shown, and the page says that it is not what is set.
    let effects = change(&mut state, Change::Orders(Some(99)));
    assert_eq!(asked(&effects).map(|null| null.permutations), Some(99));
    tell(&mut state, Event::Cancelled { run: 3 });
    assert!(state.knows_chance() && state.is_stale());
}

#[test]
fn cells_say_what_chance_makes_of_them() {
    let mut state = compared(Some(99));
    state.apply(Action::CellPressed(0, 0), 0.0);
    let detail = state.cell_detail().unwrap();
    let expected = ChanceDetail {
        floor: "0.125".into(),
        within: false,
        score: "0.500".into(),
        p: "0.010".into(),
        q: "0.020".into(),
    };
    assert_eq!(detail.chance, Some(expected));
    assert!(state.sentence().contains("Against 99 random orders of the samples"), "{}", state.sentence());
    let picture = state.picture.as_ref().unwrap();
    let read = |column| reading(picture.map().unwrap(), picture.letters().unwrap(), (0, column));
    assert!(read(0).ends_with(", calibrated score 0.500"), "{}", read(0));
    assert!(read(1).ends_with(", no more than chance"), "{}", read(1));
    assert_eq!(compared(None).cell_detail().unwrap().chance, None);
}

#[test]
fn scores_are_shown_in_place_of_values_where_they_are_known() {
    let mut state = compared(Some(99));
    let values = state.shown_map().unwrap();
    assert_eq!(&values, state.picture.as_ref().unwrap().map().unwrap());
    state.apply(Action::QuantityChosen(Quantity::Score), 0.0);
    let scores = state.shown_map().unwrap();
    assert_eq!((scores.value(0, 0), scores.value(0, 1)), (Some(0.5), Some(0.0)));
    assert_eq!(scores.range, RangeRecord { low: Some(0.0), high: Some(1.0) });
    assert!(state.map_title().ends_with("calibrated score"), "{}", state.map_title());
    // A map without a null has values alone.
    let mut plain = compared(None);
    plain.apply(Action::QuantityChosen(Quantity::Score), 0.0);
    assert_eq!(plain.shown_map().as_ref(), plain.picture.as_ref().unwrap().map());
}
