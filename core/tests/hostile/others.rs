//! What else is opened: activations, images, and checkpoints whose names or metadata promise an impossible network.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use repgeo_core::model::{Architecture, CifarResnet, Mlp, Resnet};
use serde_json::{Map, Value, json};

use crate::archives::zip;
use crate::case::Case;
use crate::mutations::{self, Mutant};

/// More than any small file may unpack to.
const SWOLLEN: usize = 80 << 20;

pub(crate) fn npy(header: &str, values: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\0".as_slice(), &length, header.as_bytes(), values].concat()
}

pub(crate) fn array(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    npy(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}"), values)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A safetensors file without values: every tensor has a dimension of length zero.
fn empty_tensors(tensors: &[(String, Vec<u64>)], metadata: &Value) -> Vec<u8> {
    let mut header: Map<String, Value> = tensors
        .iter()
        .map(|(name, shape)| (name.clone(), json!({"dtype": "F32", "shape": shape, "data_offsets": [0, 0]})))
        .collect();
    header.insert("__metadata__".to_owned(), metadata.clone());
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes(), header.as_slice()].concat()
}

pub(crate) fn hostile_activations() -> Vec<Case> {
    let ones = [0, 0, 0x80, 0x3f];
    let plain = |shape: &str| array("<f4", shape, &ones);
    let bomb = array("<f4", &format!("({}, 1)", SWOLLEN / 4), &vec![0; SWOLLEN]);
    let entry = |bytes: &[u8]| zip(&[("fc.npy", bytes)], true);
    let many: Vec<String> = (0..200).map(|index| format!("{index}.npy")).collect();
    let content = plain("(1, 1)");
    let ids = array("<U67108864", "(0,)", b"");
    let mut cases = vec![
        Case::refused("bomb.npz", entry(&bomb), "once unpacked"),
        Case::refused("cut.npz", entry(&content)[..60].to_vec(), ""),
        Case::refused("empty_array.npz", entry(b""), "the beginning of a .npy file"),
        Case::refused(
            "shapes.npz",
            {
                let rows = array("<f4", "(2, 1)", &[0; 8]);
                zip(&[("a.npy", &content), ("b.npy", &rows)], false)
            },
            "as many rows in every layer",
        ),
        Case::refused("ids.npz", zip(&[("a.npy", &content), ("sample_ids.npy", &ids)], false), "one id for each"),
        Case::refused(
            "many_ids.npz",
            {
                let ids = array("|S1", "(99999999,)", b"");
                zip(&[("a.npy", &content), ("sample_ids.npy", &ids)], false)
            },
            "99999999 bytes",
        ),
        Case::refused("nothing.npz", zip(&[], false), ""),
        Case::refused("pickle.npy", array("|O", "(1, 1)", b"\x80\x02cos\nsystem\n."), "an array of numbers or texts"),
        Case::refused(
            "record.npy",
            npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1)}", &ones),
            "not a record",
        ),
        Case::refused("nan.npy", array("<f4", "(1, 1)", &f32::NAN.to_le_bytes()), "expected finite values, found NaN"),
        Case::refused("overflow.npy", plain("(18446744073709551615, 18446744073709551615)"), "an array of shape"),
        Case::refused("overflow_to_zero.npy", plain("(4294967296, 4294967296)"), "an array of shape"),
        Case::refused(
            "no_rows.npy",
            array("<f4", "(0, 18446744073709551615, 18446744073709551615)", b""),
            "neither empty",
        ),
        Case::refused("negative.npy", plain("(-1, 1)"), "the length of a dimension"),
        Case::refused("large_type.npy", array("<f18446744073709551615", "(1, 1)", &ones), ""),
        Case::refused("no_size.npy", array("|S0", "(99999999, 1)", b""), "an array of numbers or texts"),
        Case::refused("nested.npy", npy(&"{'shape': (".repeat(5000), b""), ""),
        Case::refused(
            "long_header.npy",
            [b"\x93NUMPY\x02\0\xff\xff\xff\xff".as_slice(), b"{}"].concat(),
            "the length of a header",
        ),
        Case::refused("big_header.npy", b"\x93NUMPY\x02\0\x02\0\0\0{}".to_vec(), "one each of"),
        Case::refused("vector.npy", plain("(1,)"), "at least two dimensions"),
        Case::refused("scalar.npy", plain("()"), "at least two dimensions"),
    ];
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &content[..20])).collect();
    cases.push(Case::refused("many.npz", zip(&many, false), ""));
    cases.extend(impossible_networks());
    cases
}

