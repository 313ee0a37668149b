//! The same networks as in PyTorch: `fixtures/torch_forward.py` wrote what is expected.

use std::future::Future;

use burn::tensor::{Device, Tensor, TensorData};
use serde::Deserialize;

use super::state::{StateDict, StateTensor};
use super::{
    Activation, Architecture, BurnNetwork, CifarResnet, Cnn, ConvBlock, Graph, Head, LinearLayer, Mlp, NetworkError,
    Parameter, ParameterRole, Pool, Resnet, ResnetBlock, ResnetNames, ResnetStem, Value,
};
use crate::data::ImageShape;

#[derive(Deserialize)]
struct Case {
    name: String,
    input: [usize; 4],
    tensors: Vec<(String, Vec<usize>)>,
    taps: Vec<TapRecord>,
    logits: Vec<f64>,
}

#[derive(Deserialize)]
struct TapRecord {
    name: String,
    shape: Vec<usize>,
    sum: f64,
    sum_of_squares: f64,
    first: Vec<f64>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("fixtures/torch_forward.json")).expect("a sound fixture")
}

fn architecture_of(case: &str) -> Architecture {
    let resnet = |block, depths: &[usize], stem, width, input_channels, classes| {
        let names = ResnetNames::Torchvision;
        Resnet {
            block,
            depths: depths.to_vec(),
            stem,
            width,
            input_channels,
            classes: Some(classes),
            names,
            head: None,
        }
        .into()
    };
    match case {
        "resnet-basic-cifar" => resnet(ResnetBlock::Basic, &[2, 1, 1], ResnetStem::Cifar, 4, 3, 5),
        "resnet-bottleneck-imagenet" => resnet(ResnetBlock::Bottleneck, &[1, 2], ResnetStem::ImageNet, 2, 1, 4),
        "cifar-resnet" => CifarResnet { width: 4, ..CifarResnet::of_depth(8, 6) }.into(),
        "mlp" => {
            let without_bias = LinearLayer { bias: false, ..LinearLayer::new("net.2", 7) };
            let layers = vec![LinearLayer::new("net.0", 9), without_bias, LinearLayer::new("net.4", 5)];
            Mlp { layers, activation: Activation::Tanh, dropout: 0.5, ..Mlp::new(48, &[], 5) }.into()
        }
        "cnn" => {
            let block = |i: usize, channels, kernel, padding, bias, pool| ConvBlock {
                padding,
                bias,
                batch_norm: Some(format!("bn{i}")),
                pool: Some(pool),
                ..ConvBlock::new(format!("conv{i}"), channels, kernel)
            };
            let blocks = vec![block(1, 4, 3, 1, false, Pool::average(2)), block(2, 6, 5, 0, true, Pool::max(2))];
            let linear = vec![LinearLayer::new("fc1", 8), LinearLayer::new("fc2", 3)];
            Cnn::new(ImageShape { channels: 3, height: 12, width: 12 }, blocks, Head::Flatten, linear).into()
        }
        other => panic!("no architecture for {other}"),
    }
}

#[allow(clippy::cast_possible_truncation)]
fn tensor_by_formula(parameter: &Parameter, index: usize) -> StateTensor {
    let fan_in: usize = parameter.shape.iter().skip(1).product();
    let value = |i: usize| {
        let wave = (0.7 * (i + 1) as f64 + 0.3 * index as f64).sin();
        match parameter.role {
            ParameterRole::RunningVar => 1.0 + 0.3 * wave,
            ParameterRole::Scale => 1.0 + 0.2 * wave,
            ParameterRole::Weight => 1.5 * wave / (fan_in as f64).sqrt(),
            _ => 0.1 * wave,
        }
    };
    StateTensor { shape: parameter.shape.clone(), values: (0..parameter.len()).map(|i| value(i) as f32).collect() }
}

/// PyTorch numbers the tensors in its own order, so the index comes from the fixture.
fn state_of(case: &Case, graph: &Graph) -> StateDict {
    let index = |name: &str| case.tensors.iter().position(|(tensor, _)| tensor == name).expect("a tensor of PyTorch's");
    graph.parameters.iter().map(|p| (p.name.clone(), tensor_by_formula(p, index(&p.name)))).collect()
}

