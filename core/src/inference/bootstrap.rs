//! Maps of two networks on samples that were drawn anew.

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::layer::{Draw, Layer, Reason};
use crate::similarity::{AnyPair, Prepared, Samples};
use crate::steps::all_supervised;
use crate::supervise::{Cancelled, Supervisor};

use super::null::map;

/// The most groups of samples that are left out in turn.
const GROUPS: usize = 100;
/// Layers that are prepared at once.
const TOGETHER: usize = 4;

/// Bootstrap samples, the same for every cell, every map and every measure, and the same samples with one group left out in
/// turn: each sample by itself where they are few, else a hundred groups at random, of which the skewness is the same.
#[derive(Debug, Clone)]
pub struct Resamples {
    drawn: Vec<Draw>,
    left_out: Vec<Draw>,
}

impl Resamples {
    /// B bootstrap samples of n samples.
    #[must_use]
    pub fn random(count: usize, samples: usize, seed: u64) -> Self {
        // The seeds of two studies with neighbouring seeds do not overlap.
        let seeds = (0..count as u64).map(|index| seed.wrapping_mul(1 << 32).wrapping_add(index));
        let drawn = seeds.map(|seed| Draw::random(samples, seed)).collect();
        let mut order: Vec<usize> = (0..samples).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let groups = samples.min(GROUPS);
        let without = |group: usize| {
            let kept = order.iter().enumerate().filter(|(place, _)| place % groups != group);
            let mut kept: Vec<usize> = kept.map(|(_, &sample)| sample).collect();
            kept.sort_unstable();
            Draw::of(kept)
        };
        Self { drawn, left_out: (0..groups).map(without).collect() }
    }
}

/// The values of a map on each bootstrap sample, and with each group left out.
pub struct ResampledMaps {
    columns: usize,
    drawn: usize,
    /// Per cell, row by row, the values of all bootstrap samples and then of those with a group left out.
    cells: Vec<Result<Vec<f64>, Reason>>,
}

impl ResampledMaps {
    /// Computes the map of `a` and `b` on each of the samples, and tells `each` the share that is done. Without
    /// `left_out` nothing is computed with groups left out.
    ///
    /// # Errors
    /// [`Cancelled`] when the supervisor says so.
    pub async fn of(
        measure: &dyn AnyPair,
        (a, b): (&[&Layer], &[&Layer]),
        samples: &Samples,
        (resamples, left_out): (&Resamples, bool),
        supervisor: &impl Supervisor,
        each: impl Fn(f64),
    ) -> Result<Self, Cancelled> {
        let columns = b.len();
        let left_out: &[Draw] = if left_out { &resamples.left_out } else { &[] };
        let draws: Vec<&Draw> = resamples.drawn.iter().chain(left_out).collect();
        let mut cells = vec![Ok(Vec::with_capacity(draws.len())); a.len() * columns];
        if !measure.bootstraps() {
            cells.fill(Err(Reason::NotResampled));
        } else {
            for (index, draw) in draws.iter().enumerate() {
                let drawn = samples.drawn(draw);
                let first = prepare(measure, a, draw, &drawn, supervisor).await?;
                let second = prepare(measure, b, draw, &drawn, supervisor).await?;
                add(&mut cells, measure, &first, &second, supervisor).await?;
                each((index + 1) as f64 / draws.len() as f64);
            }
        }
        Ok(Self { columns, drawn: resamples.drawn.len(), cells })
    }

    /// The values of a cell on all bootstrap samples, and with each group left out.
    ///
    /// # Errors
    /// [`Reason`] where one of them does not exist.
    pub fn cell(&self, row: usize, column: usize) -> Result<(&[f64], &[f64]), &Reason> {
        self.cells[row * self.columns + column].as_ref().map(|values| values.split_at(self.drawn))
    }
}

