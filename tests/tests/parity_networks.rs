//! Every measure of many networks against values recomputed with NumPy in double precision.

use std::borrow::Cow;
use std::sync::Arc;

use repgeo_core::Sha256Digest;
use repgeo_core::activation::{Matrix, Representation, RowPolicy};
use repgeo_core::data::SampleIds;
use repgeo_core::layer::{Layer, Reason};
use repgeo_core::similarity::{self, Arity, Group, Question, Samples};
use repgeo_core::supervise::Unsupervised;

/// Tall and wide layers, of one width and of different ones.
#[test]
fn numpy_by_definition() {
    let text = include_str!("../fixtures/measures/oracle_networks.json");
    let cases: serde_json::Value = serde_json::from_str(text).unwrap();
    for case in cases.as_array().unwrap() {
        let rows = case["samples"].as_u64().unwrap() as usize;
        let features = case["features"].as_array().unwrap().iter().map(|features| features.as_u64().unwrap() as usize);
        let features: Vec<usize> = features.collect();
        for entry in similarity::registry().iter().filter(|entry| entry.card.arity == Arity::Many) {
            let (id, expected) = (entry.card.id, &case["values"][entry.card.id]);
            let found = group(id, rows, &features);
            if expected.is_null() {
                assert!(matches!(found, Err(Reason::DifferentUnits { .. })), "{id}: {found:?}");
                continue;
            }
            let found = found.unwrap_or_else(|reason| panic!("{id} of {rows} × {features:?}: {reason}"));
            let each = expected["each"].as_array().unwrap();
            assert_eq!(found.each.len(), each.len());
            for (found, expected) in found.each.iter().zip(each).chain([(&found.value, &expected["value"])]) {
                let expected = expected.as_f64().unwrap();
                assert!((found - expected).abs() < 1e-9, "{id} of {rows} × {features:?}: {expected}, found {found}");
            }
        }
    }
}

fn group(id: &str, rows: usize, features: &[usize]) -> Result<Group, Reason> {
    let Question::Many(many) = similarity::find(id).unwrap().question else { panic!("{id} takes no group") };
    let ids = (0..rows).map(|row| row.to_string()).collect();
    let ids = Arc::new(SampleIds { ids, content: Sha256Digest::of([]) });
    let samples = Samples { ids: Arc::clone(&ids), labels: None, classes: Vec::new() };
    let prepare = |(network, &features): (usize, &usize)| {
        let representation = Representation {
            layer: "layer".to_owned(),
            samples: Arc::clone(&ids),
            row_policy: RowPolicy::Flatten,
            rows,
            features,
            matrix: Matrix::F64(closed_form(rows, features, network as f64)),
        };
        let layer = Layer::of(Cow::Owned(representation), many.needs(), false, &Unsupervised);
        pollster::block_on(many.prepare(&pollster::block_on(layer).unwrap(), &samples)).unwrap()
    };
    let prepared: Vec<_> = features.iter().enumerate().map(prepare).collect();
    pollster::block_on(many.group(&prepared.iter().collect::<Vec<_>>()))
}

/// The layer of a network, as in the generator.
fn closed_form(rows: usize, features: usize, network: f64) -> Vec<f64> {
    let value = |(i, j): (usize, usize)| {
        let common = (0.7 * ((i + 1) * (j + 1)) as f64).sin() + 0.1 * ((i * (j + 3)) % 7) as f64;
        common + (0.3 + 0.2 * network) * ((0.45 + 0.1 * network) * ((i + 2) * (j + 1)) as f64).cos()
    };
    (0..rows).flat_map(|i| (0..features).map(move |j| (i, j))).map(value).collect()
}
