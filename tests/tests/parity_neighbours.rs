//! Measures of nearest neighbours against values computed with NumPy by the definitions, and against a published one.

use std::borrow::Cow;
use std::sync::Arc;

use repgeo_core::Sha256Digest;
use repgeo_core::activation::{Matrix, Representation, RowPolicy};
use repgeo_core::data::SampleIds;
use repgeo_core::layer::Layer;
use repgeo_core::similarity::{self, Family, Question, Samples};
use repgeo_core::supervise::Unsupervised;

/// Demo.ipynb of google-research/representation_similarity, whose data is beside the fixtures.
#[test]
fn google_demo() {
    let bytes = include_bytes!("../fixtures/measures/google_demo.f64");
    let values: Vec<f64> = bytes.chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect();
    let (x, y) = values.split_at(1000);
    check("mutual-knn", &representation(x, 10), &representation(y, 10), 0.279);
}

/// Every measure of the family has values in every case.
#[test]
fn numpy_by_definition() {
    let cases: serde_json::Value =
        serde_json::from_str(include_str!("../fixtures/measures/oracle_neighbours.json")).unwrap();
    for case in cases.as_array().unwrap() {
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        let (a, b) = closed_form(size("rows"), size("first"), size("second"));
        let neighbours = similarity::registry().iter().filter(|entry| entry.card.family == Family::Neighbours);
        for id in neighbours.flat_map(|entry| [entry.card.id.to_owned(), format!("{}:k=3", entry.card.id)]) {
            let expected = &case["values"][&id];
            check(&id, &a, &b, expected[0].as_f64().unwrap());
            check(&id, &b, &a, expected[1].as_f64().unwrap());
        }
    }
}

/// A (n × p) and B (n × q), as in the generator.
fn closed_form(rows: usize, first: usize, second: usize) -> (Representation, Representation) {
    let a = |i: usize, j: usize| (0.7 * ((i + 1) * (j + 1)) as f64).sin() + 0.1 * ((i * (j + 3)) % 7) as f64;
    let b = |i: usize, j: usize| (0.45 * ((i + 2) * (j + 1)) as f64).cos() + 0.3 * a(i, j % first);
    let values = |features: usize, value: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
        (0..rows).flat_map(|i| (0..features).map(move |j| (i, j))).map(|(i, j)| value(i, j)).collect()
    };
    (representation(&values(first, &a), first), representation(&values(second, &b), second))
}

fn check(id: &str, a: &Representation, b: &Representation, expected: f64) {
    let measure = similarity::find(id).unwrap();
    let Question::Pair(pair) = &measure.question else { panic!("{id} takes one layer") };
    let samples = Samples { ids: Arc::clone(&a.samples), labels: None, classes: Vec::new() };
    let layer = |of| pollster::block_on(Layer::of(Cow::Borrowed(of), pair.needs(), false, &Unsupervised)).unwrap();
    let prepare = |of| pollster::block_on(pair.prepare(&layer(of), &samples)).unwrap();
    let value = pollster::block_on(pair.compare(&prepare(a), &prepare(b))).unwrap();
    assert!((value - expected).abs() < 1e-9, "{id}: expected {expected}, found {value}");
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
