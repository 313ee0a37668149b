//! Whether the nearest neighbours that two layers have in common come in the same order.

use super::nearest::Common;
use super::{CARD, Nearest, lists, minimum};
use crate::layer::{Layer, Order, PartId, Reason};
use crate::similarity::{Card, Pair, Samples};

/// The mean over samples of how alike the ranks of their common neighbours are.
#[derive(Debug, Clone, Copy)]
pub struct RankSimilarity {
    /// k.
    pub k: usize,
}

pub(super) const WANG: &str = "Wang, Rao, Guo, Wang, Liu & Guan, Towards Understanding the Instability of Network Embedding, IEEE \
                               Transactions on Knowledge and Data Engineering 2022; Klabunde, Schumacher, Strohmaier & Lemmerich, \
                               Similarity of Neural Network Models, ACM Computing Surveys 2025";

pub(in crate::similarity) static RANK_SIMILARITY: Card = Card {
    id: "rank-similarity",
    name: "Rank similarity",
    formula: "R(X, Y) = (1/n) Σᵢ Rᵢ, Rᵢ = Σⱼ 2 / ((1 + |rⱼ − sⱼ|)(rⱼ + sⱼ)) / Σₕ 1/h, over the common neighbours j ∈ Nᵢ(X) ∩ Nᵢ(Y) and h \
              from 1 to their number, with rⱼ and sⱼ the ranks of j among the k nearest neighbours of sample i in X and in Y, from \
              1, and Rᵢ = 0 where there is no common neighbour",
    summary: "Do the nearest neighbours that both layers agree on come in the same order?",
    source: WANG,
    estimator: concat!(
        "The mean over the samples at hand. How many neighbours are common enters only through the ranks that they leave; ranks near the \
         front weigh more. ",
        lists!()
    ),
    ..CARD
};

/// Rᵢ of the common neighbours of a sample.
pub(super) fn similarity(common: &[Common]) -> f64 {
    if common.is_empty() {
        return 0.0;
    }
    let one = |&Common { first, second }: &Common| 2.0 / ((1 + first.abs_diff(second)) * (first + second)) as f64;
    let harmonic: f64 = (1..=common.len()).map(|h| 1.0 / h as f64).sum();
    common.iter().map(one).sum::<f64>() / harmonic
}

impl Pair for RankSimilarity {
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
        a.mean(b, similarity).await
    }

    fn permuted(&self, prepared: &Nearest, order: &Order) -> Option<Nearest> {
        Some(prepared.permuted(order))
    }
}
