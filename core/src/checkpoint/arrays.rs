//! The arrays of a PyTorch file that is no network.

use std::collections::BTreeMap;

use super::container::{Container, recognise};
use super::error::{CheckpointError, Fault};
use super::pytorch;
use super::tensor::{Element, Precision, Stored};
use crate::file::{NamedBytes, integer};

/// An array by its name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NamedArray {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Numbers,
}

/// Row-major numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Numbers {
    /// Stored in single precision or less.
    F32(Vec<f32>),
    /// Stored in double precision.
    F64(Vec<f64>),
    /// Integers in double precision; NaN where they are too large for it.
    Integers(Vec<f64>),
    /// Truth values, complex numbers, and what has no plain storage.
    Others,
}

/// All arrays of a PyTorch file in its order, and the plain values beside them.
///
/// # Errors
/// [`CheckpointError`], as reading a checkpoint.
pub(crate) fn arrays(file: &NamedBytes) -> Result<(Vec<NamedArray>, BTreeMap<String, String>), CheckpointError> {
    let read = || {
        let contents = match recognise(&file.bytes)? {
            container @ (Container::PytorchZip | Container::PytorchLegacy | Container::PytorchTar) => {
                pytorch::read(container, &file.bytes, None)?
            }
            Container::Safetensors | Container::Burnpack => {
                return Err(Fault::malformed("file", "one by torch.save", "another container"));
            }
        };
        contents.check_sizes()?;
        let arrays = contents.tensors.iter().map(array).collect::<Result<Vec<_>, _>>()?;
        Ok((arrays, contents.metadata))
    };
    read().map_err(|fault: Fault| fault.of(&file.name))
}

fn array(stored: &Stored<'_>) -> Result<NamedArray, Fault> {
    let Stored { name, shape, element, .. } = stored;
    let bytes = stored.bytes();
    let numbers = match element {
        Element::Float(Precision::F64) => Numbers::F64(convert(&bytes, f64::from_le_bytes)),
        Element::Float(precision) => Numbers::F32(stored.single(*precision)?.0),
        Element::Other(kind) => match kind.as_str() {
            "u8" => Numbers::Integers(convert(&bytes, |value| integer::exact(u8::from_le_bytes(value).into()))),
            "i8" => Numbers::Integers(convert(&bytes, |value| integer::exact(i8::from_le_bytes(value).into()))),
            "i16" => Numbers::Integers(convert(&bytes, |value| integer::exact(i16::from_le_bytes(value).into()))),
            "i32" => Numbers::Integers(convert(&bytes, |value| integer::exact(i32::from_le_bytes(value).into()))),
            "i64" => Numbers::Integers(convert(&bytes, |value| integer::exact(i64::from_le_bytes(value).into()))),
            _ => Numbers::Others,
        },
    };
    Ok(NamedArray { name: name.clone(), shape: shape.clone(), numbers })
}

fn convert<const SIZE: usize, T>(bytes: &[u8], value: impl Fn([u8; SIZE]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|&bytes| value(bytes)).collect()
}
