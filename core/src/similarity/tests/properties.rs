//! What holds for every registered measure, taken from its card.

use std::iter::repeat_with;

use faer::Mat;
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::sample::{generator, layer as kept, measures, normal, outcome, samples};
use crate::activation::Matrix;
use crate::layer::Logits;
use crate::layer::sample::representation;
use crate::similarity::{Arity, Direction, Invariance, Measure, Question, registry};
use crate::steps::finish;

/// Rows are samples.
type Layer = Mat<f64>;

fn random(generator: &mut ChaCha8Rng, rows: usize, columns: usize) -> Layer {
    let values = normal(generator, rows * columns);
    Mat::from_fn(rows, columns, |i, j| values[i * columns + j])
}

/// Two layers that have something in common.
fn pair(seed: u64, rows: usize, first: usize, second: usize) -> (Layer, Layer) {
    let generator = &mut generator(seed);
    let x = random(generator, rows, first);
    let y = &x * random(generator, first, second) * faer::Scale((first as f64).powf(-0.5))
        + random(generator, rows, second);
    (x, y)
}

/// As many rows as the card of the measure asks for where its value exists, or is best for a layer with itself, only with more
/// samples than both layers have features together.
fn enough(measure: &Measure, rows: usize, first: usize, second: usize) -> usize {
    let tall = ["pwcca", "pwcca-smaller", "pwcca-mean", "linear-regression-leave-one-out"];
    if tall.contains(&measure.card.id) { rows + first + second } else { rows }
}

/// Singular vectors turn by rounding over the gap between their singular values, and what looks at their units with them.
fn looks_at_singular_vectors(measure: &Measure) -> bool {
    measure.card.id.starts_with("pwcca") || measure.card.id == "aligned-cosine"
}

/// The second layer as a measure can take it beside the first: networks whose outputs or units are compared have as many.
fn beside(measure: &Measure, x: &Layer, y: &Layer) -> Layer {
    let as_many = measure.card.arity == Arity::Outputs || measure.card.id == "isc";
    let columns = if as_many { x.ncols() } else { y.ncols() };
    // No column is another's copy.
    let own = |i: usize, j: usize| (j / y.ncols()) as f64 * ((31 * i + 17 * j) as f64).sin();
    Mat::from_fn(y.nrows(), columns, |i, j| y[(i, j % y.ncols())] + own(i, j))
}

fn compare(measure: &Measure, x: &Layer, y: &Layer) -> f64 {
    let values = |layer: &Layer| -> Vec<f64> {
        layer.row_iter().flat_map(|row| row.iter().copied().collect::<Vec<_>>()).collect()
    };
    if let Question::Outputs(measure) = &measure.question {
        let said = |layer: &Layer| {
            let rows = representation(layer.nrows(), layer.ncols(), Matrix::F64(values(layer)));
            pollster::block_on(Logits::of(&rows, layer.ncols())).unwrap().unwrap()
        };
        return finish(measure.compare(&said(x), &said(y), &samples(x.nrows()))).unwrap();
    }
    let kept = |layer: &Layer| kept(&values(layer), layer.ncols());
    outcome(measure, &kept(x), &kept(y)).unwrap()
}

fn orthogonal(generator: &mut ChaCha8Rng, size: usize) -> Mat<f64> {
    random(generator, size, size).qr().compute_Q()
}

fn shuffled(generator: &mut ChaCha8Rng, size: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by_key({
        let keys: Vec<u64> = repeat_with(|| generator.next_u64()).take(size).collect();
        move |&index| keys[index]
    });
    order
}

