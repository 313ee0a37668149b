//! Symmetric matrices as vectors: one triangle, packed, so that a Frobenius inner product is one dot product.

use faer::Mat;
use pulp::NullaryFnOnce;

use super::Block;
use crate::layer::{Order, Reason};
use crate::parallel::{self, vectorised};

/// One triangle of a symmetric matrix, scaled to Frobenius norm 1.
///
/// Off-diagonal entries carry a factor √2, so that ⟨K, L⟩ = Σᵢⱼ Kᵢⱼ Lᵢⱼ is the dot product of the packed values.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitTriangle(Vec<f64>);

impl UnitTriangle {
    /// Packs the lower triangle of a symmetric matrix whose entries are in a range that squares can follow.
    ///
    /// # Errors
    /// The given reason when the norm is not above `negligible`.
    pub(crate) fn new(matrix: &Mat<f64>, negligible: f64, reason: Reason) -> Result<Self, Reason> {
        let size = matrix.nrows();
        let mut values = Vec::with_capacity(size * (size + 1) / 2);
        for column in 0..size {
            values.extend(matrix.col(column).subrows(column, size - column).iter());
        }
        Self::packed(size, values, negligible, reason)
    }

    /// The same from the lower triangle of an n × n matrix, column by column.
    ///
    /// # Errors
    /// The given reason when the norm is not above `negligible`.
    pub(crate) fn packed(size: usize, mut values: Vec<f64>, negligible: f64, reason: Reason) -> Result<Self, Reason> {
        let mut rest = values.as_mut_slice();
        for column in 0..size {
            let (own, later) = rest.split_at_mut(size - column);
            own[1..].iter_mut().for_each(|value| *value *= std::f64::consts::SQRT_2);
            rest = later;
        }
        let norm = dot(&values, &values).sqrt();
        if norm <= negligible {
            return Err(reason);
        }
        values.iter_mut().for_each(|value| *value /= norm);
        Ok(Self(values))
    }

    /// ⟨K, L⟩ / (‖K‖ ‖L‖).
    pub(crate) fn cosine(&self, other: &Self) -> Result<f64, Reason> {
        same_length(self.0.len(), other.0.len())?;
        Ok(dot(&self.0, &other.0))
    }

    /// [`UnitTriangle::cosine`] of every pair, as one blocked product. Each value has the digits that it has alone.
    pub(crate) fn cosines(a: &[&Self], b: &[&Self]) -> Block {
        let [a, b] = [a, b].map(|triangles| triangles.iter().map(|triangle| triangle.0.as_slice()).collect::<Vec<_>>());
        dots(&a, &b)
    }

    /// The triangle of the matrix with rows and columns in another order.
    pub(crate) fn permuted(&self, order: &Order) -> Self {
        let order = order.indices();
        let size = order.len();
        // Entry (i, j) with i ≥ j is value `before[j] + i`.
        let before: Vec<usize> = (0..size).map(|column| column * (2 * size - column - 1) / 2).collect();
        let mut values = vec![0.0; self.0.len()];
        let mut rest = values.as_mut_slice();
        for (column, &j) in order.iter().enumerate() {
            let (own, later) = rest.split_at_mut(size - column);
            for (value, &i) in own.iter_mut().zip(&order[column..]) {
                *value = self.0[before[i.min(j)] + i.max(j)];
            }
            rest = later;
        }
        Self(values)
    }
}

/// The entries below the diagonal of a symmetric matrix, column by column, with rows and columns in another order; nothing
/// where they are not as many as the order asks for.
pub(crate) fn permuted_below<T: Copy>(values: &[T], order: &Order) -> Option<Vec<T>> {
    let order = order.indices();
    let size = order.len();
    if values.len() != size * size.saturating_sub(1) / 2 {
        return None;
    }
    let entry = |i: usize, j: usize| {
        let (row, column) = (i.max(j), i.min(j));
        values[column * (2 * size - column - 1) / 2 + row - column - 1]
    };
    let column = |(place, &j): (usize, &usize)| order[place + 1..].iter().map(move |&i| entry(i, j));
    Some(order.iter().enumerate().flat_map(column).collect())
}

/// Values of a vector that are met at once; a multiple of the eight sums. Those of [`TOGETHER`] vectors of one side and
/// [`GROUP`] of the other stay in the nearest cache.
const RUN: usize = 256;

/// Vectors of the right side that share the loads of one of the left.
const TOGETHER: usize = 4;

/// Vectors of the left side that meet the right side's together, on one thread.
const GROUP: usize = 8;

/// The dot products of all pairs: those of different lengths have a reason instead.
pub(crate) fn dots(a: &[&[f64]], b: &[&[f64]]) -> Block {
    // No more of them at once than leaves work for each thread.
    let group = a.len().div_ceil(parallel::threads()).clamp(1, GROUP);
    let groups: Vec<&[&[f64]]> = a.chunks(group).collect();
    let values = parallel::map(&groups, |a| group_dots(a, b));
    Block::new(b.len(), values.into_iter().flatten().collect())
}

