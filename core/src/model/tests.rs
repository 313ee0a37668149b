//! What holds for every family: inference undoes building, and a graph is sound.

use proptest::prelude::*;

use super::{
    Architecture, Choices, CifarResnet, Cnn, ConvBlock, Convolution, GraphBuilder, Head, LinearLayer, Mlp, Modules,
    Pool, Resnet, ResnetBlock, ResnetNames, ResnetStem, TensorShapes,
};
use crate::data::ImageShape;

fn shapes_of(architecture: &Architecture) -> TensorShapes {
    let parameters = architecture.parameters().expect("a sound architecture");
    parameters.into_iter().map(|parameter| (parameter.name, parameter.shape)).collect()
}

fn shapes(tensors: &[(&str, &[usize])]) -> TensorShapes {
    tensors.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec())).collect()
}

fn any_resnet() -> impl Strategy<Value = Architecture> {
    let block = prop_oneof![Just(ResnetBlock::Basic), Just(ResnetBlock::Bottleneck)];
    let stem = prop_oneof![Just(ResnetStem::ImageNet), Just(ResnetStem::Cifar)];
    let names = prop_oneof![Just(ResnetNames::Torchvision), Just(ResnetNames::PytorchCifar)];
    (block, prop::collection::vec(1..4_usize, 2..6), stem, 1..40_usize, 1..5_usize, 1..30_usize, names).prop_map(
        |(block, depths, stem, width, input_channels, classes, names)| {
            Resnet { block, depths, stem, width, input_channels, classes: Some(classes), names, head: None }.into()
        },
    )
}

fn any_architecture() -> impl Strategy<Value = Architecture> {
    let cifar = (1..20_usize, 1..20_usize, 1..5_usize, 1..30_usize).prop_map(|(n, half, input_channels, classes)| {
        CifarResnet { width: 2 * half, input_channels, ..CifarResnet::of_depth(6 * n + 2, classes) }.into()
    });
    let mlp = (1..900_usize, prop::collection::vec(1..300_usize, 0..12), 1..30_usize)
        .prop_map(|(inputs, hidden, classes)| Mlp::new(inputs, &hidden, classes).into());
    prop_oneof![any_resnet(), cifar, mlp]
}

proptest! {
    #[test]
    fn inference_undoes_building(architecture in any_architecture()) {
        prop_assert_eq!(Architecture::infer(&shapes_of(&architecture)), Ok(architecture));
    }

    #[test]
    fn json_round_trips(architecture in any_architecture()) {
        let json = serde_json::to_string(&architecture).unwrap();
        prop_assert_eq!(serde_json::from_str::<Architecture>(&json).unwrap(), architecture);
    }

    #[test]
    fn a_graph_runs_forward_and_ends_in_the_logits(architecture in any_architecture()) {
        let graph = architecture.graph(architecture.canonical_input()).unwrap();
        for (i, node) in graph.nodes.iter().enumerate() {
            prop_assert!(node.inputs.iter().all(|&input| input < i));
        }
        prop_assert_eq!(graph.taps.last().unwrap().node, graph.nodes.len() - 1);
        prop_assert_eq!(Some(graph.nodes.last().unwrap().shape.len()), architecture.classes());
        prop_assert!(graph.taps.is_sorted_by_key(|tap| tap.node));
        prop_assert!(architecture.expected_input().accepts(architecture.canonical_input()));
    }
}

#[test]
fn other_names_of_linear_layers_are_kept_and_ordered_by_what_they_take() {
    let found = shapes(&[
        ("hidden.weight", &[64, 128]),
        ("input.weight", &[128, 784]),
        ("input.bias", &[128]),
        ("output.weight", &[10, 64]),
    ]);
    let Ok(Architecture::Mlp(mlp)) = Architecture::infer(&found) else { panic!("not an MLP") };
    let layers: Vec<(&str, usize, bool)> = mlp.layers.iter().map(|l| (l.name.as_str(), l.width, l.bias)).collect();
    assert_eq!(layers, [("input", 128, true), ("hidden", 64, false), ("output", 10, false)]);
}

#[test]
fn a_gap_between_linear_layers_is_named() {
    let found = shapes(&[("fc1.weight", &[128, 784]), ("fc2.weight", &[10, 64])]);
    assert_eq!(
        Architecture::infer(&found).unwrap_err().to_string(),
        "this looks like a MLP, but fc2.weight does not fit: expected a layer that takes the 128 values of fc1, found one that \
         takes 64; compare layers exported as activations instead"
    );
}

