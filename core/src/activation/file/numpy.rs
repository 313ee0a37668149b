//! Activations as `.npy` and `.npz`.

use std::collections::BTreeMap;

use super::entry::{Values, described, exact};
use super::layer::Layer;
use super::{ActivationFileError, Contents, MOST_ROWS, too_many_rows};
use crate::activation::representation::Matrix;
use crate::file::npy::{self, Array, Floats};
use crate::file::zip::Archive;
use crate::file::{Allowance, DataError, integer};

const SAMPLE_IDS: &str = "sample_ids";

/// One layer, named like the file.
pub(super) fn read_array(file: &str, bytes: &[u8]) -> Result<Contents, ActivationFileError> {
    let layer = layer(file, file.strip_suffix(".npy").unwrap_or(file), &Array::read(file, bytes)?)?;
    Ok(Contents { layers: vec![layer], sample_ids: None, metadata: BTreeMap::new(), left_aside: Vec::new() })
}

/// One layer for each array, in the order of the file.
pub(super) fn read_archive(file: &str, bytes: &[u8]) -> Result<Contents, ActivationFileError> {
    let mut archive = Archive::open(file, bytes)?;
    let mut allowance = Allowance::for_input(bytes.len());
    archive.check_size(&allowance)?;
    let (mut layers, mut sample_ids, mut left_aside) = (Vec::new(), None, Vec::new());
    for (index, entry) in archive.names().to_vec().into_iter().enumerate() {
        let path = archive.path(index);
        let Some(name) = entry.strip_suffix(".npy") else {
            return Err(DataError::mismatch(path, "an archive of .npy arrays only", "another file").into());
        };
        let bytes = archive.content(index, &mut allowance)?;
        if npy::holds_no_numbers(&path, &bytes)? {
            left_aside.extend(described(name, Values::Others, 0));
            continue;
        }
        let array = Array::read(&path, &bytes)?;
        if name == SAMPLE_IDS {
            sample_ids = Some(ids(&path, &array)?);
            continue;
        }
        match described(name, values(&array), array.shape().len()) {
            Some(aside) => left_aside.push(aside),
            None => layers.push(layer(file, name, &array)?),
        }
    }
    Ok(Contents { layers, sample_ids, metadata: BTreeMap::new(), left_aside })
}

fn values(array: &Array<'_>) -> Values {
    if array.is_text() {
        Values::Texts
    } else if array.is_integer() {
        Values::Integers
    } else {
        Values::Floats
    }
}

fn layer(file: &str, name: &str, array: &Array<'_>) -> Result<Layer, ActivationFileError> {
    if let Some(&rows) = array.shape().first().filter(|&&rows| rows > MOST_ROWS) {
        return Err(too_many_rows(file, rows).into());
    }
    let matrix = if array.is_integer() {
        exact(file, array.integers_as(integer::exact)?)?
    } else {
        match array.floats()? {
            Floats::F32(values) => Matrix::F32(values),
            Floats::F64(values) => Matrix::F64(values),
        }
    };
    Layer::new(file, name, array.shape(), matrix)
}

/// Texts or integers. Short texts take far more memory decoded than packed: as many as can be rows of a layer are enough.
fn ids(path: &str, array: &Array<'_>) -> Result<Vec<String>, DataError> {
    const MOST: usize = MOST_ROWS;
    if !matches!(*array.shape(), [count] if count <= MOST) {
        let expected = format!("a list of at most {MOST} ids");
        return Err(DataError::mismatch(path, expected, format!("the shape {:?}", array.shape())));
    }
    if array.is_text() {
        return array.texts();
    }
    array.integers_as(|id| id.to_string())
}
