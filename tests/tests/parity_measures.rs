//! Every measure against published values and against values recomputed with NumPy in double precision.

use std::borrow::Cow;
use std::sync::Arc;

use repgeo_core::Sha256Digest;
use repgeo_core::activation::{Matrix, Representation, RowPolicy};
use repgeo_core::data::SampleIds;
use repgeo_core::layer::{Layer, PartId};
use repgeo_core::similarity::{self, Arity, MinibatchCka, Question, Samples};
use repgeo_core::supervise::Unsupervised;
use repgeo_tests::places;

/// Demo.ipynb of google-research/representation_similarity, and more on the same data; see the generator beside it.
#[test]
fn google_demo() {
    let bytes = include_bytes!("../fixtures/measures/google_demo.f64");
    let values: Vec<f64> = bytes.chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect();
    let (x, y) = values.split_at(1000);
    let (x, y) = (representation(x, 10), representation(y, 10));
    let expected = [
        ("cka-linear", 0.557613256612),
        ("cka-linear-debiased", 0.513456489506),
        ("cka-rbf", 0.575832223014),
        ("cka-rbf-0.5", 0.654831182261),
        ("distance-correlation-squared", 0.638794464433),
        ("cca-mean", 0.731013958784),
        ("cca-mean-squared", 0.545396332191),
        ("procrustes-angular", 0.743276476121),
        ("procrustes-size-and-shape-squared", 905.003268007311),
        ("nbs", 1.0 - 0.263744689394),
        ("rsa-squared-euclidean-pearson", 0.506232111630),
        ("rsa-squared-euclidean-spearman", 0.492964696698),
        ("rsa-squared-euclidean-cosine", 0.927770548952),
        ("rsa-squared-euclidean-kendall-b", 0.340154750169),
        ("rsa-correlation-spearman", 0.472439673763),
        ("rsa-correlation-pearson", 0.485146142771),
    ];
    check(&x, &y, expected);
    check_directed("linear-regression", &y, &x, 0.567742570538);
    check_directed("linear-regression", &x, &y, 0.563475241653);
    check_top_3(&x, &y, 0.603420551766);
    check_minibatch(&x, &y, 25, 0.513267506359);
}

/// A fixture that any language can generate without random numbers.
#[test]
fn closed_form_fixture() {
    let (a, b) = closed_form(24, 5, 4);
    assert!((a.iter().sum::<f64>() - 31.329_906_017_649_06).abs() < 1e-12);
    assert!((b.iter().sum::<f64>() - 3.597_442_687_855_679_6).abs() < 1e-12);
    let (a, b) = (representation(&a, 5), representation(&b, 4));
    let expected = [
        ("cka-linear", 0.213645271621),
        ("cka-linear-debiased", 0.055329202919),
        ("cka-rbf", 0.254030077315),
        ("cka-rbf-0.5", 0.319323818163),
        ("distance-correlation-squared", 0.362661627660),
        ("cca-mean", 0.527810998620),
        ("cca-mean-squared", 0.311925504625),
        ("procrustes-angular", 1.113001874233),
        ("procrustes-size-and-shape-squared", 67.783898066565),
        ("nbs", 0.441970742499),
        ("rsa-squared-euclidean-pearson", 0.142664424278),
        ("rsa-squared-euclidean-spearman", 0.128567229349),
        ("rsa-squared-euclidean-cosine", 0.793386313462),
        ("rsa-squared-euclidean-kendall-b", 0.087536231884),
        ("rsa-correlation-spearman", -0.018386723934),
        ("rsa-correlation-pearson", 0.005430116032),
    ];
    check(&a, &b, expected);
    check_directed("linear-regression", &b, &a, 0.342497679114);
    check_directed("linear-regression", &a, &b, 0.217907089793);
    check_top_3(&a, &b, 0.386202964088);
    check_minibatch(&a, &b, 8, -0.000285621321);
}

