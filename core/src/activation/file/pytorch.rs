//! Activations as a dictionary of tensors, by `torch.save`.

use super::entry::{Values, exact};
use super::layer::Layer;
use super::numpy::described;
use super::{ActivationFileError, Contents};
use crate::activation::representation::Matrix;
use crate::checkpoint::{self, NamedArray, Numbers};
use crate::file::{DataError, NamedBytes};

/// One layer for each tensor, in the order of the file.
pub(super) fn read(file: &NamedBytes) -> Result<Contents, ActivationFileError> {
    let (arrays, metadata) = checkpoint::arrays(file)?;
    let (mut layers, mut left_aside) = (Vec::new(), Vec::new());
    for NamedArray { name, shape, numbers } in arrays {
        let (values, matrix) = match numbers {
            Numbers::F32(values) => (Values::Floats, Some(Matrix::F32(values))),
            Numbers::F64(values) => (Values::Floats, Some(Matrix::F64(values))),
            Numbers::Integers(values) => (Values::Integers, exact(&values).map(Matrix::F64)),
            Numbers::Others => (Values::Others, None),
        };
        if let Some(aside) = described(&name, values, shape.len()) {
            left_aside.push(aside);
            continue;
        }
        let Some(matrix) = matrix else {
            return Err(DataError::mismatch(&file.name, "integers up to 2⁵³ as values", "larger ones").into());
        };
        layers.push(Layer::new(&file.name, &name, &shape, matrix)?);
    }
    Ok(Contents { layers, sample_ids: None, metadata, left_aside })
}
