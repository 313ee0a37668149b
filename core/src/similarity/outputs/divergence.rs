//! How far apart the probabilities of two classifiers are.

use std::f64::consts::LN_2;

use super::Outputs;
use super::log_probability::log_softmax;
use crate::layer::{Logits, Reason};
use crate::similarity::sum::compensated;
use crate::similarity::{Arity, Card, Direction, Family, Range, Samples};
use crate::steps::Steps;

/// A divergence of the probabilities of two classifiers, its mean over samples, in nats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Divergence {
    /// Of the first from the second, KL(p ‖ q).
    KullbackLeibler,
    /// Of the second from the first, KL(q ‖ p).
    Reverse,
    /// Of both from their mean.
    JensenShannon,
}

const KULLBACK_LEIBLER_SOURCE: &str =
    "Kullback & Leibler, On Information and Sufficiency, Annals of Mathematical Statistics 1951";

pub(in crate::similarity) static KULLBACK_LEIBLER: Card = Card {
    id: "kl-divergence",
    name: "Kullback–Leibler divergence",
    formula: "(1/n) Σᵢ Σₖ pᵢₖ (ln pᵢₖ − ln qᵢₖ) with p and q the softmax of the logits of the first and the second network",
    summary: "How much do the probabilities of the second network say wrongly, where those of the first are true?",
    source: KULLBACK_LEIBLER_SOURCE,
    family: Family::Outputs,
    arity: Arity::Outputs,
    symmetric: false,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: f64::INFINITY },
    // Of the logits of one of the two networks.
    invariances: &[],
    minimum_samples: 2,
    requirement: "Two networks with the same classes in the same order.",
    estimator: "The mean over the samples at hand, in nats; unbiased for the mean over images. Unchanged by adding a number \
                to all logits of a sample. Probabilities stay logarithms, so that very small ones count. It is summed as \
                Σ p (d − 1 + exp(−d)) with d = ln p − ln q, the same sum of terms of which none is negative.",
};

pub(in crate::similarity) static REVERSE: Card = Card {
    id: "kl-divergence-reverse",
    name: "Kullback–Leibler divergence, reverse",
    formula: "(1/n) Σᵢ Σₖ qᵢₖ (ln qᵢₖ − ln pᵢₖ) with p and q the softmax of the logits of the first and the second network",
    summary: "How much do the probabilities of the first network say wrongly, where those of the second are true?",
    source: KULLBACK_LEIBLER_SOURCE,
    family: Family::Outputs,
    arity: Arity::Outputs,
    symmetric: false,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: f64::INFINITY },
    invariances: &[],
    minimum_samples: 2,
    requirement: "Two networks with the same classes in the same order.",
    estimator: "As kl-divergence, with the networks exchanged.",
};

pub(in crate::similarity) static JENSEN_SHANNON: Card = Card {
    id: "jensen-shannon",
    name: "Jensen–Shannon divergence",
    formula: "(1/n) Σᵢ (KL(pᵢ ‖ mᵢ) + KL(qᵢ ‖ mᵢ)) / 2 with m = (p + q) / 2, p and q the softmax of the logits",
    summary: "How far apart are the probabilities of the two networks?",
    source: "Lin, Divergence Measures Based on the Shannon Entropy, IEEE Transactions on Information Theory 1991",
    family: Family::Outputs,
    arity: Arity::Outputs,
    symmetric: true,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: LN_2 },
    invariances: &[],
    minimum_samples: 2,
    requirement: "Two networks with the same classes in the same order.",
    estimator: "The mean over the samples at hand, in nats (for bits, divide by ln 2); unbiased for the mean over images. The \
                distance of that name is the root of the divergence of one sample; this is not rooted. Unchanged by adding a \
                number to all logits of a sample.",
};

