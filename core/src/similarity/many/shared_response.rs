//! What a response that many networks share says of a network that it was not fitted to.

use faer::{Mat, Scale};

use super::aligned::{principal, rotation, times};
use super::{Group, Many};
use crate::decomposition::{LeftSvd, cross, symmetric_eigen};
use crate::layer::{Layer, PartId, Reason};
use crate::similarity::pair::triangle::same_length;
use crate::similarity::{Arity, Card, Chosen, Direction, Family, Invariance, Parameter, Prepared, Range, Samples};
use crate::steps::{self, Steps};

/// The shared response model of many networks, Xᵢ ≈ S Wᵢᵀ with WᵢᵀWᵢ = I, and how much of the variance of each network the
/// response shared by the others explains.
///
/// # Shapes
/// Xᵢ: n × pᵢ, centred and of one norm; S: n × k; Wᵢ: pᵢ × k.
///
/// # Numerical behaviour
/// Wᵢ lies in the row space of Xᵢ, so that n × rᵢ principal coordinates stand for Xᵢ, with rᵢ its rank. Residuals are computed as
/// such, and the noise of the probabilistic model from them, so that it is never negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SharedResponse {
    /// What S is.
    pub model: ResponseModel,
    /// The number of features k of S; where it is open, 50 or the rank of the layer with the lowest.
    pub features: Option<usize>,
    /// How often S and all Wᵢ are improved.
    pub iterations: usize,
}

/// What the shared response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseModel {
    /// The mean of Xᵢ Wᵢ, which minimises Σ ‖Xᵢ − S Wᵢᵀ‖²_F.
    Deterministic,
    /// The posterior mean of normal responses under normal noise, by expectation maximisation.
    Probabilistic,
}

/// The usual number of features of the response, and the usual number of iterations: those of BrainIAK.
const FEATURES: usize = 50;
const ITERATIONS: usize = 10;

const SOURCE: &str = "Chen, Chen, Yeshurun, Hasson, Haxby & Ramadge, A Reduced-Dimension fMRI Shared Response Model, NIPS 2015; of \
                      networks: Lu, Chen, Pillow, Ramadge, Norman & Hasson, Shared Representational Geometry Across Neural Networks, \
                      NeurIPS workshop 2018";

const REQUIREMENT: &str = "At least two networks, whose layers vary in at least as many directions as S has features.";

const INVARIANCES: &[Invariance] =
    &[Invariance::Orthogonal, Invariance::IsotropicScaling, Invariance::Permutation, Invariance::Translation];

pub(in crate::similarity) static DETERMINISTIC: Card = Card {
    id: "srm-deterministic",
    name: "Shared response model, deterministic",
    formula: "(1/K) Σᵢ Rᵢ with Rᵢ = 1 − min_W ‖Xᵢ − S₋ᵢ Wᵀ‖²_F / ‖Xᵢ‖²_F over WᵀW = I, where S₋ᵢ (n × k) minimises Σ ‖Xⱼ − S Wⱼᵀ‖²_F over S \
              and WⱼᵀWⱼ = I for the networks j ≠ i; X centred and over its norm",
    summary: "How much of the variance of this layer of a network does a response explain that the other networks share?",
    source: SOURCE,
    family: Family::Common,
    arity: Arity::Many,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: -1.0, high: 1.0 },
    invariances: INVARIANCES,
    minimum_samples: 2,
    requirement: REQUIREMENT,
    estimator: "Each network is left out of the response once, and rotated to it on the samples at hand: unrelated layers come out high \
                where features are more than samples (0.93 of four layers of 20 normal samples with 100 features) and below 0 where \
                samples are far more (−0.28 of 1,000 with 10). At most the share of variance in k \
                directions. Centred and over its norm, so that each network counts the same; other programs take what they are \
                given. The iteration starts from the first k left singular vectors of the networks' first k principal coordinates side \
                by side, where others start at random, so that neither the order of samples nor a rotation changes the value.",
};

