//! Products of row-major matrices in single precision, on the calling thread.
//!
//! faer computes them natively. In WebAssembly its kernel keeps 12 × 4 sums, more than fit into the vector registers that
//! V8 hands out; [`blocked`] keeps fewer (measured in docs/speed.md).

#[cfg(any(target_arch = "wasm32", test))]
mod blocked;

#[cfg(not(target_arch = "wasm32"))]
use faer::linalg::matmul::triangular::{self, BlockStructure};
#[cfg(not(target_arch = "wasm32"))]
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
pub(crate) enum Right<'a> {
    /// inner × columns.
    Plain(&'a [f32]),
    /// columns × inner: the factor's transpose.
    Transposed(&'a [f32]),
}

/// Which entries of a product are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All.
    All,
    /// Those on and below the diagonal of a square product; the others hold anything afterwards.
    LowerTriangle,
}

/// `product = left · right`: left is rows × inner, the product rows × columns, both row-major and without gaps.
pub(crate) fn multiply(size: Size, wanted: Wanted, left: &[f32], right: Right<'_>, product: &mut [f32]) {
    #[cfg(target_arch = "wasm32")]
    blocked::multiply(size, wanted, left, right, product);
    #[cfg(not(target_arch = "wasm32"))]
    faer(size, wanted, left, right, product);
}

#[cfg(not(target_arch = "wasm32"))]
fn faer(size: Size, wanted: Wanted, left: &[f32], right: Right<'_>, product: &mut [f32]) {
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
    triangular::matmul(product, structure, Accum::Replace, left, whole, right, whole, 1.0, Par::Seq);
}