/// Metadata that names a network which no machine could build, beside tensors that fit none.
fn impossible_networks() -> Vec<Case> {
    let huge = u64::MAX;
    let block = |kernel: u64, padding: u64, channels: u64, pool: Value| json!({"name": "conv1", "channels": channels, "kernel": kernel, "padding": padding, "bias": true, "batch_norm": null, "pool": pool});
    let cnn = |block: Value, side: u64| {
        json!({"family": "cnn", "input": {"channels": 1, "height": side, "width": side}, "blocks": [block],
            "head": "flatten", "linear": [{"name": "fc", "width": 2, "bias": true}]})
    };
    let max = json!({"max": 2});
    let networks = [
        (
            "deep_cifar",
            json!({"family": "cifar-resnet", "depth": 6_000_000_002_u64, "width": 1, "input_channels": 1, "classes": 2}),
        ),
        (
            "deepest_cifar",
            json!({"family": "cifar-resnet", "depth": huge, "width": 1, "input_channels": 1, "classes": 2}),
        ),
        (
            "wide_cifar",
            json!({"family": "cifar-resnet", "depth": 20, "width": huge, "input_channels": 1, "classes": 2}),
        ),
        ("flat_cifar", json!({"family": "cifar-resnet", "depth": 0, "width": 0, "input_channels": 0, "classes": 0})),
        (
            "deep_resnet",
            json!({"family": "resnet", "block": "basic", "depths": [1_u64 << 40, 1, 1, 1], "stem": "cifar", "width": 1, "input_channels": 1, "classes": 2}),
        ),
        (
            "wide_resnet",
            json!({"family": "resnet", "block": "bottleneck", "depths": [1, 1, 1, 1], "stem": "imagenet", "width": huge / 2, "input_channels": 1, "classes": 2}),
        ),
        (
            "long_resnet",
            json!({"family": "resnet", "block": "basic", "depths": vec![1; 200], "stem": "cifar", "width": 1 << 20, "input_channels": 1, "classes": 2}),
        ),
        (
            "wide_mlp",
            json!({"family": "mlp", "inputs": huge, "layers": [{"name": "a", "width": huge, "bias": true}, {"name": "b", "width": huge, "bias": true}]}),
        ),
        ("no_mlp", json!({"family": "mlp", "inputs": 0, "layers": []})),
        ("large_kernel", cnn(block(huge, 0, 1, max.clone()), 28)),
        ("no_kernel", cnn(block(0, 0, 1, max.clone()), 28)),
        ("large_padding", cnn(block(3, huge, 1, max.clone()), 28)),
        ("more_padding", cnn(block(3, huge / 2, 1, max.clone()), 28)),
        ("no_pooling", cnn(block(3, 1, 1, json!({"max": 0})), 28)),
        ("large_pooling", cnn(block(3, 1, 1, json!({"average": huge})), 28)),
        ("no_channels", cnn(block(3, 1, 0, max.clone()), 28)),
        ("large_image", cnn(block(3, 1, huge, max.clone()), huge)),
        ("no_image", cnn(block(3, 1, 1, max), 0)),
        ("no_family", json!({"family": "transformer"})),
        ("no_object", json!(3)),
    ];
    let tensors = [("fc.weight".to_owned(), vec![0, 3]), ("fc.bias".to_owned(), vec![0])];
    let file = |network: &Value| empty_tensors(&tensors, &json!({"repgeo.architecture": network.to_string()}));
    let mut cases: Vec<Case> = networks
        .iter()
        .map(|(name, network)| Case::refused(format!("{name}.safetensors"), file(network), ""))
        .collect();
    let nested = json!({"repgeo.architecture": "[".repeat(100_000)});
    cases.push(Case::refused("nested.safetensors", empty_tensors(&tensors, &nested), "an architecture in JSON"));
    let deviation = r#"{"name":"x","mean":[1e39],"std":[1e-320]}"#;
    let normalisation = json!({"repgeo.normalisation": deviation});
    cases.push(Case::refused("deviation.safetensors", empty_tensors(&tensors, &normalisation), ""));
    cases
}

