//! The bundled networks on bundled images, against PyTorch and NumPy in double precision:
//! `fixtures/networks/torch_reference.py` wrote what is expected, and needs nothing that is not in the project.

use std::path::PathBuf;

use repgeo_core::checkpoint::Network;
use repgeo_core::file::NamedBytes;
use repgeo_core::model::initial_state;
use repgeo_core::study::{Opened, open};
use repgeo_tests::report::cells;
use repgeo_tests::study::Layer;
use repgeo_tests::{places, study};
use serde_json::Value;

/// What single precision may lose through a network, relative to the layer's own size.
const FORWARD: f64 = 1e-4;
/// What a measure may lose by it; the same as for the third-party networks of `resnet_cifar.rs`.
const MEASURE: f64 = 1e-4;

fn reference() -> Value {
    serde_json::from_str(include_str!("../fixtures/networks/reference.json")).unwrap()
}

/// ResNet-18 or MLP: two networks, and the measures between them.
fn case(index: usize) -> (usize, Value) {
    let reference = reference();
    (usize::try_from(reference["samples"].as_u64().unwrap()).unwrap(), reference["cases"][index].clone())
}

fn file(network: &Value) -> PathBuf {
    places::root().join("static/networks").join(network["file"].as_str().unwrap())
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// Mean, norm, sampled values of every layer and all logits; the largest relative deviation.
fn check_forward(index: usize) {
    let (samples, case) = case(index);
    for network in case["networks"].as_array().unwrap() {
        let (layers, expected) =
            (study::layers(&file(network), samples).unwrap(), network["layers"].as_array().unwrap());
        assert_eq!(layers.len(), expected.len(), "{}", network["file"]);
        let largest = layers.iter().zip(expected).map(|(layer, expected)| check_layer(layer, expected, samples));
        let largest = largest.fold(0.0, f64::max);
        let (logits, expected) = (&layers.last().unwrap().values, numbers(&network["logits"]));
        assert_eq!((logits.len(), expected.len()), (10 * samples, 10 * samples));
        let scale = expected.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let deviation = logits.iter().zip(&expected).map(|(own, expected)| (own - expected).abs() / scale);
        let deviation = deviation.fold(0.0, f64::max);
        assert!(deviation < FORWARD, "{}, logits: {deviation}", network["file"]);
        places::measured(&format!(
            "{} against PyTorch, relative: layers {largest:.1e}, logits {deviation:.1e}",
            network["file"].as_str().unwrap()
        ));
    }
}

/// The largest deviation of what the reference has of one layer, relative to the root of its mean square.
fn check_layer(layer: &Layer, expected: &Value, samples: usize) -> f64 {
    let number = |key: &str| expected[key].as_f64().unwrap();
    let count = layer.values.len();
    assert_eq!(layer.name, expected["name"].as_str().unwrap());
    assert_eq!((layer.features as u64, count), (expected["features"].as_u64().unwrap(), samples * layer.features));
    let scale = number("norm") / (count as f64).sqrt();
    assert!(scale > 0.0, "{}", layer.name);
    let mean = layer.values.iter().sum::<f64>() / count as f64;
    let size = (layer.values.iter().map(|value| value * value).sum::<f64>() / count as f64).sqrt();
    let sampled = numbers(&expected["values"]);
    assert_eq!(sampled.len(), 8);
    let sampled = sampled.iter().enumerate().map(|(k, value)| layer.values[(7919 * k + 13) % count] - value);
    let differences = sampled.chain([mean - number("mean"), size - scale]);
    let largest = differences.fold(0.0, |largest: f64, difference| largest.max(difference.abs() / scale));
    assert!(largest < FORWARD, "{}: {largest}", layer.name);
    largest
}

/// Every cell by every measure that the reference has; the others have oracles of their families.
fn check_measures(index: usize) {
    let (samples, case) = case(index);
    let files: Vec<PathBuf> = case["networks"].as_array().unwrap().iter().map(file).collect();
    let all = study::all_measures();
    let measures: Vec<&str> = all.into_iter().filter(|id| case["measures"][id].is_array()).collect();
    assert_eq!(measures.len(), case["measures"].as_object().unwrap().len(), "a measure of the reference is gone");
    let cells = cells(&study::report(&files, samples, &measures).unwrap()).unwrap();
    for id in measures {
        let own = cells.iter().filter(|cell| cell.measure == id).map(|cell| cell.value.clone().unwrap());
        let own: Vec<f64> = own.collect();
        let map = case["measures"][id].as_array().unwrap();
        let expected: Vec<f64> = map.iter().flat_map(numbers).collect();
        assert_eq!(own.len(), expected.len(), "{id}");
        let deviation =
            own.iter().zip(&expected).map(|(own, expected)| (own - expected).abs() / expected.abs().max(1.0));
        let deviation = deviation.fold(0.0, f64::max);
        places::measured(&format!(
            "{id} of {} against NumPy: largest deviation {deviation:.1e}",
            case["networks"][0]["file"]
        ));
        assert!(deviation < MEASURE, "{id}: {deviation}");
    }
}

#[test]
fn the_untrained_network_has_the_initial_weights_of_the_seed_of_the_trained_one() {
    let network = |name: &str| -> Network {
        let bytes = std::fs::read(places::root().join("static/networks").join(name)).unwrap();
        let Opened::Network(network) = open(&NamedBytes { name: name.to_owned(), bytes }).unwrap() else { panic!() };
        *network
    };
    let (trained, untrained) = (network("resnet18-seed0.safetensors"), network("resnet18-seed0-untrained.safetensors"));
    assert_eq!(untrained.architecture, trained.architecture);
    assert_eq!(untrained.metadata.normalisation, trained.metadata.normalisation);
    assert_eq!((untrained.metadata.seed, untrained.metadata.step), (trained.metadata.seed, Some(0)));
    let graph = trained.architecture.graph(trained.architecture.canonical_input()).unwrap();
    let initial = initial_state(&graph, trained.metadata.seed.unwrap());
    assert_eq!(untrained.state.len(), initial.len());
    for (name, expected) in &initial {
        let found = &untrained.state[name];
        assert_eq!(found.shape, expected.shape, "{name}");
        // Half precision has 11 bits, and 24 below the smallest normal number's 14.
        let rounding = |value: f32| (value.abs() * 2.0_f32.powi(-11)).max(2.0_f32.powi(-25));
        let close = found.values.iter().zip(&expected.values).all(|(x, y)| (x - y).abs() <= rounding(*y));
        assert!(close, "{name}");
    }
}

#[test]
fn a_resnet_runs_as_in_pytorch() {
    check_forward(0);
}

#[test]
fn an_mlp_runs_as_in_pytorch() {
    check_forward(1);
}

#[test]
fn every_cell_between_two_resnets_is_numpys() {
    check_measures(0);
}

#[test]
fn every_cell_between_two_mlps_is_numpys() {
    check_measures(1);
}

#[test]
fn networks_disagree_on_the_images_where_they_do_in_pytorch() {
    for index in 0..2 {
        let (samples, case) = case(index);
        let networks = case["networks"].as_array().unwrap();
        let predictions: Vec<Vec<usize>> = networks
            .iter()
            .map(|network| {
                let largest = |logits: &[f64]| (0..10).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
                numbers(&network["logits"]).chunks(10).map(largest).collect()
            })
            .collect();
        let different = predictions[0].iter().zip(&predictions[1]).filter(|(a, b)| a != b).count();
        assert!(different > 0, "the reference can tell agreement from disagreement");
        let files: Vec<PathBuf> = networks.iter().map(file).collect();
        let report = study::report(&files, samples, &["disagreement"]).unwrap();
        let value = &report["measures"][0]["outputs"][0]["value"];
        assert_eq!(value.as_f64(), Some(different as f64 / samples as f64), "{}", networks[0]["file"]);
    }
}
