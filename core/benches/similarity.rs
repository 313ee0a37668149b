//! `cargo bench -p repgeo-core --features rayon --bench similarity`: the work per layer and the work per pair.

use std::borrow::Cow;
use std::sync::Arc;

use divan::{Bencher, black_box};
use pollster::block_on;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use repgeo_core::Sha256Digest;
use repgeo_core::activation::{Matrix, Representation, RowPolicy};
use repgeo_core::data::SampleIds;
use repgeo_core::layer::{Layer, Order, PartId};
use repgeo_core::similarity::{AnyPair, Measure, Question, Samples, cards, find};
use repgeo_core::supervise::Unsupervised;

const SAMPLES: usize = 512;

fn main() {
    divan::main();
}

/// The Gram matrix of a layer. The items are the multiply-adds of the full product n² p, of which symmetry saves half.
#[divan::bench(args = [512, 4_096, 65_536], sample_count = 5, sample_size = 1)]
fn gram(bencher: Bencher, features: usize) {
    let layer = layer(features);
    bencher
        .counter(divan::counter::ItemsCount::new(SAMPLES * SAMPLES * features))
        .bench_local(|| kept(black_box(&layer), &[PartId::Gram]));
}

/// Principal coordinates: the Gram matrix in double precision and its eigendecomposition.
#[divan::bench(args = [512, 4_096, 65_536], sample_count = 3, sample_size = 1)]
fn coordinates(bencher: Bencher, features: usize) {
    let layer = layer(features);
    bencher.bench_local(|| kept(black_box(&layer), &[PartId::Coordinates]));
}

#[divan::bench(args = cards().into_iter().map(|card| card.id), sample_count = 5, sample_size = 1)]
fn prepare(bencher: Bencher, id: &str) {
    let (measure, layer) = (measure(id), every_part());
    let samples = samples();
    bencher.bench_local(|| block_on(pair(&measure).prepare(black_box(&layer), &samples)).is_ok());
}

#[divan::bench(args = cards().into_iter().map(|card| card.id), sample_count = 5, sample_size = 1)]
fn compare(bencher: Bencher, id: &str) {
    let measure = measure(id);
    let measure = pair(&measure);
    let [a, b] = [0; 2].map(|_| block_on(measure.prepare(&every_part(), &samples())).ok());
    let (Some(a), Some(b)) = (a, b) else { return };
    bencher.bench_local(|| block_on(measure.compare(black_box(&a), black_box(&b))));
}

/// A permutation null of 200 for a map of 18 × 18 layers by debiased CKA: as many products of the triangles.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn permutation_null(bencher: Bencher) {
    let measure = measure("cka-linear-debiased");
    let (measure, samples) = (pair(&measure), samples());
    let layers: Vec<_> = (0..18).filter_map(|_| block_on(measure.prepare(&every_part(), &samples)).ok()).collect();
    let own: Vec<_> = layers.iter().collect();
    bencher.bench_local(|| {
        for seed in 0..200 {
            let order = Order::random(SAMPLES, seed);
            let permuted: Vec<_> = layers.iter().filter_map(|layer| measure.permuted(layer, &order)).collect();
            black_box(measure.map(&own, &permuted.iter().collect::<Vec<_>>()));
        }
    });
}

fn measure(id: &str) -> Measure {
    find(id).unwrap_or_else(|error| unreachable!("{error}"))
}

fn pair(measure: &Measure) -> &dyn AnyPair {
    match &measure.question {
        Question::Pair(pair) => &**pair,
        _ => unreachable!("{} does not take two layers", measure.id),
    }
}

fn samples() -> Samples {
    Samples { ids: layer(1).samples, labels: None, classes: Vec::new() }
}

fn every_part() -> Layer {
    kept(&layer(2_048), &PartId::ALL)
}

fn kept(layer: &Representation, parts: &[PartId]) -> Layer {
    block_on(Layer::of(Cow::Borrowed(layer), parts, false, &Unsupervised))
        .unwrap_or_else(|error| unreachable!("{error}"))
}

fn layer(features: usize) -> Representation {
    let mut generator = ChaCha8Rng::seed_from_u64(features as u64);
    let values = (0..SAMPLES * features).map(|_| generator.next_u32() as f32 / u32::MAX as f32).collect();
    Representation {
        layer: "layer".to_owned(),
        samples: Arc::new(SampleIds { ids: Vec::new(), content: Sha256Digest::of([]) }),
        row_policy: RowPolicy::Flatten,
        rows: SAMPLES,
        features,
        matrix: Matrix::F32(values),
    }
}