/// Tall, square and wide layers; every measure that this oracle knows.
#[test]
fn numpy_by_definition() {
    let oracles =
        [include_str!("../fixtures/measures/oracle.json"), include_str!("../fixtures/measures/oracle_rsa.json")];
    let cases = oracles.map(|text| serde_json::from_str::<Vec<serde_json::Value>>(text).unwrap());
    for case in cases.iter().flatten() {
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        let (rows, first, second) = (size("rows"), size("first"), size("second"));
        let (a, b) = closed_form(rows, first, second);
        let (a, b) = (representation(&a, first), representation(&b, second));
        let pairs = similarity::registry()
            .iter()
            .filter(|entry| entry.card.arity == Arity::Pair && !case["values"][entry.card.id].is_null());
        for card in pairs.map(|entry| entry.card) {
            let expected = &case["values"][card.id];
            match (expected.as_f64(), &expected[0], &expected[1]) {
                (Some(expected), ..) => check_one(card.id, &a, &b, expected),
                (None, forth, back) => {
                    check_directed(card.id, &a, &b, forth.as_f64().unwrap());
                    check_directed(card.id, &b, &a, back.as_f64().unwrap());
                }
            }
        }
    }
}

/// Every registered measure of two layers has values in `oracle.json` or in an oracle of its family beside it; SVCCA has
/// published ones.
#[test]
fn no_measure_is_without_an_oracle() {
    let mut known: Vec<String> = vec!["svcca".to_owned()];
    for file in std::fs::read_dir(places::root().join("tests/fixtures/measures")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("oracle") && name.ends_with(".json") {
            keys(&serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap(), &mut known);
        }
    }
    let pairs = similarity::registry().iter().filter(|entry| entry.card.arity == Arity::Pair);
    let missing: Vec<&str> =
        pairs.map(|entry| entry.card.id).filter(|id| known.iter().all(|known| known != id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The names in a JSON value.
fn keys(value: &serde_json::Value, known: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                known.push(key.clone());
                keys(value, known);
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| keys(value, known)),
        _ => {}
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

/// Compares in both orders, to 1e-9.
fn check<'a>(a: &Representation, b: &Representation, expected: impl IntoIterator<Item = (&'a str, f64)>) {
    for (id, expected) in expected {
        check_one(id, a, b, expected);
    }
}

fn check_one(id: &str, a: &Representation, b: &Representation, expected: f64) {
    check_directed(id, a, b, expected);
    check_directed(id, b, a, expected);
}

/// To 1e-9; values beyond 1 to that part of them.
fn check_directed(id: &str, a: &Representation, b: &Representation, expected: f64) {
    let measure = similarity::find(id).unwrap();
    let Question::Pair(pair) = &measure.question else { panic!("{id} takes one layer") };
    let samples = Samples { ids: Arc::clone(&a.samples), labels: None, classes: Vec::new() };
    let prepare = |of| pollster::block_on(pair.prepare(&layer(of, pair.needs()), &samples)).unwrap();
    let value = pollster::block_on(pair.compare(&prepare(a), &prepare(b))).unwrap();
    assert!((value - expected).abs() < 1e-9 * expected.abs().max(1.0), "{id}: expected {expected}, found {value}");
}

/// SVCCA of the first three principal components, which has published values.
fn check_top_3(a: &Representation, b: &Representation, expected: f64) {
    check_one("svcca:directions=3", a, b, expected);
}

/// CKA from batches of this many rows, in order.
fn check_minibatch(a: &Representation, b: &Representation, size: usize, expected: f64) {
    let mut sum = MinibatchCka::default();
    for (a, b) in batches(a, size).iter().zip(&batches(b, size)) {
        sum.add(&layer(a, &[PartId::Gram]), &layer(b, &[PartId::Gram])).unwrap();
    }
    let value = sum.value().unwrap();
    assert!((value - expected).abs() < 1e-9, "minibatch: expected {expected}, found {value}");
}

fn batches(layer: &Representation, size: usize) -> Vec<Representation> {
    let Matrix::F64(values) = &layer.matrix else { return Vec::new() };
    values.chunks(size * layer.features).map(|rows| representation(rows, layer.features)).collect()
}

fn layer(of: &Representation, parts: &[PartId]) -> Layer {
    pollster::block_on(Layer::of(Cow::Borrowed(of), parts, false, &Unsupervised)).unwrap()
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
