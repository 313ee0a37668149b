//! Every number is the one that commit 15330aa printed: `fixtures/before/` holds its reports, with the command lines
//! below, on `--threads 2`.
//!
//! ```sh
//! compare resnet18-seed0.safetensors resnet18-seed1.safetensors --probe fashion-mnist --samples 128 --measure ALL
//! compare resnet18-seed0.safetensors resnet18-seed1.safetensors --probe fashion-mnist --samples 512 --measure FAST
//! compare mlp-seed0.safetensors mlp-seed1.safetensors --probe fashion-mnist --samples 512 --measure ALL
//! compare fixtures/before/first.safetensors fixtures/before/second.safetensors --measure ALL
//! ```

use std::path::{Path, PathBuf};

use repgeo_core::study::number;
use repgeo_tests::report::{ReportCell, cells, deviations};
use repgeo_tests::{places, study};
use serde_json::Value;

/// What a value may differ by in full precision. A report prints three decimals; other orders of summation and other
/// widths of vectors in a forward pass of single precision stay well below this.
const BOUND: f64 = 1e-6;

/// Makes the report again, and holds it against the one of before.
fn check(before: &str, files: &[PathBuf], images: usize, number_of_measures: usize) {
    let path = fixtures().join(before);
    let report: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let ids: Vec<&str> =
        report["measures"].as_array().unwrap().iter().map(|measure| measure["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), number_of_measures);
    let now = study::report(files, images, &ids).unwrap();
    assert_eq!(sizes(&now), sizes(&report), "{before}: layers");
    let (now, then) = (cells(&now).unwrap(), cells(&report).unwrap());
    for (measure, deviation) in deviations(&now, &then).unwrap() {
        places::measured(&format!("{before}, {measure}: largest deviation from before {deviation:.1e}"));
        assert!(deviation < BOUND, "{before}, {measure}: {deviation}");
    }
    for (now, then) in now.iter().zip(&then) {
        check_printed(now, then);
    }
}

/// The same printed digits. Where the value of before stands on the border between two of them, to within [`BOUND`],
/// another processor's rounding may carry it across, and the bound alone decides.
fn check_printed(now: &ReportCell, then: &ReportCell) {
    let (Ok(value), Ok(before)) = (&now.value, &then.value) else { return };
    let border = number(before - BOUND) != number(before + BOUND);
    assert!(number(*value) == number(*before) || border, "{now:?}, before {before}");
}

/// Rows, features and constant features of every layer of every input.
fn sizes(report: &Value) -> Vec<Vec<[u64; 3]>> {
    let list = |value: &Value| value.as_array().unwrap().clone();
    let size = |layer: &Value| ["rows", "features", "constant_features"].map(|key| layer[key].as_u64().unwrap());
    list(&report["inputs"]).iter().map(|input| list(&input["layers"]).iter().map(size).collect()).collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/before")
}

fn networks(stem: &str) -> [PathBuf; 2] {
    [0, 1].map(|seed| places::root().join(format!("static/networks/{stem}-seed{seed}.safetensors")))
}

#[test]
fn all_measures_of_two_resnets() {
    check("resnet18-128.json", &networks("resnet18"), 128, 8);
}

#[test]
fn two_resnets_on_the_usual_number_of_images() {
    check("resnet18-512.json", &networks("resnet18"), 512, 5);
}

#[test]
fn all_measures_of_two_mlps() {
    check("mlp-512.json", &networks("mlp"), 512, 8);
}

#[test]
fn all_measures_of_layers_of_both_precisions() {
    let files = ["first", "second"].map(|name| fixtures().join(format!("{name}.safetensors")));
    check("activations.json", &files, 0, 8);
}
