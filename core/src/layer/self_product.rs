//! M Mᵀ for a matrix that is produced by blocks of columns, summed in double precision.

use std::ops::Range;

use faer::traits::RealField;
use faer::{Mat, MatRef};

use super::Precision;
use crate::parallel::{for_each, vectorised};
use crate::product::{Right, Size, Wanted, multiply, multiply_by_faer, ranges};
use crate::supervise::{Cancelled, Supervisor};

/// How many products are added in the precision of the factors before they enter the double precision sum.
pub(super) const RUN: usize = 512;

/// Rows and columns of a square of the result that one thread works on.
const TILE: usize = 128;

/// Multiply-adds between two pauses: about a tenth of a second of WebAssembly.
const WORK: u64 = 1 << 30;

/// A number that products are formed in. Converting is inlined by force: a call for each value took 8 parts in 10 of a
/// Gram matrix's time where the compiler did not inline it by itself.
pub(super) trait Factor: RealField + Copy + Send + Sync {
    /// What the products are formed in.
    const PRECISION: Precision;
    /// The nearest number of this precision.
    fn nearest(value: f64) -> Self;
    /// The same number in double precision.
    fn widen(self) -> f64;
    /// `product = left · rightᵀ`, all row-major: left is rows × inner, right columns × inner.
    fn multiply(size: Size, wanted: Wanted, left: &[Self], right: &[Self], product: &mut [Self]);
}

impl Factor for f32 {
    const PRECISION: Precision = Precision::Single;

    #[inline(always)]
    fn nearest(value: f64) -> Self {
        value as Self
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        self.into()
    }

    fn multiply(size: Size, wanted: Wanted, left: &[Self], right: &[Self], product: &mut [Self]) {
        multiply(size, wanted, left, Right::Transposed(right), product);
    }
}

impl Factor for f64 {
    const PRECISION: Precision = Precision::Double;

    #[inline(always)]
    fn nearest(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }

    fn multiply(size: Size, wanted: Wanted, left: &[Self], right: &[Self], product: &mut [Self]) {
        multiply_by_faer(size, wanted, left, Right::Transposed(right), product);
    }
}

/// M Mᵀ, n × n and exactly symmetric, with `fill(row, columns, out)` writing part of a row of M (n × p).
///
/// Every entry is the same whatever the number of threads.
///
/// # Errors
/// [`Cancelled`] when the supervisor says so.
pub(super) async fn self_product<F: Factor>(
    rows: usize,
    columns: usize,
    supervisor: &impl Supervisor,
    fill: impl Fn(usize, Range<usize>, &mut [F]) + Send + Sync,
) -> Result<Mat<f64>, Cancelled> {
    let mut tiles = tiles::<F>(rows);
    let mut buffer = vec![F::nearest(0.0); rows * RUN.min(columns)];
    let mut work: u64 = 0;
    for range in ranges(columns, RUN) {
        let width = range.len();
        let block = &mut buffer[..rows * width];
        let mut lines: Vec<_> = block.chunks_exact_mut(width).enumerate().collect();
        for_each(&mut lines, |(row, out)| vectorised(|| fill(*row, range.clone(), out)));
        let factor = &*block;
        for_each(&mut tiles, |tile| tile.add(factor, width));
        work += (rows * width) as u64 * rows as u64 / 2;
        if work >= WORK {
            work = 0;
            supervisor.pause().await?;
        }
    }
    let mut product = Mat::zeros(rows, rows);
    for Tile { rows, columns, sum, .. } in &tiles {
        let sum = MatRef::from_row_major_slice(sum, rows.len(), columns.len());
        product.submatrix_mut(rows.start, columns.start, rows.len(), columns.len()).copy_from(sum);
    }
    mirror(&mut product);
    Ok(product)
}

/// A square of the lower triangle of M Mᵀ, or less at the edge.
struct Tile<F> {
    rows: Range<usize>,
    columns: Range<usize>,
    /// The products of one run, row-major.
    part: Vec<F>,
    /// The products of all runs, row-major.
    sum: Vec<f64>,
}

/// The lower triangle of an n × n matrix.
fn tiles<F: Factor>(size: usize) -> Vec<Tile<F>> {
    let edges: Vec<_> = ranges(size, TILE).collect();
    let pairs =
        edges.iter().enumerate().flat_map(|(index, columns)| edges.iter().skip(index).map(move |rows| (rows, columns)));
    let tile = |(rows, columns): (&Range<usize>, &Range<usize>)| Tile {
        rows: rows.clone(),
        columns: columns.clone(),
        part: vec![F::nearest(0.0); rows.len() * columns.len()],
        sum: vec![0.0; rows.len() * columns.len()],
    };
    pairs.map(tile).collect()
}

impl<F: Factor> Tile<F> {
    /// Adds the products of one run of columns of M, of which a row has `width` values in `factor`.
    fn add(&mut self, factor: &[F], width: usize) {
        let Self { rows, columns, part, sum } = self;
        let lines = |range: &Range<usize>| &factor[range.start * width..range.end * width];
        let size = Size { rows: rows.len(), columns: columns.len(), inner: width };
        let wanted = if rows == columns { Wanted::LowerTriangle } else { Wanted::All };
        F::multiply(size, wanted, lines(rows), lines(columns), part);
        vectorised(|| {
            for (sum, part) in sum.iter_mut().zip(part) {
                *sum += part.widen();
            }
        });
    }
}

/// Copies the lower triangle to the upper.
pub(super) fn mirror(matrix: &mut Mat<f64>) {
    for column in 0..matrix.ncols() {
        for row in 0..column {
            matrix[(row, column)] = matrix[(column, row)];
        }
    }
}
