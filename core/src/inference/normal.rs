//! The standard normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The probability of a value below x.
pub(super) fn probability(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// The value below which lies this probability, between 0 and 1; infinite at the ends.
pub(super) fn quantile(probability_below: f64) -> f64 {
    if probability_below <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if probability_below >= 1.0 {
        return f64::INFINITY;
    }
    // The lower half is computed, where erfc keeps its digits; the other is its mirror image.
    let tail = probability_below.min(1.0 - probability_below);
    let (mut low, mut high) = (-39.0, 0.0);
    while {
        let middle: f64 = 0.5 * (low + high);
        if probability(middle) < tail {
            low = middle
        } else {
            high = middle
        }
        high - low > 1e-9
    } {}
    // One step of Newton's method squares what is left of the error.
    let start: f64 = 0.5 * (low + high);
    let density = (-0.5 * start * start).exp() / (2.0 * PI).sqrt();
    let value = start - (probability(start) - tail) / density;
    if probability_below < 0.5 { value } else { -value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values() {
        for (x, expected) in [(0.0, 0.5), (1.0, 0.841_344_746_068_542_9), (-1.959_963_984_540_054, 0.025)] {
            assert!((probability(x) - expected).abs() < 1e-15, "{x}");
        }
        for (probability, expected) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.025, -1.959_963_984_540_054),
            (0.9, 1.281_551_565_544_600_4),
            (1e-10, -6.361_340_902_404_056),
        ] {
            let found = quantile(probability);
            assert!((found - expected).abs() < 1e-12 * expected.abs().max(1.0), "{probability}: {found}");
        }
        assert_eq!((quantile(0.0), quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
    }
}
