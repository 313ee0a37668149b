//! Symmetric matrices as vectors: one triangle, packed, so that a Frobenius inner product is one dot product.

use faer::Mat;

use super::Undefined;

/// One triangle of a symmetric matrix, scaled to Frobenius norm 1.
///
/// Off-diagonal entries carry a factor √2, so that ⟨K, L⟩ = Σᵢⱼ Kᵢⱼ Lᵢⱼ is the dot product of the packed values.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitTriangle(Vec<f64>);

impl UnitTriangle {
    /// Packs the lower triangle of a symmetric matrix whose entries are in a range that squares can follow.
    ///
    /// # Errors
    /// [`Undefined`] with the given reason when the norm is not above `negligible`.
    pub(crate) fn new(matrix: &Mat<f64>, negligible: f64, reason: &str) -> Result<Self, Undefined> {
        let size = matrix.nrows();
        let mut values = Vec::with_capacity(size * (size + 1) / 2);
        for column in 0..size {
            values.push(matrix[(column, column)]);
            let below = matrix.col(column).subrows(column + 1, size - column - 1);
            values.extend(below.iter().map(|value| value * std::f64::consts::SQRT_2));
        }
        let norm = dot(&values, &values).sqrt();
        if norm <= negligible {
            return Err(Undefined(reason.to_owned()));
        }
        values.iter_mut().for_each(|value| *value /= norm);
        Ok(Self(values))
    }

    /// ⟨K, L⟩ / (‖K‖ ‖L‖).
    pub(crate) fn cosine(&self, other: &Self) -> Result<f64, Undefined> {
        same_length(self.0.len(), other.0.len())?;
        Ok(dot(&self.0, &other.0))
    }
}

/// Refuses two layers that were computed on different numbers of samples.
pub(crate) fn same_length(a: usize, b: usize) -> Result<(), Undefined> {
    if a == b { Ok(()) } else { Err(Undefined("the two layers have different numbers of rows".to_owned())) }
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

/// H K H with H = I - 1 1ᵀ / n, for a symmetric K.
pub(crate) fn double_centred(kernel: &Mat<f64>) -> Mat<f64> {
    let size = kernel.nrows();
    let means: Vec<f64> = sums(kernel).into_iter().map(|sum| sum / size as f64).collect();
    let mean = means.iter().sum::<f64>() / size as f64;
    Mat::from_fn(size, size, |i, j| kernel[(i, j)] - means[i] - means[j] + mean)
}

/// The U-centred matrix of a symmetric K (Székely & Rizzo 2014): zero on the diagonal, and rows that sum to zero.
pub(crate) fn u_centred(kernel: &Mat<f64>) -> Mat<f64> {
    let size = kernel.nrows();
    let mut centred = kernel.clone();
    for i in 0..size {
        centred[(i, i)] = 0.0;
    }
    let mut shares: Vec<f64> = sums(&centred).into_iter().map(|sum| sum / (size as f64 - 2.0)).collect();
    let half = shares.iter().sum::<f64>() / (2.0 * (size as f64 - 1.0));
    shares.iter_mut().for_each(|share| *share -= half);
    for j in 0..size {
        for i in 0..size {
            centred[(i, j)] = if i == j { 0.0 } else { centred[(i, j)] - shares[i] - shares[j] };
        }
    }
    centred
}

fn sums(matrix: &Mat<f64>) -> Vec<f64> {
    matrix.col_iter().map(|column| column.iter().sum()).collect()
}

/// The largest absolute entry.
pub(crate) fn largest(matrix: &Mat<f64>) -> f64 {
    matrix.norm_max()
}
