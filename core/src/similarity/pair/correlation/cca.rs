//! Canonical correlations between all directions of two layers.

use super::Span;
use crate::decomposition::singular_values;
use crate::layer::{Layer, Order, PartId, Reason};
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Pair, Range, Samples};

/// Canonical correlation analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cca {
    /// The mean of the canonical correlations.
    Mean,
    /// The mean of their squares.
    MeanSquared,
}

pub(in crate::similarity) static MEAN: Card = card(
    "cca-mean",
    "CCA (mean)",
    "ρ̄(X, Y) = (1/k) Σᵢ ρᵢ, with ρ the singular values of Uᵀ V, U and V orthonormal bases of the columns of Xc and Yc, and k the \
     smaller of their ranks",
    "Raghu, Gilmer, Yosinski & Sohl-Dickstein, SVCCA, NeurIPS 2017; Hotelling, Relations Between Two Sets of Variates, Biometrika \
     1936",
);

pub(in crate::similarity) static MEAN_SQUARED: Card = card(
    "cca-mean-squared",
    "CCA (mean squared)",
    "R²(X, Y) = (1/k) Σᵢ ρᵢ² = ‖Uᵀ V‖²_F / k, with ρ the singular values of Uᵀ V, U and V orthonormal bases of the columns of Xc and \
     Yc, and k the smaller of their ranks",
    "Yanai, Unification of Various Techniques of Multivariate Analysis by Means of Generalized Coefficient of Determination, \
     Journal of Behaviormetrics 1974; Kornblith, Norouzi, Lee & Hinton, ICML 2019",
);

const fn card(id: &'static str, name: &'static str, formula: &'static str, source: &'static str) -> Card {
    Card {
        id,
        name,
        formula,
        summary: "How well do all directions of the two layers predict each other linearly, however small their variance?",
        source,
        family: Family::Correlation,
        arity: Arity::Pair,
        symmetric: true,
        direction: Direction::HigherIsMoreAlike,
        range: Range { low: 0.0, high: 1.0 },
        invariances: &Invariance::ALL,
        minimum_samples: 2,
        requirement: "far more samples than the two layers have features together: where their ranks add up to n or more, some \
                      correlations are 1 whatever the data, and all are where one of the ranks is n − 1",
        estimator: "Correlations in the sample: biased upwards, the mean of squares of independent layers by about the larger \
                    rank over n − 1. Directions of the smallest variance, which are mostly noise, count like the largest.",
    }
}

impl Pair for Cca {
    type Prepared = Span;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Coordinates]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Span, Reason> {
        Span::of(layer).await
    }

    async fn compare(&self, a: &Span, b: &Span) -> Result<f64, Reason> {
        let product = a.cross(b).await?;
        let sum = match self {
            Self::Mean => singular_values(product.as_ref()).await?.iter().sum(),
            Self::MeanSquared => product.squared_norm_l2(),
        };
        Ok(sum / a.rank().min(b.rank()) as f64)
    }

    /// All of one layer's directions are among the other's where these are all that there are.
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
    fn a_repeated_feature_is_no_direction() {
        let random = &mut generator(11);
        let (x, y) = (normal(random, 30 * 3), normal(random, 30 * 4));
        let repeated: Vec<f64> =
            x.chunks(3).flat_map(|row| [row[0], row[1], row[2], row[1], row[0] - row[2]]).collect();
        let (x, repeated, y) = (layer(&x, 3), layer(&repeated, 5), layer(&y, 4));
        for measure in [Cca::Mean, Cca::MeanSquared] {
            let [plain, found] = [&x, &repeated].map(|layer| value(&measure, layer, &y).unwrap());
            assert!((plain - found).abs() < 1e-13, "{measure:?}: {plain} {found}");
        }
    }

    #[test]
    fn independent_layers_share_what_the_card_says() {
        let random = &mut generator(12);
        let squared = |p: usize, q: usize, random: &mut _| {
            let [x, y] = [p, q].map(|features| layer(&normal(random, 400 * features), features));
            value(&Cca::MeanSquared, &x, &y).unwrap()
        };
        // E ρ² = max(p, q) / (n − 1); a mean of 8 × 32 squares spreads by well below a hundredth.
        assert!((squared(8, 32, random) - 32.0 / 399.0).abs() < 0.02);
        // Ranks that add up to n − 1 + 5 leave five correlations of 1.
        let [x, y] = [10, 14].map(|features| layer(&normal(random, 20 * features), features));
        assert!(value(&Cca::Mean, &x, &y).unwrap() > 0.5);
    }
}
