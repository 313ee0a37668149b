//! Euclidean distances between samples, from a Gram matrix.

use faer::Mat;

use super::triangle::largest;
use crate::layer::Kept;

/// ‖xᵢ − xⱼ‖² over the largest entry of the Gram matrix, for the samples i > j of column j, column by column. Samples that
/// coincide within rounding are exactly 0 apart.
pub(super) fn squared_below(gram: &Kept<Mat<f64>>) -> Vec<f64> {
    let Kept { value: gram, precision } = gram;
    let (size, scale) = (gram.nrows(), 1.0 / largest(gram));
    let norms: Vec<f64> = (0..size).map(|i| gram[(i, i)] * scale).collect();
    let mut squared = Vec::with_capacity(size * size.saturating_sub(1) / 2);
    for (column, norm) in norms.iter().enumerate() {
        let below = gram.col(column).subrows(column + 1, size - column - 1);
        squared.extend(below.iter().zip(&norms[column + 1..]).map(|(product, other)| {
            let value = other + norm - 2.0 * (product * scale);
            if value <= 8.0 * precision.rounding() * norm.max(*other) { 0.0 } else { value }
        }));
    }
    squared
}

/// The distances as a symmetric matrix, over the root of the largest entry of the Gram matrix.
pub(super) fn matrix(gram: &Kept<Mat<f64>>) -> Mat<f64> {
    symmetric(gram.value.nrows(), squared_below(gram).into_iter().map(f64::sqrt))
}

/// The symmetric matrix with zeros on its diagonal and these entries below it, column by column.
pub(super) fn symmetric(size: usize, below: impl IntoIterator<Item = f64>) -> Mat<f64> {
    let mut matrix = Mat::zeros(size, size);
    let places = (0..size).flat_map(|column| (column + 1..size).map(move |row| (row, column)));
    for ((row, column), value) in places.zip(below) {
        matrix[(row, column)] = value;
        matrix[(column, row)] = value;
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Gram;
    use crate::similarity::tests::sample::{generator, layer, normal};

    #[test]
    fn distances_are_those_between_rows() {
        let values = normal(&mut generator(21), 7 * 3);
        let layer = layer(&values, 3);
        let gram = layer.part::<Gram>().unwrap();
        let found = matrix(gram);
        let scale = largest(&gram.value).sqrt();
        for (i, x) in values.chunks(3).enumerate() {
            for (j, y) in values.chunks(3).enumerate() {
                let expected = x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt() / scale;
                assert!((found[(i, j)] - expected).abs() < 1e-14, "{i} {j}");
            }
        }
    }

    #[test]
    fn samples_that_coincide_are_no_distance_apart() {
        let mut values = normal(&mut generator(22), 6 * 50);
        values.iter_mut().for_each(|value| *value += 40.0);
        let (first, rest) = values.split_at_mut(50);
        rest[100..150].copy_from_slice(first);
        let layer = layer(&values, 50);
        assert_eq!(matrix(layer.part::<Gram>().unwrap())[(3, 0)], 0.0);
    }
}
