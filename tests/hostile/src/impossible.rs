//! Checkpoints whose metadata, names or shapes promise a network that cannot be.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use crate::case::Case;

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

/// Metadata that names a network which no machine could build, beside tensors that fit none.
#[must_use]
pub fn networks() -> Vec<Case> {
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

/// Tensors by name, with the number of their dimensions, in the order in which the network uses them.
type Ranks = Vec<(String, usize)>;

/// A linear layer.
fn linear(name: &str) -> Ranks {
    [("weight", 2), ("bias", 1)].map(|(tensor, rank)| (format!("{name}.{tensor}"), rank)).to_vec()
}

/// A convolution and its batch normalisation.
fn normalised(conv: &str, norm: &str) -> Ranks {
    let norms = ["weight", "bias", "running_mean", "running_var"].map(|tensor| (format!("{norm}.{tensor}"), 1));
    [vec![(format!("{conv}.weight"), 4)], norms.to_vec()].concat()
}

fn mlp(layers: usize) -> Ranks {
    (1..=layers).flat_map(|layer| linear(&format!("fc{layer}"))).collect()
}

/// Stages of basic blocks, where the first block of each stage but the first has a shortcut with a convolution or none.
fn blocks(stages: usize, blocks: usize, projected: bool) -> Ranks {
    let mut ranks = normalised("conv1", "bn1");
    for (stage, block) in (1..=stages).flat_map(|stage| (0..blocks).map(move |block| (stage, block))) {
        let name = format!("layer{stage}.{block}");
        for layer in [1, 2] {
            ranks.extend(normalised(&format!("{name}.conv{layer}"), &format!("{name}.bn{layer}")));
        }
        if projected && stage > 1 && block == 0 {
            ranks.extend(normalised(&format!("{name}.downsample.0"), &format!("{name}.downsample.1")));
        }
    }
    ranks
}

/// ResNet-20 for CIFAR.
fn cifar_resnet() -> Ranks {
    [blocks(3, 3, false), linear("linear")].concat()
}

/// ResNet-18.
fn resnet() -> Ranks {
    [blocks(4, 2, true), linear("fc")].concat()
}

fn plain_cnn() -> Ranks {
    let conv = [("conv_layers.0.weight", 4), ("conv_layers.0.bias", 1), ("conv_layers.3.weight", 4)];
    [conv.map(|(name, rank)| (name.to_owned(), rank)).to_vec(), linear("fc")].concat()
}

/// Names of known architectures with shapes that no tensor of theirs can have: each has at least one length of zero.
#[must_use]
pub fn shapes() -> Vec<Case> {
    const LENGTHS: [u64; 8] = [0, 1, 3, 1 << 20, 1 << 31, 1 << 32, 1 << 62, u64::MAX];
    let names = [mlp(2), cifar_resnet(), resnet(), mlp(1), plain_cnn()];
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
