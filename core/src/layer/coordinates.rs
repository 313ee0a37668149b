//! What follows from an n × n matrix of inner products.

use faer::Mat;

use super::{Kept, Reason};
use crate::decomposition::symmetric_eigen;

/// Principal coordinates V S of a positive semidefinite matrix V S² Vᵀ, in descending order, without the eigenvalues up to
/// 4 √n × rounding × the largest.
pub(super) async fn principal(gram: &Kept<Mat<f64>>) -> Result<Kept<Mat<f64>>, Reason> {
    let Kept { value: gram, precision } = gram;
    let rows = gram.nrows();
    let largest = (0..rows).map(|row| gram[(row, row)]).fold(0.0, f64::max);
    if largest == 0.0 {
        return Ok(Kept { value: Mat::zeros(rows, 0), precision: *precision });
    }
    let scaled = gram * faer::Scale(1.0 / largest);
    let Some((values, vectors)) = symmetric_eigen(scaled).await else {
        return Err(Reason::NotDiagonalised);
    };
    let threshold = 4.0 * (rows as f64).sqrt() * precision.rounding() * values[rows - 1];
    let roots: Vec<(usize, f64)> = values
        .iter()
        .enumerate()
        .rev()
        .take_while(|&(_, &value)| value > threshold)
        .map(|(index, &value)| (index, value.sqrt() * largest.sqrt()))
        .collect();
    let mut coordinates = Mat::zeros(rows, roots.len());
    for (mut column, (index, root)) in coordinates.col_iter_mut().zip(roots) {
        column.copy_from(vectors.col(index) * faer::Scale(root));
    }
    Ok(Kept { value: coordinates, precision: *precision })
}

/// Divides each entry by the roots of the diagonal entries of its row and column; the diagonal becomes exactly one.
pub(super) fn normalise_diagonal(matrix: &mut Mat<f64>) {
    let rows = matrix.nrows();
    let norms: Vec<f64> = (0..rows).map(|row| matrix[(row, row)].sqrt()).collect();
    for column in 0..rows {
        for row in 0..rows {
            let entry = &mut matrix[(row, column)];
            *entry = if row == column { 1.0 } else { *entry / (norms[row] * norms[column]) };
        }
    }
}
