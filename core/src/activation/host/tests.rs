//! The host engine against the definitions of its operations, on one small network of each kind.

use std::sync::Mutex;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::activation::RowPolicy;
use crate::activation::reference::evaluate;
use crate::data::{ImageShape, Normalisation, Pixels, ProbeSet};
use crate::model::{
    Activation, Architecture, CifarResnet, Convolution, Graph, GraphBuilder, Operation, ParameterRole, Resnet,
    ResnetBlock, ResnetNames, ResnetStem, StateDict, StateTensor,
};
use crate::supervise::{Cancelled, Progress, Unsupervised};

/// Weights that keep values near one, and batch normalisations that change them.
fn random_state(graph: &Graph, seed: u64) -> StateDict {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut state = StateDict::new();
    for parameter in &graph.parameters {
        let inputs: usize = parameter.shape.iter().skip(1).product();
        let (centre, spread) = match parameter.role {
            ParameterRole::Weight => (0.0, (6.0 / inputs as f32).sqrt()),
            ParameterRole::Scale | ParameterRole::RunningVar => (1.0, 0.5),
            ParameterRole::Bias | ParameterRole::Shift | ParameterRole::RunningMean => (0.0, 0.5),
        };
        let values = (0..parameter.shape.iter().product::<usize>())
            .map(|_| centre + spread * (2.0 * generator.random::<f32>() - 1.0))
            .collect();
        state.insert(parameter.name.clone(), StateTensor { shape: parameter.shape.clone(), values });
    }
    state
}

fn images(shape: ImageShape, count: usize) -> ProbeSet {
    let mut generator = ChaCha8Rng::seed_from_u64(9);
    let values = (0..count * shape.len()).map(|_| generator.random::<f32>()).collect();
    ProbeSet::new("random", shape, Pixels::F32(values), None, Vec::new()).unwrap()
}

fn normalisation(channels: usize) -> Normalisation {
    Normalisation { name: "test".into(), mean: vec![0.4; channels], std: vec![0.3; channels] }
}

/// The representations of all taps.
fn represented(
    graph: &Graph,
    state: &StateDict,
    probe: &ProbeSet,
    threads: usize,
    policy: RowPolicy,
) -> Vec<Representation> {
    let normalisation = normalisation(probe.shape.channels);
    let job = Job { network: "net", graph, state, probe, normalisation: &normalisation, policy, portion: (0.0, 1.0) };
    let mut representations = Vec::new();
    let each = async |representation| {
        representations.push(representation);
        Ok::<(), ActivationError>(())
    };
    pollster::block_on(HostEngine::new(threads).represent(&job, &Unsupervised, each)).unwrap();
    representations
}

fn values(representation: &Representation) -> &[f32] {
    match &representation.matrix {
        Matrix::F32(values) => values,
        other => panic!("{other:?}"),
    }
}

/// Compares every tap with the reference, relative to the largest value of the tap.
fn check(graph: &Graph, shape: ImageShape, count: usize) {
    let (state, probe) = (random_state(graph, 3), images(shape, count));
    let found = represented(graph, &state, &probe, 2, RowPolicy::Flatten);
    assert_eq!(found.len(), graph.taps.len());
    let Pixels::F32(pixels) = &probe.pixels else { panic!("floating-point pixels") };
    for (index, image) in pixels.chunks(shape.len()).enumerate() {
        let image: Vec<f64> = image.iter().map(|&x| f64::from(((f64::from(x) - 0.4) / 0.3) as f32)).collect();
        let expected = evaluate(graph, &state, &image);
        for (tap, representation) in graph.taps.iter().zip(&found) {
            assert_eq!(tap.name, representation.layer);
            let expected = &expected[tap.node];
            assert_eq!((representation.rows, representation.features), (count, expected.len()));
            let row = &values(representation)[index * expected.len()..][..expected.len()];
            let largest = expected.iter().fold(0.0f64, |most, value| most.max(value.abs()));
            let error = row.iter().zip(expected).fold(0.0f64, |most, (a, b)| most.max((f64::from(*a) - b).abs()));
            assert!(error <= 2e-5 * largest, "{} of image {index}: {error} of {largest}", tap.name);
        }
    }
}

