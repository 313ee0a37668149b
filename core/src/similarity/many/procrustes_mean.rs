//! How far the shapes of many networks are from their mean.

use faer::{Mat, Scale};

use super::aligned::{principal, rotation, times};
use super::{Group, Many};
use crate::decomposition::symmetric_eigen;
use crate::layer::{Layer, PartId, Reason};
use crate::similarity::pair::triangle::same_length;
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Prepared, Range, Samples};
use crate::steps::Steps;

/// The mean angle between the shape of each network and the mean shape of generalised Procrustes analysis.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcrustesMean;

pub(in crate::similarity) static CARD: Card = Card {
    id: "procrustes-mean",
    name: "Angle to the Procrustes mean",
    formula: "(1/K) Σᵢ arccos ⟨Xᵢ Qᵢ, M⟩ with X centred and over its norm, filled up with zeros to the same number of columns, Qᵢ the \
              rotations that maximise ‖Σᵢ Xᵢ Qᵢ‖_F, and M = Σᵢ Xᵢ Qᵢ over its norm; of each network its angle",
    summary: "How far is this layer of each network from the mean shape of all, and which network is farthest from it?",
    source: "Gower, Generalized Procrustes Analysis, Psychometrika 1975; the iteration: ten Berge, Orthogonal Procrustes Rotation for \
             Two or More Matrices, Psychometrika 1977",
    family: Family::Common,
    arity: Arity::Many,
    symmetric: true,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: std::f64::consts::FRAC_PI_2 },
    invariances: &[
        Invariance::Orthogonal,
        Invariance::IsotropicScaling,
        Invariance::Permutation,
        Invariance::Translation,
    ],
    minimum_samples: 2,
    requirement: "At least two networks, and angles on which the iteration settles in 500 rounds.",
    estimator: "Of the samples at hand: biased downwards where samples are not far more than features, as rotations fit noise. Of two networks \
                half the angle between them. The iteration rotates one network after the other to the sum of the others, from principal \
                coordinates of Σ Xᵢ Xᵢᵀ, until no angle moves by more than 1e-12; it may settle on a mean that is best only \
                nearby.",
};

/// Rounds after which the iteration is given up.
const ROUNDS: usize = 500;

/// How far an angle may still move. The mean itself need not settle: directions that only one network varies in turn freely.
const SETTLED: f64 = 1e-12;

impl Many for ProcrustesMean {
    fn needs(&self) -> &'static [PartId] {
        &[PartId::Coordinates]
    }

    fn prepare<'a>(&'a self, layer: &'a Layer, _samples: &'a Samples) -> Steps<'a, Result<Prepared, Reason>> {
        Box::pin(async { Ok(Prepared::new(principal(layer).await?)) })
    }

    fn group<'a>(&'a self, layers: &'a [&'a Prepared]) -> Steps<'a, Result<Group, Reason>> {
        Box::pin(async {
            let networks: Vec<&Mat<f64>> = layers.iter().map(|layer| layer.get()).collect::<Result<_, _>>()?;
            if networks.len() < 2 {
                return Err(Reason::FewMembers { found: networks.len() });
            }
            for pair in networks.windows(2) {
                same_length(pair[0].nrows(), pair[1].nrows())?;
            }
            let each = settled(&networks).await?;
            Ok(Group { value: each.iter().sum::<f64>() / each.len() as f64, each })
        })
    }
}

/// The angles of the networks to the mean, each turned towards the sum of the others until no angle moves.
async fn settled(networks: &[&Mat<f64>]) -> Result<Vec<f64>, Reason> {
    let start = start(networks).await?;
    let mut turned = Vec::new();
    for network in networks {
        turned.push(towards(network, &start).await?);
    }
    let mut before = angles(&turned);
    for _ in 0..ROUNDS {
        for place in 0..networks.len() {
            let others = sum(turned.iter().enumerate().filter(|&(other, _)| other != place).map(|(_, x)| x));
            turned[place] = towards(networks[place], &others).await?;
        }
        let after = angles(&turned);
        if before.iter().zip(&after).all(|(before, after)| (after - before).abs() <= SETTLED) {
            return Ok(after);
        }
        before = after;
    }
    Err(Reason::NoMean { rounds: ROUNDS })
}

/// The angles of matrices of norm 1 to their sum, from residuals, in which small angles keep their digits.
fn angles(turned: &[Mat<f64>]) -> Vec<f64> {
    let sum = sum(turned);
    let mean = &sum * Scale(1.0 / sum.norm_l2());
    turned.iter().map(|x| 2.0 * (0.5 * (x - &mean).norm_l2()).asin()).collect()
}

