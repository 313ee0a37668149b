//! Real third-party networks on real images, against PyTorch 1.13 and NumPy (`../shared/data/resnet_cifar/expected.json`).

use std::path::PathBuf;
use std::sync::OnceLock;

use repgeo_core::activation::{self, Engine, Job, Matrix, Representation, RowPolicy};
use repgeo_core::data::{Normalisation, ProbeSet, Subset, read_probe_set};
use repgeo_core::file::NamedBytes;
use repgeo_core::study::{self, Budget, Cell, Comparison, Input, LayerPlan, Opened, PairPlan, ProbeSpec, StudySpec};
use repgeo_core::supervise::Unsupervised;
use serde_json::Value;

fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: ../shared/data not found");
    None
}

fn read(file: &str) -> NamedBytes {
    let path = folder().unwrap().join(file);
    NamedBytes { name: path.file_name().unwrap().to_str().unwrap().to_owned(), bytes: std::fs::read(path).unwrap() }
}

fn expected() -> Value {
    serde_json::from_slice(&read("resnet_cifar/expected.json").bytes).unwrap()
}

fn probe() -> ProbeSet {
    let probe = read_probe_set(&[read("cifar10_first4000_lossless.bin.gz")]).unwrap();
    probe.select(512, Subset::First).unwrap()
}

fn network(file: &str) -> Input {
    let Opened::Network(network) = study::open(&read(&format!("resnet_cifar/{file}"))).unwrap() else {
        panic!("{file}")
    };
    Input::Network {
        name: file.to_owned(),
        network: *network,
        normalisation: Normalisation::preset("imagenet", 3).unwrap(),
    }
}

fn compare(files: &[&str], measures: &[&str]) -> Comparison {
    let inputs: Vec<Input> = files.iter().map(|file| network(file)).collect();
    let spec = StudySpec {
        inputs: Vec::new(),
        probe: Some(ProbeSpec { samples: 512, subset: Subset::First }),
        questions: measures.iter().map(|&id| id.to_owned()).collect(),
        pairs: PairPlan::All,
        layers: LayerPlan::All,
        rows: RowPolicy::Flatten,
        null: None,
        bootstrap: None,
    };
    pollster::block_on(study::compare(&inputs, Some(&probe()), &spec, Budget::ONCE, &Engine::host(2), &Unsupervised))
        .unwrap()
        .report()
        .unwrap()
}

/// Two seeds by every measure that has reference values: computed once.
fn two_seeds() -> &'static Comparison {
    static REPORT: OnceLock<Comparison> = OnceLock::new();
    let measures = ["cka-linear", "cka-linear-debiased", "procrustes-angular", "svcca-99"];
    REPORT.get_or_init(|| compare(&["resnet20-seed1.th", "resnet20-seed2.th"], &measures))
}

fn value(report: &Comparison, measure: &str, row: usize, column: usize) -> f64 {
    let record = report.measures.iter().find(|record| record.id == measure).unwrap();
    match &record.pairs[0].cells[row][column] {
        Cell::Value(value) => *value,
        absent => panic!("{measure} {row} {column}: {absent:?}"),
    }
}

fn layers(report: &Comparison, input: usize) -> Vec<String> {
    report.inputs[input].layers.iter().map(|layer| layer.name.clone()).collect()
}

/// The reference calls the logits by the name of PyTorch's module.
fn position(layers: &[String], reference: &str) -> usize {
    let names = [reference, "logits", "fc"];
    let names = if reference == "linear" { &names[..] } else { &names[..1] };
    layers
        .iter()
        .position(|layer| names.contains(&layer.as_str()))
        .unwrap_or_else(|| panic!("{reference} in {layers:?}"))
}

