//! Measures of the nearest neighbours: whether two layers find the same samples near each sample.
//!
//! How near two samples are is the cosine of the angle between their rows, which are not centred.

pub(in crate::similarity) mod cknna;
pub(in crate::similarity) mod cycle_knn;
pub(in crate::similarity) mod jaccard;
pub(in crate::similarity) mod joint_rank_jaccard;
pub(in crate::similarity) mod mutual_knn;
mod nearest;
pub(in crate::similarity) mod rank_similarity;
pub(in crate::similarity) mod second_order_cosine;

use crate::similarity::{Arity, Card, Chosen, Direction, Family, Invariance, Parameter, Range};

pub use cknna::Cknna;
pub use cycle_knn::CycleKnn;
pub use jaccard::Jaccard;
pub use joint_rank_jaccard::JointRankJaccard;
pub use mutual_knn::MutualKnn;
use nearest::Nearest;
pub use rank_similarity::RankSimilarity;
pub use second_order_cosine::{Profile, SecondOrderCosine};

/// The usual number of neighbours.
const USUAL: usize = 10;

/// The parameters of the measures of this family.
pub(in crate::similarity) const PARAMETERS: &[Parameter] = &[Parameter {
    name: "k",
    summary: "How many nearest neighbours of each sample are looked at.",
    default: Some(USUAL as f64),
    range: (1.0, 1e6),
    whole: true,
}];

/// The chosen number of neighbours.
pub(in crate::similarity) fn k(chosen: &Chosen) -> usize {
    chosen.get(0).map_or(USUAL, |k| k as usize)
}

/// The fewest samples of which k neighbours are not all the others.
const fn minimum(k: usize) -> usize {
    k.saturating_add(2)
}

/// What the cards have in common.
const CARD: Card = Card {
    id: "",
    name: "",
    formula: "",
    summary: "",
    source: "",
    family: Family::Neighbours,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: 0.0, high: 1.0 },
    invariances: &[Invariance::Orthogonal, Invariance::IsotropicScaling, Invariance::Permutation],
    minimum_samples: minimum(USUAL),
    requirement: "at least k + 2 samples, none of them zero in every feature, and of the k nearest of all samples no more than half \
                  undecided by ties",
    estimator: "",
};

/// What the lists of neighbours are: part of the cards' estimators.
macro_rules! lists {
    () => {
        "Nearest are those of the largest cosine ⟨xᵢ, xⱼ⟩ / (‖xᵢ‖ ‖xⱼ‖), j ≠ i. Cosines that differ by no more than rounding are ties, \
         which come in the order of the samples; samples that coincide, or lie on one ray, are such ties. That order is the \
         same in both layers and raises the value, while permuted samples do not share it."
    };
}

use lists;

#[cfg(test)]
mod tests;