/// [`dots`] of a few vectors.
fn group_dots(a: &[&[f64]], b: &[&[f64]]) -> Vec<Result<f64, Reason>> {
    let mut sums = vec![[0.0; 8]; a.len() * b.len()];
    vectorised(AddProducts { a, b, sums: &mut sums });
    let value = |(index, sums): (usize, [f64; 8])| {
        let (a, b) = (a[index / b.len()], b[index % b.len()]);
        same_length(a.len(), b.len())?;
        let rest = whole(a)..;
        let rest: f64 = a[rest.clone()].iter().zip(&b[rest]).map(|(x, y)| x * y).sum();
        Ok(sums.iter().sum::<f64>() + rest)
    };
    sums.into_iter().enumerate().map(value).collect()
}

/// How much of a vector enters the interleaved sums.
#[inline(always)]
fn whole(vector: &[f64]) -> usize {
    vector.len() - vector.len() % 8
}

/// Adds the products of each of `a` with each of `b`, a row of sums for each of `a`.
struct AddProducts<'a> {
    a: &'a [&'a [f64]],
    b: &'a [&'a [f64]],
    sums: &'a mut [[f64; 8]],
}

impl NullaryFnOnce for AddProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { a, b, sums } = self;
        let longest = a.iter().map(|a| whole(a)).max().unwrap_or(0);
        for start in (0..longest).step_by(RUN) {
            for (index, together) in b.chunks(TOGETHER).enumerate() {
                for (a, sums) in a.iter().zip(sums.chunks_mut(b.len())) {
                    let range = start..(start + RUN).min(whole(a));
                    if let Some(a) = a.get(range.clone()) {
                        add_products(&mut sums[index * TOGETHER..][..together.len()], a, together, range);
                    }
                }
            }
        }
    }
}

/// Adds one run's products of a vector with a few others, in the interleaved sums of [`dot`].
#[inline(always)]
fn add_products(sums: &mut [[f64; 8]], a: &[f64], b: &[&[f64]], range: std::ops::Range<usize>) {
    if let ([s0, s1, s2, s3], [b0, b1, b2, b3]) = (&mut *sums, b)
        && let (Some(b0), Some(b1)) = (b0.get(range.clone()), b1.get(range.clone()))
        && let (Some(b2), Some(b3)) = (b2.get(range.clone()), b3.get(range.clone()))
    {
        let others = b0.chunks_exact(8).zip(b1.chunks_exact(8)).zip(b2.chunks_exact(8).zip(b3.chunks_exact(8)));
        for (a, ((b0, b1), (b2, b3))) in a.chunks_exact(8).zip(others) {
            for lane in 0..8 {
                s0[lane] += a[lane] * b0[lane];
                s1[lane] += a[lane] * b1[lane];
                s2[lane] += a[lane] * b2[lane];
                s3[lane] += a[lane] * b3[lane];
            }
        }
        return;
    }
    for (sums, b) in sums.iter_mut().zip(b) {
        // A vector that is shorter has a reason instead of a value.
        let Some(b) = b.get(range.clone()) else { continue };
        for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
            for lane in 0..8 {
                sums[lane] += a[lane] * b[lane];
            }
        }
    }
}

/// Refuses two layers that were computed on different numbers of samples.
pub(crate) fn same_length(a: usize, b: usize) -> Result<(), Reason> {
    if a == b { Ok(()) } else { Err(Reason::DifferentRows) }
}

/// Σ aᵢ bᵢ, in eight interleaved sums: independent of the machine's vector width.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(x, y)| x * y).sum();
    for (a, b) in a.zip(b) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// The U-centred matrix of a symmetric K (Székely & Rizzo 2014): zero on the diagonal, and rows that sum to zero.
///
/// It is what is left of the entries off the diagonal after the best fit by a sum aᵢ + aⱼ. Where rows were drawn, `origin` is
/// for each the sample that it is, and pairs of rows that are the same sample are left out as the diagonal is: with n rows,
/// wᵢ of them the sample of row i, and row sums rᵢ over the others, aᵢ = (rᵢ − S) / (n − 2 wᵢ) with S = Σ aⱼ.
pub(crate) fn u_centred(kernel: &Mat<f64>, origin: Option<&[usize]>) -> Mat<f64> {
    let size = kernel.nrows();
    let same = |i: usize, j: usize| i == j || origin.is_some_and(|origin| origin[i] == origin[j]);
    let mut centred = Mat::from_fn(size, size, |i, j| if same(i, j) { 0.0 } else { kernel[(i, j)] });
    let freedom: Vec<f64> = copies(size, origin).into_iter().map(|copies| size as f64 - 2.0 * copies as f64).collect();
    let sums = sums(&centred);
    let total = sums.iter().zip(&freedom).map(|(sum, freedom)| sum / freedom).sum::<f64>()
        / (1.0 + freedom.iter().map(|freedom| 1.0 / freedom).sum::<f64>());
    let shares: Vec<f64> = sums.iter().zip(&freedom).map(|(sum, freedom)| (sum - total) / freedom).collect();
    for j in 0..size {
        for i in 0..size {
            centred[(i, j)] = if same(i, j) { 0.0 } else { centred[(i, j)] - shares[i] - shares[j] };
        }
    }
    centred
}

