//! How consistent the similarities of samples are among networks.

use super::{Group, Many};
use crate::layer::{Layer, PartId, Reason, RowCorrelation};
use crate::similarity::pair::triangle::{dot, same_length};
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Prepared, Range, Samples};
use crate::steps::{Meter, Steps};

/// The correlation of each network's similarities of samples with the mean of those of the others.
#[derive(Debug, Clone, Copy, Default)]
pub struct RsmConsistency;

pub(in crate::similarity) static CARD: Card = Card {
    id: "rsm-consistency",
    name: "Consistency of similarity matrices",
    formula: "(1/K) Σᵢ r(Cᵢ, (1/(K−1)) Σⱼ≠ᵢ Cⱼ) with Cᵢ (n × n) the Pearson correlations between the rows of Xᵢ, and r Pearson's \
              correlation of the entries below the diagonal; of each network its term",
    summary: "How well do the other networks' similarities of samples, averaged, agree with each network's own?",
    source: "Lu, Chen, Pillow, Ramadge, Norman & Hasson, Shared Representational Geometry Across Neural Networks, NeurIPS workshop \
             2018; leaving one out: Nili, Wingfield, Walther, Su, Marslen-Wilson & Kriegeskorte, A Toolbox for Representational \
             Similarity Analysis, PLoS Computational Biology 2014",
    family: Family::Common,
    arity: Arity::Many,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: -1.0, high: 1.0 },
    invariances: &[Invariance::IsotropicScaling, Invariance::Permutation],
    minimum_samples: 3,
    requirement: "At least two networks, and at least two features in each; of two networks it is rsa-correlation-pearson.",
    estimator: "The correlation at hand of the mean of finitely many networks: more networks make the mean less noisy and the value \
                higher. Each network's mean of the others leaves it out, so that its own noise does not count as agreement.",
};

/// What is kept of a layer.
struct Similarities {
    /// The entries below the diagonal, column by column, less their mean.
    entries: Vec<f64>,
    /// The norm up to which they are rounding.
    negligible: f64,
}

impl Many for RsmConsistency {
    fn needs(&self) -> &'static [PartId] {
        &[PartId::RowCorrelation]
    }

    fn prepare<'a>(&'a self, layer: &'a Layer, _samples: &'a Samples) -> Steps<'a, Result<Prepared, Reason>> {
        Box::pin(async {
            let kept = layer.part::<RowCorrelation>()?;
            let matrix = &kept.value;
            let mut entries: Vec<f64> =
                (0..matrix.ncols()).flat_map(|column| matrix.col(column).iter().skip(column + 1).copied()).collect();
            let count = entries.len() as f64;
            let mean = entries.iter().sum::<f64>() / count;
            entries.iter_mut().for_each(|entry| *entry -= mean);
            let negligible = 8.0 * kept.precision.rounding() * count.sqrt();
            if dot(&entries, &entries).sqrt() <= negligible {
                return Err(Reason::EquallyDissimilar);
            }
            Ok(Prepared::new(Similarities { entries, negligible }))
        })
    }

    fn group<'a>(&'a self, layers: &'a [&'a Prepared]) -> Steps<'a, Result<Group, Reason>> {
        Box::pin(async {
            let networks: Vec<&Similarities> = layers.iter().map(|layer| layer.get()).collect::<Result<_, _>>()?;
            if networks.len() < 2 {
                return Err(Reason::FewMembers { found: networks.len() });
            }
            let mut total = vec![0.0; networks[0].entries.len()];
            let mut meter = Meter::default();
            for Similarities { entries, .. } in &networks {
                same_length(total.len(), entries.len())?;
                total.iter_mut().zip(entries).for_each(|(total, entry)| *total += entry);
                meter.count(entries.len()).await;
            }
            let mut each = Vec::new();
            for Similarities { entries, negligible } in &networks {
                let others: Vec<f64> = total.iter().zip(entries).map(|(total, entry)| total - entry).collect();
                let norm = dot(&others, &others).sqrt();
                if norm <= negligible * (networks.len() - 1) as f64 {
                    return Err(Reason::EquallyDissimilar);
                }
                each.push(dot(entries, &others) / (dot(entries, entries).sqrt() * norm));
                meter.count(3 * entries.len()).await;
            }
            Ok(Group { value: each.iter().sum::<f64>() / each.len() as f64, each })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{generator, layer, normal, samples, value};
    use crate::similarity::{Comparator, Distance, Rsa};
    use crate::steps::finish;

    fn group(layers: &[Layer]) -> Result<Group, Reason> {
        let prepare = |layer: &Layer| finish(RsmConsistency.prepare(layer, &samples(layer.facts.samples)));
        let prepared = layers.iter().map(prepare).collect::<Result<Vec<Prepared>, Reason>>()?;
        finish(RsmConsistency.group(&prepared.iter().collect::<Vec<_>>()))
    }

    #[test]
    fn of_two_networks_it_is_the_comparison_of_their_dissimilarities() {
        let random = &mut generator(21);
        let layers = [layer(&normal(random, 12 * 5), 5), layer(&normal(random, 12 * 7), 7)];
        let pearson = Rsa { distance: Distance::Correlation, comparator: Comparator::Pearson };
        let expected = value(&pearson, &layers[0], &layers[1]).unwrap();
        let found = group(&layers).unwrap();
        assert!(found.each.iter().chain([&found.value]).all(|r| (r - expected).abs() < 1e-14), "{found:?} {expected}");
    }

    #[test]
    fn a_network_unlike_the_others_stands_out() {
        let random = &mut generator(22);
        let common = normal(random, 12 * 5);
        let mut layers: Vec<Layer> = (0..3)
            .map(|_| {
                let noise = normal(random, 60);
                layer(&common.iter().zip(noise).map(|(x, noise)| x + 0.2 * noise).collect::<Vec<_>>(), 5)
            })
            .collect();
        layers.push(layer(&normal(random, 12 * 5), 5));
        let found = group(&layers).unwrap();
        assert!(found.each[..3].iter().all(|r| *r > 0.8) && found.each[3] < 0.4, "{found:?}");
        layers.reverse();
        let reversed = group(&layers).unwrap();
        assert!((reversed.value - found.value).abs() < 1e-14);
        assert!(reversed.each.iter().rev().zip(&found.each).all(|(x, y)| (x - y).abs() < 1e-14));
    }

    #[test]
    fn what_has_no_correlation_has_a_reason() {
        let varied = layer(&normal(&mut generator(23), 6 * 6), 6);
        let one_hot: Vec<f64> = (0..36).map(|index| if index % 7 == 0 { 1.0 } else { 0.0 }).collect();
        assert_eq!(group(&[layer(&one_hot, 6), varied.clone()]), Err(Reason::EquallyDissimilar));
        assert_eq!(group(&[varied]), Err(Reason::FewMembers { found: 1 }));
    }
}
