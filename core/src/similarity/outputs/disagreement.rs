//! How often two classifiers predict different classes.

use super::Outputs;
use crate::layer::{Logits, Reason};
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Range, Samples};
use crate::steps::Steps;

/// The share of samples on which two classifiers predict different classes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disagreement;

pub(in crate::similarity) static CARD: Card = Card {
    id: "disagreement",
    name: "Disagreement of predictions",
    formula: "(1/n) |{ i : argmaxₖ f(xᵢ)ₖ ≠ argmaxₖ g(xᵢ)ₖ }| with f and g the logits, the first class of equal ones",
    summary: "On what share of the samples do the two networks predict different classes?",
    source: "Madani, Pennock & Flake, Co-Validation: Using Model Disagreement on Unlabeled Data to Validate Classification \
             Algorithms, NeurIPS 2004",
    family: Family::Outputs,
    arity: Arity::Outputs,
    symmetric: true,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: 1.0 },
    // Of the logits of one of the two networks.
    invariances: &[Invariance::IsotropicScaling],
    minimum_samples: 2,
    requirement: "Two networks with the same classes in the same order.",
    estimator: "The share among the samples at hand, an unbiased estimate of the probability of disagreement; at most the sum of \
                the two error rates.",
};

impl Outputs for Disagreement {
    fn compare<'a>(&'a self, a: &'a Logits, b: &'a Logits, _samples: &'a Samples) -> Steps<'a, Result<f64, Reason>> {
        Box::pin(async move {
            let different = a.predictions().zip(b.predictions()).filter(|(a, b)| a != b).count();
            Ok(different as f64 / a.samples() as f64)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Matrix;
    use crate::layer::sample::representation;
    use crate::similarity::tests::sample::samples;
    use crate::steps::finish;

    #[test]
    fn it_is_the_share_of_samples_with_another_prediction() {
        let logits = |values: &[f64]| {
            pollster::block_on(Logits::of(&representation(4, 3, Matrix::F64(values.to_vec())), 3)).unwrap().unwrap()
        };
        let value = |a: &Logits, b: &Logits| finish(Disagreement.compare(a, b, &samples(4)));
        let a = logits(&[3.0, 1.0, 2.0, 0.0, 5.0, 1.0, 0.1, 0.2, 0.3, -9.0, -1.0, -3.0]);
        // Sample 1 differs, and so does sample 2, where equal logits give the first class.
        let b = logits(&[9.0, 8.0, 7.0, 2.0, 1.0, 1.0, 0.3, 0.3, 0.3, -5.0, 0.0, -5.0]);
        assert_eq!(value(&a, &b), Ok(0.5));
        assert_eq!(value(&b, &a), Ok(0.5));
        assert_eq!(value(&a, &a), Ok(0.0));
    }
}
