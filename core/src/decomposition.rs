//! Matrix products and decompositions on one thread: the same digits however many threads the machine has.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{self, ComputeEigenvectors};
use faer::linalg::matmul::matmul;
use faer::linalg::svd::{self, ComputeSvdVectors};
use faer::{Accum, Mat, MatRef, Par};

use crate::layer::Reason;

/// Aᵀ B.
pub(crate) fn cross(a: &Mat<f64>, b: &Mat<f64>) -> Mat<f64> {
    let mut product = Mat::zeros(a.ncols(), b.ncols());
    matmul(product.as_mut(), Accum::Replace, a.transpose(), b.as_ref(), 1.0, Par::Seq);
    product
}

/// The singular values of A in descending order.
pub(crate) fn singular_values(a: MatRef<'_, f64>) -> Result<Vec<f64>, Reason> {
    let (rows, columns) = a.shape();
    let mut values = Diag::zeros(rows.min(columns));
    let none = ComputeSvdVectors::No;
    let scratch = svd::svd_scratch::<f64>(rows, columns, none, none, Par::Seq, Default::default());
    let mut buffer = MemBuffer::new(scratch);
    svd::svd(a, values.as_mut(), None, None, Par::Seq, MemStack::new(&mut buffer), Default::default())
        .map_err(|_| undecomposed())?;
    Ok(values.column_vector().iter().copied().collect())
}

/// A = U S Vᵀ with as many columns in U and V as A has rows or columns, whichever is fewer.
pub(crate) struct ThinSvd {
    pub(crate) u: Mat<f64>,
    /// In descending order.
    pub(crate) values: Vec<f64>,
    pub(crate) v: Mat<f64>,
}

impl ThinSvd {
    pub(crate) fn of(a: MatRef<'_, f64>) -> Result<Self, Reason> {
        let (rows, columns) = a.shape();
        let size = rows.min(columns);
        let (mut u, mut v, mut values) = (Mat::zeros(rows, size), Mat::zeros(columns, size), Diag::zeros(size));
        let thin = ComputeSvdVectors::Thin;
        let scratch = svd::svd_scratch::<f64>(rows, columns, thin, thin, Par::Seq, Default::default());
        let mut buffer = MemBuffer::new(scratch);
        let stack = MemStack::new(&mut buffer);
        let factors = (Some(u.as_mut()), Some(v.as_mut()));
        svd::svd(a, values.as_mut(), factors.0, factors.1, Par::Seq, stack, Default::default())
            .map_err(|_| undecomposed())?;
        Ok(Self { u, values: values.column_vector().iter().copied().collect(), v })
    }
}

/// The eigenvalues of a symmetric A in ascending order and the eigenvectors as columns, or nothing where the iteration fails.
pub(crate) fn symmetric_eigen(a: MatRef<'_, f64>) -> Option<(Vec<f64>, Mat<f64>)> {
    let size = a.nrows();
    let (mut vectors, mut values) = (Mat::zeros(size, size), Diag::zeros(size));
    let scratch = evd::self_adjoint_evd_scratch::<f64>(size, ComputeEigenvectors::Yes, Par::Seq, Default::default());
    let mut buffer = MemBuffer::new(scratch);
    let stack = MemStack::new(&mut buffer);
    evd::self_adjoint_evd(a, values.as_mut(), Some(vectors.as_mut()), Par::Seq, stack, Default::default()).ok()?;
    Some((values.column_vector().iter().copied().collect(), vectors))
}

fn undecomposed() -> Reason {
    Reason::NotConverged
}