pub(in crate::similarity) static PROBABILISTIC: Card = Card {
    id: "srm-probabilistic",
    name: "Shared response model, probabilistic",
    formula: "(1/K) Σᵢ Rᵢ with Rᵢ = 1 − min_W ‖Xᵢ − S₋ᵢ Wᵀ‖²_F / ‖Xᵢ‖²_F over WᵀW = I, where S₋ᵢ (n × k) is the posterior mean of s in the model \
              xⱼ = Wⱼ s + e, s ~ N(0, Σ), e ~ N(0, ρⱼ² I), WⱼᵀWⱼ = I of the networks j ≠ i; X centred, ‖X‖²_F = n k",
    summary: "How much of the variance of this layer of a network does a response explain that the other networks share, of which \
              they say how noisy they are?",
    source: SOURCE,
    family: Family::Common,
    arity: Arity::Many,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: f64::NEG_INFINITY, high: 1.0 },
    invariances: INVARIANCES,
    minimum_samples: 2,
    requirement: REQUIREMENT,
    estimator: "As srm-deterministic, with so many steps of expectation maximisation, from Σ = I and ρ = 1, and the response of the last \
                of them. The posterior mean is drawn towards zero, so that equal layers come out below 1.",
};

pub(in crate::similarity) static PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "features",
        summary: "The number of features k of the shared response; where it is not given, 50 or as many as the layer with the \
                  fewest directions of variation has.",
        default: None,
        range: (1.0, 1_000_000.0),
        whole: true,
    },
    Parameter {
        name: "iterations",
        summary: "How often the response and the maps are improved in turn; usually 10.",
        default: Some(ITERATIONS as f64),
        range: (1.0, 1_000_000.0),
        whole: true,
    },
];

impl SharedResponse {
    /// With parameters as they were chosen.
    pub(in crate::similarity) fn chosen(model: ResponseModel, chosen: &Chosen) -> Self {
        let whole = |place: usize| chosen.get(place).map(|value| value as usize);
        Self { model, features: whole(0), iterations: whole(1).unwrap_or(ITERATIONS) }
    }

    /// The number of features for these layers.
    fn features(&self, networks: &[&Network]) -> Result<usize, Reason> {
        let rank = networks.iter().map(|network| network.coordinates.ncols()).min().unwrap_or(0);
        match self.features {
            None => Ok(rank.min(FEATURES)),
            Some(needed) if needed <= rank => Ok(needed),
            Some(needed) => Err(Reason::RankDeficient { needed, found: rank }),
        }
    }

    /// The part of the variance of a network that the response shared by the others explains.
    async fn explained(&self, network: &Network, others: Vec<&Network>, features: usize) -> Result<f64, Reason> {
        let start = start(&others, features).await?;
        let scale = match self.model {
            ResponseModel::Deterministic => 1.0,
            ResponseModel::Probabilistic => ((network.coordinates.nrows() * features) as f64).sqrt(),
        };
        let response = match self.model {
            ResponseModel::Deterministic => deterministic(&others, start, self.iterations).await?,
            ResponseModel::Probabilistic => probabilistic(&others, &start, self.iterations, scale).await?,
        };
        let x = &network.coordinates * Scale(scale);
        let map = rotation(&x, &response).await?;
        Ok(1.0 - residual(&x, &response, &map).await / (scale * scale))
    }
}

/// What is kept of a layer.
struct Network {
    /// n × r, of norm 1.
    coordinates: Mat<f64>,
    /// The number of features p.
    features: usize,
}

impl Many for SharedResponse {
    fn needs(&self) -> &'static [PartId] {
        &[PartId::Coordinates]
    }

    fn prepare<'a>(&'a self, layer: &'a Layer, _samples: &'a Samples) -> Steps<'a, Result<Prepared, Reason>> {
        Box::pin(async {
            let coordinates = principal(layer).await?;
            Ok(Prepared::new(Network { coordinates, features: layer.facts.features }))
        })
    }

    fn group<'a>(&'a self, layers: &'a [&'a Prepared]) -> Steps<'a, Result<Group, Reason>> {
        Box::pin(async move {
            let networks: Vec<&Network> = layers.iter().map(|layer| layer.get()).collect::<Result<_, _>>()?;
            if networks.len() < 2 {
                return Err(Reason::FewMembers { found: networks.len() });
            }
            for pair in networks.windows(2) {
                same_length(pair[0].coordinates.nrows(), pair[1].coordinates.nrows())?;
            }
            let features = self.features(&networks)?;
            let leave_out = |out: usize| -> Steps<'_, Result<f64, Reason>> {
                let others = networks.iter().enumerate().filter(|&(place, _)| place != out).map(|(_, other)| *other);
                Box::pin(self.explained(networks[out], others.collect(), features))
            };
            let each = steps::all((0..networks.len()).map(leave_out).collect()).await;
            let each: Vec<f64> = each.into_iter().collect::<Result<_, _>>()?;
            Ok(Group { value: each.iter().sum::<f64>() / each.len() as f64, each })
        })
    }
}

