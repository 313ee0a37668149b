//! Checkpoints of every container, read as PyTorch reads them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn_pack::{Bytes, DType, Scalar, Tensor, Writer};
use repgeo_core::checkpoint::{self, Checkpoint, Container, StateTensor};
use repgeo_core::data::NamedBytes;
use repgeo_core::model::CifarResnet;
use serde_json::Value;

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

fn strings(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn every_container_and_wrapper_reads_as_pytorch_reads_it() {
    let expected: BTreeMap<String, Value> =
        serde_json::from_slice(&std::fs::read(fixtures().join("expected.json")).unwrap()).unwrap();
    assert_eq!(expected.len(), 15);
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
        ("refused_big_endian.pth", "byteorder: expected little-endian values, found big-endian values"),
        ("refused_infinite.pth", "tensor fc.bias: expected finite values, found inf at element 2"),
        ("refused_sparse.pth", "_rebuild_sparse_tensor"),
        ("refused_torchscript.pt", "found a TorchScript program: save the network's state_dict"),
        ("refused_whole_legacy.pth", "found a whole module in the legacy format: save the network's state_dict"),
    ] {
        let error = read(name).unwrap_err();
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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/resnet_cifar");
    if !folder.is_dir() {
        println!("SKIPPED: ../shared/data/resnet_cifar not found");
        return;
    }
    let expected: BTreeMap<String, Value> =
        serde_json::from_slice(&std::fs::read(fixtures().join("resnet_cifar.json")).unwrap()).unwrap();
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
        let architecture = CifarResnet { depth, width: 16, input_channels: 3, classes: 10 };
        assert_eq!(checkpoint::load(found.clone(), None).unwrap().architecture, architecture.clone().into(), "{name}");
        let network = checkpoint::load(found, Some(architecture.into())).unwrap();
        assert_eq!(network.report.applied.len(), network.state.len(), "{name}");
        assert!(network.report.unexpected.is_empty() && network.report.is_complete(), "{name}: {}", network.report);
    }
}
