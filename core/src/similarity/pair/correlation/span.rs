//! The directions in which a layer varies at all.

use faer::Mat;

use crate::decomposition::{LeftSvd, cross};
use crate::layer::{Coordinates, Layer, Order, Reason};
use crate::similarity::pair::triangle::same_length;

/// An orthonormal basis of the column space of Xc, n × r with r its rank.
pub struct Span(Mat<f64>);

impl Span {
    /// The left singular vectors of Xc whose singular value is above max(n, p) × rounding × the largest.
    ///
    /// # Errors
    /// [`Reason`] when the layer is constant, or the decomposition does not converge.
    pub(crate) async fn of(layer: &Layer) -> Result<Self, Reason> {
        let coordinates = layer.part::<Coordinates>()?;
        let scaled = &coordinates.value * faer::Scale(1.0 / coordinates.value.norm_max());
        let LeftSvd { u, values } = LeftSvd::of(scaled.as_ref()).await?;
        let (rows, columns) = scaled.shape();
        let negligible = rows.max(columns) as f64 * coordinates.precision.rounding() * values[0];
        let rank = values.iter().take_while(|&&value| value > negligible).count();
        Ok(Self(u.subcols(0, rank).to_owned()))
    }

    /// r.
    pub(crate) fn rank(&self) -> usize {
        self.0.ncols()
    }

    /// Whether it holds all directions that centred rows can vary in: r = n − 1.
    pub(crate) fn is_everything(&self) -> bool {
        self.rank() + 1 >= self.0.nrows()
    }

    /// The same of reordered samples.
    pub(crate) fn permuted(&self, order: &Order) -> Self {
        Self(order.rows(&self.0))
    }

    /// Uxᵀ Uy, whose singular values are the canonical correlations.
    ///
    /// # Errors
    /// [`Reason::DifferentRows`].
    pub(crate) async fn cross(&self, other: &Self) -> Result<Mat<f64>, Reason> {
        self.project(&other.0).await
    }

    /// Uᵀ M.
    ///
    /// # Errors
    /// [`Reason::DifferentRows`].
    pub(crate) async fn project(&self, matrix: &Mat<f64>) -> Result<Mat<f64>, Reason> {
        same_length(self.0.nrows(), matrix.nrows())?;
        Ok(cross(&self.0, matrix).await)
    }
}