/// The response that the iteration starts from, n × k: of the networks' first k principal coordinates side by side the first k
/// left singular vectors times their singular values.
async fn start(networks: &[&Network], features: usize) -> Result<Mat<f64>, Reason> {
    let rows = networks[0].coordinates.nrows();
    let beside = Mat::from_fn(rows, features * networks.len(), |row, column| {
        networks[column / features].coordinates[(row, column % features)]
    });
    let LeftSvd { u, values } = LeftSvd::of(beside.as_ref()).await?;
    Ok(Mat::from_fn(rows, features, |row, column| u[(row, column)] * values[column]))
}

/// The deterministic shared response.
async fn deterministic(networks: &[&Network], start: Mat<f64>, iterations: usize) -> Result<Mat<f64>, Reason> {
    let mut response = start;
    for _ in 0..iterations {
        let mut sum = Mat::zeros(response.nrows(), response.ncols());
        for Network { coordinates, .. } in networks {
            let map = rotation(coordinates, &response).await?;
            sum += times(coordinates, &map).await;
        }
        response = sum * Scale(1.0 / networks.len() as f64);
    }
    Ok(response)
}

/// The probabilistic shared response of the last step of expectation maximisation, of layers times a scale.
async fn probabilistic(
    networks: &[&Network],
    start: &Mat<f64>,
    iterations: usize,
    scale: f64,
) -> Result<Mat<f64>, Reason> {
    let (rows, features) = start.shape();
    let layers: Vec<Mat<f64>> = networks.iter().map(|network| &network.coordinates * Scale(scale)).collect();
    let mut maps = Vec::new();
    for x in &layers {
        maps.push(rotation(x, start).await?);
    }
    let mut noise = vec![1.0; networks.len()];
    let mut covariance = Mat::<f64>::identity(features, features);
    let mut response = Mat::zeros(rows, features);
    for _ in 0..iterations {
        // The posterior covariance (Σ⁻¹ + Σ ρᵢ⁻² I)⁻¹, in the eigenvectors of Σ.
        let precision: f64 = noise.iter().map(|noise: &f64| noise.recip()).sum();
        if !precision.is_finite() {
            return Err(Reason::NotFinite { value: precision.to_string() });
        }
        let (values, vectors) = symmetric_eigen(covariance).await.ok_or(Reason::NotDiagonalised)?;
        let posterior: Vec<f64> = values.iter().map(|value| value / (1.0 + precision * value)).collect();
        let weighted = Mat::from_fn(features, features, |i, j| vectors[(i, j)] * posterior[j]);
        let posterior_covariance = times(&weighted, &vectors.transpose().to_owned()).await;
        let trace: f64 = posterior.iter().sum();
        let mut evidence = Mat::zeros(rows, features);
        for ((x, map), noise) in layers.iter().zip(&maps).zip(&noise) {
            evidence += times(x, map).await * Scale(noise.recip());
        }
        response = times(&evidence, &posterior_covariance).await;
        covariance = posterior_covariance + cross(&response, &response).await * Scale(1.0 / rows as f64);
        for (((x, map), noise), network) in layers.iter().zip(&mut maps).zip(&mut noise).zip(networks) {
            *map = rotation(x, &response).await?;
            let squares = residual(x, &response, map).await + rows as f64 * trace;
            *noise = squares / (rows * network.features) as f64;
        }
    }
    Ok(response)
}