#[test]
fn the_digit_recognizer_is_pooled_after_each_convolution() {
    // The tensors of PyPI's digit-recognizer-py 0.1.0.
    let found = shapes(&[
        ("conv_layers.0.weight", &[32, 1, 3, 3]),
        ("conv_layers.0.bias", &[32]),
        ("conv_layers.3.weight", &[64, 32, 3, 3]),
        ("conv_layers.3.bias", &[64]),
        ("conv_layers.6.weight", &[128, 64, 3, 3]),
        ("conv_layers.6.bias", &[128]),
        ("fc_layers.0.weight", &[256, 1152]),
        ("fc_layers.0.bias", &[256]),
        ("fc_layers.2.weight", &[10, 256]),
        ("fc_layers.2.bias", &[10]),
    ]);
    let block = |name: &str, channels| ConvBlock { pool: Some(Pool::max(2)), ..ConvBlock::new(name, channels, 3) };
    let expected = Architecture::from(Cnn::new(
        ImageShape { channels: 1, height: 28, width: 28 },
        vec![block("conv_layers.0", 32), block("conv_layers.3", 64), block("conv_layers.6", 128)],
        Head::Flatten,
        vec![LinearLayer::new("fc_layers.0", 256), LinearLayer::new("fc_layers.2", 10)],
    ));
    assert_eq!(Architecture::infer(&found), Ok(expected.clone()));
    assert_eq!(shapes_of(&expected), found);
    let graph = expected.graph(expected.canonical_input()).unwrap();
    let taps: Vec<&str> = graph.taps.iter().map(|tap| tap.name.as_str()).collect();
    assert_eq!(taps, ["conv_layers.0", "conv_layers.3", "conv_layers.6", "fc_layers.0", "fc_layers.2"]);
}

#[test]
fn well_known_small_cnns_are_recognised() {
    // PyTorch's CIFAR-10 tutorial: 5 × 5 kernels without padding, pooled after each.
    let lenet = shapes(&[
        ("conv1.weight", &[6, 3, 5, 5]),
        ("conv2.weight", &[16, 6, 5, 5]),
        ("fc1.weight", &[120, 400]),
        ("fc2.weight", &[84, 120]),
        ("fc3.weight", &[10, 84]),
    ]);
    // PyTorch's MNIST example: 3 × 3 kernels without padding, pooled at the end.
    let mnist = shapes(&[
        ("conv1.weight", &[32, 1, 3, 3]),
        ("conv2.weight", &[64, 32, 3, 3]),
        ("fc1.weight", &[128, 9216]),
        ("fc2.weight", &[10, 128]),
    ]);
    for (found, side, padding, pooled) in [(lenet, 32, 0, [true, true]), (mnist, 28, 0, [false, true])] {
        let Ok(Architecture::Cnn(cnn)) = Architecture::infer(&found) else {
            panic!("{:?}", Architecture::infer(&found))
        };
        assert_eq!((cnn.input.height, cnn.input.width), (side, side));
        assert_eq!(cnn.blocks.iter().map(|block| block.pool.is_some()).collect::<Vec<_>>(), pooled);
        assert!(cnn.blocks.iter().all(|block| block.padding == padding));
    }
}

#[test]
fn batch_norms_go_to_their_convolutions_in_numbered_sequences() {
    // Convolution, batch norm, activation, pooling; convolution, activation, pooling.
    let found = shapes(&[
        ("net.0.weight", &[8, 1, 3, 3]),
        ("net.1.weight", &[8]),
        ("net.1.running_mean", &[8]),
        ("net.4.weight", &[16, 8, 3, 3]),
        ("net.8.weight", &[10, 16 * 49]),
    ]);
    let Ok(Architecture::Cnn(cnn)) = Architecture::infer(&found) else { panic!("not a CNN") };
    let norms: Vec<Option<&str>> = cnn.blocks.iter().map(|block| block.batch_norm.as_deref()).collect();
    assert_eq!(norms, [Some("net.1"), None]);
}

#[test]
fn a_cnn_that_could_be_several_lists_them() {
    let found = shapes(&[("a.weight", &[4, 3, 3, 3]), ("b.weight", &[8, 4, 3, 3]), ("fc.weight", &[10, 8])]);
    let candidates = Architecture::readings(&found, &Choices::new(), &Modules::new()).unwrap();
    assert!(candidates.len() > 1 && candidates.iter().all(|candidate| candidate.likelihood() < 2));
    for candidate in candidates {
        let needed = shapes_of(&candidate);
        assert!(found.iter().all(|(name, shape)| needed.get(name) == Some(shape)), "{}", candidate.describe());
    }
}

#[test]
fn unknown_and_unfitting_tensors_are_named() {
    let message = |tensors: &[(&str, &[usize])]| Architecture::infer(&shapes(tensors)).unwrap_err().to_string();
    let transformer = message(&[("encoder.norm.weight", &[64]), ("wte.weight", &[512, 64])]);
    assert!(transformer.contains("encoder.norm.weight [64], wte.weight [512, 64]"), "{transformer}");
    assert!(transformer.contains("CIFAR ResNet"), "{transformer}");
    assert!(message(&[]).contains("found none"));
    let mut grouped = shapes_of(&Resnet { block: ResnetBlock::Bottleneck, ..Resnet::resnet18_cifar(64, 3, 10) }.into());
    grouped.insert("layer1.0.conv2.weight".to_owned(), vec![128, 4, 3, 3]);
    assert_eq!(
        Architecture::infer(&grouped).unwrap_err().to_string(),
        "this looks like a residual network, but layer1.0 does not fit: expected one normalisation for each convolution, found 3 \
         for 3 convolutions of other channels"
    );
}

