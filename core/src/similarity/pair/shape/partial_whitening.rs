//! Shape metrics between those of rotations and those of any invertible linear map.

use faer::{Mat, Scale};

use super::procrustes::angle;
use crate::decomposition::LeftSvd;
use crate::layer::{Coordinates, Layer, Order, PartId, Reason};
use crate::similarity::{Arity, Card, Direction, Family, Invariance, Pair, Parameter, Range, Samples};

/// The Procrustes angle between partially whitened layers.
#[derive(Debug, Clone, Copy)]
pub struct PartialWhitening {
    /// 1 leaves the layers as they are, 0 whitens them.
    pub alpha: f64,
}

/// The parameters of `shape-metric`.
pub(in crate::similarity) const PARAMETERS: &[Parameter] = &[Parameter {
    name: "alpha",
    summary: "1 compares the layers up to rotation, 0 whitens them and compares them up to any invertible linear map.",
    default: Some(0.5),
    range: (0.0, 1.0),
    whole: false,
}];

pub(in crate::similarity) static CARD: Card = Card {
    id: "shape-metric",
    name: "Shape metric (partial whitening)",
    formula: "θ(X, Y) = arccos(‖Aᵀ B‖_* / (‖A‖_F ‖B‖_F)), with A = Xc (α I + (1 − α) (Xcᵀ Xc)^−½), B likewise of Y and ‖·‖_* the sum of \
              singular values",
    summary: "How large an angle is left between the two layers after partial whitening and the best rotation?",
    source: "Williams, Kunz, Kornblith & Linderman, Generalized Shape Metrics on Neural Representations, NeurIPS 2021",
    family: Family::Shape,
    arity: Arity::Pair,
    symmetric: true,
    direction: Direction::LowerIsMoreAlike,
    range: Range { low: 0.0, high: std::f64::consts::FRAC_PI_2 },
    // With α = 1 scaling too, with α = 0 any invertible linear map.
    invariances: &[Invariance::Orthogonal, Invariance::Permutation, Invariance::Translation],
    minimum_samples: 2,
    requirement: "layers of one scale, with singular values around 1, where α is between 0 and 1: at a far larger scale nothing is whitened, at \
                  a far smaller one all is",
    estimator: "A metric between the samples at hand; no correction for chance. The singular values s of Xc become α s + 1 − α, in their own \
                units; those up to max(n, p) × rounding of the largest are no directions and stay out. α = 1 is the Procrustes angle, α = 0 \
                arccos(Σ ρ / √(r s)) with ρ the canonical correlations and r and s the ranks: arccos of mean CCA where these are equal.",
};

impl Pair for PartialWhitening {
    /// A over its norm, up to rotation.
    type Prepared = Mat<f64>;

    fn needs(&self) -> &'static [PartId] {
        &[PartId::Coordinates]
    }

    async fn prepare(&self, layer: &Layer, _samples: &Samples) -> Result<Mat<f64>, Reason> {
        let coordinates = layer.part::<Coordinates>()?;
        let largest = coordinates.value.norm_max();
        if largest == 0.0 {
            return Err(Reason::Coincide);
        }
        let scaled = &coordinates.value * Scale(1.0 / largest);
        let LeftSvd { u, values } = LeftSvd::of(scaled.as_ref()).await?;
        let (rows, columns) = scaled.shape();
        let negligible = rows.max(columns) as f64 * coordinates.precision.rounding() * values[0];
        let kept = values.iter().take_while(|&&value| value > negligible);
        let lengths: Vec<f64> = kept.map(|value| self.alpha * value * largest + (1.0 - self.alpha)).collect();
        // The first is the largest.
        let shares = lengths.iter().map(|length| length / lengths[0]);
        let norm = shares.clone().map(|share| share * share).sum::<f64>().sqrt();
        let mut whitened = u.subcols(0, lengths.len()).to_owned();
        for (mut column, share) in whitened.col_iter_mut().zip(shares) {
            column *= Scale(share / norm);
        }
        Ok(whitened)
    }

    async fn compare(&self, a: &Mat<f64>, b: &Mat<f64>) -> Result<f64, Reason> {
        angle(a, b).await
    }

    /// Whitened layers of all directions are each other's rotation.
    fn by_construction(&self, a: &Mat<f64>, b: &Mat<f64>) -> bool {
        self.alpha == 0.0 && a.ncols().max(b.ncols()) + 1 >= a.nrows()
    }

    fn bootstraps(&self) -> bool {
        true
    }

    fn permuted(&self, prepared: &Mat<f64>, order: &Order) -> Option<Mat<f64>> {
        Some(order.rows(prepared))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{generator, layer, normal, value};
    use crate::similarity::{Cca, Procrustes};

    #[test]
    fn its_ends_are_procrustes_and_canonical_correlation() {
        let random = &mut generator(56);
        for (rows, first, second) in [(20, 4, 4), (12, 30, 5), (25, 6, 9)] {
            let [x, y] = [first, second].map(|features| layer(&normal(random, rows * features), features));
            let of = |alpha| value(&PartialWhitening { alpha }, &x, &y).unwrap();
            assert!((of(1.0) - value(&Procrustes::Angle, &x, &y).unwrap()).abs() < 1e-13);
            let (r, s) = (first.min(rows - 1) as f64, second.min(rows - 1) as f64);
            let expected = value(&Cca::Mean, &x, &y).unwrap() * r.min(s) / (r * s).sqrt();
            assert!((of(0.0) - expected.acos()).abs() < 1e-13);
        }
    }
}