/// ‖X − S Wᵀ‖²_F.
async fn residual(x: &Mat<f64>, response: &Mat<f64>, map: &Mat<f64>) -> f64 {
    (x - times(response, &map.transpose().to_owned()).await).squared_norm_l2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{generator, layer, normal, samples};
    use crate::steps::finish;

    const MODELS: [ResponseModel; 2] = [ResponseModel::Deterministic, ResponseModel::Probabilistic];

    fn usual(model: ResponseModel) -> SharedResponse {
        SharedResponse { model, features: None, iterations: ITERATIONS }
    }

    fn group(measure: &SharedResponse, layers: &[Layer]) -> Result<Group, Reason> {
        let prepare = |layer: &Layer| finish(measure.prepare(layer, &samples(layer.facts.samples)));
        let prepared = layers.iter().map(prepare).collect::<Result<Vec<Prepared>, Reason>>()?;
        finish(measure.group(&prepared.iter().collect::<Vec<_>>()))
    }

    /// `rows` × `features` times a random rotation of its features.
    fn rotated(values: &[f64], features: usize, seed: u64) -> Vec<f64> {
        let random = normal(&mut generator(seed), features * features);
        let q = Mat::from_fn(features, features, |i, j| random[i * features + j]).qr().compute_Q();
        let x = Mat::from_fn(values.len() / features, features, |i, j| values[i * features + j]) * q;
        (0..values.len()).map(|index| x[(index / features, index % features)]).collect()
    }

    #[test]
    fn rotated_copies_are_explained_in_full() {
        let values = normal(&mut generator(1), 30 * 6);
        let layers: Vec<Layer> = (0..4).map(|seed| layer(&rotated(&values, 6, seed), 6)).collect();
        let found = group(&usual(ResponseModel::Deterministic), &layers).unwrap();
        assert!(found.each.iter().chain([&found.value]).all(|part| (part - 1.0).abs() < 1e-13), "{found:?}");
        // Each step takes the noise down, and with it what the posterior mean is short of.
        let part = |iterations| {
            let measure = SharedResponse { iterations, ..usual(ResponseModel::Probabilistic) };
            group(&measure, &layers).unwrap().value
        };
        let found = [1, 10, 40].map(part);
        assert!(found.is_sorted() && found[1] > 0.99 && found[2] > 1.0 - 1e-10 && found[2] <= 1.0, "{found:?}");
    }

    /// Of two networks the response is the other one's principal components.
    #[test]
    fn fewer_features_explain_the_variance_of_as_many_components() {
        // Orthogonal columns of variances 4, 2, 1: cosines of the discrete cosine transform.
        let wave = |row: usize, k: usize| (std::f64::consts::PI * (row as f64 + 0.5) * k as f64 / 16.0).cos();
        let values: Vec<f64> =
            (0..16).flat_map(|row| [2.0 * wave(row, 1), 2.0_f64.sqrt() * wave(row, 2), wave(row, 3)]).collect();
        let layers = [layer(&values, 3), layer(&rotated(&values, 3, 5), 3)];
        for (features, part) in [(1, 4.0 / 7.0), (2, 6.0 / 7.0), (3, 1.0)] {
            let measure = SharedResponse { features: Some(features), ..usual(ResponseModel::Deterministic) };
            let found = group(&measure, &layers).unwrap();
            assert!((found.value - part).abs() < 1e-13, "{features}: {found:?}");
        }
        for model in MODELS {
            let measure = SharedResponse { features: Some(4), ..usual(model) };
            assert_eq!(group(&measure, &layers), Err(Reason::RankDeficient { needed: 4, found: 3 }));
            assert_eq!(group(&usual(model), &layers[..1]), Err(Reason::FewMembers { found: 1 }));
        }
    }

    #[test]
    fn the_order_of_networks_and_the_rotation_of_one_change_nothing() {
        let random = &mut generator(3);
        let common = normal(random, 20 * 4);
        let noisy: Vec<Vec<f64>> = (0..4)
            .map(|network| {
                let noise = normal(random, 20 * 4);
                let amount = 0.2 + 0.3 * f64::from(network);
                common.iter().zip(noise).map(|(common, noise)| common + amount * noise).collect()
            })
            .collect();
        let layers: Vec<Layer> = noisy.iter().map(|values| layer(values, 4)).collect();
        let turned: Vec<Layer> =
            noisy.iter().enumerate().rev().map(|(seed, values)| layer(&rotated(values, 4, seed as u64), 4)).collect();
        for model in MODELS {
            let (found, other) = (group(&usual(model), &layers).unwrap(), group(&usual(model), &turned).unwrap());
            assert!((found.value - other.value).abs() < 1e-11, "{model:?}: {found:?} {other:?}");
            assert!(
                found.each.iter().rev().zip(&other.each).all(|(x, y)| (x - y).abs() < 1e-10),
                "{found:?} {other:?}"
            );
            assert!(found.each[0] > found.each[3] && found.value < 1.0, "{model:?}: {found:?}");
        }
    }
}
