//! Activations as a dictionary of tensors, by `torch.save`.

use super::entry::{Values, described, exact};
use super::layer::Layer;
use super::{ActivationFileError, Contents};
use crate::activation::representation::Matrix;
use crate::checkpoint::{self, NamedArray, Numbers};
use crate::file::NamedBytes;

/// One layer for each tensor, in the order of the file.
pub(super) fn read(file: &NamedBytes) -> Result<Contents, ActivationFileError> {
    let (arrays, metadata) = checkpoint::arrays(file)?;
    let (mut layers, mut left_aside) = (Vec::new(), Vec::new());
    for NamedArray { name, shape, numbers } in arrays {
        let values = match numbers {
            Numbers::F32(_) | Numbers::F64(_) => Values::Floats,
            Numbers::Integers(_) => Values::Integers,
            Numbers::Others => Values::Others,
        };
        if let Some(aside) = described(&name, values, shape.len()) {
            left_aside.push(aside);
            continue;
        }
        let matrix = match numbers {
            Numbers::F32(values) => Matrix::F32(values),
            Numbers::F64(values) => Matrix::F64(values),
            Numbers::Integers(values) => exact(&file.name, values)?,
            Numbers::Others => continue,
        };
        layers.push(Layer::new(&file.name, &name, &shape, matrix)?);
    }
    Ok(Contents { layers, sample_ids: None, metadata, left_aside })
}
