//! `cargo bench -p repgeo-core --features rayon --bench similarity`: the work per layer and the work per pair.

use std::sync::Arc;

use divan::{Bencher, black_box};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use repgeo_core::Sha256Digest;
use repgeo_core::activation::{Matrix, Representation, RowPolicy};
use repgeo_core::data::SampleIds;
use repgeo_core::similarity::{AnyMeasure, Geometry, Ingredient, registry};

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
        .bench_local(|| pollster::block_on(Geometry::of(black_box(&layer), &[Ingredient::Gram])));
}

/// Principal coordinates: the Gram matrix in double precision and its eigendecomposition.
#[divan::bench(args = [512, 4_096, 65_536], sample_count = 3, sample_size = 1)]
fn coordinates(bencher: Bencher, features: usize) {
    let layer = layer(features);
    bencher.bench_local(|| pollster::block_on(Geometry::of(black_box(&layer), &[Ingredient::Coordinates])));
}

#[divan::bench(args = registry().iter().map(|measure| measure.card().id), sample_count = 5, sample_size = 1)]
fn prepare(bencher: Bencher, id: &str) {
    let (measure, geometry) = (find(id), geometry());
    bencher.bench_local(|| measure.prepare(black_box(&geometry)).is_ok());
}

#[divan::bench(args = registry().iter().map(|measure| measure.card().id), sample_count = 5, sample_size = 1)]
fn compare(bencher: Bencher, id: &str) {
    let measure = find(id);
    let [a, b] = [0; 2].map(|_| measure.prepare(&geometry()).ok());
    let (Some(a), Some(b)) = (a, b) else { return };
    bencher.bench_local(|| measure.compare(black_box(&a), black_box(&b)));
}

fn find(id: &str) -> &'static dyn AnyMeasure {
    let found = registry().iter().find(|measure| measure.card().id == id);
    found.copied().unwrap_or(registry()[0])
}

fn geometry() -> Geometry {
    let all = [Ingredient::Gram, Ingredient::Coordinates, Ingredient::Correlation];
    match pollster::block_on(Geometry::of(&layer(2_048), &all)) {
        Ok(geometry) => geometry,
        Err(error) => unreachable!("{error}"),
    }
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