#[test]
fn hostile_shapes_never_panic() {
    let huge = usize::MAX;
    let last_number = usize::MAX.to_string();
    for tensors in [
        shapes(&[
            ("conv1.weight", &[huge, huge, 3, 3]),
            ("layer1.0.conv1.weight", &[huge; 4]),
            ("fc.weight", &[huge; 2]),
        ]),
        shapes(&[("a.weight", &[huge, 1, huge, huge]), ("fc.weight", &[10, huge])]),
        shapes(&[("a.weight", &[0, 0, 0, 0]), ("fc.weight", &[0, 0])]),
        shapes(&[(&format!("a.{last_number}.weight"), &[1, 1, 1, 1]), ("fc.weight", &[2, 784])]),
        shapes(&[("fc.weight", &[0, huge])]),
    ] {
        if let Ok(architecture) = Architecture::infer(&tensors) {
            let _ = architecture.parameters();
            let _ = architecture.describe();
        }
    }
}

#[test]
fn a_tap_that_is_passed_by_is_refused() {
    let mut builder = GraphBuilder::new("test", ImageShape { channels: 2, height: 4, width: 4 }).unwrap();
    let entry = builder.current();
    let inside = builder.conv("conv", Convolution::same(2, 3, 1)).unwrap();
    builder.tap("inside").unwrap();
    builder.add(inside, entry).unwrap();
    builder.flatten().unwrap();
    assert!(builder.finish().is_err());
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let mut builder = GraphBuilder::new("test", ImageShape { channels: 2, height: 4, width: 4 }).unwrap();
    assert!(builder.linear("linear", 3, true).is_err());
    assert!(builder.avg_pool(5, 1, 0).is_err());
    assert!(builder.max_pool(3, 0, 0).is_err());
    assert!(builder.max_pool(2, 2, 2).is_err());
    let huge =
        Convolution { channels: 1, kernel: 3, stride: 1, padding: usize::MAX, dilation: 1, groups: 1, bias: false };
    assert!(builder.conv("conv", huge).is_err());
    let entry = builder.current();
    let halved = builder.max_pool(2, 2, 0).unwrap();
    assert!(builder.add(entry, halved).is_err());
    assert!(builder.finish().is_err(), "the last node is a map");
}

/// A residual network of two stages, whose blocks are those of MobileNetV2 where they are `inverted`.
fn two_stages(inverted: bool) -> TensorShapes {
    let mut tensors = vec![("conv1.weight".to_owned(), vec![4, 3, 3, 3])];
    for (stage, (read, yielded)) in [(4, 4), (4, 8)].into_iter().enumerate() {
        let module = if inverted { format!("layers.{stage}") } else { format!("layer{}.0", stage + 1) };
        let convs = match inverted {
            true => vec![vec![8, read, 1, 1], vec![8, 1, 3, 3], vec![yielded, 8, 1, 1]],
            false => vec![vec![yielded, read, 3, 3], vec![yielded, yielded, 3, 3]],
        };
        for (i, shape) in convs.into_iter().enumerate() {
            tensors.push((format!("{module}.conv{}.weight", i + 1), shape));
        }
        tensors.push((format!("{module}.shortcut.0.weight"), vec![yielded, read, 1, 1]));
    }
    tensors.extend([("linear.weight".to_owned(), vec![3, 8]), ("linear.bias".to_owned(), vec![3])]);
    tensors.into_iter().collect()
}

#[test]
fn what_is_said_of_stages_holds_or_is_refused() {
    for inverted in [false, true] {
        let strides = |said: &str| {
            let choices = super::parse_choices(said).unwrap();
            let mut readings = Architecture::readings(&two_stages(inverted), &choices, &Modules::new())?;
            let assumptions = readings.swap_remove(0).assumptions();
            let strides = assumptions.into_iter().find(|one| one.key == "strides");
            Ok::<_, super::InferenceError>(strides.unwrap().value)
        };
        assert_eq!(strides("strides=2+1").unwrap(), "2+1", "inverted: {inverted}");
        let error = strides("strides=2+1+2").unwrap_err().to_string();
        assert!(error.ends_with("found `3 for 2 stages`"), "{error}");
        let error = strides("stem-stride=2+1").unwrap_err().to_string();
        assert!(error.ends_with("found `2 of them`"), "{error}");
    }
}
