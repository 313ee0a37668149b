//! The Jaccard index of the nearest neighbours times the similarity of their ranks.

use super::{CARD, Nearest, jaccard, lists, minimum, rank_similarity};
use crate::layer::{Layer, Order, PartId, Reason};
use crate::similarity::{Card, Pair, Samples};

/// The mean over samples of the product of [`super::Jaccard`] and [`super::RankSimilarity`].
#[derive(Debug, Clone, Copy)]
pub struct JointRankJaccard {
    /// k.
    pub k: usize,
}

pub(in crate::similarity) static JOINT_RANK_JACCARD: Card = Card {
    id: "joint-rank-jaccard",
    name: "Joint rank and Jaccard",
    formula: "(1/n) Σᵢ Jᵢ Rᵢ, with Jᵢ = |Nᵢ(X) ∩ Nᵢ(Y)| / |Nᵢ(X) ∪ Nᵢ(Y)|, Nᵢ the k nearest neighbours of sample i, and Rᵢ = Σⱼ 2 / ((1 + \
              |rⱼ − sⱼ|)(rⱼ + sⱼ)) / Σₕ 1/h over the common neighbours j and h from 1 to their number, rⱼ and sⱼ their ranks from 1, \
              and Rᵢ = 0 where there is none",
    summary: "Do both layers find the same nearest neighbours of each sample, in the same order?",
    source: rank_similarity::WANG,
    estimator: concat!(
        "The mean over the samples at hand of a product for each sample; it is not the product of the two means. ",
        lists!()
    ),
    ..CARD
};

impl Pair for JointRankJaccard {
    type Prepared = Nearest;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::RowCosine]
    }

    fn minimum_samples(&self) -> Option<usize> {
        Some(minimum(self.k))
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Nearest, Reason> {
        Nearest::of(layer, self.k).await
    }

    async fn compare(&self, a: &Nearest, b: &Nearest) -> Result<f64, Reason> {
        a.mean(b, |common| jaccard::index(common.len(), self.k) * rank_similarity::similarity(common)).await
    }

    fn permuted(&self, prepared: &Nearest, order: &Order) -> Option<Nearest> {
        Some(prepared.permuted(order))
    }
}
