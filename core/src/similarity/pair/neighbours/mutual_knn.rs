//! The share of nearest neighbours that two layers have in common.

use super::{CARD, Nearest, lists, minimum};
use crate::layer::{Layer, Order, PartId, Reason};
use crate::similarity::{Card, Pair, Samples};

/// The mean share of the k nearest neighbours of a sample that it has in both layers.
#[derive(Debug, Clone, Copy)]
pub struct MutualKnn {
    /// k.
    pub k: usize,
}

pub(in crate::similarity) static MUTUAL_KNN: Card = Card {
    id: "mutual-knn",
    name: "Mutual nearest neighbours",
    formula: "m(X, Y) = (1/n) Σᵢ |Nᵢ(X) ∩ Nᵢ(Y)| / k, with Nᵢ the k nearest neighbours of sample i",
    summary: "How many of each sample's nearest neighbours are the same in both layers?",
    source: "Huh, Cheung, Wang & Isola, The Platonic Representation Hypothesis, ICML 2024",
    estimator: concat!(
        "The mean over the samples at hand; independent layers score k / (n − 1) on average. ",
        lists!()
    ),
    ..CARD
};

impl Pair for MutualKnn {
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
        a.mean(b, |common| common.len() as f64 / self.k as f64).await
    }

    fn permuted(&self, prepared: &Nearest, order: &Order) -> Option<Nearest> {
        Some(prepared.permuted(order))
    }
}