/// A random transformation of the kind that the card speaks of.
fn transformed(layer: &Layer, kind: Invariance, generator: &mut ChaCha8Rng) -> Layer {
    let (rows, columns) = (layer.nrows(), layer.ncols());
    match kind {
        Invariance::Orthogonal => layer * orthogonal(generator, columns),
        Invariance::InvertibleLinear => {
            // Singular values from 1/4 to 4.
            let stretch = Mat::from_fn(columns, columns, |i, j| {
                if i == j { 16.0_f64.powf(i as f64 / (columns as f64 - 1.0) - 0.5) } else { 0.0 }
            });
            layer * orthogonal(generator, columns) * stretch * orthogonal(generator, columns)
        }
        Invariance::IsotropicScaling => layer * faer::Scale(normal(generator, 1)[0].exp()),
        Invariance::Permutation => {
            let order = shuffled(generator, columns);
            Mat::from_fn(rows, columns, |i, j| layer[(i, order[j])])
        }
        Invariance::Translation => {
            let shift = normal(generator, columns);
            Mat::from_fn(rows, columns, |i, j| layer[(i, j)] + 3.0 * shift[j])
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stated_invariances_hold(seed: u64, rows in 12_usize..24, first in 4_usize..40, second in 3_usize..40) {
        let generator = &mut generator(!seed);
        for measure in &measures() {
            let (x, y) = pair(seed, enough(measure, rows, first, second), first, second);
            let y = beside(measure, &x, &y);
            let before = compare(measure, &x, &y);
            for &kind in measure.card.invariances {
                let after = compare(measure, &transformed(&x, kind, generator), &y);
                let id = measure.card.id;
                let tolerance = 1e-8 * before.abs().max(1.0);
                prop_assert!((after - before).abs() < tolerance, "{id} under {kind:?}: {before} became {after}");
            }
        }
    }

    #[test]
    fn measures_are_symmetric_and_blind_to_the_order_of_samples(
        seed: u64, rows in 12_usize..24, first in 4_usize..40, second in 3_usize..40
    ) {
        for measure in &measures() {
            let rows = enough(measure, rows, first, second);
            let (x, y) = pair(seed, rows, first, second);
            let y = beside(measure, &x, &y);
            let order = shuffled(&mut generator(!seed), rows);
            let reordered = |layer: &Layer| Mat::from_fn(rows, layer.ncols(), |i, j| layer[(order[i], j)]);
            let (id, before) = (measure.card.id, compare(measure, &x, &y));
            if measure.card.symmetric && measure.card.arity != Arity::One {
                let turned = compare(measure, &y, &x);
                let rounding = if looks_at_singular_vectors(measure) { 1e-9 } else { 1e-12 };
                let tolerance = rounding * before.abs().max(1.0);
                prop_assert!((turned - before).abs() < tolerance, "{id}: {before} turned is {turned}");
            }
            let after = compare(measure, &reordered(&x), &reordered(&y));
            let tolerance = 1e-8 * before.abs().max(1.0);
            prop_assert!((after - before).abs() < tolerance, "{id}: {before} reordered is {after}");
        }
    }

    #[test]
    fn a_layer_is_most_alike_to_itself(seed: u64, rows in 12_usize..24, features in 4_usize..40) {
        for measure in measures().iter().filter(|measure| measure.card.arity != Arity::One) {
            let (x, y) = pair(seed, enough(measure, rows, features, features), features, features);
            let card = measure.card;
            let (own, other) = (compare(measure, &x, &x), compare(measure, &x, &y));
            let best = match card.direction {
                Direction::HigherIsMoreAlike => card.range.high,
                Direction::LowerIsMoreAlike => card.range.low,
            };
            // A sample need not be a neighbour of its own neighbours, and the response of the probabilistic model is drawn towards
            // zero, as their cards say.
            if ["cycle-knn", "srm-probabilistic"].contains(&card.id) {
                prop_assert!(own >= other, "{}: {own}, of others {other}", card.id);
            } else {
                prop_assert!((own - best).abs() < 1e-12, "{}: {own}", card.id);
            }
            prop_assert!((card.range.low - 1e-12..=card.range.high + 1e-12).contains(&other), "{}: {other}", card.id);
        }
    }
}

/// In both directions: what is said to follow from the sizes does, and what does is said to.
#[test]
fn values_that_random_layers_have_too_are_known() {
    for measure in &measures() {
        let Question::Pair(pair) = &measure.question else { continue };
        // Nearly all other samples are neighbours of few samples: values then coincide by chance.
        let minimum = measure.card.minimum_samples;
        let rows = if minimum > 8 { 4 * minimum } else { 8 };
        for (first, second) in [(3, 4), (3, rows + 2), (rows + 2, 3), (rows, rows + 5)] {
            let random = |seed| {
                let generator = &mut generator(seed);
                [first, second].map(|features| kept(&normal(generator, rows * features), features))
            };
            let samples = samples(rows);
            let found = [1, 2, 3].map(|seed| {
                let prepared = random(seed).map(|layer| finish(pair.prepare(&layer, &samples)).unwrap());
                let [a, b] = &prepared;
                (finish(pair.compare(a, b)).unwrap(), pair.by_construction(a, b))
            });
            let [(value, forced), others @ ..] = found;
            let same = others.iter().all(|(other, _)| (other - value).abs() < 1e-9);
            assert_eq!(forced, same, "{} of {rows} × {first} and {second}: {found:?}", measure.card.id);
        }
    }
}

#[test]
fn stated_non_invariances_fail() {
    for measure in &measures() {
        let card = measure.card;
        for kind in Invariance::ALL.into_iter().filter(|kind| !card.invariances.contains(kind)) {
            let change = (0..10)
                .map(|seed| {
                    // Either is the narrower one.
                    let (first, second) = if seed % 2 == 0 { (5, 4) } else { (4, 5) };
                    let (x, y) = pair(seed, 40, first, second);
                    let y = beside(measure, &x, &y);
                    let changed = transformed(&x, kind, &mut generator(100 + seed));
                    (compare(measure, &changed, &y) - compare(measure, &x, &y)).abs()
                })
                .fold(0.0, f64::max);
            assert!(change > 1e-3, "{} is invariant to {kind:?}, its card says not", card.id);
        }
    }
}

#[test]
fn cards_are_complete() {
    for entry in registry() {
        let card = entry.card;
        assert!(
            card.id
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter))
        );
        assert!(
            [card.name, card.formula, card.summary, card.source, card.estimator].iter().all(|text| !text.is_empty())
        );
        assert!(card.source.chars().any(|letter| letter.is_ascii_digit()), "{}: no year in {}", card.id, card.source);
        assert!(
            card.range.low < card.range.high
                && card.minimum_samples >= 2
                && entry.usual().unwrap().question.needs().is_empty() == (card.arity == Arity::Outputs)
        );
    }
}
