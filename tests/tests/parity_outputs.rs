//! Every measure of the outputs of two classifiers against values recomputed with NumPy in double precision.

use std::sync::Arc;

use repgeo_core::Sha256Digest;
use repgeo_core::activation::{Matrix, Representation, RowPolicy};
use repgeo_core::data::SampleIds;
use repgeo_core::layer::Logits;
use repgeo_core::similarity::{self, Arity, Question, Samples};

#[test]
fn numpy_by_definition() {
    let text = include_str!("../fixtures/measures/oracle_outputs.json");
    let cases: serde_json::Value = serde_json::from_str(text).unwrap();
    for case in cases.as_array().unwrap() {
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        let (a, b) = closed_form(size("samples"), size("classes"), case["spread"].as_f64().unwrap());
        for entry in similarity::registry().iter().filter(|entry| entry.card.arity == Arity::Outputs) {
            let id = entry.card.id;
            let expected = &case["values"][id];
            let (forth, back) = expected.as_f64().map_or_else(
                || (expected[0].as_f64().unwrap(), expected[1].as_f64().unwrap()),
                |expected| (expected, expected),
            );
            check(id, &a, &b, forth);
            check(id, &b, &a, back);
        }
    }
}

/// To 1e-9; values beyond 1 to that part of them.
fn check(id: &str, a: &Logits, b: &Logits, expected: f64) {
    let Question::Outputs(outputs) = similarity::find(id).unwrap().question else { panic!("{id} takes layers") };
    let samples = Samples { ids: ids(a.samples()), labels: None, classes: Vec::new() };
    let value = pollster::block_on(outputs.compare(a, b, &samples)).unwrap();
    assert!((value - expected).abs() < 1e-9 * expected.abs().max(1.0), "{id}: expected {expected}, found {value}");
}

/// The logits of two networks, as in the generator.
fn closed_form(samples: usize, classes: usize, spread: f64) -> (Logits, Logits) {
    let a = |i: usize, j: usize| (0.7 * ((i + 1) * (j + 1)) as f64).sin() + 0.1 * ((i * (j + 3)) % 7) as f64;
    let b = |i: usize, j: usize| (0.45 * ((i + 2) * (j + 1)) as f64).cos() + 0.3 * a(i, j);
    let logits = |value: &dyn Fn(usize, usize) -> f64| {
        let places = (0..samples).flat_map(|i| (0..classes).map(move |j| (i, j)));
        let matrix = Matrix::F64(places.map(|(i, j)| spread * value(i, j)).collect());
        let (layer, row_policy) = ("logits".to_owned(), RowPolicy::Flatten);
        let (samples, rows, features) = (ids(samples), samples, classes);
        let last = Representation { layer, samples, row_policy, rows, features, matrix };
        pollster::block_on(Logits::of(&last, classes)).unwrap().unwrap()
    };
    (logits(&a), logits(&b))
}

fn ids(samples: usize) -> Arc<SampleIds> {
    let ids = (0..samples).map(|sample| sample.to_string()).collect();
    Arc::new(SampleIds { ids, content: Sha256Digest::of([]) })
}
