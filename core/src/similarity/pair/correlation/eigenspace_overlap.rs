//! How much the column spaces of two layers overlap.

use super::Span;
use crate::layer::{Layer, Order, PartId, Reason};
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Pair, Range, Samples};

/// The eigenspace overlap score.
#[derive(Debug, Clone, Copy, Default)]
pub struct EigenspaceOverlap;

pub(in crate::similarity) static CARD: Card = Card {
    id: "eigenspace-overlap",
    name: "Eigenspace overlap",
    formula: "E(X, Y) = ‖Uᵀ V‖²_F / max(r, s), with U and V orthonormal bases of the columns of Xc and Yc and r and s their ranks",
    summary: "How much of the larger space of linear functions can the two layers both express?",
    source: "May, Zhang, Dao & Ré, On the Downstream Performance of Compressed Word Embeddings, NeurIPS 2019",
    family: Family::Correlation,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: 0.0, high: 1.0 },
    invariances: &Invariance::ALL,
    minimum_samples: 2,
    requirement: "far more samples than features: where both ranks are n − 1 it is 1 whatever the data",
    estimator: "Of centred layers, where the paper's are as they are. Biased upwards: independent layers of ranks r ≤ s score about \
                r / (n − 1). A space that holds the other scores r / s, not 1.",
};

impl Pair for EigenspaceOverlap {
    type Prepared = Span;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Coordinates]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Span, Reason> {
        Span::of(layer).await
    }

    async fn compare(&self, a: &Span, b: &Span) -> Result<f64, Reason> {
        Ok(a.cross(b).await?.squared_norm_l2() / a.rank().max(b.rank()) as f64)
    }

    /// The smaller space lies within the other where that is all that there is.
    fn by_construction(&self, a: &Span, b: &Span) -> bool {
        a.is_everything() || b.is_everything()
    }

    fn bootstraps(&self) -> bool {
        true
    }

    fn permuted(&self, prepared: &Span, order: &Order) -> Option<Span> {
        Some(prepared.permuted(order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{generator, layer, normal, value};

    #[test]
    fn a_space_within_another_scores_the_ratio_of_their_dimensions() {
        let values = normal(&mut generator(13), 20 * 6);
        let part: Vec<f64> = values.chunks(6).flat_map(|row| [row[0] + row[3], row[5]]).collect();
        let found = value(&EigenspaceOverlap, &layer(&values, 6), &layer(&part, 2)).unwrap();
        assert!((found - 2.0 / 6.0).abs() < 1e-13, "{found}");
    }
}