#[allow(clippy::cast_possible_truncation)]
fn images(shape: [usize; 4]) -> Tensor<4> {
    let value = |i: usize| (0.05 * i as f64).sin() + 0.1 * (((i * 7) % 5) as f64 - 2.0);
    let values: Vec<f32> = (0..shape.iter().product()).map(|i| value(i) as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

fn network_of(case: &Case) -> (StateDict, BurnNetwork) {
    let [_, channels, height, width] = case.input;
    let graph = architecture_of(&case.name).graph(ImageShape { channels, height, width }).expect("a sound graph");
    let state = state_of(case, &graph);
    let network = BurnNetwork::from_state(&graph, &state, &Device::flex()).expect("a sound state");
    (state, network)
}

fn values(value: Value) -> Vec<f64> {
    value.into_rows().into_data().iter::<f64>().collect()
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-4 * expected.abs().max(1.0), "{what}: expected {expected}, found {found}");
}

#[test]
fn tensors_have_the_names_and_shapes_of_pytorch() {
    for case in cases() {
        let parameters = architecture_of(&case.name).parameters().unwrap();
        let mut ours: Vec<_> = parameters.into_iter().map(|p| (p.name, p.shape)).collect();
        let mut theirs = case.tensors;
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{}", case.name);
    }
}

#[test]
fn logits_and_taps_are_those_of_pytorch() {
    for case in cases() {
        let (_, network) = network_of(&case);
        let logits = values(Value::Vector(network.forward(images(case.input)).unwrap()));
        assert_eq!(logits.len(), case.logits.len());
        for (found, expected) in logits.into_iter().zip(case.logits) {
            assert_close(found, expected, &case.name);
        }
        assert_eq!(network.graph().taps.len(), case.taps.len());
        let mut value = Value::Map(images(case.input));
        for (i, expected) in case.taps.iter().enumerate() {
            assert_eq!(network.graph().taps[i].name, expected.name);
            value = network.run_to_tap(i.checked_sub(1), value, i).unwrap();
            let found = values(value.clone());
            let what = format!("{} {}", case.name, expected.name);
            assert_eq!(found.len(), expected.shape.iter().product::<usize>(), "{what}");
            assert_close(found.iter().sum(), expected.sum, &what);
            assert_close(found.iter().map(|v| v * v).sum(), expected.sum_of_squares, &what);
            for (&found, &expected) in found.iter().zip(&expected.first) {
                assert_close(found, expected, &what);
            }
        }
    }
}

#[test]
fn the_state_comes_back_as_it_was_put_in() {
    for case in cases() {
        let (state, network) = network_of(&case);
        assert_eq!(ready(network.state()).unwrap(), state, "{}", case.name);
    }
}

#[test]
fn another_image_size_takes_the_same_weights_and_another_network_does_not() {
    let case = &cases()[0];
    let (_, network) = network_of(case);
    let larger = architecture_of(&case.name).graph(ImageShape { channels: 3, height: 12, width: 10 }).unwrap();
    let network = network.with_graph(&larger).unwrap();
    assert_eq!(network.forward(images([2, 3, 12, 10])).unwrap().dims(), [2, 5]);
    let other = architecture_of("mlp").graph(ImageShape { channels: 3, height: 4, width: 4 }).unwrap();
    assert!(network.with_graph(&other).is_err());
}

#[test]
fn a_missing_or_misshaped_tensor_is_named() {
    let case = &cases()[0];
    let (state, network) = network_of(case);
    let refuse = |state: &StateDict| match BurnNetwork::from_state(network.graph(), state, &Device::flex()) {
        Err(NetworkError::Tensor { tensor, .. }) => tensor,
        other => panic!("{other:?}"),
    };
    let mut broken = state.clone();
    broken.remove("layer2.0.bn2.running_var");
    assert_eq!(refuse(&broken), "layer2.0.bn2.running_var");
    let mut broken = state.clone();
    broken.insert("fc.weight".to_owned(), StateTensor { shape: vec![5, 4], values: vec![0.0; 20] });
    assert_eq!(refuse(&broken), "fc.weight");
    let mut broken = state;
    broken.get_mut("conv1.weight").unwrap().values.pop();
    assert_eq!(refuse(&broken), "conv1.weight");
}

#[test]
fn inputs_and_taps_that_do_not_fit_are_refused() {
    let case = &cases()[0];
    let (_, network) = network_of(case);
    assert!(network.forward(images([1, 3, 9, 8])).is_err());
    assert!(network.run_to_tap(None, Value::Map(images(case.input)), 99).is_err());
    assert!(network.run_to_tap(Some(2), Value::Map(images(case.input)), 1).is_err());
    assert!(network.run_to_tap(Some(2), Value::Map(images(case.input)), 3).is_err());
}
