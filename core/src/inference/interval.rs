//! Confidence intervals from the values of bootstrap samples.

use super::normal;

/// How an interval is made of the values of bootstrap samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IntervalMethod {
    /// Bias-corrected and accelerated.
    #[default]
    Bca,
    /// Between two percentiles of the values.
    Percentile,
}

/// Where a value lies, and how much it would vary with other samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The standard deviation of the values of bootstrap samples.
    pub standard_error: f64,
}

/// Why there is no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoInterval {
    /// Its end is beyond the values that there are.
    #[error("needs more bootstrap samples: an end of the interval lies beyond the {found} there are")]
    FewResamples {
        /// How many there are.
        found: usize,
    },
    /// The correction of bias is infinite.
    #[error(
        "the values of all bootstrap samples lie on one side of the value: the estimator is more biased on so few samples \
         than it varies; take more samples or a debiased measure"
    )]
    OneSided,
    /// The acceleration leaves no interval.
    #[error("the value hangs on a few samples so much that the bootstrap says nothing of its interval")]
    FewSamplesDecide,
}

/// The interval of a level from the values of bootstrap samples and, for BCa, those with each of some groups of samples left
/// out.
///
/// # Formula
/// Percentile: the α/2 and 1 − α/2 quantiles of the B values, the quantile of q at place q (B + 1), between two values in
/// proportion. BCa: the same at Φ(z₀ + (z₀ + z_q) / (1 − a (z₀ + z_q))), with z₀ = Φ⁻¹ of the share of values below the value
/// (ties count one half) and a = Σ dᵢ³ / (6 (Σ dᵢ²)^{3/2}), d the mean of the values with a group left out less each.
///
/// # Errors
/// [`NoInterval`].
///
/// # Source
/// Efron, Better Bootstrap Confidence Intervals, Journal of the American Statistical Association 1987.
pub fn interval(
    method: IntervalMethod,
    value: f64,
    resampled: &[f64],
    left_out: &[f64],
    level: f64,
) -> Result<Interval, NoInterval> {
    let mut sorted = resampled.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - level);
    let (low, high) = match method {
        IntervalMethod::Percentile => (tail, 1.0 - tail),
        IntervalMethod::Bca => {
            let bias = normal::quantile(share_below(value, &sorted));
            if !bias.is_finite() {
                return Err(if sorted.is_empty() {
                    NoInterval::FewResamples { found: 0 }
                } else {
                    NoInterval::OneSided
                });
            }
            let acceleration = acceleration(left_out);
            let adjusted = |probability: f64| {
                let shifted = bias + normal::quantile(probability);
                let stretch = 1.0 - acceleration * shifted;
                (stretch > 0.0)
                    .then(|| normal::probability(bias + shifted / stretch))
                    .ok_or(NoInterval::FewSamplesDecide)
            };
            (adjusted(tail)?, adjusted(1.0 - tail)?)
        }
    };
    Ok(Interval { low: quantile(&sorted, low)?, high: quantile(&sorted, high)?, standard_error: deviation(&sorted) })
}

/// The share of values below, ties counting one half. Values that differ from it by rounding are ties.
fn share_below(value: f64, sorted: &[f64]) -> f64 {
    let rounding = 1e-12 * value.abs().max(1.0);
    let below = sorted.partition_point(|&other| other < value - rounding);
    let not_above = sorted.partition_point(|&other| other <= value + rounding);
    0.5 * (below + not_above) as f64 / sorted.len() as f64
}

fn acceleration(left_out: &[f64]) -> f64 {
    let mean = left_out.iter().sum::<f64>() / left_out.len() as f64;
    let moment = |power: i32| left_out.iter().map(|value| (mean - value).powi(power)).sum::<f64>();
    let squares = moment(2);
    // Values that are all the same but for rounding say that no sample matters more than another.
    if squares <= left_out.len() as f64 * (1e-12 * mean.abs().max(1.0)).powi(2) {
        return 0.0;
    }
    moment(3) / (6.0 * squares.powf(1.5))
}

