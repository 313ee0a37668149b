//! Activations that were computed elsewhere, by any model in any framework.

mod entry;
mod error;
mod layer;
mod numpy;
mod pytorch;
mod reduce;
mod safetensors;
mod sample_ids;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use error::ActivationFileError;

use super::representation::{Representation, RowPolicy};
use crate::Sha256Digest;
use crate::file::{self, DataError, Kind, NamedBytes, ZipContent};
use layer::Layer;

/// A file of activations, read.
#[derive(Debug, Clone)]
pub struct ActivationFile {
    /// The file name.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
    /// What the file says about itself besides the order of layers and the sample ids.
    pub metadata: BTreeMap<String, String>,
    /// One per layer, first to last, all with the same samples and flattened rows.
    pub representations: Vec<Representation>,
    /// For each layer the lengths of its array behind the first: `[p]`, `[tokens, width]` or `[channels, height, width]`.
    pub dimensions: Vec<Vec<usize>>,
    /// Arrays that are no layers, each with what it is: `labels (labels)`.
    pub left_aside: Vec<String>,
}

/// Samples of a file at most.
const MOST_ROWS: usize = 1 << 20;

/// What a container of arrays holds.
struct Contents {
    /// First layer to last.
    layers: Vec<Layer>,
    sample_ids: Option<Vec<String>>,
    metadata: BTreeMap<String, String>,
    left_aside: Vec<String>,
}

/// Reads activations from safetensors, `.npz`, `.npy` or a dictionary of tensors by `torch.save`, recognised by content.
///
/// Every array is a layer of `[n, p]`, or of `[n, …]`, flattened to one row for each sample. Its values are floating-point
/// numbers of 16, 32 or 64 bits, or integers; those of 64 bits and integers are kept in double precision. Arrays of one
/// dimension, of texts and of other objects are no layers, and left aside.
///
/// | | order of the layers | sample ids |
/// |---|---|---|
/// | safetensors | the metadata entry `layers`, a JSON list of names; else the natural order of the names | the metadata entry `sample_ids`, a JSON list of texts or integers |
/// | `.npz` | that of the file | an array `sample_ids` of texts or integers |
/// | `.npy` | one layer, named like the file | |
/// | `torch.save` | that of the file | |
///
/// Without sample ids the rows are called `0` to `n - 1`. The content hash is that of the list of ids.
///
/// # Errors
/// [`ActivationFileError`] when the file is broken, when there are no layers, when layers differ in their number of rows,
/// when a value is not finite, or when the sample ids do not fit.
pub fn read_activations(file: &NamedBytes) -> Result<ActivationFile, ActivationFileError> {
    let (name, bytes) = (file.name.as_str(), file.bytes.as_slice());
    let contents = match file::recognise(bytes) {
        Kind::Npy => numpy::read_array(name, bytes)?,
        Kind::Zip(ZipContent::Arrays | ZipContent::Nothing | ZipContent::Other) => numpy::read_archive(name, bytes)?,
        Kind::Safetensors => safetensors::read(name, bytes)?,
        Kind::Zip(ZipContent::Pytorch) | Kind::PytorchLegacy | Kind::Tar => pytorch::read(file)?,
        _ => return Err(unrecognised(name, bytes).into()),
    };
    let Contents { layers, sample_ids, metadata, left_aside } = contents;
    let rows = common_rows(name, &layers)?;
    let samples = Arc::new(sample_ids::samples(name, rows, sample_ids)?);
    let dimensions = layers.iter().map(|layer| layer.dimensions.clone()).collect();
    let representation = |layer: Layer| Representation {
        layer: layer.name,
        samples: Arc::clone(&samples),
        row_policy: RowPolicy::Flatten,
        rows: layer.rows,
        features: layer.features,
        matrix: layer.matrix,
    };
    Ok(ActivationFile {
        file: name.to_owned(),
        sha256: Sha256Digest::of([bytes]),
        metadata,
        representations: layers.into_iter().map(representation).collect(),
        dimensions,
        left_aside,
    })
}

fn unrecognised(file: &str, bytes: &[u8]) -> DataError {
    DataError::Unrecognised {
        file: file.to_owned(),
        reason: if bytes.is_empty() {
            "an empty file".to_owned()
        } else {
            format!("{} bytes of another kind", bytes.len())
        },
        expected: "activations as safetensors, npz, npy or by torch.save".to_owned(),
    }
}

fn too_many_rows(file: &str, rows: usize) -> DataError {
    DataError::mismatch(file, format!("at most {MOST_ROWS} samples"), rows.to_string())
}

/// The number of rows of every layer.
fn common_rows(file: &str, layers: &[Layer]) -> Result<usize, ActivationFileError> {
    let Some(first) = layers.first() else {
        return Err(DataError::mismatch(file, "at least one layer", "none").into());
    };
    match layers.iter().find(|layer| layer.rows != first.rows) {
        // Each sample has an id of its own in memory, however few bytes its row takes.
        None if first.rows > MOST_ROWS => Err(too_many_rows(file, first.rows).into()),
        None => Ok(first.rows),
        Some(other) => Err(ActivationFileError::RowsDisagree {
            file: file.to_owned(),
            layer: first.name.clone(),
            rows: first.rows,
            other_layer: other.name.clone(),
            other_rows: other.rows,
        }),
    }
}

#[cfg(test)]
mod tests;
