//! How much of one layer a linear map of the other explains.

use faer::Mat;

use crate::layer::{Coordinates, Layer, Order, PartId, Reason};
use crate::similarity::pair::correlation::Span;
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Pair, Range, Samples};

/// The coefficient of determination of the least-squares regression of the first layer on the second.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinearRegression;

pub(in crate::similarity) static CARD: Card = Card {
    id: "linear-regression",
    name: "Linear regression (R²)",
    formula: "R²(X, Y) = 1 − min_B ‖Xc − Yc B‖²_F / ‖Xc‖²_F = ‖Vᵀ Xc‖²_F / ‖Xc‖²_F, with V an orthonormal basis of the columns of Yc",
    summary: "What share of the first layer's variance does a linear map of the second explain?",
    source: "Kornblith, Norouzi, Lee & Hinton, Similarity of Neural Network Representations Revisited, ICML 2019",
    family: Family::Prediction,
    arity: Arity::Pair,
    symmetric: false,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: 0.0, high: 1.0 },
    // Of the first layer; any invertible linear map of the second leaves the value as well.
    invariances: &[
        Invariance::Orthogonal,
        Invariance::IsotropicScaling,
        Invariance::Permutation,
        Invariance::Translation,
    ],
    minimum_samples: 2,
    requirement: "far more samples than the second layer has features: where its rank is n − 1 it is 1 whatever the data",
    estimator: "Fitted and scored on the same samples: biased upwards, of independent layers by about the second layer's rank over \
                n − 1. Any invertible linear map of the second layer leaves it as it is.",
};

/// What is kept of a layer: one side is predicted, the other predicts.
pub struct Prepared {
    /// Xc / ‖Xc‖_F, or its principal coordinates.
    unit: Mat<f64>,
    span: Span,
}

impl Pair for LinearRegression {
    type Prepared = Prepared;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Coordinates]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Prepared, Reason> {
        let coordinates = &layer.part::<Coordinates>()?.value;
        let scaled = coordinates * faer::Scale(1.0 / coordinates.norm_max());
        let norm = scaled.norm_l2();
        Ok(Prepared { unit: scaled * faer::Scale(1.0 / norm), span: Span::of(layer).await? })
    }

    async fn compare(&self, a: &Prepared, b: &Prepared) -> Result<f64, Reason> {
        Ok(b.span.project(&a.unit).await?.squared_norm_l2())
    }

    /// As many directions as centred rows can vary in predict anything.
    fn by_construction(&self, _a: &Prepared, b: &Prepared) -> bool {
        b.span.is_everything()
    }

    fn bootstraps(&self) -> bool {
        true
    }

    fn permuted(&self, prepared: &Prepared, order: &Order) -> Option<Prepared> {
        Some(Prepared { unit: order.rows(&prepared.unit), span: prepared.span.permuted(order) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{generator, layer, normal, value};

    #[test]
    fn a_linear_map_is_explained_and_does_not_explain() {
        let values = normal(&mut generator(14), 40 * 5);
        let image: Vec<f64> = values.chunks(5).flat_map(|row| [row[0] - 2.0 * row[1] + 1.0, row[4]]).collect();
        let (whole, image) = (layer(&values, 5), layer(&image, 2));
        assert!((value(&LinearRegression, &image, &whole).unwrap() - 1.0).abs() < 1e-13);
        let part = value(&LinearRegression, &whole, &image).unwrap();
        assert!((0.3..0.6).contains(&part), "{part}");
    }

    #[test]
    fn an_invertible_map_of_the_second_layer_changes_nothing() {
        let random = &mut generator(15);
        let (x, y) = (normal(random, 20 * 3), normal(random, 20 * 2));
        let mixed: Vec<f64> = y.chunks(2).flat_map(|row| [3.0 * row[0] + row[1], row[0] - 0.1 * row[1]]).collect();
        let [plain, found] =
            [y, mixed].map(|second| value(&LinearRegression, &layer(&x, 3), &layer(&second, 2)).unwrap());
        assert!((plain - found).abs() < 1e-13);
    }
}
