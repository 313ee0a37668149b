//! One array of an activation file.

use super::error::ActivationFileError;
use crate::activation::representation::Matrix;
use crate::file::one_line;

/// An array, flattened to one row for each sample.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) rows: usize,
    pub(super) features: usize,
    /// The lengths behind the first.
    pub(super) dimensions: Vec<usize>,
    pub(super) matrix: Matrix,
}

impl Layer {
    /// Flattens row-major values of this shape and checks that all are finite. The name becomes one that fits into a
    /// sentence and a label.
    pub(super) fn new(file: &str, name: &str, shape: &[usize], matrix: Matrix) -> Result<Self, ActivationFileError> {
        let name = one_line(&name);
        let (rows, features) = match shape {
            [rows, rest @ ..] if !rest.is_empty() => (*rows, features(rest)),
            _ => (0, 0),
        };
        if rows == 0 || features == 0 {
            return Err(ActivationFileError::Layer {
                file: file.to_owned(),
                layer: name,
                expected: "at least two dimensions, samples and features, neither empty".to_owned(),
                found: format!("the shape {shape:?}"),
            });
        }
        if let Some((index, value)) = first_not_finite(&matrix) {
            let (row, column) = (index / features, index % features);
            return Err(ActivationFileError::NotFinite { file: file.to_owned(), layer: name, row, column, value });
        }
        let dimensions = shape.get(1..).unwrap_or(&[]).to_vec();
        Ok(Self { name, rows, features, dimensions, matrix })
    }
}

/// The product of the lengths; 0 where there is no such number, which happens only to arrays without rows.
fn features(lengths: &[usize]) -> usize {
    lengths.iter().try_fold(1_usize, |product, &length| product.checked_mul(length)).unwrap_or(0)
}

/// Index and value; values on a device are not looked at.
fn first_not_finite(matrix: &Matrix) -> Option<(usize, f64)> {
    match matrix {
        Matrix::F32(values) => values.iter().position(|value| !value.is_finite()).map(|at| (at, f64::from(values[at]))),
        Matrix::F64(values) => values.iter().position(|value| !value.is_finite()).map(|at| (at, values[at])),
        #[cfg(feature = "devices")]
        Matrix::Device(_) => None,
    }
}