const SMALL: ImageShape = ImageShape { channels: 3, height: 12, width: 10 };

#[test]
fn a_resnet_with_basic_blocks() {
    check(&Architecture::from(Resnet::resnet18_cifar(8, 3, 5)).graph(SMALL).unwrap(), SMALL, 5);
}

#[test]
fn a_resnet_with_bottlenecks_and_pooling_stem() {
    let resnet = Resnet {
        block: ResnetBlock::Bottleneck,
        depths: vec![1, 2],
        stem: ResnetStem::ImageNet,
        width: 6,
        input_channels: 1,
        classes: Some(4),
        names: ResnetNames::Torchvision,
        head: None,
    };
    let shape = ImageShape { channels: 1, height: 37, width: 30 };
    check(&Architecture::from(resnet).graph(shape).unwrap(), shape, 3);
}

#[test]
fn the_resnet_of_the_paper() {
    let resnet = CifarResnet { width: 4, ..CifarResnet::of_depth(8, 10) };
    check(&Architecture::from(resnet).graph(SMALL).unwrap(), SMALL, 4);
}

/// Every other operation: biases, an even kernel, both poolings, sums and normalisations that cannot be absorbed.
fn assortment() -> Graph {
    let mut builder = GraphBuilder::new("assortment", SMALL).unwrap();
    builder
        .conv("a", Convolution { channels: 7, kernel: 2, stride: 1, padding: 1, dilation: 1, groups: 1, bias: true })
        .unwrap();
    builder.tap("a").unwrap();
    builder.batch_norm("norm", 1e-5).unwrap();
    let tanh = builder.activate(Activation::Tanh).unwrap();
    builder.add(tanh, tanh).unwrap();
    builder.dropout(0.5).unwrap();
    let pooled = builder.max_pool(3, 2, 1).unwrap();
    builder.tap("pooled").unwrap();
    builder
        .conv("b", Convolution { channels: 7, kernel: 5, stride: 2, padding: 2, dilation: 1, groups: 1, bias: false })
        .unwrap();
    builder.batch_norm("b.norm", 1e-5).unwrap();
    let left = builder.current();
    let right = builder
        .conv_of(
            pooled,
            "c",
            Convolution { channels: 7, kernel: 1, stride: 2, padding: 0, dilation: 1, groups: 1, bias: true },
        )
        .unwrap();
    builder.add(left, right).unwrap();
    builder.tap("sum").unwrap();
    builder.avg_pool(3, 2, 1).unwrap();
    builder.flatten().unwrap();
    builder.tap("flat").unwrap();
    builder.linear("fc1", 6, false).unwrap();
    builder.batch_norm("fc1.norm", 1e-5).unwrap();
    builder.activate(Activation::Tanh).unwrap();
    builder.tap("fc1").unwrap();
    builder.linear("fc2", 3, true).unwrap();
    builder.tap("fc2").unwrap();
    builder.finish().unwrap()
}

#[test]
fn every_other_operation() {
    check(&assortment(), SMALL, 3);
}

