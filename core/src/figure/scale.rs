//! From values to places on a colour bar or an axis.

use serde::{Deserialize, Serialize};

use crate::study::LayerMap;

/// Which values the ends of the scale stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// The same for every map of a measure: 0 to 1 where larger is more alike, else the measure's range. A measure
    /// without a finite range is fitted to the data.
    #[default]
    Fixed,
    /// From the smallest to the largest value of the map.
    FitToData,
}

/// Where a value lies on a scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// Within: 0 is least alike, 1 most alike.
    Within(f64),
    /// Smaller than the smallest value of the scale.
    Below,
    /// Larger than the largest value of the scale.
    Above,
}

/// The values that the ends of a scale stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limits {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) higher_is_more_alike: bool,
    /// Whether the limits come from the data.
    pub(super) fitted: bool,
}

impl Limits {
    pub(super) fn of(map: &LayerMap, scale: Scale) -> Self {
        let fixed = match (scale, map.higher_is_more_alike, map.range.low, map.range.high) {
            (Scale::FitToData, ..) => None,
            (Scale::Fixed, true, ..) => Some((0.0, 1.0)),
            (Scale::Fixed, false, low, high) => low.zip(high),
        };
        let (low, high) = fixed.unwrap_or_else(|| extent(map));
        Self { low, high, higher_is_more_alike: map.higher_is_more_alike, fitted: fixed.is_none() }
    }

    /// Where a value lies. An excess of one part in 10⁹, as rounding leaves, counts as within.
    pub(super) fn place(&self, value: f64) -> Place {
        let share = self.share(value);
        if share < -1e-9 {
            Place::Below
        } else if share > 1.0 + 1e-9 {
            Place::Above
        } else {
            let share = share.clamp(0.0, 1.0);
            Place::Within(if self.higher_is_more_alike { share } else { 1.0 - share })
        }
    }

    /// 0 at the low end, 1 at the high end.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// Round values within the limits with their labels.
    pub(super) fn labelled_ticks(&self, most: usize) -> Vec<(f64, String)> {
        let ticks = self.ticks(most);
        let step = match ticks.as_slice() {
            [first, second, ..] => second - first,
            _ => 1e-3,
        };
        ticks.into_iter().map(|tick| (tick, tick_label(tick, step))).collect()
    }

    /// Round values within the limits, at most about `most` of them, at a step of 1, 2 or 5 × 10ᵏ.
    fn ticks(&self, most: usize) -> Vec<f64> {
        let rough = (self.high - self.low) / most.max(1) as f64;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough * (1.0 - 1e-9));
        let step = step.unwrap_or(10.0 * power);
        let slack = 1e-9 * (self.high - self.low);
        let first = ((self.low - slack) / step).ceil() as i64;
        let last = ((self.high + slack) / step).floor() as i64;
        (first..=last).map(|index| index as f64 * step).collect()
    }
}

/// The smallest and largest value; widened where all are equal, 0 to 1 where there are none.
fn extent(map: &LayerMap) -> (f64, f64) {
    let mut values = map.values().map(|(_, _, value)| value);
    let Some(first) = values.next() else { return (0.0, 1.0) };
    let (low, high) = values.fold((first, first), |(low, high), value| (low.min(value), high.max(value)));
    let least = 1e-6 * high.abs().max(low.abs()).max(1e-6);
    if high - low > least { (low, high) } else { (low - least, high + least) }
}

/// A tick's value without trailing zeros, with a true minus sign.
fn tick_label(value: f64, step: f64) -> String {
    let decimals = (-step.abs().log10().floor()).clamp(0.0, 9.0) as usize;
    let rounded = format!("{:.decimals$}", value.abs());
    let is_zero = rounded.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if value < 0.0 && !is_zero { format!("\u{2212}{rounded}") } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::RangeRecord;
    use crate::study::layer_map::tests::map;

    #[test]
    fn fixed_scale_is_zero_to_one_or_the_range() {
        let mut similarity = map(&[&[Some(0.3), Some(0.4)]], true);
        similarity.range = RangeRecord { low: Some(-1.0), high: Some(1.0) };
        let limits = Limits::of(&similarity, Scale::Fixed);
        assert_eq!((limits.low, limits.high, limits.fitted), (0.0, 1.0, false));

        let mut distance = map(&[&[Some(0.3), Some(0.4)]], false);
        distance.range = RangeRecord { low: Some(0.0), high: Some(std::f64::consts::FRAC_PI_2) };
        let limits = Limits::of(&distance, Scale::Fixed);
        assert_eq!((limits.low, limits.high, limits.fitted), (0.0, std::f64::consts::FRAC_PI_2, false));

        distance.range.high = None;
        let limits = Limits::of(&distance, Scale::Fixed);
        assert_eq!((limits.low, limits.high, limits.fitted), (0.3, 0.4, true));
    }

    #[test]
    fn more_alike_is_nearer_to_one_in_both_directions() {
        let similarity = Limits { low: 0.0, high: 1.0, higher_is_more_alike: true, fitted: false };
        assert_eq!(similarity.place(0.25), Place::Within(0.25));
        let distance = Limits { low: 0.0, high: 2.0, higher_is_more_alike: false, fitted: false };
        assert_eq!(distance.place(0.5), Place::Within(0.75));
    }

    #[test]
    fn values_beyond_the_ends_are_told_apart_from_rounding() {
        let limits = Limits { low: 0.0, high: 1.0, higher_is_more_alike: true, fitted: false };
        assert_eq!(limits.place(-0.001), Place::Below);
        assert_eq!(limits.place(1.001), Place::Above);
        assert_eq!(limits.place(1.0 + 1e-15), Place::Within(1.0));
    }

    #[test]
    fn a_constant_map_still_has_a_scale() {
        let limits = Limits::of(&map(&[&[Some(0.5), Some(0.5)]], true), Scale::FitToData);
        assert!(limits.low < 0.5 && limits.high > 0.5);
        assert_eq!(Limits::of(&map(&[&[None]], true), Scale::FitToData).high, 1.0);
    }

    #[test]
    fn ticks_are_round_and_within() {
        let limits = Limits { low: 0.0, high: std::f64::consts::FRAC_PI_2, higher_is_more_alike: false, fitted: false };
        assert_eq!(limits.ticks(4), [0.0, 0.5, 1.0, 1.5]);
        let limits = Limits { low: 0.0, high: 1.0, higher_is_more_alike: true, fitted: false };
        let labels: Vec<_> = limits.ticks(5).into_iter().map(|tick| tick_label(tick, 0.2)).collect();
        assert_eq!(labels, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    }

    #[test]
    fn tick_labels_have_the_decimals_of_their_step() {
        assert_eq!(tick_label(-0.25, 0.05), "\u{2212}0.25");
        assert_eq!(tick_label(-1e-17, 0.2), "0.0");
    }
}
