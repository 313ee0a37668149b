//! How well one common structure stands for the layers of many networks (STATIS).

use faer::{Mat, Side};

use super::{Group, Many};
use crate::layer::{Layer, PartId, Reason};
use crate::similarity::pair::kernel::cka;
use crate::similarity::{AnyPair, Arity, Card, Direction, Family, LinearCka, Pair, Prepared, Range, Samples};
use crate::steps::Steps;

/// The quality of the compromise of STATIS over the centred Gram matrices of K networks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Compromise;

pub(in crate::similarity) static CARD: Card = Card {
    id: "statis-compromise",
    name: "Quality of the compromise (STATIS)",
    formula: "θ₁ / K with θ₁ the largest eigenvalue of C, Cᵢⱼ = ⟨Kᵢ, Kⱼ⟩ / (‖Kᵢ‖_F ‖Kⱼ‖_F), Kᵢ = Xc,ᵢ Xc,ᵢᵀ; of each network its \
              weight αᵢ = uᵢ / Σ u, with u the eigenvector of θ₁",
    summary: "How well does one common structure stand for this layer of all networks, and which network is farthest from it?",
    source: "Abdi, Williams, Valentin & Bennani-Dosse, STATIS and DISTATIS: Optimum Multitable Principal Component Analysis \
             and Three Way Multidimensional Scaling, WIREs Computational Statistics 2012",
    family: Family::Common,
    arity: Arity::Many,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: 0.0, high: 1.0 },
    invariances: cka::INVARIANCES,
    minimum_samples: 2,
    requirement: "At least two networks, and one structure that is more common than any other.",
    estimator: "At least 1 / K. Built on biased linear CKA: unrelated layers with more features than samples come out near 1.",
};

impl Many for Compromise {
    fn needs(&self) -> &'static [PartId] {
        Pair::needs(&LinearCka)
    }

    fn prepare<'a>(&'a self, layer: &'a Layer, samples: &'a Samples) -> Steps<'a, Result<Prepared, Reason>> {
        AnyPair::prepare(&LinearCka, layer, samples)
    }

    fn group<'a>(&'a self, layers: &'a [&'a Prepared]) -> Steps<'a, Result<Group, Reason>> {
        Box::pin(async move {
            let count = layers.len();
            if count < 2 {
                return Err(Reason::FewMembers { found: count });
            }
            let block = AnyPair::map(&LinearCka, layers, layers);
            let mut cosines = Mat::zeros(count, count);
            for row in 0..count {
                for column in 0..count {
                    cosines[(row, column)] = block.get(row, column).clone()?;
                }
            }
            let eigen = cosines.self_adjoint_eigen(Side::Lower).map_err(|_| Reason::NotDiagonalised)?;
            // Eigenvalues ascend; the cosines are not negative, so neither are the entries of the last eigenvector.
            let (largest, next) = (eigen.S()[count - 1], eigen.S()[count - 2]);
            if largest - next <= 4.0 * count as f64 * f64::EPSILON * largest {
                return Err(Reason::NoCompromise);
            }
            let vector = eigen.U().col(count - 1);
            let sum: f64 = vector.iter().sum();
            Ok(Group { value: largest / count as f64, each: vector.iter().map(|entry| entry / sum).collect() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{generator, layer, normal, samples, value};
    use crate::steps::finish;

    /// Layers of one structure with noise of their own, of 3 to 5 features.
    fn layers() -> Vec<Layer> {
        let random = &mut generator(7);
        let common = normal(random, 12 * 3);
        (0..3)
            .map(|network| {
                let (features, noise) = (3 + network, normal(random, 12 * (3 + network)));
                let entry = |index: usize| common[index / features * 3 + index % features % 3] + 0.8 * noise[index];
                layer(&(0..12 * features).map(entry).collect::<Vec<_>>(), features)
            })
            .collect()
    }

    fn group(layers: &[Layer]) -> Result<Group, Reason> {
        let prepared: Vec<Prepared> =
            layers.iter().map(|layer| finish(Compromise.prepare(layer, &samples(12))).unwrap()).collect();
        finish(Compromise.group(&prepared.iter().collect::<Vec<_>>()))
    }

    #[test]
    fn of_two_networks_it_is_half_of_one_and_their_cka() {
        let layers = layers();
        let found = group(&layers[..2]).unwrap();
        let cka = value(&LinearCka, &layers[0], &layers[1]).unwrap();
        assert!((found.value - (1.0 + cka) / 2.0).abs() < 1e-14, "{found:?}, CKA {cka}");
        assert!(found.each.iter().all(|weight| (weight - 0.5).abs() < 1e-14), "{found:?}");
    }

    #[test]
    fn of_three_networks_it_is_the_largest_root_of_the_characteristic_polynomial() {
        let layers = layers();
        let found = group(&layers).unwrap();
        let cka = |i: usize, j: usize| value(&LinearCka, &layers[i], &layers[j]).unwrap();
        let (a, b, c) = (cka(0, 1), cka(0, 2), cka(1, 2));
        let squares = a * a + b * b + c * c;
        // x³ − 3x² + (3 − Σ c²) x − det, whose largest root by the trigonometric formula of Viète is:
        let (half, third) = (a * b * c, (squares / 3.0).sqrt());
        let root = 1.0 + 2.0 * third * ((half / third.powi(3)).acos() / 3.0).cos();
        assert!((found.value - root / 3.0).abs() < 1e-13, "{found:?}, root {root}");
        let weights = &found.each;
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        let first = weights[0] + a * weights[1] + b * weights[2];
        assert!((first - root * weights[0]).abs() < 1e-13);
        let reversed = group(&layers.iter().rev().cloned().collect::<Vec<_>>()).unwrap();
        assert!((reversed.value - found.value).abs() < 1e-14);
        assert!(reversed.each.iter().rev().zip(weights).all(|(x, y)| (x - y).abs() < 1e-13));
    }

    #[test]
    fn structures_that_share_nothing_have_no_compromise() {
        // Orthogonal columns: cosines of the discrete cosine transform.
        let wave = |k: usize| {
            let value = |row: usize| (std::f64::consts::PI * (row as f64 + 0.5) * k as f64 / 12.0).cos();
            layer(&(0..12).map(value).collect::<Vec<_>>(), 1)
        };
        assert_eq!(group(&[wave(1), wave(2)]), Err(Reason::NoCompromise));
        // Two that agree are the compromise, and the third weighs nothing.
        let found = group(&[wave(1), wave(1), wave(2)]).unwrap();
        assert!((found.value - 2.0 / 3.0).abs() < 1e-14, "{found:?}");
        assert!(found.each.iter().zip([0.5, 0.5, 0.0]).all(|(x, y)| (x - y).abs() < 1e-14), "{found:?}");
    }

    #[test]
    fn one_network_is_no_group() {
        assert_eq!(group(&layers()[..1]), Err(Reason::FewMembers { found: 1 }));
    }
}