/// Groups, one channel a group, several outputs a channel, gaps in the kernel, gates, concatenations, normalisations of
/// one sample, windows that overlap, zeros on one side, and all activations.
fn groups_and_gates() -> Graph {
    let mut builder = GraphBuilder::new("groups", SMALL).unwrap();
    let convolution =
        Convolution { channels: 12, kernel: 3, stride: 1, padding: 1, dilation: 1, groups: 1, bias: true };
    builder.conv("a", convolution).unwrap();
    builder.activate(Activation::Silu).unwrap();
    builder.conv("b", Convolution { groups: 4, stride: 2, ..convolution }).unwrap();
    builder.batch_norm("b.norm", 1e-3).unwrap();
    let entry = builder.activate(Activation::Hardswish).unwrap();
    builder.tap("grouped").unwrap();
    builder.conv("c", Convolution { channels: 24, groups: 12, ..convolution }).unwrap();
    builder.group_norm("c.norm", 6, 1e-5).unwrap();
    builder.activate(Activation::Elu).unwrap();
    builder.conv("d", Convolution { groups: 2, dilation: 2, padding: 2, ..convolution }).unwrap();
    builder.conv("e", Convolution { groups: 12, bias: false, ..convolution }).unwrap();
    let map = builder.activate(Activation::LeakyRelu(0.2)).unwrap();
    builder.adaptive_avg_pool_of(map, 1).unwrap();
    builder.conv("f", Convolution { kernel: 1, padding: 0, ..convolution }).unwrap();
    let gate = builder.activate(Activation::Sigmoid).unwrap();
    let gated = builder.gate(map, gate).unwrap();
    builder.activate(Activation::Selu).unwrap();
    let joined = builder.concatenate(builder.current(), entry).unwrap();
    assert!(builder.gate(joined, gate).is_err() && builder.concatenate(gated, gate).is_err());
    builder.tap("joined").unwrap();
    builder.subsample_and_pad(joined, 2, 29, 1).unwrap();
    builder.activate(Activation::Softplus).unwrap();
    builder.tap("padded").unwrap();
    builder.conv("g", Convolution { dilation: 2, padding: 1, ..convolution }).unwrap();
    builder.activate(Activation::Gelu).unwrap();
    builder.adaptive_avg_pool_of(builder.current(), 3).unwrap();
    builder.tap("adaptive").unwrap();
    builder.flatten().unwrap();
    builder.linear("fc1", 10, true).unwrap();
    builder.group_norm("fc1.norm", 1, 1e-5).unwrap();
    builder.activate(Activation::Relu6).unwrap();
    builder.tap("fc1").unwrap();
    builder.linear("fc2", 3, true).unwrap();
    builder.tap("fc2").unwrap();
    builder.finish().unwrap()
}

#[test]
fn groups_gates_and_activations() {
    check(&groups_and_gates(), SMALL, 5);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let graph = assortment();
    let (state, probe) = (random_state(&graph, 5), images(SMALL, 11));
    let one = represented(&graph, &state, &probe, 1, RowPolicy::Flatten);
    let three = represented(&graph, &state, &probe, 3, RowPolicy::Flatten);
    for (one, three) in one.iter().zip(&three) {
        assert_eq!(values(one), values(three), "{}", one.layer);
    }
}

#[test]
fn row_policies_reduce_what_flattening_keeps() {
    let graph = assortment();
    let (state, probe) = (random_state(&graph, 5), images(SMALL, 4));
    let whole = represented(&graph, &state, &probe, 1, RowPolicy::Flatten);
    let pooled = represented(&graph, &state, &probe, 1, RowPolicy::AveragePool);
    assert_eq!(pooled.iter().map(|tap| tap.features).collect::<Vec<_>>(), [7, 7, 7, 28, 6, 3]);
    for (whole, pooled) in whole.iter().zip(&pooled) {
        assert_eq!((&whole.layer, pooled.rows), (&pooled.layer, 4));
        let positions = whole.features / pooled.features;
        let mean: f32 = values(whole)[..positions].iter().sum::<f32>() / positions as f32;
        assert!((values(pooled)[0] - mean).abs() < 1e-5);
    }
}

#[test]
fn an_absent_tensor_is_named() {
    let graph = assortment();
    let (mut state, probe) = (random_state(&graph, 5), images(SMALL, 4));
    state.remove("norm.running_var");
    let normalisation = normalisation(3);
    let policy = RowPolicy::Flatten;
    let job = Job {
        network: "net",
        graph: &graph,
        state: &state,
        probe: &probe,
        normalisation: &normalisation,
        policy,
        portion: (0.0, 1.0),
    };
    let engine = HostEngine::new(1);
    let run = engine.represent(&job, &Unsupervised, async |_| Ok::<(), ActivationError>(()));
    assert_eq!(
        pollster::block_on(run).unwrap_err().to_string(),
        "net: tensor `norm.running_var`: expected shape [7], found nothing of that name"
    );
}

/// Remembers progress, and cancels after some pauses.
struct Impatient {
    fractions: Mutex<Vec<f64>>,
    pauses: usize,
}

impl Supervisor for Impatient {
    fn progress(&self, progress: Progress) {
        self.fractions.lock().unwrap().push(progress.fraction);
    }

