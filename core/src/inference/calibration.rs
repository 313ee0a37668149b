//! A value beside what chance makes of it.

/// How much of a difference is rounding: a null value that is lower by less counts as equal.
const ROUNDING: f64 = 1e-12;

/// What chance makes of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// The probability of a value at least as high under the null: (1 + #{null ≥ value}) / (K + 1), never below 1 / (K + 1)
    /// (Phipson & Smyth, Permutation P-values Should Never Be Zero, 2010).
    pub p: f64,
    /// The noise floor τ: the ⌈(1 − α)(K + 1)⌉-th smallest of the K null values and the value itself.
    pub floor: f64,
    /// The calibrated score, max(0, (value − τ) / (highest − τ)); 0 where the floor is the highest possible value.
    ///
    /// # Source
    /// Gröger, Wen & Brbić, Revisiting the Platonic Representation Hypothesis: An Aristotelian View, ICML 2026.
    pub score: f64,
}

/// Calibrates a value by K null values at level α, all so that higher is more alike, with the highest possible value.
#[must_use]
pub fn calibrate(value: f64, null: &[f64], alpha: f64, highest: f64) -> Calibration {
    let tolerance = ROUNDING * value.abs().max(1.0);
    let exceeding = null.iter().filter(|&&null| null >= value - tolerance).count();
    let mut all: Vec<f64> = null.iter().copied().chain([value]).collect();
    all.sort_unstable_by(f64::total_cmp);
    let rank = ((1.0 - alpha) * all.len() as f64).ceil() as usize;
    let floor = all[rank.clamp(1, all.len()) - 1];
    let above = value - floor;
    let score = if above <= tolerance { 0.0 } else { above / (highest - floor) };
    Calibration { p: (1 + exceeding) as f64 / all.len() as f64, floor, score }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_published() {
        // K = 19 and α = 0.05: the 19th of 20.
        let null: Vec<f64> = (0..19).map(|k| f64::from(k) / 40.0).collect();
        let found = calibrate(0.9, &null, 0.05, 1.0);
        assert_eq!(found.p, 1.0 / 20.0);
        assert_eq!(found.floor, 18.0 / 40.0);
        assert!((found.score - (0.9 - 0.45) / (1.0 - 0.45)).abs() < 1e-15);
        // Below the floor.
        let found = calibrate(0.2, &null, 0.05, 1.0);
        assert_eq!((found.p, found.score), (12.0 / 20.0, 0.0));
    }

    #[test]
    fn what_chance_always_reaches_is_nothing() {
        let found = calibrate(1.0, &[1.0 - 1e-15, 1.0 + 1e-15, 1.0], 0.05, 1.0);
        assert_eq!((found.p, found.score), (1.0, 0.0));
    }
}
