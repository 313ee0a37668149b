//! Files of other programs: each is called what it is, with the way that is open.

use crate::case::Case;
use crate::entry::{archive, stored};
use crate::pickles::text;

const OPEN: &str = "export the layers as activations (.npz)";

/// A field of a protocol buffer with bytes.
fn field(number: u64, content: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

/// A field of a protocol buffer with a number.
fn value(number: u64, value: u64) -> Vec<u8> {
    [varint(number << 3), varint(value)].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// ONNX, with its fields in the order in which `torch.onnx.export` writes them.
fn onnx() -> Vec<u8> {
    let node = field(1, &[field(1, b"input"), field(2, b"output"), field(4, b"Conv")].concat());
    let graph = [node, field(2, b"main_graph")].concat();
    [value(1, 8), field(2, b"pytorch"), field(3, b"2.9.0"), field(7, &graph), field(8, &value(2, 17))].concat()
}

/// ONNX, as other converters write it: the set of operations first.
fn onnx_reordered() -> Vec<u8> {
    [value(1, 10), field(8, &[field(1, b""), value(2, 21)].concat()), field(7, &field(2, b"g"))].concat()
}

/// A Core ML model: version, description, a program.
fn core_ml() -> Vec<u8> {
    let description = field(1, &field(1, b"image"));
    [value(1, 7), field(2, &description), field(502, &value(1, 1))].concat()
}

/// A TensorFlow SavedModel: version, then a graph with its description.
fn saved_model() -> Vec<u8> {
    let graph = [field(1, &field(4, b"serve")), field(2, &field(1, &field(1, b"x")))].concat();
    [value(1, 1), field(2, &graph)].concat()
}

fn pickled(object: &[u8]) -> Vec<u8> {
    [b"\x80\x04".as_slice(), object, b"."].concat()
}

/// All of them.
#[must_use]
pub fn cases() -> Vec<Case> {
    let class = |module: &str, name: &str| {
        let object =
            [text(module), b"\x94".to_vec(), text(name), b"\x94\x93)\x81}".to_vec(), text("a"), b"K\x01sb".to_vec()];
        pickled(&object.concat())
    };
    let framed = |object: Vec<u8>| {
        let length = (object.len() as u64 - 2).to_le_bytes();
        [b"\x80\x04\x95".as_slice(), &length, &object[2..]].concat()
    };
    let keras = [
        stored("metadata.json", b"{\"keras_version\": \"3.9.0\"}"),
        stored("config.json", b"{}"),
        stored("model.weights.h5", b"\x89HDF\r\n\x1a\n"),
    ];
    let package = [
        stored("net.mlpackage/Manifest.json", b"{}"),
        stored("net.mlpackage/Data/com.apple.CoreML/model.mlmodel", &core_ml()),
    ];
    let folder = [stored("net/saved_model.pb", &saved_model()), stored("net/variables/variables.index", b"x")];
    let mut index = vec![0; 200];
    index.extend(0xdb47_7524_8b80_fb57_u64.to_le_bytes());
    let mut tflite = vec![0x1c, 0, 0, 0];
    tflite.extend(b"TFL3\x14\0\x20\0");
    [
        ("net.onnx", onnx(), "an ONNX model"),
        ("reordered.onnx", onnx_reordered(), "an ONNX model"),
        ("onnx_in_disguise.pth", onnx(), "an ONNX model"),
        ("net.h5", b"\x89HDF\r\n\x1a\n".to_vec(), "an HDF5 file"),
        ("net.keras", archive(&keras), "a Keras model"),
        ("saved_model.pb", saved_model(), "a TensorFlow SavedModel"),
        ("saved_model.zip", archive(&folder), "a TensorFlow SavedModel"),
        ("model.ckpt.index", index, "a TensorFlow checkpoint"),
        ("net.tflite", tflite, "a TensorFlow Lite model"),
        ("net.mlmodel", core_ml(), "a Core ML model"),
        ("net.mlpackage.zip", archive(&package), "a Core ML model"),
        ("net.gguf", b"GGUF\x03\0\0\0\0\0\0\0".to_vec(), "a GGUF file"),
        ("forest.pkl", class("sklearn.ensemble._forest", "RandomForestClassifier"), "a model of scikit-learn"),
        ("framed.pkl", framed(class("sklearn.neural_network", "MLPClassifier")), "a model of scikit-learn"),
        ("net.joblib", class("joblib.numpy_pickle", "NumpyArrayWrapper"), "a file by joblib"),
        ("net.mat", [b"MATLAB 5.0 MAT-file, Platform: GLNXA64".to_vec(), vec![b' '; 90]].concat(), "a MATLAB file"),
    ]
    .into_iter()
    .flat_map(|(name, bytes, what)| {
        [Case::refused(name, bytes.clone(), what), Case::refused(format!("open.{name}"), bytes, OPEN)]
    })
    .chain([
        Case::refused("net.7z", b"7z\xbc\xaf\x27\x1c\0\x04".to_vec(), "a 7z archive: unpack it first"),
        Case::refused("net.zst", b"\x28\xb5\x2f\xfd\0\0".to_vec(), "a Zstandard file: unpack it first"),
        Case::refused("net.rar", b"Rar!\x1a\x07\x01\0".to_vec(), "a RAR archive: unpack it first"),
        Case::refused("arrays.pkl", pickled(b"]"), "a plain pickle"),
    ])
    .collect()
}
