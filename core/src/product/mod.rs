//! Products of row-major matrices, on the calling thread.
//!
//! faer computes them, but for single precision in WebAssembly: there its kernel keeps 12 × 4 sums, more than fit into the
//! vector registers that V8 hands out; [`blocked`] keeps fewer (measured in docs/speed.md).

#[cfg(any(target_arch = "wasm32", test))]
mod blocked;

use std::ops::Range;

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::traits::RealField;
use faer::{Accum, MatMut, MatRef, Par};

/// Rows, columns and inner length of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) inner: usize,
}

/// The right factor, row-major and without gaps.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Right<'a, T> {
    /// inner × columns.
    Plain(&'a [T]),
    /// columns × inner: the factor's transpose.
    Transposed(&'a [T]),
}

/// Which entries of a product are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All.
    All,
    /// Those on and below the diagonal of a square product; the others hold anything afterwards.
    LowerTriangle,
}

/// `product = left · right` in single precision: left is rows × inner, the product rows × columns, both row-major and
/// without gaps.
pub(crate) fn multiply(size: Size, wanted: Wanted, left: &[f32], right: Right<'_, f32>, product: &mut [f32]) {
    #[cfg(target_arch = "wasm32")]
    blocked::multiply(size, wanted, left, right, product);
    #[cfg(not(target_arch = "wasm32"))]
    multiply_by_faer(size, wanted, left, right, product);
}

/// The same by faer, in single or double precision.
pub(crate) fn multiply_by_faer<T: RealField>(
    size: Size,
    wanted: Wanted,
    left: &[T],
    right: Right<'_, T>,
    product: &mut [T],
) {
    let Size { rows, columns, inner } = size;
    let left = MatRef::from_row_major_slice(left, rows, inner);
    let right = match right {
        Right::Plain(right) => MatRef::from_row_major_slice(right, inner, columns),
        Right::Transposed(right) => MatRef::from_row_major_slice(right, columns, inner).transpose(),
    };
    let product = MatMut::from_row_major_slice_mut(product, rows, columns);
    let structure = match wanted {
        Wanted::All => BlockStructure::Rectangular,
        Wanted::LowerTriangle => BlockStructure::TriangularLower,
    };
    let whole = BlockStructure::Rectangular;
    triangular::matmul(product, structure, Accum::Replace, left, whole, right, whole, T::one_impl(), Par::Seq);
}

/// 0..length, cut every `width`.
pub(crate) fn ranges(length: usize, width: usize) -> impl Iterator<Item = Range<usize>> {
    (0..length).step_by(width).map(move |start| start..length.min(start + width))
}
