//! The Jaccard index of the nearest neighbours in two layers.

use super::{CARD, Nearest, lists, minimum};
use crate::layer::{Layer, Order, PartId, Reason};
use crate::similarity::{Card, Pair, Samples};

/// The mean over samples of the Jaccard index of their k nearest neighbours.
#[derive(Debug, Clone, Copy)]
pub struct Jaccard {
    /// k.
    pub k: usize,
}

pub(in crate::similarity) static JACCARD: Card = Card {
    id: "jaccard",
    name: "Jaccard of nearest neighbours",
    formula: "J(X, Y) = (1/n) Σᵢ |Nᵢ(X) ∩ Nᵢ(Y)| / |Nᵢ(X) ∪ Nᵢ(Y)|, with Nᵢ the k nearest neighbours of sample i",
    summary: "How far do the sets of each sample's nearest neighbours agree?",
    source: "Klabunde, Schumacher, Strohmaier & Lemmerich, Similarity of Neural Network Models: A Survey of Functional and \
             Representational Measures, ACM Computing Surveys 2025",
    estimator: concat!(
        "The mean over the samples at hand; independent layers score above 0, about k / (2 (n − 1) − k). ",
        lists!()
    ),
    ..CARD
};

/// |A ∩ B| / |A ∪ B| of two sets of k with this many in common.
pub(super) fn index(common: usize, k: usize) -> f64 {
    common as f64 / (2 * k - common) as f64
}

impl Pair for Jaccard {
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
        a.mean(b, |common| index(common.len(), self.k)).await
    }

    fn permuted(&self, prepared: &Nearest, order: &Order) -> Option<Nearest> {
        Some(prepared.permuted(order))
    }
}
