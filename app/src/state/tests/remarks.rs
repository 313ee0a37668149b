//! What the page says of how a comparison was computed.

use repgeo_core::study::Comparison;
use serde_json::{Value, json};

use super::*;

/// A page that compared, with these remarks in a report of this minor version.
fn compared(minor: u32, warnings: Value) -> State {
    let mut report: Value = serde_json::from_str(include_str!("../../../../static/demo/report.json")).unwrap();
    report["schema_minor"] = json!(minor);
    report["warnings"] = warnings;
    let comparison = Box::new(Comparison::from_json(&report.to_string()).unwrap());
    let mut state = loaded();
    state.apply(Action::ComparePressed, 0.0);
    tell(&mut state, Event::Done { run: 1, comparison, memory: 0.0, kept: Vec::new() });
    state
}

#[test]
fn five_remarks_are_shown_and_the_rest_on_demand_in_the_order_of_the_report() {
    let warnings = |count: usize| (0..count).map(|index| json!({ "message": format!("remark {index}") })).collect();
    let remarks = |count: usize| compared(2, warnings(count)).remarks();
    assert_eq!(remarks(0), Remarks::default());
    assert_eq!((remarks(5).first.len(), remarks(5).rest.len()), (5, 0));
    let Remarks { first, rest } = remarks(8);
    assert_eq!(first, ["remark 0", "remark 1", "remark 2", "remark 3", "remark 4"]);
    assert_eq!(rest, ["remark 5", "remark 6", "remark 7"]);
}

#[test]
fn remarks_of_later_versions_are_shown_too() {
    let warnings = json!([{ "kind": "quantised-weights", "input": "a", "message": "weights of 4 bits" }]);
    let remarks = compared(2, warnings).remarks();
    assert_eq!(remarks.first, ["a: weights of 4 bits"]);
}

#[test]
fn remarks_that_were_not_gathered_are_left_to_the_cells() {
    let warnings =
        json!([{ "input": "a", "layer": "stem", "message": "broken" }, { "input": "a", "message": "no names" }]);
    assert_eq!(compared(1, warnings.clone()).remarks().first, ["a: no names"]);
    assert_eq!(compared(2, warnings).remarks().first, ["a, stem: broken", "a: no names"]);
}

#[test]
fn a_cell_says_what_is_remarked_of_its_two_layers() {
    let (a, b) = ("Narrow ResNet-18, seed 0", "Narrow ResNet-18, seed 0, before training");
    let place = |input: &str, layer: &str, message: &str| json!({ "input": input, "layer": layer, "message": message });
    let gathered = json!({
        "kind": "constant-features",
        "message": "features are constant in stem of one (1 of 3) and 2 more layers",
        "places": [place(a, "stem", "constant (1 of 3)"), place(a, "layer1.0", "constant (2)"), place(b, "layer1.0", "constant (3)")],
    });
    let whole = json!({ "input": a, "message": "assumed" });
    let mut state = compared(2, json!([place(a, "stem", "broken"), whole, gathered]));
    let map = state.picture.as_ref().unwrap().map().unwrap().clone();
    assert_eq!((map.rows[0].as_str(), map.columns[1].as_str()), ("stem", "layer1.0"));
    state.apply(Action::CellPressed(0, 1), 0.0);
    assert_eq!(
        state.cell_detail().unwrap().warnings,
        [format!("{a}, stem: broken"), format!("{a}, stem: constant (1 of 3)"), format!("{b}, layer1.0: constant (3)"),]
    );
}
