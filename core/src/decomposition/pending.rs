//! A matrix that is still to be lessened by a product: A − L Rᵀ.
//!
//! A reduction to few diagonals lessens the matrix by the product of a column and a row again and again. Collected, these
//! become one product of matrices (Dongarra, Sorensen & Hammarling, Block Reduction of Matrices to Condensed Forms for
//! Eigenvalue Computations, Journal of Computational and Applied Mathematics 1989).

use std::ops::Range;

use faer::linalg::householder::make_householder_in_place;
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Col, ColRef, Mat, MatMut, MatRef, Par};

use super::symmetric;
use crate::product::ranges;
use crate::steps::{Meter, WORK};

/// Columns of L and R, when they are full.
const COLUMNS: usize = 32;

/// A, and L and R as far as they are filled.
pub(super) struct Pending {
    matrix: Mat<f64>,
    left: Mat<f64>,
    right: Mat<f64>,
    filled: usize,
}

impl Pending {
    pub(super) fn new(matrix: Mat<f64>) -> Self {
        let (rows, columns) = matrix.shape();
        let (left, right) = (Mat::zeros(rows, COLUMNS), Mat::zeros(columns, COLUMNS));
        Self { matrix, left, right, filled: 0 }
    }

    /// Keeps values in a column of A that is no longer needed, from a row on.
    pub(super) fn keep(&mut self, row: usize, column: usize, values: ColRef<'_, f64>) {
        self.matrix.get_mut(row.., column).copy_from(values);
    }

    /// A, with what was kept in it.
    pub(super) fn into_matrix(self) -> Mat<f64> {
        self.matrix
    }

    /// A column of A − L Rᵀ from this row on.
    pub(super) fn column(&self, row: usize, column: usize) -> Col<f64> {
        let mut part = self.matrix.get(row.., column).to_owned();
        lessen(part.as_mat_mut(), self.left(row), self.right(column).row(0).transpose().as_mat());
        part
    }

    /// A row of A − L Rᵀ from this column on.
    pub(super) fn row(&self, row: usize, column: usize) -> Col<f64> {
        let mut part = self.matrix.get(row, column..).transpose().to_owned();
        lessen(part.as_mat_mut(), self.right(column), self.left(row).row(0).transpose().as_mat());
        part
    }

    /// (A − L Rᵀ) x, from this row and column on.
    pub(super) fn times(&self, row: usize, column: usize, x: ColRef<'_, f64>) -> Col<f64> {
        let product = product(self.matrix.get(row.., column..), x);
        without(product, self.left(row), self.right(column), x)
    }

    /// The same for a symmetric A of which only the lower triangle is there, and L Rᵀ that is symmetric.
    pub(super) fn symmetric_times(&self, from: usize, x: &Col<f64>) -> Col<f64> {
        let values: Vec<f64> = x.iter().copied().collect();
        let mut product = vec![0.0; values.len()];
        symmetric::multiply(&self.matrix, from, &values, &mut product);
        without(ColRef::from_slice(&product).to_owned(), self.left(from), self.right(from), x.as_ref())
    }

    /// (A − L Rᵀ)ᵀ x, from this row and column on.
    pub(super) fn transposed_times(&self, row: usize, column: usize, x: ColRef<'_, f64>) -> Col<f64> {
        let product = product(self.matrix.get(row.., column..).transpose(), x);
        without(product, self.right(column), self.left(row), x)
    }

    /// Adds a column to L and one to R, each given from a row on and zero above.
    pub(super) fn push(&mut self, left: (usize, ColRef<'_, f64>), right: (usize, ColRef<'_, f64>)) {
        for (matrix, (row, values)) in [(&mut self.left, left), (&mut self.right, right)] {
            let mut column = matrix.col_mut(self.filled);
            column.as_mut().get_mut(..row).fill(0.0);
            column.get_mut(row..).copy_from(values);
        }
        self.filled += 1;
    }

    /// Lessens A from a row and column on when L and R have no room for two more columns; of a symmetric A only the lower
    /// triangle.
    pub(super) async fn settle(&mut self, from: usize, symmetric: bool, meter: &mut Meter) {
        if self.filled + 2 <= COLUMNS {
            return;
        }
        let (rows, columns) = (self.matrix.nrows() - from, self.matrix.ncols() - from);
        for Range { start, end } in ranges(columns, (WORK / (rows * COLUMNS)).max(COLUMNS)) {
            let right = self.right.get(from + start..from + end, ..self.filled).transpose();
            let mut top = from;
            if symmetric {
                top = from + end;
                let square = self.matrix.get_mut(from + start..top, from + start..top);
                let left = self.left.get(from + start..top, ..self.filled);
                let (lower, whole) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
                triangular::matmul(square, lower, Accum::Add, left, whole, right, whole, -1.0, Par::Seq);
            }
            let left = self.left.get(top.., ..self.filled);
            lessen(self.matrix.get_mut(top.., from + start..from + end), left, right);
            meter.count(rows * (end - start) * COLUMNS).await;
        }
        self.filled = 0;
    }

    fn left(&self, row: usize) -> MatRef<'_, f64> {
        self.left.get(row.., ..self.filled)
    }

    fn right(&self, column: usize) -> MatRef<'_, f64> {
        self.right.get(column.., ..self.filled)
    }
}

/// target −= left · right.
fn lessen(target: MatMut<'_, f64>, left: MatRef<'_, f64>, right: MatRef<'_, f64>) {
    matmul(target, Accum::Add, left, right, -1.0, Par::Seq);
}

/// matrix · x.
fn product(matrix: MatRef<'_, f64>, x: ColRef<'_, f64>) -> Col<f64> {
    let mut product = Col::zeros(matrix.nrows());
    matmul(product.as_mat_mut(), Accum::Replace, matrix, x.as_mat(), 1.0, Par::Seq);
    product
}

/// product − left · rightᵀ · x.
fn without(mut whole: Col<f64>, left: MatRef<'_, f64>, right: MatRef<'_, f64>, x: ColRef<'_, f64>) -> Col<f64> {
    lessen(whole.as_mat_mut(), left, product(right.transpose(), x).as_mat());
    whole
}

/// What makes a column a multiple of the first unit vector: I − v vᵀ / τ.
pub(super) struct Reflection {
    /// v, whose first entry is 1.
    pub(super) vector: Col<f64>,
    /// 1 / τ, which is 0 where nothing is reflected.
    pub(super) weight: f64,
    /// The multiple.
    pub(super) head: f64,
}

impl Reflection {
    /// Of a column that is not empty.
    pub(super) fn of(mut column: Col<f64>) -> Self {
        let (head, tail) = column.as_mut().split_at_row_mut(1);
        let mut first = head[0];
        let tau = make_householder_in_place(&mut first, tail).tau;
        column[0] = 1.0;
        Self { vector: column, weight: tau.recip(), head: first }
    }
}
