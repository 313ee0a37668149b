//! The geometry of one representation: inner products and coordinates of the samples, in double precision on the host.

mod coordinates;
#[cfg(feature = "devices")]
mod device;
mod error;
mod host;
mod parallel;
mod product;
mod summary;
#[cfg(test)]
mod tests;

use faer::Mat;

use super::Undefined;
use crate::activation::{Matrix, Representation};
use crate::supervise::{Supervisor, Unsupervised};

pub use error::GeometryError;

/// The largest number of rows: an n × n matrix in double precision then takes 2 GiB, or 512 MiB where addresses have 32 bits.
pub const MAXIMUM_ROWS: usize = if usize::BITS < 64 { 8_192 } else { 16_384 };

/// A part of a [`Geometry`] that a measure needs. The study computes the union of what its measures need, once a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ingredient {
    /// [`Geometry::gram`].
    Gram,
    /// [`Geometry::coordinates`].
    Coordinates,
    /// [`Geometry::correlation`].
    Correlation,
}

/// The geometry of one representation X (n × p), with Xc = X less its column means.
///
/// # Numerical behaviour
/// Means, sums over features and decompositions are in double precision. The products of Xc Xcᵀ are formed in double
/// precision too, except where the activations are single precision, p > n and only sums over the Gram matrix are asked
/// for: there runs of 512 products are added in single precision. On a device all products are in single precision.
/// [`Geometry::rounding`] says which.
#[derive(Debug, Clone)]
pub struct Geometry {
    /// Number of rows, n.
    pub samples: usize,
    /// Number of columns, p.
    pub features: usize,
    /// How many columns are constant: all their values are equal.
    pub constant_features: usize,
    /// The first row whose values are all equal, where the correlation was asked for: it correlates with nothing.
    pub constant_row: Option<usize>,
    /// The unit of rounding of the products: 2⁻⁵² in double precision, 2⁻²³ in single precision.
    pub rounding: f64,
    /// Gram matrix Xc Xcᵀ, n × n, exactly symmetric.
    pub gram: Option<Mat<f64>>,
    /// Z, n × min(n, p) or fewer columns, with Z Zᵀ = Xc Xcᵀ: Xc itself where p ≤ n, else principal coordinates V S of the
    /// Gram matrix in descending order. Eigenvalues up to 4 √n × [`Geometry::rounding`] × the largest are rounding and left out.
    pub coordinates: Option<Mat<f64>>,
    /// Pearson correlation between each two rows of X across features, n × n, exactly symmetric with ones on the diagonal.
    /// Absent also where a row is constant.
    pub correlation: Option<Mat<f64>>,
}

impl Geometry {
    /// The geometry of a representation, with the ingredients that are asked for.
    ///
    /// A matrix on a device is centred and multiplied there by runs of features, and only n × n (or, for coordinates with
    /// p ≤ n, n × p) values are read back.
    ///
    /// # Errors
    /// [`GeometryError`] when the matrix is empty, misshaped, too tall, not finite, out of scale, or cannot be read back.
    pub async fn of(representation: &Representation, ingredients: &[Ingredient]) -> Result<Self, GeometryError> {
        Self::of_supervised(representation, ingredients, &Unsupervised).await
    }

    /// As [`Geometry::of`], pausing between runs of features so that long work can be cancelled.
    ///
    /// # Errors
    /// As [`Geometry::of`], and [`GeometryError::Cancelled`].
    pub async fn of_supervised(
        representation: &Representation,
        ingredients: &[Ingredient],
        supervisor: &impl Supervisor,
    ) -> Result<Self, GeometryError> {
        let Representation { layer, rows, features, matrix, .. } = representation;
        let (rows, features) = (*rows, *features);
        if rows == 0 || features == 0 {
            return Err(GeometryError::Empty { layer: layer.clone(), rows, features });
        }
        if rows > MAXIMUM_ROWS {
            return Err(GeometryError::TooManyRows { layer: layer.clone(), rows, limit: MAXIMUM_ROWS });
        }
        match matrix {
            Matrix::F32(values) => host::geometry(layer, values, rows, features, ingredients, supervisor).await,
            Matrix::F64(values) => host::geometry(layer, values, rows, features, ingredients, supervisor).await,
            #[cfg(feature = "devices")]
            Matrix::Device(blocks) => device::geometry(layer, blocks, rows, features, ingredients, supervisor).await,
        }
    }

    /// Whether all columns are constant, so that all samples are the same.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.constant_features == self.features
    }

    /// The Gram matrix, for a measure that needs it.
    pub(crate) fn require_gram(&self) -> Result<&Mat<f64>, Undefined> {
        self.require_variation()?;
        self.gram.as_ref().ok_or_else(|| Undefined("the Gram matrix was not computed".to_owned()))
    }

    /// The coordinates, for a measure that needs them.
    pub(crate) fn require_coordinates(&self) -> Result<&Mat<f64>, Undefined> {
        self.require_variation()?;
        self.coordinates.as_ref().ok_or_else(|| Undefined("the coordinates were not computed".to_owned()))
    }

    /// The correlation matrix, for a measure that needs it.
    pub(crate) fn require_correlation(&self) -> Result<&Mat<f64>, Undefined> {
        if let Some(row) = self.constant_row {
            return Err(Undefined(format!("row {row} is constant across features, so it correlates with nothing")));
        }
        self.correlation.as_ref().ok_or_else(|| Undefined("the correlation matrix was not computed".to_owned()))
    }

    fn require_variation(&self) -> Result<(), Undefined> {
        if self.is_constant() { Err(Undefined("constant in every feature".to_owned())) } else { Ok(()) }
    }
}
