//! How far apart the logits of two classifiers are.

use super::Outputs;
use crate::layer::{Logits, Reason};
use crate::similarity::sum::compensated;
use crate::similarity::{Arity, Card, Direction, Family, Range, Samples};
use crate::steps::Steps;

/// The root mean squared distance of the logits of two classifiers, each sample's logits centred.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogitDistance;

pub(in crate::similarity) static CARD: Card = Card {
    id: "logit-distance",
    name: "Logit distance",
    formula: "√((1/n) Σᵢ ‖z̃ᵢ − z̃′ᵢ‖²) with z̃ᵢₖ = zᵢₖ − (1/K) Σⱼ zᵢⱼ the centred logits",
    summary: "How far apart are the logits of the two networks, whatever number is added to all logits of a sample?",
    source: "Ba & Caruana, Do Deep Nets Really Need to be Deep?, NeurIPS 2014, for the distance of logits; with centred ones: \
             Nielsen, Marconato, Dittadi & Gresele, When Does Closeness in Distribution Imply Representational Similarity? An \
             Identifiability Perspective, NeurIPS 2025, and what followed it",
    family: Family::Outputs,
    arity: Arity::Outputs,
    symmetric: true,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: f64::INFINITY },
    // Of the logits of one of the two networks.
    invariances: &[],
    minimum_samples: 2,
    requirement: "Two networks with the same classes in the same order.",
    estimator: "The root of the mean over the samples at hand; the mean under the root is unbiased for that over images. \
                Centred logits are those of centred unembeddings, and say the same probabilities. Unlike a divergence, it \
                counts classes however improbable they are.",
};

impl Outputs for LogitDistance {
    fn compare<'a>(&'a self, a: &'a Logits, b: &'a Logits, _samples: &'a Samples) -> Steps<'a, Result<f64, Reason>> {
        Box::pin(async move {
            // Differences are centred instead of logits: the same, and near logits keep their digits.
            let differences: Vec<Vec<f64>> = a.rows().zip(b.rows()).map(|(a, b)| centred_difference(a, b)).collect();
            if let Some(value) = differences.iter().flatten().find(|value| !value.is_finite()) {
                return Err(Reason::NotFinite { value: value.to_string() });
            }
            // By the largest, so that squares neither overflow nor underflow.
            let largest = differences.iter().flatten().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            if largest == 0.0 {
                return Ok(0.0);
            }
            let squared = compensated(differences.iter().flatten().map(|value| (value / largest).powi(2)));
            let distance = largest * (squared / a.samples() as f64).sqrt();
            if distance.is_finite() { Ok(distance) } else { Err(Reason::NotFinite { value: distance.to_string() }) }
        })
    }
}

fn centred_difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let mean = compensated(difference.iter().copied()) / difference.len() as f64;
    difference.iter().map(|value| value - mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Matrix;
    use crate::layer::sample::representation;
    use crate::similarity::tests::sample::{generator, normal, samples};
    use crate::steps::finish;

    fn value(a: &[f64], b: &[f64], classes: usize) -> Result<f64, Reason> {
        let logits = |values: &[f64]| {
            let rows = representation(values.len() / classes, classes, Matrix::F64(values.to_vec()));
            pollster::block_on(Logits::of(&rows, classes)).unwrap().unwrap()
        };
        finish(LogitDistance.compare(&logits(a), &logits(b), &samples(a.len() / classes)))
    }

    #[test]
    fn two_samples_by_hand() {
        // Differences (1, −1) after centring (3, 1), and none of (4, 4): √((2 + 0) / 2).
        assert_eq!(value(&[3.0, 1.0, 5.0, 6.0], &[0.0, 0.0, 1.0, 2.0], 2), Ok(1.0));
        assert_eq!(value(&[3e200, 1e200, 5.0, 6.0], &[0.0, 0.0, 1.0, 2.0], 2), Ok(1e200));
        assert_eq!(value(&[3e-200, 1e-200, 0.0, 0.0], &[0.0; 4], 2), Ok(1e-200));
        assert!(matches!(value(&[1.7e308; 4], &[-1.7e308; 4], 2), Err(Reason::NotFinite { .. })));
    }

    #[test]
    fn it_is_a_distance_that_no_shift_of_a_sample_changes() {
        let random = &mut generator(8);
        let [a, b, c] = [0; 3].map(|_| normal(random, 60));
        let shifted: Vec<f64> = a.iter().enumerate().map(|(place, value)| value + (place / 4) as f64).collect();
        assert!((value(&shifted, &b, 4).unwrap() - value(&a, &b, 4).unwrap()).abs() < 1e-13);
        assert!(value(&shifted, &a, 4).unwrap() < 1e-13);
        assert_eq!(value(&a, &b, 4), value(&b, &a, 4));
        let [ab, bc, ac] = [(&a, &b), (&b, &c), (&a, &c)].map(|(x, y)| value(x, y, 4).unwrap());
        assert!(ac <= ab + bc && ab > 0.0);
    }
}
