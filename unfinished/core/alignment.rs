//! What linear CKA keeps of a layer: its normalised Gram matrix, or its features where the Gram matrix would be too large.

use faer::Mat;

use super::decomposition::cross;
use super::triangle::{UnitTriangle, dot, double_centred, largest, same_length, u_centred};
use super::{Geometry, Undefined};

/// Which inner product of Gram matrices is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Estimator {
    /// ⟨K, L⟩ of doubly centred matrices.
    Biased,
    /// ⟨K̃, L̃⟩ of U-centred matrices.
    Unbiased,
}

/// A layer, prepared for linear CKA.
#[derive(Debug, Clone)]
pub struct Alignment(Space);

#[derive(Debug, Clone)]
enum Space {
    /// The centred Gram matrix.
    Samples(UnitTriangle),
    /// The centred layer itself, for p ≤ n.
    Features(FeatureSpace),
}

impl Alignment {
    /// Takes the Gram matrix where the geometry has one, else the features.
    pub(super) fn new(geometry: &Geometry, estimator: Estimator) -> Result<Self, Undefined> {
        if let Some(centred) = geometry.instead_of_gram() {
            return FeatureSpace::new(centred?, estimator).map(|space| Self(Space::Features(space)));
        }
        let gram = geometry.require_gram()?;
        let scaled = gram * faer::Scale(1.0 / largest(gram));
        let triangle = match estimator {
            // Centred once more: what is left of the means after rounding would enter every entry with the same sign.
            Estimator::Biased => UnitTriangle::new(&double_centred(&scaled), 0.0, "all samples coincide"),
            Estimator::Unbiased => {
                // Rounding leaves about this norm where the exact matrix is zero.
                let negligible = 4.0 * geometry.rounding * geometry.samples as f64;
                UnitTriangle::new(&u_centred(&scaled), negligible, EQUALLY_FAR)
            }
        }?;
        Ok(Self(Space::Samples(triangle)))
    }

    /// The cosine between the two matrices.
    pub(super) fn cosine(&self, other: &Self) -> Result<f64, Undefined> {
        match (&self.0, &other.0) {
            (Space::Samples(a), Space::Samples(b)) => a.cosine(b),
            (Space::Features(a), Space::Features(b)) => a.cosine(b),
            // One form for each number of rows.
            _ => Err(Undefined("the two layers have different numbers of rows".to_owned())),
        }
    }
}

const EQUALLY_FAR: &str = "all samples are equally far apart, so unbiased HSIC with itself is 0";

/// Xc, scaled so that its kernel has norm 1, and what U-centring takes off.
#[derive(Debug, Clone)]
struct FeatureSpace {
    centred: Mat<f64>,
    /// ‖xᵢ‖², for the unbiased estimator.
    squares: Option<Vec<f64>>,
}

impl FeatureSpace {
    fn new(centred: &Mat<f64>, estimator: Estimator) -> Result<Self, Undefined> {
        let centred = centred * faer::Scale(1.0 / centred.norm_max());
        let squares = (estimator == Estimator::Unbiased)
            .then(|| centred.row_iter().map(|row| row.squared_norm_l2()).collect::<Vec<f64>>());
        let mut space = Self { centred, squares };
        let whole = cross(&space.centred, &space.centred).squared_norm_l2();
        let own = space.inner_product(&space);
        // Rounding leaves about this much where the exact value is zero.
        if own <= 16.0 * f64::EPSILON * whole {
            return Err(Undefined(EQUALLY_FAR.to_owned()));
        }
        let scale = own.powf(-0.25);
        space.centred *= faer::Scale(scale);
        space.squares.iter_mut().flatten().for_each(|square| *square *= scale * scale);
        Ok(space)
    }

    fn cosine(&self, other: &Self) -> Result<f64, Undefined> {
        same_length(self.centred.nrows(), other.centred.nrows())?;
        Ok(self.inner_product(other))
    }

    /// ⟨K, L⟩ = ‖Xcᵀ Yc‖²; and ⟨K̃, L̃⟩ = ‖Xcᵀ Yc‖² − n / (n − 2) Σᵢ ‖xᵢ‖² ‖yᵢ‖² + Σᵢ ‖xᵢ‖² Σᵢ ‖yᵢ‖² / ((n − 1) (n − 2)).
    fn inner_product(&self, other: &Self) -> f64 {
        let whole = cross(&self.centred, &other.centred).squared_norm_l2();
        let (Some(first), Some(second)) = (&self.squares, &other.squares) else { return whole };
        let n = first.len() as f64;
        let totals = first.iter().sum::<f64>() * second.iter().sum::<f64>();
        whole - n / (n - 2.0) * dot(first, second) + totals / ((n - 1.0) * (n - 2.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::sample::{generator, geometry, geometry_without_gram, normal, value};
    use crate::similarity::{DebiasedCka, LinearCka};

    #[test]
    fn feature_space_equals_gram_space() {
        let mut random = generator(8);
        for (rows, first, second) in [(12, 3, 5), (40, 7, 1), (9, 9, 8)] {
            let x = normal(&mut random, rows * first);
            let y = normal(&mut random, rows * second);
            for measure in [&LinearCka as &dyn crate::similarity::AnyMeasure, &DebiasedCka] {
                let wide = value(measure, &geometry(&x, first), &geometry(&y, second)).unwrap();
                let tall =
                    value(measure, &geometry_without_gram(&x, first), &geometry_without_gram(&y, second)).unwrap();
                assert!((wide - tall).abs() < 1e-12, "{}: {wide} {tall}", measure.card().id);
            }
        }
    }

    #[test]
    fn equally_distant_samples_are_a_reason_in_feature_space() {
        let values: Vec<f64> = (0..36).map(|index| if index % 7 == 0 { 1.0 } else { 0.0 }).collect();
        let tall = geometry_without_gram(&values, 6);
        assert_eq!(Alignment::new(&tall, Estimator::Unbiased).unwrap_err().0, EQUALLY_FAR);
        assert!(Alignment::new(&tall, Estimator::Biased).is_ok());
    }
}
