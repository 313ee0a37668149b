//! Matrix products of row-major slices.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// Rows, columns and inner length of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) inner: usize,
}

/// `product = left · right`, all row-major and without gaps, on the calling thread.
pub(super) fn multiply(size: Size, left: &[f32], right: &[f32], product: &mut [f32]) {
    let Size { rows, columns, inner } = size;
    let left = MatRef::from_row_major_slice(left, rows, inner);
    let right = MatRef::from_row_major_slice(right, inner, columns);
    let product = MatMut::from_row_major_slice_mut(product, rows, columns);
    matmul(product, Accum::Replace, left, right, 1.0, Par::Seq);
}