/// Every cell of a reference map to 1e-4.
fn check_map(report: &Comparison, measure: &str, reference: &Value, key: &str) {
    let names = |side: &str| -> Vec<String> {
        reference[side].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let (rows, columns) = (names("layers_a"), names("layers_b"));
    let (own_rows, own_columns) = (layers(report, 0), layers(report, 1));
    assert_eq!((own_rows.len(), own_columns.len()), (rows.len(), columns.len()));
    for (row, layer_a) in rows.iter().enumerate() {
        for (column, layer_b) in columns.iter().enumerate() {
            let own = value(report, measure, position(&own_rows, layer_a), position(&own_columns, layer_b));
            let expected = reference[key][row][column].as_f64().unwrap();
            assert!((own - expected).abs() < 1e-4, "{measure}, {layer_a} × {layer_b}: {own} against {expected}");
        }
    }
}

/// Layers with themselves across the two seeds.
fn check_layers(measure: &str, key: &str) {
    let report = two_seeds();
    let layers = layers(report, 0);
    let reference = expected()["1_vs_2"][key].as_object().unwrap().clone();
    assert!(!reference.is_empty());
    for (layer, expected) in reference {
        let (own, expected) =
            (value(report, measure, position(&layers, &layer), position(&layers, &layer)), expected.as_f64().unwrap());
        assert!((own - expected).abs() < 1e-4, "{measure}, {layer}: {own} against {expected}");
    }
}

#[test]
fn every_cell_of_cka_between_two_seeds() {
    if folder().is_none() {
        return;
    }
    let reference = &expected()["1_vs_2"];
    check_map(two_seeds(), "cka-linear", reference, "cka_linear");
    check_map(two_seeds(), "cka-linear-debiased", reference, "cka_linear_debiased");
}

#[test]
fn every_cell_of_cka_between_depths() {
    if folder().is_none() {
        return;
    }
    let report = compare(&["resnet20-seed1.th", "resnet56-4bfd9763.th"], &["cka-linear-debiased"]);
    check_map(&report, "cka-linear-debiased", &expected()["1_vs_resnet56"], "cka_linear_debiased");
}

#[test]
fn procrustes_and_svcca_of_the_late_layers() {
    if folder().is_none() {
        return;
    }
    check_layers("procrustes-angular", "procrustes_angular");
    check_layers("svcca-99", "svcca_99");
}

#[test]
fn logits_and_moments_of_the_layers() {
    if folder().is_none() {
        return;
    }
    let Input::Network { network, normalisation, .. } = network("resnet20-seed1.th") else { return };
    let mut layers: Vec<Representation> = Vec::new();
    let keep = async |layer: Representation| -> Result<(), activation::ActivationError> {
        layers.push(layer);
        Ok(())
    };
    let (engine, probe) = (Engine::host(2), probe());
    let graph = activation::graph_for(&network, &probe).unwrap();
    let job = Job {
        network: &network.file,
        graph: &graph,
        state: &network.state,
        probe: &probe,
        normalisation: &normalisation,
        policy: RowPolicy::Flatten,
        portion: (0.0, 1.0),
    };
    let run = activation::represent(&engine, &job, &Unsupervised, keep);
    pollster::block_on(run).unwrap();
    let reference = &expected()["1"];
    let names: Vec<String> = layers.iter().map(|layer| layer.layer.clone()).collect();
    let values = |name: &str| -> Vec<f64> {
        match &layers[position(&names, name)].matrix {
            Matrix::F32(values) => values.iter().map(|&value| f64::from(value)).collect(),
            Matrix::F64(values) => values.clone(),
            Matrix::Device(_) => panic!("the host engine keeps values on the host"),
        }
    };
    let logits = values("linear");
    for (sample, row) in reference["logits_first3"].as_array().unwrap().iter().enumerate() {
        for (class, expected) in row.as_array().unwrap().iter().enumerate() {
            let (own, expected) = (logits[10 * sample + class], expected.as_f64().unwrap());
            assert!((own - expected).abs() < 1e-3, "sample {sample}, class {class}: {own} against {expected}");
        }
    }
    for (name, mean) in reference["layer_mean"].as_object().unwrap() {
        let values = values(name);
        let own_mean = values.iter().sum::<f64>() / values.len() as f64;
        let own_std = (values.iter().map(|value| (value - own_mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
        let (mean, std) = (mean.as_f64().unwrap(), reference["layer_std"][name].as_f64().unwrap());
        assert!((own_mean - mean).abs() < 1e-4 && (own_std - std).abs() < 1e-4, "{name}: {own_mean} ± {own_std}");
    }
}