/// Names of known architectures with shapes that no tensor of theirs can have: each has at least one length of zero.
pub(crate) fn impossible_shapes() -> Vec<Case> {
    const LENGTHS: [u64; 8] = [0, 1, 3, 1 << 20, 1 << 31, 1 << 32, 1 << 62, u64::MAX];
    let architectures: [Architecture; 4] = [
        Mlp::new(4, &[3], 2).into(),
        CifarResnet { width: 2, input_channels: 1, ..CifarResnet::of_depth(20, 2) }.into(),
        Resnet::resnet18_cifar(1, 1, 2).into(),
        Mlp::new(3, &[], 2).into(),
    ];
    let mut names: Vec<Vec<(String, usize)>> = architectures
        .iter()
        .map(|architecture| {
            let parameters = architecture.parameters().unwrap();
            parameters.iter().map(|parameter| (parameter.name.clone(), parameter.shape.len())).collect()
        })
        .collect();
    let plain = [
        ("conv_layers.0.weight", 4),
        ("conv_layers.0.bias", 1),
        ("conv_layers.3.weight", 4),
        ("fc.weight", 2),
        ("fc.bias", 1),
    ];
    names.push(plain.map(|(name, rank)| (name.to_owned(), rank)).to_vec());
    let mut random = ChaCha8Rng::seed_from_u64(22);
    let mut cases = Vec::new();
    for round in 0..400 {
        let tensors: Vec<(String, Vec<u64>)> = names[round % names.len()]
            .iter()
            .map(|(name, rank)| {
                // Zero stands first or behind one length, so that no product before it overflows.
                let mut shape: Vec<u64> = (0..*rank).map(|_| LENGTHS[random.random_range(0..LENGTHS.len())]).collect();
                let zero = random.random_range(0..shape.len().clamp(1, 2));
                if let Some(length) = shape.get_mut(zero) {
                    *length = 0;
                }
                (name.clone(), shape)
            })
            .collect();
        cases.push(Case::refused(format!("shapes{round}.safetensors"), empty_tensors(&tensors, &json!({})), ""));
    }
    cases
}

pub(crate) fn hostile_images() -> Vec<Case> {
    let swollen = gzip(&vec![0; SWOLLEN]);
    let idx = |dimensions: &[u32]| {
        let mut bytes = vec![0, 0, 8, u8::try_from(dimensions.len()).unwrap()];
        dimensions.iter().for_each(|length| bytes.extend(length.to_be_bytes()));
        bytes.extend([0; 16]);
        bytes
    };
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    png.extend([0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 8, 2, 0, 0, 0, 0, 0, 0, 0]);
    let bomb = array("|u1", &format!("({}, 1024, 1024)", SWOLLEN >> 20), &vec![0; SWOLLEN]);
    let images = array("|u1", "(1, 2, 2)", &[0; 4]);
    let dots = array("|u1", "(30000000, 1, 1)", &vec![0; 30_000_000]);
    vec![
        Case::refused("nothing.bin", b"".to_vec(), "an empty file"),
        Case::refused("bomb.gz", swollen, "once unpacked"),
        Case::refused("bomb_in_bomb.gz", gzip(&gzip(&[0; 10_000])), ""),
        Case::refused("bomb.npz", zip(&[("x.npy", &bomb)], true), "once unpacked"),
        Case::refused("dots.npz", zip(&[("x.npy", &dots)], true), "at most 1048576 images"),
        Case::refused("huge.idx", idx(&[u32::MAX; 3]), ""),
        Case::refused("dimensions.idx", idx(&[1; 255]), ""),
        Case::refused("huge.png", png.clone(), ""),
        Case::refused("huge.zip", zip(&[("a.png", &png)], true), ""),
        Case::refused("lines.zip", zip(&[("a\nb.txt.exe", b"hello")], false), "lines.zip/a\\nb.txt.exe: "),
        Case::refused(
            "images.npz",
            zip(&[("x.npy", &images), ("images.npy", &images)], false),
            "only one of the arrays",
        ),
        Case::refused(
            "labels.npz",
            {
                let labels = array("<i8", "(1,)", &(-1_i64).to_le_bytes());
                zip(&[("x.npy", &images), ("y.npy", &labels)], false)
            },
            "class indices from 0",
        ),
        Case::refused("no_images.npz", zip(&[("x.npy", &array("|u1", "(0, 2, 2)", b""))], false), ""),
        Case::refused("overflow.npz", zip(&[("x.npy", &array("|u1", "(0, 4294967296, 4294967296)", b""))], false), ""),
        Case::refused(
            "infinite.npz",
            zip(&[("x.npy", &array("<f4", "(1, 1, 1)", &f32::INFINITY.to_le_bytes()))], false),
            "",
        ),
    ]
}

fn files(folder: &str, names: &[&str]) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
    names.iter().map(|name| ((*name).to_owned(), std::fs::read(folder.join(name)).unwrap())).collect()
}

pub(crate) fn mutated_activations() -> Vec<Mutant> {
    let names = ["ordered.safetensors", "natural.safetensors", "layers.npz", "numbered.npz", "only.npy"];
    mutations::of(&files("activation/file/fixtures", &names), 23)
}

/// Formats that the tests beside the code leave out.
pub(crate) fn mutated_images() -> Vec<Mutant> {
    let mut originals = files("data/format/fixtures", &["nchw.npz", "grey.npz"]);
    let pixels: Vec<u8> = (0..2 * 3 * 96 * 96_u32).map(|place| (place * 37 % 251) as u8).collect();
    originals.push(("stl10.bin.gz".to_owned(), gzip(&pixels)));
    mutations::of(&originals, 24)
}
