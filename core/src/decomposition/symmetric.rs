//! A symmetric matrix times a column, reading each entry once.

use faer::Mat;
use pulp::{Arch, Simd, WithSimd};

/// Columns that are read at once.
const WIDTH: usize = 4;

/// y = A x for the rows and columns of A from `from` on, of which only those on and below the diagonal are read.
pub(super) fn multiply(matrix: &Mat<f64>, from: usize, x: &[f64], y: &mut [f64]) {
    Arch::new().dispatch(Multiply { matrix, from, x, y });
}

struct Multiply<'a> {
    matrix: &'a Mat<f64>,
    from: usize,
    x: &'a [f64],
    y: &'a mut [f64],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { matrix, from, x, y } = self;
        let size = x.len();
        y.fill(0.0);
        for first in (0..size).step_by(WIDTH) {
            let below = (first + WIDTH).min(size);
            // The triangle on the diagonal.
            for column in first..below {
                let entries = &matrix.col_as_slice(from + column)[from + column..from + below];
                y[column] += entries[0] * x[column];
                for (row, entry) in (column + 1..below).zip(&entries[1..]) {
                    y[row] += entry * x[column];
                    y[column] += entry * x[row];
                }
            }
            if below < size {
                let columns: [&[f64]; WIDTH] =
                    std::array::from_fn(|index| &matrix.col_as_slice(from + first + index)[from + below..]);
                let (above, y) = y.split_at_mut(below);
                let factors = std::array::from_fn(|index| x[first + index]);
                let sums = strip(simd, columns, factors, &x[below..], y);
                above[first..].iter_mut().zip(sums).for_each(|(y, sum)| *y += sum);
            }
        }
    }
}

/// Adds the columns times their factors to y; the products of the columns with x.
#[inline(always)]
fn strip<S: Simd>(simd: S, columns: [&[f64]; WIDTH], factors: [f64; WIDTH], x: &[f64], y: &mut [f64]) -> [f64; WIDTH] {
    let [(a, a_rest), (b, b_rest), (c, c_rest), (d, d_rest)] = columns.map(S::as_simd_f64s);
    let ((x, x_rest), (y, y_rest)) = (S::as_simd_f64s(x), S::as_mut_simd_f64s(y));
    let [fa, fb, fc, fd] = factors.map(|factor| simd.splat_f64s(factor));
    let mut sums = [simd.splat_f64s(0.0); WIDTH];
    for (((((&a, &b), &c), &d), &x), y) in a.iter().zip(b).zip(c).zip(d).zip(x).zip(y) {
        let left = simd.mul_add_e_f64s(a, fa, simd.mul_f64s(b, fb));
        let right = simd.mul_add_e_f64s(c, fc, simd.mul_add_e_f64s(d, fd, *y));
        *y = simd.add_f64s(left, right);
        sums[0] = simd.mul_add_e_f64s(a, x, sums[0]);
        sums[1] = simd.mul_add_e_f64s(b, x, sums[1]);
        sums[2] = simd.mul_add_e_f64s(c, x, sums[2]);
        sums[3] = simd.mul_add_e_f64s(d, x, sums[3]);
    }
    let mut sums = sums.map(|sum| simd.reduce_sum_f64s(sum));
    for (column, (rest, factor)) in [a_rest, b_rest, c_rest, d_rest].into_iter().zip(factors).enumerate() {
        for ((entry, x), y) in rest.iter().zip(x_rest).zip(y_rest.iter_mut()) {
            *y += entry * factor;
            sums[column] += entry * x;
        }
    }
    sums
}
