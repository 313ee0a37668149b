//! The geometry of one representation: inner products and coordinates of the samples, in double precision on the host.

use faer::Mat;

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
#[derive(Debug, Clone)]
pub struct Geometry {
    /// Number of rows, n.
    pub samples: usize,
    /// Number of columns, p.
    pub features: usize,
    /// How many columns are constant.
    pub constant_features: usize,
    /// Gram matrix Xc Xcᵀ, n × n.
    pub gram: Option<Mat<f64>>,
    /// Z, n × min(n, p), with Z Zᵀ = Xc Xcᵀ: Xc itself where p ≤ n, else principal coordinates V S of the Gram matrix.
    pub coordinates: Option<Mat<f64>>,
    /// Pearson correlation between each two rows of X across features, n × n.
    pub correlation: Option<Mat<f64>>,
}
