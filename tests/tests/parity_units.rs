//! Measures that look at units, weights and predictions against values recomputed with NumPy and SciPy in double precision.

use std::borrow::Cow;
use std::sync::Arc;

use repgeo_core::Sha256Digest;
use repgeo_core::activation::{Matrix, Representation, RowPolicy};
use repgeo_core::data::SampleIds;
use repgeo_core::layer::Layer;
use repgeo_core::similarity::{self, Question, Samples};
use repgeo_core::supervise::Unsupervised;

/// Tall, square and wide layers, in both orders; a value that does not exist is null.
#[test]
fn numpy_by_definition() {
    let text = include_str!("../fixtures/measures/oracle_units.json");
    let cases: serde_json::Value = serde_json::from_str(text).unwrap();
    for case in cases.as_array().unwrap() {
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        let (rows, first, second) = (size("rows"), size("first"), size("second"));
        let (a, b) = closed_form(rows, first, second);
        let (a, b) = (representation(&a, first), representation(&b, second));
        for (id, expected) in case["values"].as_object().unwrap() {
            let [forth, back] = match expected.as_array() {
                Some(directed) => [0, 1].map(|place| directed[place].as_f64()),
                None => [expected.as_f64(); 2],
            };
            check(id, &a, &b, forth);
            check(id, &b, &a, back);
        }
    }
}

/// A (n × p) and B (n × q), as in the generator.
fn closed_form(rows: usize, first: usize, second: usize) -> (Vec<f64>, Vec<f64>) {
    let a = |i: usize, j: usize| (0.7 * ((i + 1) * (j + 1)) as f64).sin() + 0.1 * ((i * (j + 3)) % 7) as f64;
    let b = |i: usize, j: usize| (0.45 * ((i + 2) * (j + 1)) as f64).cos() + 0.3 * a(i, j % first);
    let values = |features: usize, value: &dyn Fn(usize, usize) -> f64| {
        (0..rows).flat_map(|i| (0..features).map(move |j| (i, j))).map(|(i, j)| value(i, j)).collect()
    };
    (values(first, &a), values(second, &b))
}

/// To 1e-9; values beyond 1 to that part of them.
fn check(id: &str, a: &Representation, b: &Representation, expected: Option<f64>) {
    let measure = similarity::find(id).unwrap();
    let Question::Pair(pair) = &measure.question else { panic!("{id} takes one layer") };
    let samples = Samples { ids: Arc::clone(&a.samples), labels: None, classes: Vec::new() };
    let layer = |of| pollster::block_on(Layer::of(Cow::Borrowed(of), pair.needs(), false, &Unsupervised)).unwrap();
    let prepare = |of| pollster::block_on(pair.prepare(&layer(of), &samples)).unwrap();
    let found = pollster::block_on(pair.compare(&prepare(a), &prepare(b)));
    match (expected, found) {
        (Some(expected), Ok(value)) => {
            let tolerance = 1e-9 * expected.abs().max(1.0);
            assert!((value - expected).abs() < tolerance, "{id}: expected {expected}, found {value}");
        }
        (None, Err(_)) => {}
        (expected, found) => panic!("{id}: expected {expected:?}, found {found:?}"),
    }
}

fn representation(values: &[f64], features: usize) -> Representation {
    let rows = values.len() / features;
    let ids = (0..rows).map(|row| row.to_string()).collect();
    Representation {
        layer: "layer".to_owned(),
        samples: Arc::new(SampleIds { ids, content: Sha256Digest::of([]) }),
        row_policy: RowPolicy::Flatten,
        rows,
        features,
        matrix: Matrix::F64(values.to_vec()),
    }
}
