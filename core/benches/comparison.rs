//! `cargo bench -p repgeo-core --no-default-features --features rayon --bench comparison`: a whole comparison of two
//! networks by debiased CKA of all taps, its parts, and the matrix products that bound it from below.

use std::borrow::Cow;
use std::hint::black_box;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use repgeo_core::activation::{ActivationError, Engine, Job, Representation, RowPolicy, represent};
use repgeo_core::data::{ImageShape, Normalisation, Pixels, ProbeSet};
use repgeo_core::layer::{Layer, PartId};
use repgeo_core::model::{Architecture, CifarResnet, Graph, Resnet, StateDict, initial_state};
use repgeo_core::similarity::{AnyPair, DebiasedCka, Prepared, Samples};
use repgeo_core::supervise::Unsupervised;

const IMAGES: usize = 512;
const CIFAR: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };
const NETWORKS: [(&str, usize); 4] = [("resnet20", 1), ("resnet20", 2), ("resnet18", 1), ("resnet18", 2)];

fn main() {
    divan::main();
}

/// All taps of one network. The items are images, of 1.11 GFLOP (ResNet-18) and 0.082 GFLOP by the plain algorithm.
#[divan::bench(args = NETWORKS.map(Case::from), sample_count = 5, sample_size = 1)]
fn forward(bencher: Bencher, case: Case) {
    let (graph, probe) = (case.graph(), probe());
    let state = initial_state(&graph, 0);
    bencher
        .counter(ItemsCount::new(IMAGES))
        .bench_local(|| case.on_threads(|| run(&graph, &state, &probe, case.threads, |layer| drop(black_box(layer)))));
}

/// What follows when the taps are there: Gram matrices of one network, and every pair of its layers.
#[divan::bench(args = NETWORKS.map(Case::from), sample_count = 5, sample_size = 1)]
fn similarity(bencher: Bencher, case: Case) {
    let mut layers = Vec::new();
    let graph = case.graph();
    let state = initial_state(&graph, 0);
    case.on_threads(|| run(&graph, &state, &probe(), case.threads, |layer| layers.push(layer)));
    bencher.bench_local(|| {
        case.on_threads(|| {
            let prepared: Vec<Prepared> = layers.iter().map(prepare).collect();
            all_pairs(&prepared, &prepared)
        })
    });
}

/// Two networks: everything that a comparison computes after its files are read.
#[divan::bench(args = NETWORKS.map(Case::from), sample_count = 3, sample_size = 1)]
fn comparison(bencher: Bencher, case: Case) {
    let (graph, probe) = (case.graph(), probe());
    let states = [0, 1].map(|seed| initial_state(&graph, seed));
    bencher.bench_local(|| {
        case.on_threads(|| {
            let [first, second] = [0, 1].map(|index: usize| {
                let mut prepared = Vec::new();
                run(&graph, &states[index], &probe, case.threads, |layer| prepared.push(prepare(&layer)));
                prepared
            });
            all_pairs(&first, &second)
        })
    });
}

/// The speed of one matrix product on one thread: what no forward pass exceeds without saving multiplications.
#[divan::bench(types = [f32, f64], args = [64, 128, 512, 1_024], sample_count = 20)]
fn product<T: Number>(bencher: Bencher, side: usize) {
    let [left, right] = [3, 5].map(|factor| Mat::from_fn(side, side, |i, j| T::small((i * factor + j) % 7)));
    let mut product = Mat::from_fn(side, side, |_, _| T::small(0));
    bencher.counter(ItemsCount::new(2 * side * side * side)).bench_local(|| {
        matmul(product.as_mut(), Accum::Replace, left.as_ref(), right.as_ref(), T::small(1), Par::Seq);
    });
}

trait Number: faer::traits::RealField + Copy {
    fn small(value: usize) -> Self;
}

impl Number for f32 {
    fn small(value: usize) -> Self {
        value as Self
    }
}

impl Number for f64 {
    fn small(value: usize) -> Self {
        value as Self
    }
}

#[derive(Debug, Clone, Copy)]
struct Case {
    network: &'static str,
    threads: usize,
}

impl From<(&'static str, usize)> for Case {
    fn from((network, threads): (&'static str, usize)) -> Self {
        Self { network, threads }
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}, {} threads", self.network, self.threads)
    }
}

impl Case {
    fn graph(self) -> Graph {
        let architecture = match self.network {
            "resnet20" => Architecture::from(CifarResnet::of_depth(20, 10)),
            _ => Architecture::from(Resnet::resnet18_cifar(64, 3, 10)),
        };
        architecture.graph(CIFAR).unwrap_or_else(|error| unreachable!("{error}"))
    }

    /// Does work in a pool of this case's number of threads.
    #[cfg(feature = "rayon")]
    fn on_threads<R: Send>(self, work: impl FnOnce() -> R + Send) -> R {
        match rayon::ThreadPoolBuilder::new().num_threads(self.threads).build() {
            Ok(pool) => pool.install(work),
            Err(error) => unreachable!("{error}"),
        }
    }

    #[cfg(not(feature = "rayon"))]
    fn on_threads<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }
}

fn run(graph: &Graph, state: &StateDict, probe: &ProbeSet, threads: usize, mut each: impl FnMut(Representation)) {
    let normalisation = Normalisation { name: "half".to_owned(), mean: vec![0.5; 3], std: vec![0.25; 3] };
    let (engine, policy) = (Engine::host(threads), RowPolicy::Flatten);
    let each = async |layer| {
        each(layer);
        Ok::<(), ActivationError>(())
    };
    let job =
        Job { network: "network", graph, state, probe, normalisation: &normalisation, policy, portion: (0.0, 1.0) };
    let run = represent(&engine, &job, &Unsupervised, each);
    if let Err(error) = pollster::block_on(run) {
        unreachable!("{error}");
    }
}

fn prepare(layer: &Representation) -> Prepared {
    let samples = Samples { ids: Arc::clone(&layer.samples), labels: None, classes: Vec::new() };
    let kept = pollster::block_on(Layer::of(Cow::Borrowed(layer), &[PartId::Gram], false, &Unsupervised));
    match kept.map(|kept| pollster::block_on(AnyPair::prepare(&DebiasedCka, &kept, &samples))) {
        Ok(Ok(prepared)) => prepared,
        other => unreachable!("{:?}", other.map(|_| ())),
    }
}

fn all_pairs(first: &[Prepared], second: &[Prepared]) -> f64 {
    let (a, b): (Vec<&Prepared>, Vec<&Prepared>) = (first.iter().collect(), second.iter().collect());
    let block = AnyPair::map(&DebiasedCka, &a, &b);
    (0..a.len()).flat_map(|i| (0..b.len()).map(move |j| (i, j))).filter_map(|(i, j)| block.get(i, j).clone().ok()).sum()
}

fn probe() -> ProbeSet {
    let mut generator = ChaCha8Rng::seed_from_u64(1);
    let mut pixels = vec![0; IMAGES * CIFAR.len()];
    generator.fill_bytes(&mut pixels);
    match ProbeSet::new("noise", CIFAR, Pixels::U8(pixels), None, Vec::new()) {
        Ok(probe) => probe,
        Err(error) => unreachable!("{error}"),
    }
}