fn quantile(sorted: &[f64], probability: f64) -> Result<f64, NoInterval> {
    let place = probability * (sorted.len() as f64 + 1.0) - 1.0;
    let below = place.floor();
    if below < 0.0 || below + 1.0 > sorted.len() as f64 {
        return Err(NoInterval::FewResamples { found: sorted.len() });
    }
    let lower = sorted[below as usize];
    match sorted.get(below as usize + 1) {
        Some(upper) => Ok(lower + (place - below) * (upper - lower)),
        None if place == below => Ok(lower),
        None => Err(NoInterval::FewResamples { found: sorted.len() }),
    }
}

fn deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0, 0.01, …, 1.98: B + 1 = 200.
    fn ramp() -> Vec<f64> {
        (0..199).map(|k| f64::from(k) / 100.0).collect()
    }

    #[test]
    fn percentiles_are_order_statistics() {
        let found = interval(IntervalMethod::Percentile, 0.99, &ramp(), &[], 0.95).unwrap();
        // The 5th and the 195th of 199.
        assert!((found.low - 0.04).abs() < 1e-12 && (found.high - 1.94).abs() < 1e-12, "{found:?}");
        let deviation = (199.0_f64 * 200.0 / 12.0).sqrt() / 100.0;
        assert!((found.standard_error - deviation).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn bca_without_bias_and_skew_is_the_percentile_interval() {
        let [bca, percentile] = [IntervalMethod::Bca, IntervalMethod::Percentile]
            .map(|method| interval(method, 0.99, &ramp(), &[1.0, 2.0, 3.0], 0.95).unwrap());
        assert!((bca.low - percentile.low).abs() < 1e-9 && (bca.high - percentile.high).abs() < 1e-9, "{bca:?}");
    }

    #[test]
    fn bca_is_as_published() {
        // By hand: 129 of 199 below and one equal: z₀ = Φ⁻¹(0.650754), and a of the values left out.
        let left_out = [0.2, 0.3, 0.1, 0.9];
        let found = interval(IntervalMethod::Bca, 1.29, &ramp(), &left_out, 0.9).unwrap();
        let bias = normal::quantile(129.5 / 199.0);
        let mean = 0.375;
        let d: Vec<f64> = left_out.iter().map(|value| mean - value).collect();
        let a = d.iter().map(|d| d * d * d).sum::<f64>() / (6.0 * d.iter().map(|d| d * d).sum::<f64>().powf(1.5));
        let end = |z: f64| {
            let place = normal::probability(bias + (bias + z) / (1.0 - a * (bias + z))) * 200.0 - 1.0;
            place / 100.0
        };
        assert!((found.low - end(-1.644_853_626_951_472_7)).abs() < 1e-9, "{found:?}");
        assert!((found.high - end(1.644_853_626_951_472_7)).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn what_no_interval_can_be_made_of_says_why() {
        let none =
            |method, value, values: &[f64], level| interval(method, value, values, &[1.0, 2.0], level).unwrap_err();
        assert_eq!(none(IntervalMethod::Percentile, 0.5, &ramp()[..18], 0.95), NoInterval::FewResamples { found: 18 });
        assert_eq!(none(IntervalMethod::Bca, 5.0, &ramp(), 0.95), NoInterval::OneSided);
        assert_eq!(none(IntervalMethod::Bca, 5.0, &[], 0.95), NoInterval::FewResamples { found: 0 });
        assert_eq!(none(IntervalMethod::Percentile, 5.0, &[], 0.95), NoInterval::FewResamples { found: 0 });
    }

    #[test]
    fn equal_values_have_an_interval_of_no_width() {
        let found = interval(IntervalMethod::Bca, 1.0, &[1.0 - 1e-15; 99], &[1.0; 20], 0.95).unwrap();
        assert!((found.high - found.low).abs() < 1e-15 && found.standard_error < 1e-14, "{found:?}");
    }
}
