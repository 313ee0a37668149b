//! Whether two layers find each sample's neighbours as near as each other.

use faer::Mat;

use super::{CARD, Nearest, lists, minimum};
use crate::layer::{Layer, Order, PartId, Reason, RowCosine};
use crate::similarity::pair::triangle::same_length;
use crate::similarity::{Card, Pair, Range, Samples};
use crate::steps::Meter;

/// What is compared of a sample and those near it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Their cosines.
    Cosines,
    /// One less each cosine.
    Distances,
}

/// The mean over samples of the cosine between the profiles of their neighbours in two layers.
#[derive(Debug, Clone, Copy)]
pub struct SecondOrderCosine {
    /// What is compared.
    pub profile: Profile,
    /// k.
    pub k: usize,
}

const HAMILTON: &str = "Hamilton, Leskovec & Jurafsky, Cultural Shift or Linguistic Drift? Comparing Two Computational Measures of \
                        Semantic Change, EMNLP 2016";

pub(in crate::similarity) static COSINES: Card = Card {
    id: "second-order-cosine",
    name: "Second-order cosine",
    formula: "(1/n) Σᵢ cos(sᵢ(X), sᵢ(Y)), with sᵢ(X) the cosines ⟨xᵢ, xⱼ⟩ / (‖xᵢ‖ ‖xⱼ‖) of sample i with all j ∈ Nᵢ(X) ∪ Nᵢ(Y), and Nᵢ the k nearest \
              neighbours of sample i",
    summary: "Is each sample as near to those around it in both layers?",
    source: HAMILTON,
    range: Range { low: -1.0, high: 1.0 },
    requirement: "at least k + 2 samples, none of them zero in every feature or orthogonal to all its neighbours, and of the k nearest of \
                  all samples no more than half undecided by ties",
    estimator: concat!(
        "The mean over the samples at hand. Neighbours have high cosines in any layer, so independent layers score near 1 too. ReSi \
         compares 1 − cosine instead: second-order-cosine-distance. ",
        lists!()
    ),
    ..CARD
};

pub(in crate::similarity) static DISTANCES: Card = Card {
    id: "second-order-cosine-distance",
    name: "Second-order cosine (of distances)",
    formula: "(1/n) Σᵢ cos(dᵢ(X), dᵢ(Y)), with dᵢ(X) the distances 1 − ⟨xᵢ, xⱼ⟩ / (‖xᵢ‖ ‖xⱼ‖) of sample i from all j ∈ Nᵢ(X) ∪ Nᵢ(Y), and Nᵢ the k \
              nearest neighbours of sample i",
    summary: "Is each sample as far from those around it in both layers?",
    source: "Klabunde, Wald, Schumacher, Maier-Hein, Strohmaier & Lemmerich, ReSi: A Comprehensive Benchmark for Representational \
             Similarity Measures, ICLR 2025; Hamilton, Leskovec & Jurafsky, Cultural Shift or Linguistic Drift?, EMNLP 2016",
    requirement: "at least k + 2 samples, none of them zero in every feature or on one ray with all its neighbours, and of the k nearest of \
                  all samples no more than half undecided by ties",
    estimator: concat!(
        "The mean over the samples at hand. Distances are never negative, so independent layers score near 1 too. ",
        lists!()
    ),
    ..CARD
};

/// The neighbours of each sample, and what is compared of all pairs.
pub struct Profiles {
    nearest: Nearest,
    /// Column i is of sample i. What is 0 within rounding is 0.
    values: Mat<f64>,
}

impl Pair for SecondOrderCosine {
    type Prepared = Profiles;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::RowCosine]
    }

    fn minimum_samples(&self) -> Option<usize> {
        Some(minimum(self.k))
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Profiles, Reason> {
        let nearest = Nearest::of(layer, self.k).await?;
        let cosine = layer.part::<RowCosine>()?;
        let negligible = 8.0 * cosine.precision.rounding();
        let values = Mat::from_fn(nearest.samples(), nearest.samples(), |i, j| {
            let cosine = cosine.value[(i, j)];
            let value = if self.profile == Profile::Cosines { cosine } else { 1.0 - cosine };
            if value.abs() <= negligible { 0.0 } else { value }
        });
        Ok(Profiles { nearest, values })
    }

    async fn compare(&self, a: &Profiles, b: &Profiles) -> Result<f64, Reason> {
        same_length(a.nearest.samples(), b.nearest.samples())?;
        let (mut sum, mut meter) = (0.0, Meter::default());
        let mut union: Vec<u32> = Vec::with_capacity(2 * self.k);
        for (sample, (first, second)) in a.nearest.lists().zip(b.nearest.lists()).enumerate() {
            union.clear();
            union.extend(first.iter().chain(second));
            union.sort_unstable();
            union.dedup();
            let (mut product, mut left, mut right) = (0.0, 0.0, 0.0);
            for &other in &union {
                let (x, y) = (a.values[(other as usize, sample)], b.values[(other as usize, sample)]);
                product += x * y;
                left += x * x;
                right += y * y;
            }
            if left == 0.0 || right == 0.0 {
                return Err(Reason::ZeroProfile { row: sample });
            }
            sum += product / (left.sqrt() * right.sqrt());
            meter.count(32 * self.k).await;
        }
        Ok(sum / a.nearest.samples() as f64)
    }

    fn permuted(&self, prepared: &Profiles, order: &Order) -> Option<Profiles> {
        let Profiles { nearest, values } = prepared;
        let indices = order.indices();
        let values = Mat::from_fn(indices.len(), indices.len(), |i, j| values[(indices[i], indices[j])]);
        Some(Profiles { nearest: nearest.permuted(order), values })
    }
}
