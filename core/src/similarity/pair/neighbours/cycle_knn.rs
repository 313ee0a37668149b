//! Whether a step to a neighbour in one layer and a step in the other lead back.

use super::{CARD, Nearest, lists, minimum};
use crate::layer::{Layer, Order, PartId, Reason};
use crate::similarity::pair::triangle::same_length;
use crate::similarity::{Card, Pair, Samples};
use crate::steps::Meter;

/// The share of samples that can be reached again by way of a neighbour in the second layer and one of its neighbours in the
/// first.
#[derive(Debug, Clone, Copy)]
pub struct CycleKnn {
    /// k.
    pub k: usize,
}

pub(in crate::similarity) static CYCLE_KNN: Card = Card {
    id: "cycle-knn",
    name: "Cycle consistency of nearest neighbours",
    formula: "c(X, Y) = (1/n) |{i : i ∈ Nⱼ(X) for some j ∈ Nᵢ(Y)}|, with Nᵢ the k nearest neighbours of sample i",
    summary: "Does a step to a neighbour in the second layer, and one in the first, lead back to where it began?",
    source: "Huh, Cheung, Wang & Isola, The Platonic Representation Hypothesis, ICML 2024",
    symmetric: false,
    estimator: concat!(
        "The share of the samples at hand. It is near 1 for independent layers too where k² is not far below n, and exactly 1 \
         where each sample is among the neighbours of so many others that no k avoid them all. A layer by itself scores below 1 where \
         a sample is a neighbour of none of its own neighbours. ",
        lists!()
    ),
    ..CARD
};

impl Pair for CycleKnn {
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
        same_length(a.samples(), b.samples())?;
        let mut meter = Meter::default();
        let mut back = 0;
        for (sample, list) in (0_u32..).zip(b.lists()) {
            back += usize::from(list.iter().any(|&other| a.list(other as usize).contains(&sample)));
            meter.count(self.k.saturating_mul(self.k)).await;
        }
        Ok(back as f64 / a.samples() as f64)
    }

    /// Where a sample is in the lists of more than n − 1 − k others, k neighbours cannot all be of the rest.
    fn by_construction(&self, a: &Nearest, _b: &Nearest) -> bool {
        let mut lists_with = vec![0; a.samples()];
        a.lists().flatten().for_each(|&sample| lists_with[sample as usize] += 1);
        lists_with.iter().all(|&count| count + self.k >= a.samples())
    }

    fn permuted(&self, prepared: &Nearest, order: &Order) -> Option<Nearest> {
        Some(prepared.permuted(order))
    }
}
