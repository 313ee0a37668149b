//! Centred kernel alignment over the nearest neighbours that two layers have in common.

use super::{CARD, Nearest, lists, minimum};
use crate::layer::{Layer, Order, PartId, Reason, RowCosine};
use crate::similarity::pair::triangle::dot;
use crate::similarity::{Card, Pair, Range, Samples};

/// Centred kernel nearest-neighbour alignment.
#[derive(Debug, Clone, Copy)]
pub struct Cknna {
    /// k.
    pub k: usize,
}

pub(in crate::similarity) static CKNNA: Card = Card {
    id: "cknna",
    name: "Centred kernel nearest-neighbour alignment",
    formula: "CKNNA(X, Y) = A(K, L) / √(A(K, K) A(L, L)), A(K, L) = Σᵢ Σⱼ K̄ᵢⱼ L̄ᵢⱼ over j ∈ Nᵢ(X) ∩ Nᵢ(Y), with Nᵢ the k nearest neighbours of \
              sample i, Kᵢⱼ = ⟨xᵢ, xⱼ⟩ / (‖xᵢ‖ ‖xⱼ‖), K̄ᵢⱼ = Kᵢⱼ − (1/n) Σₗ Kᵢₗ, and L and L̄ likewise of Y",
    summary: "Are each sample's nearest neighbours the same in both layers, and as near?",
    source: "Huh, Cheung, Wang & Isola, The Platonic Representation Hypothesis, ICML 2024",
    range: Range { low: -1.0, high: 1.0 },
    estimator: concat!(
        "The alignment as the paper defines it, of rows of norm 1: each row of the kernel less its mean over all n samples, the sample \
         itself among them. The program published with the paper takes the unbiased HSIC of the two kernels with all entries but \
         those of common neighbours set to zero instead, so its values differ. Independent layers score above 0, the more the larger k / (n − 1). ",
        lists!()
    ),
    ..CARD
};

/// The neighbours of each sample, with what their kernel is above the mean.
pub struct Kernels {
    nearest: Nearest,
    /// K̄ᵢⱼ / √A(K, K) for the neighbours j of each sample i, in the order of the lists.
    values: Vec<f64>,
}

impl Pair for Cknna {
    type Prepared = Kernels;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::RowCosine]
    }

    fn minimum_samples(&self) -> Option<usize> {
        Some(minimum(self.k))
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Kernels, Reason> {
        let nearest = Nearest::of(layer, self.k).await?;
        let cosine = layer.part::<RowCosine>()?;
        let mut values = Vec::with_capacity(nearest.samples() * self.k);
        for (column, list) in cosine.value.col_iter().zip(nearest.lists()) {
            let mean = column.iter().sum::<f64>() / nearest.samples() as f64;
            values.extend(list.iter().map(|&other| column[other as usize] - mean));
        }
        let norm = dot(&values, &values).sqrt();
        if norm <= 64.0 * cosine.precision.rounding() {
            return Err(Reason::ConstantKernel);
        }
        values.iter_mut().for_each(|value| *value /= norm);
        Ok(Kernels { nearest, values })
    }

    async fn compare(&self, a: &Kernels, b: &Kernels) -> Result<f64, Reason> {
        let mut sum = 0.0;
        a.nearest
            .each(&b.nearest, |sample, common| {
                let own = sample * self.k..(sample + 1) * self.k;
                let (a, b) = (&a.values[own.clone()], &b.values[own]);
                sum += common.iter().map(|common| a[common.first - 1] * b[common.second - 1]).sum::<f64>();
            })
            .await?;
        Ok(sum)
    }

    fn permuted(&self, prepared: &Kernels, order: &Order) -> Option<Kernels> {
        let Kernels { nearest, values } = prepared;
        let list = |&sample: &usize| &values[sample * self.k..(sample + 1) * self.k];
        let values = order.indices().iter().flat_map(list).copied().collect();
        Some(Kernels { nearest: nearest.permuted(order), values })
    }
}
