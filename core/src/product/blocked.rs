//! A product by blocks that fit into the caches, 4 rows × 2 vectors of sums at a time (Goto and van de Geijn 2008).

use std::cell::RefCell;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::{Right, Size, Wanted, ranges};

/// Rows of sums that a kernel keeps in registers.
const HEIGHT: usize = 4;
/// Vectors in a row of sums: with [`HEIGHT`], 8 sums, 2 values of the right factor, 1 of the left and 1 product are 12
/// registers.
const VECTORS: usize = 2;
/// Lanes of the widest vector there is.
const MOST_LANES: usize = 16;
/// Inner length of a block.
const INNER: usize = 512;
/// Rows or columns of a block: with [`INNER`], 256 KiB of each factor.
const SIDE: usize = 128;

thread_local! {
    /// Blocks of the left and right factor in the kernel's order, kept from product to product.
    static PACKED: RefCell<[Vec<f32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// As [`super::multiply`].
pub(super) fn multiply(size: Size, wanted: Wanted, left: &[f32], right: Right<'_, f32>, product: &mut [f32]) {
    PACKED.with_borrow_mut(|packed| {
        Arch::new().dispatch(Multiply { size, wanted, left, right, product, packed });
    });
}

struct Multiply<'a> {
    size: Size,
    wanted: Wanted,
    left: &'a [f32],
    right: Right<'a, f32>,
    product: &'a mut [f32],
    packed: &'a mut [Vec<f32>; 2],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { size, wanted, left, right, product, packed: [packed_left, packed_right] } = self;
        let width = VECTORS * S::F32_LANES;
        product.fill(0.0);
        for inner in ranges(size.inner, INNER) {
            for columns in ranges(size.columns, SIDE) {
                match right {
                    Right::Plain(right) => pack_rows(right, size.columns, &inner, &columns, width, packed_right),
                    Right::Transposed(right) => pack_columns(right, size.inner, &inner, &columns, width, packed_right),
                }
                for rows in ranges(size.rows, SIDE) {
                    pack_columns(left, size.inner, &inner, &rows, HEIGHT, packed_left);
                    let bands = rows.step_by(HEIGHT).zip(packed_left.chunks_exact(HEIGHT * inner.len()));
                    for (row, band) in bands {
                        let (band, _) = band.as_chunks::<HEIGHT>();
                        let panels = columns.clone().step_by(width).zip(packed_right.chunks_exact(width * inner.len()));
                        for (column, panel) in panels {
                            if wanted == Wanted::LowerTriangle && column >= row + HEIGHT {
                                break;
                            }
                            let (panel, _) = S::as_simd_f32s(panel);
                            let (panel, _) = panel.as_chunks::<VECTORS>();
                            let sums = sums(simd, band, panel);
                            add(simd, sums, size.columns, row, column..columns.end, product);
                        }
                    }
                }
            }
        }
    }
}

/// The products of a band of the left and a panel of the right factor, summed over the inner length.
#[inline(always)]
fn sums<S: Simd>(simd: S, band: &[[f32; HEIGHT]], panel: &[[S::f32s; VECTORS]]) -> [[S::f32s; VECTORS]; HEIGHT] {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; HEIGHT];
    for (left, right) in band.iter().zip(panel) {
        for (sums, &left) in sums.iter_mut().zip(left) {
            let left = simd.splat_f32s(left);
            for (sum, &right) in sums.iter_mut().zip(right) {
                *sum = simd.mul_add_e_f32s(left, right, *sum);
            }
        }
    }
    sums
}

/// Adds sums to the product from `row` and the first of `columns` on, as far as it has rows and columns.
#[inline(always)]
fn add<S: Simd>(
    simd: S,
    sums: [[S::f32s; VECTORS]; HEIGHT],
    stride: usize,
    row: usize,
    columns: Range<usize>,
    product: &mut [f32],
) {
    let width = (VECTORS * S::F32_LANES).min(columns.len());
    for (sums, line) in sums.into_iter().zip(product.chunks_exact_mut(stride).skip(row)) {
        let target = &mut line[columns.start..columns.start + width];
        if let (targets, []) = S::as_mut_simd_f32s(target)
            && let Ok(targets) = <&mut [S::f32s; VECTORS]>::try_from(targets)
        {
            for (target, sum) in targets.iter_mut().zip(sums) {
                *target = simd.add_f32s(*target, sum);
            }
        } else {
            let mut values = [0.0; VECTORS * MOST_LANES];
            let (vectors, _) = S::as_mut_simd_f32s(&mut values);
            vectors.iter_mut().zip(sums).for_each(|(vector, sum)| *vector = sum);
            target.iter_mut().zip(values).for_each(|(target, value)| *target += value);
        }
    }
}

