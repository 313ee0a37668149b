//! How far apart the log-probabilities of two classifiers are, each over its own spread.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::Outputs;
use super::log_probability::log_softmax;
use crate::layer::{Logits, Reason};
use crate::parallel;
use crate::similarity::sum::compensated;
use crate::similarity::{Arity, Card, Chosen, Direction, Family, Parameter, Range, Samples};
use crate::steps::{Steps, WORK, end_step};

/// The log-likelihood variance distance d_LLV of two classifiers, of embeddings of so many dimensions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogLikelihoodVariance {
    /// How its four terms are put together.
    pub form: Together,
    /// The weight λ of the differences in spread.
    pub weight: f64,
    /// The dimensions M of the embeddings: M + 1 samples make a set of inputs.
    pub dimensions: usize,
    /// How many sets of inputs are tried.
    pub tuples: usize,
    /// Which ones.
    pub seed: u64,
}

/// How the terms of [`LogLikelihoodVariance`] are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// max {t₁, t₂, λ t₃, λ t₄}.
    Largest,
    /// t₁ + t₂ + λ (t₃ + t₄).
    Sum,
}

const SOURCE: &str = "Nielsen, Marconato, Dittadi & Gresele, When Does Closeness in Distribution Imply Representational \
                      Similarity? An Identifiability Perspective, NeurIPS 2025";

const REQUIREMENT: &str = "Two networks with the same classes in the same order, at least M + 2 of them; a pair of classes \
                           and a pair of samples whose log-probabilities do not differ by the same amount throughout.";

const SAMPLES: &str = "The standard deviations are of the samples and classes at hand, with n − 1 and K − 1. The pivot class y₀ and one \
                       class that is left out are those of all with the smallest t₁; the set of M + 1 samples is that with the smallest t₂ \
                       of disjoint ones chosen by the seed, of the samples in an order that follows from their logits. Each is the best case: \
                       more samples and more sets make the value smaller or leave it. Unchanged by adding a number to all logits of a sample.";

pub(in crate::similarity) static LARGEST: Card = Card {
    id: "d-llv",
    name: "Log-likelihood variance distance",
    formula: "max {t₁, t₂, λ t₃, λ t₄}; with l = ln p and l′ = ln q, σₖ = Stdₓ(lₖ − l_y₀): t₁ = maxₖ {Stdₓ(lₖ/σₖ − l′ₖ/σ′ₖ), \
              Stdₓ(l_y₀/σₖ − l′_y₀/σ′ₖ)}, t₃ = maxₖ |σₖ − σ′ₖ|; t₂ and t₄ alike, with a pivot sample x₀, M other samples, and Std over classes",
    summary: "How far apart are the log-probabilities of the two networks, over their own spread?",
    source: SOURCE,
    family: Family::Outputs,
    arity: Arity::Outputs,
    symmetric: true,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: f64::INFINITY },
    // Of the logits of one of the two networks.
    invariances: &[],
    minimum_samples: 3,
    requirement: REQUIREMENT,
    estimator: SAMPLES,
};

pub(in crate::similarity) static SUM: Card = Card {
    id: "d-llv-sum",
    name: "Log-likelihood variance distance, sum of its terms",
    formula: "t₁ + t₂ + λ (t₃ + t₄), with the terms of d-llv",
    summary: "How far apart are the log-probabilities of the two networks, over their own spread, in all terms together?",
    source: SOURCE,
    family: Family::Outputs,
    arity: Arity::Outputs,
    symmetric: true,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: f64::INFINITY },
    invariances: &[],
    minimum_samples: 3,
    requirement: REQUIREMENT,
    estimator: SAMPLES,
};

pub(in crate::similarity) static PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "lambda",
        summary: "The weight λ of the differences in spread, t₃ and t₄; usually 0.00001.",
        default: Some(1e-5),
        range: (0.0, 1e6),
        whole: false,
    },
    Parameter {
        name: "dimensions",
        summary: "The dimensions M of the embeddings of both networks, usually 2. Where d-llv is below 1 / (2 M), embeddings of M dimensions \
                  are at most 2 M times as dissimilar: one less the mean singular value of their correlations (Theorem 4.7).",
        default: Some(2.0),
        range: (1.0, 1_000_000.0),
        whole: true,
    },
    Parameter {
        name: "tuples",
        summary: "How many sets of M + 1 samples are tried, usually 200, or as many as there are.",
        default: Some(200.0),
        range: (1.0, 1_000_000.0),
        whole: true,
    },
    Parameter {
        name: "seed",
        summary: "Which sets are tried; usually 0.",
        default: Some(0.0),
        range: (0.0, 4_294_967_295.0),
        whole: true,
    },
];

