//! Maps of two networks whose samples have nothing to do with each other.

use crate::layer::{Order, Reason};
use crate::parallel;
use crate::similarity::{AnyPair, Block, Prepared};
use crate::steps::all_supervised;
use crate::supervise::{Cancelled, Supervisor};

/// Layers that are permuted at once: what the product of a map takes together.
const TOGETHER: usize = 4;

/// Random orders of the samples: the same for every cell, every map and every measure.
#[derive(Debug, Clone)]
pub struct Permutations(Vec<Order>);

impl Permutations {
    /// K permutations of n samples.
    #[must_use]
    pub fn random(count: usize, samples: usize, seed: u64) -> Self {
        // The seeds of two studies with neighbouring seeds do not overlap.
        let seeds = (0..count as u64).map(|index| seed.wrapping_mul(1 << 32).wrapping_add(index));
        Self(seeds.map(|seed| Order::random(samples, seed)).collect())
    }
}

/// The values of a map under each permutation.
pub struct NullMaps {
    columns: usize,
    /// Per cell, row by row, the values under all permutations.
    cells: Vec<Result<Vec<f64>, Reason>>,
}

impl NullMaps {
    /// Computes the map of `a` and the permuted `b` for each permutation, and tells `each` the share that is done.
    ///
    /// # Errors
    /// [`Cancelled`] when the supervisor says so.
    pub async fn of(
        measure: &dyn AnyPair,
        (a, b): (&[&Prepared], &[&Prepared]),
        permutations: &Permutations,
        supervisor: &impl Supervisor,
        each: impl Fn(f64),
    ) -> Result<Self, Cancelled> {
        let orders = &permutations.0;
        let columns = b.len();
        let mut cells: Vec<Result<Vec<f64>, Reason>> =
            (0..a.len() * columns).map(|_| Ok(Vec::with_capacity(orders.len()))).collect();
        for (index, order) in orders.iter().enumerate() {
            for (chunk, b) in b.chunks(TOGETHER).enumerate() {
                supervisor.pause().await?;
                let permuted = parallel::map(b, |layer| measure.permuted(layer, order));
                let Some(permuted) = permuted.into_iter().collect::<Option<Vec<Prepared>>>() else {
                    cells.fill(Err(Reason::NotPermuted));
                    return Ok(Self { columns, cells });
                };
                let permuted: Vec<&Prepared> = permuted.iter().collect();
                let block = map(measure, a, &permuted, supervisor).await?;
                for row in 0..a.len() {
                    for column in 0..permuted.len() {
                        let cell = &mut cells[row * columns + chunk * TOGETHER + column];
                        match (cell.as_mut(), block.get(row, column)) {
                            (Ok(values), Ok(value)) => values.push(*value),
                            (Ok(_), Err(reason)) => *cell = Err(reason.clone()),
                            (Err(_), _) => {}
                        }
                    }
                }
            }
            each((index + 1) as f64 / orders.len() as f64);
        }
        Ok(Self { columns, cells })
    }

    /// The values of a cell under all permutations.
    ///
    /// # Errors
    /// [`Reason`] where one of them does not exist.
    pub fn cell(&self, row: usize, column: usize) -> Result<&[f64], &Reason> {
        self.cells[row * self.columns + column].as_deref()
    }
}

/// All pairs, at once where the measure can, else with pauses.
pub(super) async fn map(
    measure: &dyn AnyPair,
    a: &[&Prepared],
    b: &[&Prepared],
    supervisor: &impl Supervisor,
) -> Result<Block, Cancelled> {
    if measure.maps_at_once() {
        return Ok(measure.map(a, b));
    }
    let works = a.iter().flat_map(|a| b.iter().map(move |b| measure.compare(a, b))).collect();
    Ok(Block::new(b.len(), all_supervised(works, supervisor).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::calibrate;
    use crate::layer::sample::{generator, layer, normal};
    use crate::similarity::{Arity, Question, Samples, find, registry};
    use crate::steps::finish;
    use crate::supervise::Unsupervised;

    fn prepared(id: &str, values: &[f64], features: usize) -> (Box<dyn AnyPair>, Prepared) {
        let Question::Pair(pair) = find(id).unwrap().question else { panic!("{id}") };
        let layer = layer(values, features);
        let ids =
            crate::layer::sample::representation(layer.facts.samples, 1, crate::activation::Matrix::F64(Vec::new()));
        let samples = Samples { ids: ids.samples, labels: None, classes: Vec::new() };
        let prepared = finish(pair.prepare(&layer, &samples)).unwrap();
        (pair, prepared)
    }

    fn null(id: &str, a: (&[f64], usize), b: (&[f64], usize), permutations: &Permutations) -> Vec<f64> {
        let ((measure, a), (_, b)) = (prepared(id, a.0, a.1), prepared(id, b.0, b.1));
        let (a, b) = ([&a], [&b]);
        let work = NullMaps::of(&*measure, (&a, &b), permutations, &Unsupervised, |_| {});
        pollster::block_on(work).unwrap().cell(0, 0).unwrap().to_vec()
    }

    #[test]
    fn a_null_value_is_the_value_of_reordered_samples() {
        let random = &mut generator(41);
        let (x, y) = (normal(random, 12 * 3), normal(random, 12 * 4));
        let permutations = Permutations::random(3, 12, 7);
        for id in registry().iter().filter(|entry| entry.card.arity == Arity::Pair).map(|entry| entry.card.id) {
            let found = null(id, (&x, 3), (&y, 4), &permutations);
            for (order, found) in permutations.0.iter().zip(found) {
                let reordered: Vec<f64> =
                    order.indices().iter().flat_map(|&row| y[row * 4..row * 4 + 4].to_vec()).collect();
                let ((measure, a), (_, b)) = (prepared(id, &x, 3), prepared(id, &reordered, 4));
                let expected = finish(measure.compare(&a, &b)).unwrap();
                assert!((found - expected).abs() < 1e-12 * expected.abs().max(1.0), "{id}: {found} {expected}");
            }
        }
    }

    /// 2,000 independent pairs: rejected at 5 % in 5 % ± 1 % of them.
    #[test]
    fn independent_layers_are_rejected_as_often_as_the_level_says() {
        let random = &mut generator(42);
        let rejected = (0..2_000)
            .filter(|&study| {
                let (x, y) = (normal(random, 10 * 2), normal(random, 10 * 3));
                let null = null("cka-linear-debiased", (&x, 2), (&y, 3), &Permutations::random(39, 10, study));
                let ((measure, a), (_, b)) =
                    (prepared("cka-linear-debiased", &x, 2), prepared("cka-linear-debiased", &y, 3));
                calibrate(finish(measure.compare(&a, &b)).unwrap(), &null, 0.05, 1.0).p <= 0.05
            })
            .count();
        assert!((80..=120).contains(&rejected), "{rejected} of 2,000");
    }
}
