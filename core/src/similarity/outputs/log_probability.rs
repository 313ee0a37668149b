//! Logarithms of the probabilities of a classifier.

use crate::similarity::sum::compensated;

/// The logarithms of the softmax of the logits of one sample, natural: zₖ − max z − ln Σⱼ exp(zⱼ − max z), which neither
/// overflows nor underflows.
pub(super) fn log_softmax(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum = compensated(logits.iter().map(|logit| (logit - largest).exp()));
    let normaliser = sum.ln();
    logits.iter().map(|logit| logit - largest - normaliser).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_logits_do_not_overflow() {
        let close = |found: Vec<f64>, expected: [f64; 2]| {
            assert!(found.iter().zip(expected).all(|(x, y)| (x - y).abs() <= 1e-15 * y.abs()), "{found:?}");
        };
        close(log_softmax(&[0.0, 3.0_f64.ln()]), [-(4.0_f64.ln()), 0.75_f64.ln()]);
        close(log_softmax(&[1e6, 1e6]), [-std::f64::consts::LN_2; 2]);
        close(log_softmax(&[-1e6, 1e6]), [-2e6, 0.0]);
    }
}