/// The network, rotated as near to a target as it can be.
async fn towards(network: &Mat<f64>, target: &Mat<f64>) -> Result<Mat<f64>, Reason> {
    Ok(times(network, &rotation(network, target).await?).await)
}

/// The sum of some matrices, of at least one.
fn sum<'a>(matrices: impl IntoIterator<Item = &'a Mat<f64>>) -> Mat<f64> {
    let sum = matrices.into_iter().cloned().reduce(|sum, matrix| sum + matrix);
    sum.unwrap_or_else(|| Mat::zeros(0, 0))
}

/// Principal coordinates of Σ Xᵢ Xᵢᵀ, as many as the network with the most has.
async fn start(networks: &[&Mat<f64>]) -> Result<Mat<f64>, Reason> {
    let rows = networks[0].nrows();
    let most = networks.iter().map(|network| network.ncols()).max().unwrap_or(0);
    let mut grams = Mat::zeros(rows, rows);
    for network in networks {
        grams += times(network, &network.transpose().to_owned()).await;
    }
    let (values, vectors) = symmetric_eigen(grams).await.ok_or(Reason::NotDiagonalised)?;
    Ok(Mat::from_fn(rows, most, |row, column| {
        let place = rows - 1 - column;
        // Beyond the rank of the sum an eigenvalue is rounding of either sign, and the direction is of no use.
        let root = if values[place] > 0.0 { values[place].sqrt() } else { 0.0 };
        vectors[(row, place)] * root
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::Procrustes;
    use crate::similarity::tests::sample::{generator, layer, normal, samples, value};
    use crate::steps::finish;

    fn group(layers: &[Layer]) -> Result<Group, Reason> {
        let prepare = |layer: &Layer| finish(ProcrustesMean.prepare(layer, &samples(layer.facts.samples)));
        let prepared = layers.iter().map(prepare).collect::<Result<Vec<Prepared>, Reason>>()?;
        finish(ProcrustesMean.group(&prepared.iter().collect::<Vec<_>>()))
    }

    #[test]
    fn of_two_networks_it_is_half_the_angle_between_them() {
        let random = &mut generator(41);
        for [p, q] in [[3, 3], [3, 6], [20, 30], [4, 30]] {
            let layers = [layer(&normal(random, 12 * p), p), layer(&normal(random, 12 * q), q)];
            let angle = value(&Procrustes::Angle, &layers[0], &layers[1]).unwrap();
            let found = group(&layers).unwrap();
            assert!(found.each.iter().all(|each| (each - 0.5 * angle).abs() < 1e-12), "{p} {q}: {found:?} {angle}");
        }
    }

    #[test]
    fn noisy_copies_are_near_their_mean_and_the_noisiest_is_farthest() {
        let random = &mut generator(42);
        let common = normal(random, 20 * 4);
        let mut layers: Vec<Layer> = [0.01, 0.1, 0.2, 0.6]
            .map(|amount| {
                let noise = normal(random, 20 * 4);
                layer(&common.iter().zip(noise).map(|(x, noise)| x + amount * noise).collect::<Vec<_>>(), 4)
            })
            .to_vec();
        let found = group(&layers).unwrap();
        assert!(found.each[3] > found.each[2] && found.each[3] < 0.6, "{found:?}");
        // ‖M‖ is the mean cosine: no network can be nearer to another's shape than the mean of all says.
        let cosines = found.each.iter().map(|angle| angle.cos()).sum::<f64>() / 4.0;
        let pairs = (0..4).flat_map(|i| (0..i).map(move |j| (i, j)));
        let alike: f64 = pairs.map(|(i, j)| value(&Procrustes::NormalisedBures, &layers[i], &layers[j]).unwrap()).sum();
        // ‖Σ Xᵢ Qᵢ‖² = K + 2 Σ ⟨Xᵢ Qᵢ, Xⱼ Qⱼ⟩ is at most that with the best rotation of each pair.
        assert!((4.0 * cosines).powi(2) <= 4.0 + 2.0 * alike + 1e-12, "{cosines} {alike}");
        layers.reverse();
        let reversed = group(&layers).unwrap();
        assert!((reversed.value - found.value).abs() < 1e-10);
        assert!(reversed.each.iter().rev().zip(&found.each).all(|(x, y)| (x - y).abs() < 1e-10));
        assert_eq!(group(&layers[..1]), Err(Reason::FewMembers { found: 1 }));
    }
}