/// What the measure keeps of each layer on the drawn samples.
async fn prepare(
    measure: &dyn AnyPair,
    layers: &[&Layer],
    draw: &Draw,
    samples: &Samples,
    supervisor: &impl Supervisor,
) -> Result<Vec<Result<Prepared, Reason>>, Cancelled> {
    let mut prepared = Vec::with_capacity(layers.len());
    for layers in layers.chunks(TOGETHER) {
        supervisor.pause().await?;
        let works = layers.iter().map(|layer| -> crate::steps::Steps<'_, _> {
            Box::pin(async move {
                let layer = layer.resampled(draw, measure.needs());
                measure.prepare(&layer, samples).await
            })
        });
        prepared.extend(all_supervised(works.collect(), supervisor).await?);
    }
    Ok(prepared)
}

/// Adds the values of one map to those of the cells.
async fn add(
    cells: &mut [Result<Vec<f64>, Reason>],
    measure: &dyn AnyPair,
    a: &[Result<Prepared, Reason>],
    b: &[Result<Prepared, Reason>],
    supervisor: &impl Supervisor,
) -> Result<(), Cancelled> {
    let there = |layers: &[Result<Prepared, Reason>]| -> Vec<usize> {
        (0..layers.len()).filter(|&layer| layers[layer].is_ok()).collect()
    };
    let (rows, columns) = (there(a), there(b));
    let [left, right] = [a, b].map(|layers| layers.iter().flatten().collect::<Vec<&Prepared>>());
    let block = map(measure, &left, &right, supervisor).await?;
    for (row, first) in a.iter().enumerate() {
        for (column, second) in b.iter().enumerate() {
            let cell = &mut cells[row * b.len() + column];
            let Ok(values) = cell else { continue };
            let value = match (rows.binary_search(&row), columns.binary_search(&column)) {
                (Ok(row), Ok(column)) => block.get(row, column).clone(),
                _ => Err([first, second]
                    .into_iter()
                    .find_map(|layer| layer.as_ref().err())
                    .cloned()
                    .unwrap_or(Reason::OtherMeasure)),
            };
            match value {
                Ok(value) => values.push(value),
                Err(reason) => *cell = Err(reason),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::{Interval, IntervalMethod, interval};
    use crate::layer::PartId;
    use crate::layer::sample::{generator, layer, normal, representation};
    use crate::similarity::{Arity, Question, find, registry};
    use crate::steps::finish;
    use crate::supervise::Unsupervised;

    fn measure(id: &str) -> Box<dyn AnyPair> {
        let Question::Pair(pair) = find(id).unwrap().question else { panic!("{id}") };
        pair
    }

    fn samples(count: usize) -> Samples {
        let ids = representation(count, 1, crate::activation::Matrix::F64(Vec::new()));
        Samples { ids: ids.samples, labels: None, classes: Vec::new() }
    }

    fn value(measure: &dyn AnyPair, a: &Layer, b: &Layer) -> Result<f64, Reason> {
        let samples = samples(a.facts.samples);
        let [a, b] = [a, b].map(|layer| finish(measure.prepare(layer, &samples)));
        finish(measure.compare(&a?, &b?))
    }

    fn resampled(id: &str, a: &Layer, b: &Layer, resamples: &Resamples) -> ResampledMaps {
        let (measure, samples, layers) = (measure(id), samples(a.facts.samples), ([a], [b]));
        let layers = (&layers.0[..], &layers.1[..]);
        let work = ResampledMaps::of(&*measure, layers, &samples, (resamples, true), &Unsupervised, |_| {});
        pollster::block_on(work).unwrap()
    }

    #[test]
    fn each_group_is_left_out_once() {
        for samples in [7, 100, 230] {
            let Resamples { drawn, left_out } = Resamples::random(3, samples, 5);
            assert!(drawn.iter().all(|draw| draw.indices().len() == samples));
            assert_eq!(left_out.len(), samples.min(GROUPS));
            let kept: usize = left_out.iter().map(|draw| draw.indices().len()).sum();
            assert_eq!(kept, samples * (left_out.len() - 1));
            let mut missing: Vec<usize> = left_out
                .iter()
                .flat_map(|draw| (0..samples).filter(|sample| draw.indices().binary_search(sample).is_err()))
                .collect();
            missing.sort_unstable();
            assert_eq!(missing, (0..samples).collect::<Vec<_>>());
        }
    }

    /// Left out is the value of the other rows; drawn is, of measures that leave pairs of copies out or weigh them, the value
    /// of the drawn rows as they are, where no row was drawn twice.
    #[test]
    fn values_are_those_of_the_drawn_rows() {
        let random = &mut generator(51);
        let (x, y) = (normal(random, 30 * 3), normal(random, 30 * 4));
        let (a, b) = (layer(&x, 3), layer(&y, 4));
        let resamples = Resamples::random(0, 30, 7);
        for entry in registry().iter().filter(|entry| entry.card.arity == Arity::Pair) {
            let id = entry.card.id;
            let maps = resampled(id, &a, &b, &resamples);
            if !measure(id).bootstraps() {
                assert_eq!(maps.cell(0, 0), Err(&Reason::NotResampled), "{id}");
                continue;
            }
            let (_, left_out) = maps.cell(0, 0).unwrap();
            for (found, draw) in left_out.iter().zip(&resamples.left_out).take(3) {
                let rows = |values: &[f64], width: usize| -> Vec<f64> {
                    draw.indices().iter().flat_map(|&row| values[row * width..][..width].to_vec()).collect()
                };
                let expected = value(&*measure(id), &layer(&rows(&x, 3), 3), &layer(&rows(&y, 4), 4)).unwrap();
                assert!((found - expected).abs() < 1e-10 * expected.abs().max(1.0), "{id}: {found} {expected}");
            }
        }
    }

    /// A sample without copies has the value of a bootstrap sample that happens to have none, and copies do not make
    /// independent layers alike where the estimator is debiased.
    #[test]
    fn copies_are_no_likeness() {
        let random = &mut generator(52);
        for id in ["cka-linear-debiased", "distance-correlation-bias-corrected", "rsa-euclidean-pearson"] {
            let mut sum = 0.0;
            for round in 0..60 {
                let (x, y) = (normal(random, 24 * 40), normal(random, 24 * 40));
                let (a, b) = (layer(&x, 40), layer(&y, 40));
                let draw = Draw::random(24, round);
                let [a, b] = [a, b].map(|layer| layer.resampled(&draw, &PartId::ALL));
                sum += value(&*measure(id), &a, &b).unwrap();
            }
            // Copies that were taken for likeness would give about 0.6.
            assert!((sum / 60.0).abs() < 0.05, "{id}: {}", sum / 60.0);
        }
    }

    /// Of 400 studies of 40 samples the 95 % intervals hold the value of the population in 95 % ± 2 %.
    #[test]
    fn intervals_cover_as_often_as_the_level_says() {
        // y = x plus as much noise, of two dimensions: ‖Σxy‖² / (‖Σxx‖ ‖Σyy‖) = 1/2 in the population.
        let random = &mut generator(53);
        let studies = 400;
        let measure = measure("cka-linear-debiased");
        let covered = (0..studies)
            .filter(|&study| {
                let x = normal(random, 40 * 2);
                let noise = normal(random, 40 * 2);
                let y: Vec<f64> = x.iter().zip(noise).map(|(x, noise)| x + noise).collect();
                let (a, b) = (layer(&x, 2), layer(&y, 2));
                let maps = resampled("cka-linear-debiased", &a, &b, &Resamples::random(399, 40, study));
                let (drawn, left_out) = maps.cell(0, 0).unwrap();
                let value = value(&*measure, &a, &b).unwrap();
                let Interval { low, high, .. } = interval(IntervalMethod::Bca, value, drawn, left_out, 0.95).unwrap();
                low <= 0.5 && 0.5 <= high
            })
            .count();
        let share = covered as f64 / studies as f64;
        assert!((0.93..=0.97).contains(&share), "{share}");
    }
}