impl Outputs for Divergence {
    fn compare<'a>(&'a self, a: &'a Logits, b: &'a Logits, _samples: &'a Samples) -> Steps<'a, Result<f64, Reason>> {
        Box::pin(async move {
            let one = |(a, b): (&[f64], &[f64])| {
                let (p, q) = (log_softmax(a), log_softmax(b));
                match self {
                    Self::KullbackLeibler => kullback_leibler(&p, &q),
                    Self::Reverse => kullback_leibler(&q, &p),
                    Self::JensenShannon => jensen_shannon(&p, &q),
                }
            };
            let mean = compensated(a.rows().zip(b.rows()).map(one)) / a.samples() as f64;
            if mean.is_finite() { Ok(mean) } else { Err(Reason::NotFinite { value: mean.to_string() }) }
        })
    }
}

/// KL(p ‖ q) of two distributions, both as logarithms.
fn kullback_leibler(p: &[f64], q: &[f64]) -> f64 {
    compensated(p.iter().zip(q).map(|(&p, &q)| term(p, q, p - q)))
}

/// The Jensen–Shannon divergence of two distributions, both as logarithms.
fn jensen_shannon(p: &[f64], q: &[f64]) -> f64 {
    let class = |(&p, &q): (&f64, &f64)| {
        let (of_p, of_q) = (over_mean(q - p), over_mean(p - q));
        // The larger of the two stands for the mean: the other may be infinitely far below it.
        let mean = if p >= q { p - of_p } else { q - of_q };
        term(p, mean, of_p) + term(q, mean, of_q)
    };
    0.5 * compensated(p.iter().zip(q).map(class))
}

/// ln p − ln m for m = (p + q) / 2, from ln q − ln p.
fn over_mean(difference: f64) -> f64 {
    if difference <= 0.0 {
        -(0.5 * difference.exp_m1()).ln_1p()
    } else {
        -difference - (0.5 * (-difference).exp_m1()).ln_1p()
    }
}

