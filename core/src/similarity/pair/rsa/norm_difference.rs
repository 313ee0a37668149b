//! How far apart the distance matrices of two layers are.

use crate::layer::{Gram, Layer, Order, PartId, Reason};
use crate::similarity::pair::triangle::{largest, permuted_below, same_length};
use crate::similarity::pair::{Pair, distance};
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Range, Samples};

/// The Frobenius norm of the difference of two distance matrices.
#[derive(Debug, Clone, Copy, Default)]
pub struct RsmNormDifference;

pub(in crate::similarity) static CARD: Card = Card {
    id: "rsm-norm-difference",
    name: "Difference of distance matrices (Frobenius norm)",
    formula: "‖D − E‖_F, with Dᵢⱼ = ‖xᵢ − xⱼ‖ and Eᵢⱼ = ‖yᵢ − yⱼ‖",
    summary: "How far are the distances between samples in one layer from those in the other, in the layers' own units?",
    source: "Shahbazi, Shirali, Aghajan & Nili, Using Distance on the Riemannian Manifold to Compare Representations in Brain and in \
             Models, NeuroImage 2021; Klabunde, Schumacher, Strohmaier & Lemmerich, Similarity of Neural Network Models, ACM \
             Computing Surveys 2025",
    family: Family::Rsa,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: f64::INFINITY },
    invariances: &[Invariance::Orthogonal, Invariance::Permutation, Invariance::Translation],
    minimum_samples: 2,
    requirement: "",
    estimator: "A norm over all n² entries, so that it grows with n and with the scale of either layer: only layers of one scale \
                compare. Some programs take the spectral norm, which is smaller.",
};

impl Pair for RsmNormDifference {
    /// The distances of the samples i > j of column j, column by column.
    type Prepared = Vec<f64>;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Gram]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Vec<f64>, Reason> {
        let gram = layer.part::<Gram>()?;
        let scale = largest(&gram.value).sqrt();
        Ok(distance::squared_below(gram).into_iter().map(|squared| scale * squared.sqrt()).collect())
    }

    async fn compare(&self, a: &Vec<f64>, b: &Vec<f64>) -> Result<f64, Reason> {
        same_length(a.len(), b.len())?;
        let differences = || a.iter().zip(b).map(|(a, b)| (a - b).abs());
        let most = differences().fold(0.0, f64::max);
        if most == 0.0 {
            return Ok(0.0);
        }
        // Over the largest, so that squares neither overflow nor vanish; each pair is two entries.
        Ok(most * (2.0 * differences().map(|difference| (difference / most).powi(2)).sum::<f64>()).sqrt())
    }

    fn bootstraps(&self) -> bool {
        true
    }

    fn permuted(&self, prepared: &Vec<f64>, order: &Order) -> Option<Vec<f64>> {
        permuted_below(prepared, order)
    }
}
