//! Matrix products and decompositions on one thread: the same digits however many threads the machine has.
//!
//! Up to 512 rows and columns a decomposition is one step ([`crate::steps`]), by faer. Beyond, what takes longest, the reduction
//! to two or three diagonals, is done here, since faer's cannot stop; what faer does of the rest is one step each.

mod bidiagonal;
mod diagonal;
mod pending;
mod symmetric;
#[cfg(test)]
mod tests;
mod triangular;
mod tridiagonal;

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{self, ComputeEigenvectors};
use faer::linalg::matmul::matmul;
use faer::linalg::svd::{self, ComputeSvdVectors};
use faer::{Accum, Mat, MatRef, Par, Scale};

use self::tridiagonal::Tridiagonal;
use crate::layer::Reason;
use crate::product::ranges;
use crate::steps::{Meter, WORK, end_step};

/// Aᵀ B.
pub(crate) async fn cross(a: &Mat<f64>, b: &Mat<f64>) -> Mat<f64> {
    let mut product = Mat::zeros(a.ncols(), b.ncols());
    let mut meter = Meter::default();
    let work = a.nrows() * a.ncols();
    for range in ranges(b.ncols(), (WORK / work.max(1)).max(64)) {
        let (target, right) = (product.get_mut(.., range.clone()), b.get(.., range.clone()));
        matmul(target, Accum::Replace, a.transpose(), right, 1.0, Par::Seq);
        meter.count(work * range.len()).await;
    }
    product
}

/// Whether the decomposition of a matrix is one step.
fn is_one_step(a: MatRef<'_, f64>) -> bool {
    let (rows, columns) = a.shape();
    rows.saturating_mul(columns).saturating_mul(rows.min(columns)) <= WORK
}

/// The singular values of A in descending order.
pub(crate) async fn singular_values(a: MatRef<'_, f64>) -> Result<Vec<f64>, Reason> {
    if is_one_step(a) {
        return decomposed(a, None, None);
    }
    let mut tall = if a.nrows() < a.ncols() { a.transpose().to_owned() } else { a.to_owned() };
    if triangular::is_worthwhile(tall.as_ref()) {
        tall = triangular::triangular(tall).await;
    }
    let (diagonal, above) = bidiagonal::bidiagonal(tall).await;
    diagonal::singular_values(diagonal, above).await.ok_or(Reason::NotConverged)
}

/// A = U S Vᵀ with as many columns in U and V as A has rows or columns, whichever is fewer.
pub(crate) struct ThinSvd {
    pub(crate) u: Mat<f64>,
    /// In descending order.
    pub(crate) values: Vec<f64>,
    pub(crate) v: Mat<f64>,
}

impl ThinSvd {
    /// In one step.
    pub(crate) async fn of(a: MatRef<'_, f64>) -> Result<Self, Reason> {
        end_step().await;
        let (mut u, mut v) = (thin(a.nrows(), a), thin(a.ncols(), a));
        let values = decomposed(a, Some(&mut u), Some(&mut v))?;
        Ok(Self { u, values, v })
    }
}

/// U and S of A = U S Vᵀ.
pub(crate) struct LeftSvd {
    pub(crate) u: Mat<f64>,
    /// In descending order.
    pub(crate) values: Vec<f64>,
}

impl LeftSvd {
    /// Of any A, in one step unless its columns are orthogonal already and in descending order, as principal coordinates are:
    /// then they are U S.
    pub(crate) async fn of(a: MatRef<'_, f64>) -> Result<Self, Reason> {
        if let Some(svd) = Self::of_orthogonal(a).await {
            return Ok(svd);
        }
        end_step().await;
        let mut u = thin(a.nrows(), a);
        let values = decomposed(a, Some(&mut u), None)?;
        Ok(Self { u, values })
    }

    /// Where the cosine between any two columns is rounding.
    async fn of_orthogonal(a: MatRef<'_, f64>) -> Option<Self> {
        let values: Vec<f64> = a.col_iter().map(|column| column.norm_l2()).collect();
        let descend = values.windows(2).all(|pair| pair[0] >= pair[1]);
        if !descend || values.last().is_none_or(|&least| least == 0.0) {
            return None;
        }
        let mut u = a.to_owned();
        for (mut column, value) in u.col_iter_mut().zip(&values) {
            column *= Scale(value.recip());
        }
        let cosines = cross(&u, &u).await;
        let tolerance = 4.0 * (a.nrows() as f64).sqrt() * f64::EPSILON;
        let orthogonal = |column: usize| (0..column).all(|row| cosines[(row, column)].abs() <= tolerance);
        (0..values.len()).all(orthogonal).then_some(Self { u, values })
    }
}

/// The eigenvalues of a symmetric A in ascending order and the eigenvectors as columns, or nothing where the iteration fails.
pub(crate) async fn symmetric_eigen(a: Mat<f64>) -> Option<(Vec<f64>, Mat<f64>)> {
    let size = a.nrows();
    let room = || {
        let scratch =
            evd::self_adjoint_evd_scratch::<f64>(size, ComputeEigenvectors::Yes, Par::Seq, Default::default());
        (Mat::zeros(size, size), Diag::zeros(size), MemBuffer::new(scratch))
    };
    if is_one_step(a.as_ref()) {
        let (mut vectors, mut values, mut buffer) = room();
        let (u, stack) = (Some(vectors.as_mut()), MemStack::new(&mut buffer));
        evd::self_adjoint_evd(a.as_ref(), values.as_mut(), u, Par::Seq, stack, Default::default()).ok()?;
        return Some((values.column_vector().iter().copied().collect(), vectors));
    }
    let reduced = Tridiagonal::of(a).await;
    end_step().await;
    let (mut vectors, mut values, mut buffer) = room();
    let (diagonal, below) = (reduced.diagonal(), reduced.below());
    evd::tridiagonal_self_adjoint_evd(
        diagonal.as_ref(),
        below.as_ref(),
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut buffer),
        Default::default(),
    )
    .ok()?;
    drop(buffer);
    end_step().await;
    reduced.rotate(&mut vectors).await;
    Some((values.column_vector().iter().copied().collect(), vectors))
}

/// The singular values of A in descending order by faer, and the vectors that are asked for.
fn decomposed(a: MatRef<'_, f64>, u: Option<&mut Mat<f64>>, v: Option<&mut Mat<f64>>) -> Result<Vec<f64>, Reason> {
    let (rows, columns) = a.shape();
    let mut values = Diag::zeros(rows.min(columns));
    let wanted = |vectors: &Option<&mut Mat<f64>>| match vectors {
        Some(_) => ComputeSvdVectors::Thin,
        None => ComputeSvdVectors::No,
    };
    let scratch = svd::svd_scratch::<f64>(rows, columns, wanted(&u), wanted(&v), Par::Seq, Default::default());
    let mut buffer = MemBuffer::new(scratch);
    let (u, v) = (u.map(|u| u.as_mut()), v.map(|v| v.as_mut()));
    svd::svd(a, values.as_mut(), u, v, Par::Seq, MemStack::new(&mut buffer), Default::default())
        .map_err(|_| Reason::NotConverged)?;
    Ok(values.column_vector().iter().copied().collect())
}

/// Room for as many vectors of this length as A has singular values.
fn thin(length: usize, a: MatRef<'_, f64>) -> Mat<f64> {
    Mat::zeros(length, a.nrows().min(a.ncols()))
}