/// For each row how many rows are its sample.
fn copies(size: usize, origin: Option<&[usize]>) -> Vec<usize> {
    let Some(origin) = origin else { return vec![1; size] };
    let mut counts = std::collections::HashMap::<usize, usize>::new();
    origin.iter().for_each(|&sample| *counts.entry(sample).or_default() += 1);
    origin.iter().map(|sample| counts[sample]).collect()
}

fn sums(matrix: &Mat<f64>) -> Vec<f64> {
    matrix.col_iter().map(|column| column.iter().sum()).collect()
}

/// The largest absolute entry.
pub(crate) fn largest(matrix: &Mat<f64>) -> f64 {
    matrix.norm_max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::sample::{generator, normal};

    #[test]
    fn a_blocked_product_has_the_digits_of_each_value_alone() {
        let mut random = generator(1);
        // Below a run, at its edges, and with a remainder; more vectors than share a load, and one that is shorter.
        for length in [3, 8, RUN - 1, RUN, RUN + 13, 2 * RUN + 8] {
            let vectors: Vec<Vec<f64>> = (0..7).map(|_| normal(&mut random, length)).collect();
            let mut b: Vec<&[f64]> = vectors.iter().map(Vec::as_slice).collect();
            let a = b[..3].to_vec();
            b[5] = &b[5][..length - 1];
            let block = dots(&a, &b);
            for (i, left) in a.iter().enumerate() {
                for (j, right) in b.iter().enumerate() {
                    match block.get(i, j) {
                        Ok(value) => assert_eq!(value.to_bits(), dot(left, right).to_bits(), "{length} {i} {j}"),
                        Err(reason) => assert_eq!((j, reason), (5, &Reason::DifferentRows)),
                    }
                }
            }
        }
    }

    #[test]
    fn u_centring_leaves_what_no_sum_of_rows_and_columns_fits() {
        let values = normal(&mut generator(3), 81);
        let all = Mat::from_fn(9, 9, |i, j| values[i.max(j) * 9 + i.min(j)]);
        let drawn = [4, 0, 4, 7, 7, 4, 1, 2, 3];
        for origin in [None, Some(&drawn[..])] {
            let sample = |row: usize| origin.map_or(row, |origin| origin[row]);
            let matrix = Mat::from_fn(9, 9, |i, j| all[(sample(i), sample(j))]);
            let same = |i: usize, j: usize| i == j || origin.is_some_and(|origin| origin[i] == origin[j]);
            let centred = u_centred(&matrix, origin);
            for i in 0..9 {
                let sum: f64 = centred.row(i).iter().sum();
                assert!(sum.abs() < 1e-13, "{sum}");
                assert!((0..9).filter(|&j| same(i, j)).all(|j| centred[(i, j)] == 0.0));
            }
            // What was taken away is such a sum: adding another to the matrix changes nothing.
            let shifted = Mat::from_fn(9, 9, |i, j| matrix[(i, j)] + values[sample(i)] + values[sample(j)]);
            assert!((u_centred(&shifted, origin) - &centred).norm_max() < 1e-13);
            let taken = &matrix - &centred;
            // Rows 1, 6, 7 and 8 are samples of their own: a sum has no interaction.
            let interaction = taken[(1, 6)] + taken[(7, 8)] - taken[(1, 8)] - taken[(7, 6)];
            assert!(interaction.abs() < 1e-13, "{interaction}");
        }
    }

    #[test]
    fn a_permuted_triangle_is_that_of_the_permuted_matrix() {
        let values = normal(&mut generator(2), 49);
        let matrix = Mat::from_fn(7, 7, |i, j| values[i.max(j) * 7 + i.min(j)]);
        let order = Order::random(7, 3);
        let indices = order.indices();
        let permuted = Mat::from_fn(7, 7, |i, j| matrix[(indices[i], indices[j])]);
        let triangle = |matrix: &Mat<f64>| UnitTriangle::new(matrix, 0.0, Reason::Coincide).unwrap();
        let (found, expected) = (triangle(&matrix).permuted(&order), triangle(&permuted));
        assert!(found.0.iter().zip(&expected.0).all(|(x, y)| (x - y).abs() < 1e-15));
        let below = |matrix: &Mat<f64>| -> Vec<f64> {
            (0..7).flat_map(|j| (j + 1..7).map(move |i| (i, j))).map(|at| matrix[at]).collect()
        };
        assert_eq!(permuted_below(&below(&matrix), &order), Some(below(&permuted)));
        assert_eq!(permuted_below(&[1.0; 20], &order), None);
    }
}
