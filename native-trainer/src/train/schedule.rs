//! The learning rate over time.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// One cycle: a straight rise to the peak over the first part of the steps, then half a cosine down to zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Schedule {
    /// The largest learning rate.
    pub(crate) peak: f64,
    /// The part of all steps in which it rises, from 0 to 1.
    pub(crate) warm_up: f64,
}

impl Schedule {
    /// The learning rate of a step, counted from 0, of `steps` in all.
    pub(crate) fn rate(self, step: usize, steps: usize) -> f64 {
        let position = (step as f64 + 0.5) / steps.max(1) as f64;
        if position < self.warm_up {
            self.peak * position / self.warm_up
        } else {
            self.peak * 0.5 * (1.0 + (PI * (position - self.warm_up) / (1.0 - self.warm_up)).cos())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_to_the_peak_and_falls_to_zero() {
        let schedule = Schedule { peak: 0.4, warm_up: 0.25 };
        let rates: Vec<f64> = (0..1000).map(|step| schedule.rate(step, 1000)).collect();
        assert!(rates[..250].is_sorted());
        assert!(rates[250..].iter().rev().is_sorted());
        assert!((rates[249] - 0.4).abs() < 1e-3);
        // Half-way down the cosine is half of the peak.
        assert!((rates[624] - 0.2).abs() < 1e-3, "{}", rates[624]);
        assert!(rates[999] < 1e-6);
    }

    #[test]
    fn without_warm_up_it_starts_at_the_peak() {
        assert!((Schedule { peak: 1.0, warm_up: 0.0 }.rate(0, 10_000) - 1.0).abs() < 1e-6);
    }
}
