//! How well each unit of a network follows the same unit of the others.

use faer::{Mat, Scale};

use super::{Group, Many};
use crate::layer::{Layer, PartId, Reason, UnitValues};
use crate::similarity::pair::triangle::same_length;
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Prepared, Range, Samples};
use crate::steps::{Meter, Steps};

/// The inter-subject correlation of corresponding units, with one network left out at a time.
#[derive(Debug, Clone, Copy, Default)]
pub struct InterSubjectCorrelation;

pub(in crate::similarity) static CARD: Card = Card {
    id: "isc",
    name: "Inter-subject correlation",
    formula: "(1/(K m)) Σᵢ Σᵤ r(zᵢᵤ, Σⱼ≠ᵢ zⱼᵤ) with zᵢᵤ the values of unit u of network i on the samples, centred and over their norm, and r \
              Pearson's correlation; of each network its mean over the m units",
    summary: "How well does each unit follow the same unit of the other networks, averaged?",
    source: "Hasson, Nir, Levy, Fuhrmann & Malach, Intersubject Synchronization of Cortical Activity During Natural Vision, Science \
             2004; leaving one out: Nastase, Gazzola, Hasson & Keysers, Measuring Shared Responses Across Subjects Using Intersubject \
             Correlation, Social Cognitive and Affective Neuroscience 2019",
    family: Family::Common,
    arity: Arity::Many,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: -1.0, high: 1.0 },
    // Of one of the layers.
    invariances: &[Invariance::IsotropicScaling, Invariance::Translation],
    minimum_samples: 3,
    requirement: "At least two networks whose layers have the same number of units, and unit u is the same in each: checkpoints of one \
                  training, or networks from the same initial weights. A convolution's units are channels at places.",
    estimator: "The mean of the correlations at hand, without Fisher's transformation; of more than 4,096 units as many, chosen by a seed. \
                Units that are constant in a network are left out of all. Units are standardised before they are averaged, so that each \
                network counts the same. More networks make the mean of the others less noisy and the value higher.",
};

/// What is kept of a layer.
struct Standardised {
    /// n × u, columns centred and of norm 1; zeros where the unit is constant.
    values: Mat<f64>,
    /// Which units vary.
    varies: Vec<bool>,
    /// How many units the layer has.
    features: usize,
}

impl Many for InterSubjectCorrelation {
    fn needs(&self) -> &'static [PartId] {
        &[PartId::Units]
    }

    fn prepare<'a>(&'a self, layer: &'a Layer, _samples: &'a Samples) -> Steps<'a, Result<Prepared, Reason>> {
        Box::pin(async {
            let kept = layer.part::<UnitValues>()?;
            let largest = kept.value.values.norm_max();
            if largest == 0.0 {
                return Err(Reason::NoCommonUnit);
            }
            let mut values = &kept.value.values * Scale(1.0 / largest);
            let norms: Vec<f64> = values.col_iter().map(|column| column.norm_l2()).collect();
            let greatest = norms.iter().copied().fold(0.0, f64::max);
            let negligible = values.nrows() as f64 * kept.precision.rounding() * greatest;
            let varies: Vec<bool> = norms.iter().map(|&norm| norm > negligible).collect();
            for ((mut column, norm), varies) in values.col_iter_mut().zip(norms).zip(&varies) {
                column *= Scale(if *varies { 1.0 / norm } else { 0.0 });
            }
            Ok(Prepared::new(Standardised { values, varies, features: layer.facts.features }))
        })
    }

    fn group<'a>(&'a self, layers: &'a [&'a Prepared]) -> Steps<'a, Result<Group, Reason>> {
        Box::pin(async {
            let networks: Vec<&Standardised> = layers.iter().map(|layer| layer.get()).collect::<Result<_, _>>()?;
            let Some((first, others)) = networks.split_first().filter(|(_, others)| !others.is_empty()) else {
                return Err(Reason::FewMembers { found: networks.len() });
            };
            for other in others {
                same_length(first.values.nrows(), other.values.nrows())?;
                let (first, second) = (first.features, other.features);
                if first != second {
                    return Err(Reason::DifferentUnits { first, second });
                }
            }
            let mut sums = vec![0.0; networks.len()];
            let mut units = 0;
            let mut meter = Meter::default();
            for unit in 0..first.varies.len() {
                if let Some(correlations) = of_unit(unit, &networks) {
                    units += 1;
                    sums.iter_mut().zip(correlations).for_each(|(sum, correlation)| *sum += correlation);
                }
                meter.count(3 * networks.len() * first.values.nrows()).await;
            }
            if units == 0 {
                return Err(Reason::NoCommonUnit);
            }
            let each: Vec<f64> = sums.iter().map(|sum| sum / f64::from(units)).collect();
            Ok(Group { value: each.iter().sum::<f64>() / each.len() as f64, each })
        })
    }
}