/// Rows of a matrix with `columns` columns, cut into panels of `width` columns, filled up with zeros:
/// `[panel][row][column]`.
#[inline(always)]
fn pack_rows(
    matrix: &[f32],
    stride: usize,
    rows: &Range<usize>,
    columns: &Range<usize>,
    width: usize,
    packed: &mut Vec<f32>,
) {
    packed.resize(columns.len().div_ceil(width) * width * rows.len(), 0.0);
    let lines = || matrix.chunks_exact(stride).skip(rows.start).take(rows.len());
    let panels = columns.clone().step_by(width).zip(packed.chunks_exact_mut(width * rows.len()));
    for (start, panel) in panels {
        let columns = start..(start + width).min(columns.end);
        for (line, target) in lines().zip(panel.chunks_exact_mut(width)) {
            let line = &line[columns.clone()];
            let (whole, rest) = target.split_at_mut(line.len());
            whole.copy_from_slice(line);
            rest.fill(0.0);
        }
    }
}

/// Rows `lines` of a matrix whose rows have `stride` values, `width` of them side by side, filled up with zeros:
/// `[band][value][row]` for the values in `inner`.
#[inline(always)]
fn pack_columns(
    matrix: &[f32],
    stride: usize,
    inner: &Range<usize>,
    lines: &Range<usize>,
    width: usize,
    packed: &mut Vec<f32>,
) {
    packed.resize(lines.len().div_ceil(width) * width * inner.len(), 0.0);
    let bands = lines.clone().step_by(width).zip(packed.chunks_exact_mut(width * inner.len()));
    for (start, band) in bands {
        for place in 0..width {
            let line = start + place;
            let values = (line < lines.end).then(|| &matrix[line * stride..][inner.clone()]);
            let targets = band.iter_mut().skip(place).step_by(width);
            match values {
                Some(values) => targets.zip(values).for_each(|(target, &value)| *target = value),
                None => targets.for_each(|target| *target = 0.0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulp::Scalar;

    use super::*;

    /// Small integers: every sum is exact in single precision, whatever its order.
    fn integers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|index| ((index * 7919 + seed * 104_729) % 17) as f32 - 8.0).collect()
    }

    fn expected(size: Size, left: &[f32], right: &[f32]) -> Vec<f32> {
        let Size { rows, columns, inner } = size;
        let entry = |row: usize, column: usize| -> f64 {
            (0..inner).map(|k| f64::from(left[row * inner + k]) * f64::from(right[k * columns + column])).sum()
        };
        (0..rows)
            .flat_map(|row| (0..columns).map(move |column| (row, column)))
            .map(|(r, c)| entry(r, c) as f32)
            .collect()
    }

    fn transposed(matrix: &[f32], rows: usize, columns: usize) -> Vec<f32> {
        (0..rows * columns).map(|index| matrix[index % rows * columns + index / rows]).collect()
    }

    fn check(size: Size) {
        let Size { rows, columns, inner } = size;
        let (left, right) = (integers(rows * inner, 1), integers(inner * columns, 2));
        let expected = expected(size, &left, &right);
        let turned = transposed(&right, inner, columns);
        for factor in [Right::Plain(&right), Right::Transposed(&turned)] {
            let mut product = vec![f32::NAN; rows * columns];
            multiply(size, Wanted::All, &left, factor, &mut product);
            assert_eq!(product, expected, "{size:?}");
            product.fill(f32::NAN);
            let (wanted, mut packed) = (Wanted::All, [Vec::new(), Vec::new()]);
            let scalar =
                Multiply { size, wanted, left: &left, right: factor, product: &mut product, packed: &mut packed };
            scalar.with_simd(Scalar);
            assert_eq!(product, expected, "{size:?} without vectors");
            super::super::multiply(size, Wanted::All, &left, factor, &mut product);
            assert_eq!(product, expected, "{size:?} by faer");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn small_products_are_exact(rows in 1_usize..40, columns in 1_usize..70, inner in 1_usize..20) {
            check(Size { rows, columns, inner });
        }
    }

    #[test]
    fn products_of_several_blocks_are_exact() {
        check(Size { rows: SIDE + 3, columns: SIDE + 5, inner: INNER + 7 });
        check(Size { rows: 2 * SIDE, columns: SIDE, inner: 2 * INNER });
        check(Size { rows: 3, columns: 4, inner: 0 });
    }

    #[test]
    fn the_lower_triangle_is_that_of_the_whole() {
        for rows in [1, 7, 64, SIDE + 9] {
            let size = Size { rows, columns: rows, inner: 33 };
            let left = integers(rows * 33, 3);
            let expected = expected(size, &left, &transposed(&left, rows, 33));
            for product in [multiply, super::super::multiply] {
                let mut found = vec![0.0; rows * rows];
                product(size, Wanted::LowerTriangle, &left, Right::Transposed(&left), &mut found);
                for row in 0..rows {
                    assert_eq!(found[row * rows..][..=row], expected[row * rows..][..=row], "{rows} rows");
                }
            }
        }
    }
}