impl LogLikelihoodVariance {
    /// With parameters as they were chosen.
    pub(in crate::similarity) fn chosen(form: Together, chosen: &Chosen) -> Self {
        let whole = |place: usize, usual: f64| chosen.get(place).unwrap_or(usual);
        Self {
            form,
            weight: whole(0, 1e-5),
            dimensions: whole(1, 2.0) as usize,
            tuples: whole(2, 200.0) as usize,
            seed: whole(3, 0.0) as u64,
        }
    }

    /// The samples of each set, the pivot first: disjoint sets of the samples in random order. The order that the random one
    /// starts from follows from the sums of the log-probabilities of both networks, so that neither the order of samples nor
    /// that of networks matters.
    fn sets(&self, a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<usize>> {
        let sums: Vec<Vec<f64>> = a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect();
        let mut order: Vec<usize> = (0..sums.len()).collect();
        order.sort_by(|&i, &j| {
            let differences = sums[i].iter().zip(&sums[j]).map(|(x, y)| x.total_cmp(y));
            differences.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed);
        let mut keyed: Vec<(u64, usize)> = order.into_iter().map(|sample| (generator.next_u64(), sample)).collect();
        keyed.sort_by_key(|&(key, _)| key);
        let shuffled: Vec<usize> = keyed.into_iter().map(|(_, sample)| sample).collect();
        shuffled.chunks_exact(self.dimensions + 1).take(self.tuples).map(<[usize]>::to_vec).collect()
    }
}

impl Outputs for LogLikelihoodVariance {
    fn compare<'a>(&'a self, a: &'a Logits, b: &'a Logits, _samples: &'a Samples) -> Steps<'a, Result<f64, Reason>> {
        Box::pin(async move {
            let (found, needed) = (a.classes(), self.dimensions + 2);
            if found < needed {
                return Err(Reason::FewClasses { needed, found });
            }
            let minimum = self.dimensions + 1;
            if a.samples() < minimum {
                return Err(Reason::FewSamples { minimum, found: a.samples() });
            }
            let [a, b] = [a, b].map(|logits| logits.rows().map(log_softmax).collect::<Vec<_>>());
            if let Some(value) = a.iter().chain(&b).flatten().find(|value| !value.is_finite()) {
                return Err(Reason::NotFinite { value: value.to_string() });
            }
            let of_classes = of_classes(&a, &b).await.ok_or(Reason::ConstantLogOdds)?;
            let sets = self.sets(&a, &b);
            let of_samples = sets
                .iter()
                .filter_map(|set| of_samples(set, &a, &b))
                .reduce(Terms::smaller)
                .ok_or(Reason::ConstantLogOdds)?;
            let (t1, t2) = (of_classes.normalised, of_samples.normalised);
            let (t3, t4) = (of_classes.spread, of_samples.spread);
            let value = match self.form {
                Together::Largest => t1.max(t2).max(self.weight * t3).max(self.weight * t4),
                Together::Sum => t1 + t2 + self.weight * (t3 + t4),
            };
            if value.is_finite() { Ok(value) } else { Err(Reason::NotFinite { value: value.to_string() }) }
        })
    }
}

/// Two of the terms: t₁ and t₃, or t₂ and t₄.
#[derive(Debug, Clone, Copy)]
struct Terms {
    /// Of log-probabilities over their spread.
    normalised: f64,
    /// Of the spreads.
    spread: f64,
}

impl Terms {
    /// The largest of each.
    fn larger(self, other: Self) -> Self {
        Self { normalised: self.normalised.max(other.normalised), spread: self.spread.max(other.spread) }
    }

    /// The pair whose first is smaller; the first of equal ones.
    fn smaller(self, other: Self) -> Self {
        if other.normalised < self.normalised { other } else { self }
    }

    /// Of log-probabilities and those of a pivot, of both networks; [`None`] where their difference has no spread.
    fn of((a, pivot_a): (&[f64], &[f64]), (b, pivot_b): (&[f64], &[f64])) -> Option<Self> {
        let (sigma_a, sigma_b) = (spread(a, pivot_a)?, spread(b, pivot_b)?);
        let over = |a: &[f64], b: &[f64]| deviation(a.iter().zip(b).map(|(a, b)| a / sigma_a - b / sigma_b));
        let normalised = over(a, b).max(over(pivot_a, pivot_b));
        Some(Self { normalised, spread: (sigma_a - sigma_b).abs() })
    }
}

/// t₁ and t₃ with the best pivot class and the best class left out.
async fn of_classes(a: &[Vec<f64>], b: &[Vec<f64>]) -> Option<Terms> {
    let (samples, classes) = (a.len(), a[0].len());
    let columns = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
        (0..classes).map(|class| rows.iter().map(|row| row[class]).collect()).collect()
    };
    let (a, b) = (columns(a), columns(b));
    let pivots: Vec<usize> = (0..classes).collect();
    // About eight passes over the samples per class.
    let at_once = (WORK / (8 * samples * classes)).max(1);
    let mut best: Option<Terms> = None;
    for pivots in pivots.chunks(at_once) {
        for terms in parallel::map(pivots, |&pivot| of_pivot(pivot, &a, &b)).into_iter().flatten() {
            best = Some(best.map_or(terms, |best| best.smaller(terms)));
        }
        end_step().await;
    }
    best
}

/// t₁ and t₃ with this pivot class and the class with the largest t₁ left out; [`None`] where more than one class keeps its
/// distance from the pivot.
fn of_pivot(pivot: usize, a: &[Vec<f64>], b: &[Vec<f64>]) -> Option<Terms> {
    let others = (0..a.len()).filter(|&class| class != pivot);
    let terms: Vec<Option<Terms>> =
        others.map(|class| Terms::of((&a[class], &a[pivot]), (&b[class], &b[pivot]))).collect();
    let worse = |i: usize, j: usize| {
        let worth = |place: usize| terms[place].map_or(f64::INFINITY, |terms: Terms| terms.normalised);
        if worth(j) > worth(i) { j } else { i }
    };
    let left_out = (0..terms.len()).reduce(worse)?;
    let kept: Option<Vec<Terms>> =
        terms.iter().enumerate().filter(|&(place, _)| place != left_out).map(|(_, terms)| *terms).collect();
    kept?.into_iter().reduce(Terms::larger)
}

/// t₂ and t₄ with these samples, the pivot first; [`None`] where one keeps its distance from the pivot.
fn of_samples(set: &[usize], a: &[Vec<f64>], b: &[Vec<f64>]) -> Option<Terms> {
    let (&pivot, others) = set.split_first()?;
    let terms: Option<Vec<Terms>> =
        others.iter().map(|&sample| Terms::of((&a[sample], &a[pivot]), (&b[sample], &b[pivot]))).collect();
    terms?.into_iter().reduce(Terms::larger)
}

/// The standard deviation of the differences; [`None`] where they are equal up to their rounding.
fn spread(values: &[f64], pivot: &[f64]) -> Option<f64> {
    let largest = values.iter().chain(pivot).fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let spread = deviation(values.iter().zip(pivot).map(|(value, pivot)| value - pivot));
    (spread > 8.0 * f64::EPSILON * largest).then_some(spread)
}

/// The standard deviation with n − 1, of at least two values.
fn deviation(values: impl ExactSizeIterator<Item = f64> + Clone) -> f64 {
    let count = values.len() as f64;
    let mean = compensated(values.clone()) / count;
    (compensated(values.map(|value| (value - mean).powi(2))) / (count - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, TAU};

    use super::*;
    use crate::activation::Matrix;
    use crate::layer::sample::representation;
    use crate::similarity::Divergence;
    use crate::similarity::tests::sample::{generator, normal, samples};
    use crate::steps::finish;

    fn logits(values: &[f64], classes: usize) -> Logits {
        let rows = representation(values.len() / classes, classes, Matrix::F64(values.to_vec()));
        pollster::block_on(Logits::of(&rows, classes)).unwrap().unwrap()
    }

    fn usual(form: Together) -> LogLikelihoodVariance {
        LogLikelihoodVariance::chosen(form, &Chosen::default())
    }

    fn value(measure: &LogLikelihoodVariance, a: &[f64], b: &[f64], classes: usize) -> Result<f64, Reason> {
        finish(measure.compare(&logits(a, classes), &logits(b, classes), &samples(a.len() / classes)))
    }

    /// The logits of embeddings around evenly spaced unembeddings of length ρ, and of the same with classes exchanged.
    fn constructed(rho: f64) -> [Vec<f64>; 2] {
        let (classes, each) = (7, 500);
        let random = &mut generator(2);
        let uniform: Vec<f64> =
            (0..classes * each).map(|_| (random.next_u64() >> 11) as f64 / 2.0_f64.powi(53)).collect();
        let lengths = normal(random, classes * each);
        let logits = |labels: [usize; 7]| -> Vec<f64> {
            let angle = |class: usize| TAU * labels[class] as f64 / classes as f64;
            let sample = |sample: usize| {
                let class = sample / each;
                let offset = (2.0 * uniform[labels[class] * each + sample % each] - 1.0) * PI / 64.0;
                let length = rho * (2.0 + (0.01 * lengths[sample]).abs());
                (0..classes).map(move |other| length * (angle(class) + offset - angle(other)).cos())
            };
            (0..classes * each).flat_map(sample).collect()
        };
        [logits([0, 1, 2, 3, 4, 5, 6]), logits([5, 0, 2, 4, 6, 1, 3])]
    }

    /// What was computed from the formulas of Table 1 in NumPy, with three draws that spread by 0.005.
    #[test]
    fn networks_near_in_divergence_are_far_in_it() {
        for (rho, divergence, distance) in
            [(1.0, 0.788, 1.317), (2.0, 1.057, 1.318), (3.0, 0.887, 1.318), (5.0, 0.382, 1.317), (10.0, 0.0197, 1.317)]
        {
            let [a, b] = constructed(rho);
            let found = value(&usual(Together::Largest), &a, &b, 7).unwrap();
            assert!((found - distance).abs() < 0.005, "ρ {rho}: d_LLV {found}");
            let found = finish(Divergence::KullbackLeibler.compare(&logits(&a, 7), &logits(&b, 7), &samples(3500)));
            assert!((found.clone().unwrap() - divergence).abs() < 0.005, "ρ {rho}: KL {found:?}");
        }
    }

    #[test]
    fn it_is_zero_of_equal_networks_and_grows_with_noise() {
        let random = &mut generator(12);
        let (a, noise) = (normal(random, 200), normal(random, 200));
        for form in [Together::Largest, Together::Sum] {
            let measure = usual(form);
            assert_eq!(value(&measure, &a, &a, 5), Ok(0.0));
            let noisy = |amount: f64| {
                let b: Vec<f64> = a.iter().zip(&noise).map(|(a, noise)| a + amount * noise).collect();
                value(&measure, &a, &b, 5).unwrap()
            };
            let found = [1e-6, 1e-3, 0.1, 1.0].map(noisy);
            assert!(found.is_sorted() && found[0] > 0.0 && found[0] < 1e-4, "{found:?}");
        }
    }

    #[test]
    fn the_sum_is_no_less_than_the_largest_and_no_more_than_four_times_it() {
        let random = &mut generator(13);
        let (a, b) = (normal(random, 200), normal(random, 200));
        let (largest, sum) =
            (value(&usual(Together::Largest), &a, &b, 5).unwrap(), value(&usual(Together::Sum), &a, &b, 5).unwrap());
        assert!(largest <= sum && sum <= 4.0 * largest, "{largest} {sum}");
        let heavy = LogLikelihoodVariance { weight: 1e6, ..usual(Together::Largest) };
        assert!(value(&heavy, &a, &b, 5).unwrap() > 1e3);
    }

    #[test]
    fn a_shift_of_all_logits_of_a_sample_changes_nothing() {
        let random = &mut generator(14);
        let (a, b) = (normal(random, 200), normal(random, 200));
        let shifted: Vec<f64> = a.iter().enumerate().map(|(place, value)| value + 0.25 * (place / 5) as f64).collect();
        let measure = usual(Together::Sum);
        let (found, expected) = (value(&measure, &shifted, &b, 5).unwrap(), value(&measure, &a, &b, 5).unwrap());
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn what_has_no_spread_has_a_reason() {
        let measure = usual(Together::Largest);
        let random = &mut generator(15);
        let varied = normal(random, 60);
        assert_eq!(value(&measure, &varied[..30], &varied[30..], 3), Err(Reason::FewClasses { needed: 4, found: 3 }));
        let few = value(&LogLikelihoodVariance { dimensions: 3, ..measure }, &varied[..15], &varied[15..30], 5);
        assert_eq!(few, Err(Reason::FewSamples { minimum: 4, found: 3 }));
        // The same row throughout, up to a number for each sample.
        let constant: Vec<f64> = (0..60).map(|place| [0.3, 1.1, -0.7, 0.1][place % 4] + (place / 4) as f64).collect();
        assert_eq!(value(&measure, &constant, &varied, 4), Err(Reason::ConstantLogOdds));
        assert_eq!(value(&measure, &[0.0; 60], &varied, 4), Err(Reason::ConstantLogOdds));
        // One class that keeps its distance from another is left out.
        let tied: Vec<f64> = varied.chunks(5).flat_map(|row| [row[0], row[0] + 0.5, row[2], row[3], row[4]]).collect();
        assert!(value(&measure, &tied, &varied, 5).is_ok());
        let far: Vec<f64> = varied.iter().map(|value| 1.5e308 * value.signum()).collect();
        assert!(matches!(value(&measure, &far, &varied, 5), Err(Reason::NotFinite { .. })));
    }
}