/// The correlations of a unit of each network with the sum of that of the others; [`None`] where one does not exist.
fn of_unit(unit: usize, networks: &[&Standardised]) -> Option<Vec<f64>> {
    if !networks.iter().all(|network| network.varies[unit]) {
        return None;
    }
    let rows = networks[0].values.nrows();
    let total: Vec<f64> =
        (0..rows).map(|row| networks.iter().map(|network| network.values[(row, unit)]).sum()).collect();
    let correlation = |network: &&Standardised| {
        let own = network.values.col(unit);
        let others: Vec<f64> = total.iter().zip(own.iter()).map(|(total, own)| total - own).collect();
        let norm = others.iter().map(|value| value * value).sum::<f64>().sqrt();
        // The others cancel each other.
        let negligible = 4.0 * f64::EPSILON * (networks.len() * rows) as f64;
        (norm > negligible).then(|| own.iter().zip(&others).map(|(own, other)| own * other / norm).sum())
    };
    networks.iter().map(correlation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{generator, layer, normal, samples};
    use crate::steps::finish;

    fn group(layers: &[Layer]) -> Result<Group, Reason> {
        let prepare = |layer: &Layer| finish(InterSubjectCorrelation.prepare(layer, &samples(layer.facts.samples)));
        let prepared = layers.iter().map(prepare).collect::<Result<Vec<Prepared>, Reason>>()?;
        finish(InterSubjectCorrelation.group(&prepared.iter().collect::<Vec<_>>()))
    }

    /// Columns that are orthogonal and of one norm: cosines of the discrete cosine transform.
    fn waves(parts: &[&[(usize, f64)]]) -> Layer {
        let wave = |row: usize, k: usize| (std::f64::consts::PI * (row as f64 + 0.5) * k as f64 / 12.0).cos();
        let entry = |row: usize, unit: &[(usize, f64)]| unit.iter().map(|&(k, part)| part * wave(row, k)).sum::<f64>();
        let values: Vec<f64> = (0..12).flat_map(|row| parts.iter().map(move |unit| entry(row, unit))).collect();
        layer(&values, parts.len())
    }

    #[test]
    fn three_networks_by_hand() {
        // z = e₁, e₁, e₂ of the first unit; e₁, e₂, e₃ of the second.
        let layers = [
            waves(&[&[(1, 1.0)], &[(1, 5.0)]]),
            waves(&[&[(1, 3.0)], &[(2, 1.0)]]),
            waves(&[&[(2, 1.0)], &[(3, 1.0)]]),
        ];
        let found = group(&layers).unwrap();
        // e₁ with e₁ + e₂ is 1/√2; e₂ with 2 e₁ is 0; and no two of the second unit have anything in common.
        let half = 0.5 * std::f64::consts::FRAC_1_SQRT_2;
        let expected = [half, half, 0.0];
        assert!(found.each.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-15), "{found:?}");
        assert!((found.value - 2.0 * half / 3.0).abs() < 1e-15);
    }

    #[test]
    fn constant_units_are_left_out_and_others_not_found_have_a_reason() {
        let live: &[(usize, f64)] = &[(1, 1.0)];
        let dead: &[(usize, f64)] = &[(0, 0.3)];
        let found = group(&[waves(&[live, dead]), waves(&[live, live])]).unwrap();
        assert!((found.value - 1.0).abs() < 1e-15, "{found:?}");
        assert_eq!(group(&[waves(&[live, dead]), waves(&[dead, live])]), Err(Reason::NoCommonUnit));
        assert_eq!(group(&[waves(&[live]), waves(&[live, live])]), Err(Reason::DifferentUnits { first: 1, second: 2 }));
        assert_eq!(group(&[waves(&[live])]), Err(Reason::FewMembers { found: 1 }));
        // Two that are opposite have no mean.
        let opposite = [waves(&[live]), waves(&[&[(1, -1.0)]]), waves(&[live])];
        assert_eq!(group(&opposite), Err(Reason::NoCommonUnit));
    }

    #[test]
    fn the_order_of_networks_does_not_matter() {
        let random = &mut generator(31);
        let mut layers: Vec<Layer> = (0..4).map(|_| layer(&normal(random, 60), 5)).collect();
        let found = group(&layers).unwrap();
        layers.reverse();
        let reversed = group(&layers).unwrap();
        assert!((reversed.value - found.value).abs() < 1e-14);
        assert!(reversed.each.iter().rev().zip(&found.each).all(|(x, y)| (x - y).abs() < 1e-14));
    }
}
