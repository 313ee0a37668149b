//! Correlations between units that are matched with each other.

use faer::{Mat, Scale};

use super::assignment::best;
use super::{LIMIT, few_enough};
use crate::decomposition::cross;
use crate::layer::{Layer, Order, PartId, Reason, UnitValues};
use crate::similarity::pair::triangle::same_length;
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Pair, Range, Samples};

/// How units are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorrelationMatch {
    /// One to one.
    Hard,
    /// Each with the one that it correlates with most, whether or not others do too.
    Soft,
}

pub(in crate::similarity) static HARD: Card = Card {
    id: "hard-correlation-match",
    name: "Correlation of units, one to one",
    formula: "r(X, Y) = (1/k) max_M Σ₍ᵢⱼ₎ corr(xᵢ, yⱼ), with the (i, j) of M pairs of a unit of X and a unit of Y, no unit in two of them, and k \
              the smaller number of units",
    summary: "How strongly do the units of the two layers correlate when each has a partner of its own?",
    estimator: "Correlations in the sample, signed: biased upwards, as the best of many. Matched exactly, by shortest augmenting paths; the time \
                grows with the cube of the units. Units that are constant correlate with nothing and are left out.",
    ..COMMON
};

pub(in crate::similarity) static SOFT: Card = Card {
    id: "soft-correlation-match",
    name: "Correlation of units, best for each",
    formula: "r(X, Y) = ½ ((1/p) Σᵢ maxⱼ corr(xᵢ, yⱼ) + (1/q) Σⱼ maxᵢ corr(xᵢ, yⱼ)), with xᵢ and yⱼ the p units of X and the q of Y",
    summary: "How strongly does each unit of either layer correlate with the unit of the other that suits it best?",
    estimator: "Correlations in the sample, signed: biased upwards, as the best of many. The mean of both directions. Units that are constant \
                correlate with nothing and are left out.",
    ..COMMON
};

/// What the cards have in common.
const COMMON: Card = Card {
    id: "",
    name: "",
    formula: "",
    summary: "",
    source: "Li, Yosinski, Clune, Lipson & Hopcroft, Convergent Learning: Do Different Neural Networks Learn the Same Representations?, \
             ICLR 2016",
    family: Family::Units,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: -1.0, high: 1.0 },
    invariances: &[Invariance::IsotropicScaling, Invariance::Permutation, Invariance::Translation],
    minimum_samples: 3,
    requirement: "at most 2,048 units a layer, because the time to match them grows with their cube",
    estimator: "",
};

impl Pair for CorrelationMatch {
    /// The units that vary, each of length 1.
    type Prepared = Mat<f64>;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Units]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Mat<f64>, Reason> {
        let units = &layer.part::<UnitValues>()?.value.values;
        few_enough(layer, LIMIT)?;
        let varies = |&unit: &usize| units.col(unit).iter().any(|value| *value != units[(0, unit)]);
        let varying: Vec<usize> = (0..units.ncols()).filter(varies).collect();
        if varying.is_empty() {
            return Err(Reason::Constant);
        }
        let mut kept = Mat::from_fn(units.nrows(), varying.len(), |row, place| units[(row, varying[place])]);
        for mut column in kept.col_iter_mut() {
            let largest = column.norm_max();
            column *= Scale(1.0 / largest);
            let length = column.norm_l2();
            column *= Scale(1.0 / length);
        }
        Ok(kept)
    }

    async fn compare(&self, a: &Mat<f64>, b: &Mat<f64>) -> Result<f64, Reason> {
        same_length(a.nrows(), b.nrows())?;
        let correlations = cross(a, b).await;
        match self {
            Self::Hard => {
                let pairs = best(&correlations).await;
                let sum: f64 = pairs.iter().map(|&(i, j)| correlations[(i, j)]).sum();
                Ok(sum / pairs.len() as f64)
            }
            Self::Soft => {
                let (rows, columns) = correlations.shape();
                let largest =
                    |values: &mut dyn Iterator<Item = &f64>| values.copied().fold(f64::NEG_INFINITY, f64::max);
                let forth: f64 = correlations.row_iter().map(|row| largest(&mut row.iter())).sum();
                let back: f64 = correlations.col_iter().map(|column| largest(&mut column.iter())).sum();
                Ok(0.5 * (forth / rows as f64 + back / columns as f64))
            }
        }
    }

    fn bootstraps(&self) -> bool {
        true
    }

    fn permuted(&self, prepared: &Mat<f64>, order: &Order) -> Option<Mat<f64>> {
        Some(order.rows(prepared))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{generator, layer, normal, value};

    #[test]
    fn the_same_units_match_in_any_order_and_size_each() {
        let values = normal(&mut generator(62), 20 * 4);
        // Reversed, each in a unit of its own, and one that is constant.
        let turned: Vec<f64> =
            values.chunks(4).flat_map(|row| [9.0, 3.0 * row[3] - 1.0, row[2], 0.1 * row[1], row[0] + 5.0]).collect();
        for measure in [CorrelationMatch::Hard, CorrelationMatch::Soft] {
            let found = value(&measure, &layer(&values, 4), &layer(&turned, 5)).unwrap();
            assert!((found - 1.0).abs() < 1e-14, "{measure:?}: {found}");
        }
    }

    #[test]
    fn a_unit_that_suits_two_has_one_partner_or_both() {
        // Both units of the first layer are the first one of the second; its other one is orthogonal to them.
        let x = layer(&[1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0], 2);
        let y = layer(&[1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0], 2);
        assert!((value(&CorrelationMatch::Hard, &x, &y).unwrap() - 0.5).abs() < 1e-15);
        // All of X suits; of Y one unit does and one does not.
        assert!((value(&CorrelationMatch::Soft, &x, &y).unwrap() - 0.75).abs() < 1e-15);
    }

    #[test]
    fn more_units_than_can_be_matched_have_a_reason() {
        let wide = layer(&normal(&mut generator(63), 3 * 2_049), 2_049);
        let reason = value(&CorrelationMatch::Hard, &wide, &wide).unwrap_err();
        assert_eq!(reason, Reason::TooManyUnits { limit: 2_048, found: 2_049 });
    }
}
