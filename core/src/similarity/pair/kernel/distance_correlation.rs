//! Distance correlation: whether two layers depend on each other at all, linearly or not.

use faer::Mat;

use super::{Kernel, cka};
use crate::layer::{Kept, Reason, double_centred};
use crate::similarity::pair::distance;
use crate::similarity::pair::triangle::{UnitTriangle, u_centred};
use crate::similarity::{Arity, Card, Direction, Family, Range};

/// Squared distance correlation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DistanceCorrelation {
    /// From the biased estimator of distance covariance.
    Squared,
    /// From the unbiased estimator of squared distance covariance.
    BiasCorrected,
}

pub(in crate::similarity) static SQUARED: Card = Card {
    id: "distance-correlation-squared",
    name: "Distance correlation (squared)",
    formula: "dCor²(X, Y) = ⟨HDH, HEH⟩ / (‖HDH‖_F ‖HEH‖_F), with Dᵢⱼ = ‖xᵢ − xⱼ‖, Eᵢⱼ = ‖yᵢ − yⱼ‖ and H = I − 1 1ᵀ / n",
    summary: "Do samples that are far from each other in one layer lie far from each other in the other?",
    source: "Székely, Rizzo & Bakirov, Measuring and Testing Dependence by Correlation of Distances, Annals of Statistics 2007",
    estimator: "The squared coefficient; its root is what many call distance correlation. Biased upwards: independent layers score \
                above 0, near 1 where features far outnumber samples. In the population it is 0 only of independent layers.",
    ..BOTH
};

pub(in crate::similarity) static BIAS_CORRECTED: Card = Card {
    id: "distance-correlation-bias-corrected",
    name: "Distance correlation (squared, bias-corrected)",
    formula: "R*(X, Y) = ⟨D̃, Ẽ⟩ / (‖D̃‖_F ‖Ẽ‖_F), with D̃ and Ẽ the U-centred Dᵢⱼ = ‖xᵢ − xⱼ‖ and Eᵢⱼ = ‖yᵢ − yⱼ‖",
    summary: "Do samples that are far from each other in one layer lie far from each other in the other, with chance taken out?",
    source: "Székely & Rizzo, The Distance Correlation t-Test of Independence in High Dimension, Journal of Multivariate Analysis \
             2013; U-centring: Székely & Rizzo, Annals of Statistics 2014",
    range: Range { low: -1.0, high: 1.0 },
    minimum_samples: 4,
    estimator: "An estimate of the squared coefficient. Independent layers score 0 on average, so that single values may be negative. \
                The ratio itself keeps a small bias.",
    ..BOTH
};

/// What the cards have in common.
const BOTH: Card = Card {
    id: "",
    name: "",
    formula: "",
    summary: "",
    source: "",
    family: Family::Kernel,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::HigherIsMoreAlike,
    range: Range { low: 0.0, high: 1.0 },
    invariances: cka::INVARIANCES,
    minimum_samples: 2,
    requirement: "",
    estimator: "",
};

impl Kernel for DistanceCorrelation {
    fn matrix(&self, gram: &Kept<Mat<f64>>, origin: Option<&[usize]>) -> Result<UnitTriangle, Reason> {
        let distances = distance::matrix(gram);
        match self {
            Self::Squared => UnitTriangle::new(&double_centred(&distances), 0.0, Reason::Coincide),
            Self::BiasCorrected => {
                // Rounding leaves about this norm where the exact matrix is zero.
                let negligible = 8.0 * gram.precision.rounding() * distances.nrows() as f64;
                UnitTriangle::new(&u_centred(&distances, origin), negligible, Reason::Equidistant)
            }
        }
    }
}