    async fn pause(&self) -> Result<(), Cancelled> {
        if self.fractions.lock().unwrap().len() > self.pauses { Err(Cancelled) } else { Ok(()) }
    }
}

#[test]
fn progress_grows_within_its_portion_and_work_can_be_cancelled() {
    let graph = assortment();
    let (state, probe) = (random_state(&graph, 5), images(SMALL, 4));
    let normalisation = normalisation(3);
    let policy = RowPolicy::Flatten;
    let job = Job {
        network: "net",
        graph: &graph,
        state: &state,
        probe: &probe,
        normalisation: &normalisation,
        policy,
        portion: (0.5, 0.25),
    };
    for (pauses, cancelled) in [(usize::MAX, false), (2, true)] {
        let watcher = Impatient { fractions: Mutex::new(Vec::new()), pauses };
        let engine = HostEngine::new(1);
        let run = engine.represent(&job, &watcher, async |_| Ok::<(), ActivationError>(()));
        assert_eq!(pollster::block_on(run) == Err(ActivationError::Cancelled(Cancelled)), cancelled);
        let fractions = watcher.fractions.into_inner().unwrap();
        assert!(
            fractions.is_sorted() && fractions.iter().all(|fraction| (0.5..=0.75).contains(fraction)),
            "{fractions:?}"
        );
    }
}

/// Mean and variance of each channel of a batch normalisation, by the definition: of what it reads, in units of its running
/// statistics, epsilon counted in both variances.
#[test]
fn batch_normalisations_are_observed_as_they_are_defined() {
    let graph = Architecture::from(Resnet::resnet18_cifar(4, 3, 5)).graph(SMALL).unwrap();
    let (state, probe) = (random_state(&graph, 3), images(SMALL, 20));
    let normalisation = normalisation(SMALL.channels);
    let job = Job {
        network: "net",
        graph: &graph,
        state: &state,
        probe: &probe,
        normalisation: &normalisation,
        policy: RowPolicy::Flatten,
        portion: (0.0, 1.0),
    };
    let found = pollster::block_on(observe(&job, &Unsupervised)).unwrap();
    let Pixels::F32(pixels) = &probe.pixels else { panic!("floating-point pixels") };
    let normalised =
        |image: &[f32]| -> Vec<f64> { image.iter().map(|&x| f64::from(((f64::from(x) - 0.4) / 0.3) as f32)).collect() };
    let all: Vec<Vec<Vec<f64>>> =
        pixels.chunks(SMALL.len()).map(|image| evaluate(&graph, &state, &normalised(image))).collect();
    let norms = graph.nodes.iter().filter(|node| matches!(node.operation, Operation::BatchNorm { .. }));
    assert_eq!(found.norms.len(), norms.clone().count());
    for (node, found) in norms.zip(&found.norms) {
        let Operation::BatchNorm { name, epsilon } = &node.operation else { panic!("no batch normalisation") };
        let [mean, variance] = ["running_mean", "running_var"].map(|part| &state[&format!("{name}.{part}")].values);
        let positions = node.shape.len() / mean.len();
        for (channel, &(seen_mean, seen_variance)) in found.moments.iter().enumerate() {
            let read = all.iter().flat_map(|values| &values[node.inputs[0]][channel * positions..][..positions]);
            let count = read.clone().count() as f64;
            let own_mean = read.clone().sum::<f64>() / count;
            let own_variance = read.map(|value| (value - own_mean).powi(2)).sum::<f64>() / count;
            let (mean, variance) = (f64::from(mean[channel]), f64::from(variance[channel]) + epsilon);
            let expected = ((own_mean - mean) / variance.sqrt(), (own_variance + epsilon) / variance);
            let error = (seen_mean - expected.0).abs().max((seen_variance - expected.1).abs());
            assert!(error < 2e-4 * (1.0 + expected.0.abs() + expected.1), "{name} {channel}: {error} of {expected:?}");
        }
    }
    let logits = all.iter().flat_map(|values| values.last().unwrap());
    assert!(found.logits.iter().zip(logits).all(|(found, expected)| (f64::from(*found) - expected).abs() < 1e-3));
}
