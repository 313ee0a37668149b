//! Layers of many networks up to rotations of their features, and the best rotations between them.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par, Scale};

use crate::decomposition::{LeftSvd, ThinSvd, cross};
use crate::layer::{Coordinates, Layer, Reason};
use crate::steps::{Meter, WORK};

/// The principal coordinates of a layer, n × r with r its rank, in descending order and over their norm: the layer up to
/// rotation, shift and size.
///
/// # Errors
/// [`Reason`] when the layer is constant, or the decomposition does not converge.
pub(super) async fn principal(layer: &Layer) -> Result<Mat<f64>, Reason> {
    let coordinates = layer.part::<Coordinates>()?;
    let scaled = &coordinates.value * Scale(1.0 / coordinates.value.norm_max());
    let LeftSvd { mut u, values } = LeftSvd::of(scaled.as_ref()).await?;
    let (rows, columns) = scaled.shape();
    let negligible = rows.max(columns) as f64 * coordinates.precision.rounding() * values[0];
    let rank = values.iter().take_while(|&&value| value > negligible).count();
    u.resize_with(rows, rank, |_, _| 0.0);
    let norm = values[..rank].iter().map(|value| value * value).sum::<f64>().sqrt();
    for (mut column, value) in u.col_iter_mut().zip(&values) {
        column *= Scale(value / norm);
    }
    Ok(u)
}

/// A B.
pub(super) async fn times(a: &Mat<f64>, b: &Mat<f64>) -> Mat<f64> {
    let mut product = Mat::zeros(a.nrows(), b.ncols());
    let mut meter = Meter::default();
    let work = a.nrows() * a.ncols();
    let at_once = (WORK / work.max(1)).max(64);
    for first in (0..b.ncols()).step_by(at_once) {
        let range = first..(first + at_once).min(b.ncols());
        let (target, right) = (product.get_mut(.., range.clone()), b.get(.., range.clone()));
        matmul(target, Accum::Replace, a, right, 1.0, Par::Seq);
        meter.count(work * range.len()).await;
    }
    product
}

/// The matrix W with orthonormal columns or rows, whichever are fewer, that maximises ⟨A W, B⟩: U Vᵀ of Aᵀ B = U S Vᵀ.
pub(super) async fn rotation(a: &Mat<f64>, b: &Mat<f64>) -> Result<Mat<f64>, Reason> {
    let ThinSvd { u, v, .. } = ThinSvd::of(cross(a, b).await.as_ref()).await?;
    Ok(times(&u, &v.transpose().to_owned()).await)
}