/// p (d − 1 + exp(−d)) = p d − p + q, from ln p, ln q and d = ln p − ln q: what a class adds to KL(p ‖ q) of distributions,
/// because Σ p = Σ q. Never negative, and no difference of large terms where p is near q.
fn term(p: f64, q: f64, d: f64) -> f64 {
    let probability = p.exp();
    if probability == 0.0 {
        // p d vanishes with p.
        return q.exp();
    }
    // Where the tangent of exp takes all but d² / 2, from its series, to d⁹.
    if d.abs() < 1.0 / 32.0 {
        let series = (3..=9).rev().fold(0.0, |sum, order| (1.0 + sum) * -d / f64::from(order));
        return probability * 0.5 * d * d * (1.0 + series);
    }
    if d > -1.0 { probability * (d + (-d).exp_m1()) } else { probability * (d - 1.0) + q.exp() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Matrix;
    use crate::layer::sample::representation;
    use crate::similarity::tests::sample::{generator, normal, samples};
    use crate::steps::finish;

    const ALL: [Divergence; 3] = [Divergence::KullbackLeibler, Divergence::Reverse, Divergence::JensenShannon];

    fn logits(values: &[f64], classes: usize) -> Logits {
        let rows = representation(values.len() / classes, classes, Matrix::F64(values.to_vec()));
        pollster::block_on(Logits::of(&rows, classes)).unwrap().unwrap()
    }

    fn value(divergence: Divergence, a: &[f64], b: &[f64], classes: usize) -> Result<f64, Reason> {
        finish(divergence.compare(&logits(a, classes), &logits(b, classes), &samples(a.len() / classes)))
    }

    /// By hand: p = (1/2, 1/2), q = (1/4, 3/4).
    #[test]
    fn two_classes_by_hand() {
        let (p, q) = ([0.0; 4], [0.0, 3.0_f64.ln(), 5.0, 5.0 + 3.0_f64.ln()]);
        let expected = [
            (Divergence::KullbackLeibler, 0.5 * (4.0_f64 / 3.0).ln()),
            (Divergence::Reverse, 0.25 * 0.5_f64.ln() + 0.75 * 1.5_f64.ln()),
            (
                Divergence::JensenShannon,
                // m = (3/8, 5/8).
                0.25 * ((4.0_f64 / 3.0).ln() + 0.8_f64.ln()) + 0.125 * (2.0_f64 / 3.0).ln() + 0.375 * 1.2_f64.ln(),
            ),
        ];
        for (divergence, expected) in expected {
            let found = value(divergence, &p, &q, 2).unwrap();
            assert!((found - expected).abs() < 1e-15, "{divergence:?}: {found}, expected {expected}");
        }
        assert_eq!(value(Divergence::Reverse, &p, &q, 2), value(Divergence::KullbackLeibler, &q, &p, 2));
    }

    #[test]
    fn it_is_zero_of_equal_probabilities_alone_and_positive_of_others() {
        let random = &mut generator(3);
        for spread in [1e-9, 1e-6, 1e-3, 0.1, 1.0, 30.0, 1e4] {
            let a = normal(random, 60 * 7);
            let noise = normal(random, 60 * 7);
            let b: Vec<f64> = a.iter().zip(&noise).map(|(a, noise)| a + spread * noise).collect();
            for divergence in ALL {
                assert_eq!(value(divergence, &a, &a, 7), Ok(0.0));
                let found = value(divergence, &a, &b, 7).unwrap();
                assert!(found > 0.0, "{divergence:?} {spread}: {found}");
                assert!(divergence != Divergence::JensenShannon || found <= LN_2, "{found}");
            }
        }
    }

    /// To second order KL = Σ p (d − d̄)² / 2, and Jensen–Shannon is a quarter of it.
    #[test]
    fn near_equal_probabilities_keep_their_digits() {
        let random = &mut generator(4);
        let (a, noise) = (normal(random, 6), normal(random, 6));
        for step in [1e-8, 1e-6] {
            let b: Vec<f64> = a.iter().zip(&noise).map(|(a, noise)| a + step * noise).collect();
            let p: Vec<f64> = log_softmax(&a).iter().map(|log| log.exp()).collect();
            let d: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
            let mean: f64 = p.iter().zip(&d).map(|(p, d)| p * d).sum();
            let expected: f64 = p.iter().zip(&d).map(|(p, d)| 0.5 * p * (d - mean) * (d - mean)).sum();
            let rows = |values: &[f64]| values.repeat(2);
            for (divergence, factor) in [(ALL[0], 1.0), (ALL[1], 1.0), (ALL[2], 0.25)] {
                let found = value(divergence, &rows(&a), &rows(&b), 6).unwrap();
                // Third order is step / 2 of it; the differences are known to 1e-16 / step.
                let tolerance = expected * factor * (4.0 * step + 1e-14 / step);
                assert!((found - expected * factor).abs() < tolerance, "{divergence:?}: {found}, {expected}");
            }
        }
    }

    #[test]
    fn a_shift_of_all_logits_of_a_sample_changes_nothing() {
        let random = &mut generator(5);
        let (a, b) = (normal(random, 40), normal(random, 40));
        let shifted: Vec<f64> = a.iter().enumerate().map(|(place, value)| value + (place / 5) as f64).collect();
        for divergence in ALL {
            let (found, expected) =
                (value(divergence, &shifted, &b, 5).unwrap(), value(divergence, &a, &b, 5).unwrap());
            assert!((found - expected).abs() < 1e-14, "{divergence:?}: {found} {expected}");
        }
    }

    #[test]
    fn certain_networks_have_values() {
        // p = (1, 0) and q = (0, 1) to double precision.
        let (a, b) = ([0.0, -2e3, 0.0, -2e3], [-2e3, 0.0, -2e3, 0.0]);
        assert_eq!(value(Divergence::KullbackLeibler, &a, &b, 2), Ok(2e3));
        assert_eq!(value(Divergence::JensenShannon, &a, &b, 2), Ok(LN_2));
        let (a, b) = ([0.0, -1.5e308, 0.0, 0.0], [-1.5e308, 1.5e308, 0.0, 0.0]);
        assert!(matches!(value(Divergence::KullbackLeibler, &a, &b, 2), Err(Reason::NotFinite { .. })));
        assert_eq!(value(Divergence::JensenShannon, &a, &b, 2), Ok(LN_2 / 2.0));
    }
}
