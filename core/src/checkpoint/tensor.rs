//! Tensors as a container stores them, and their values in single precision.

use std::borrow::Cow;
use std::fmt;

use half::{bf16, f16};
use serde::{Deserialize, Serialize};

use super::error::Fault;
use crate::model::StateTensor;

/// A floating-point format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE 754 binary16.
    F16,
    /// bfloat16: the upper half of binary32.
    Bf16,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl Precision {
    /// Bytes of one value.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// The type of a stored tensor's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Element {
    Float(Precision),
    /// Whole numbers, truth values and formats that no network here computes in, by name.
    Other(String),
}

/// A tensor as a container stores it.
pub(super) struct Stored<'a> {
    pub(super) name: String,
    pub(super) element: Element,
    pub(super) shape: Vec<usize>,
    /// Number of bytes of the values, before they are read.
    pub(super) length: u64,
    pub(super) values: Values<'a>,
}

/// Where the bytes of a tensor come from.
pub(super) enum Values<'a> {
    /// Little-endian, row-major.
    Here(Cow<'a, [u8]>),
    /// A window into a burnpack file.
    Shared(burn_pack::Bytes),
    /// In a PyTorch file that is read when asked.
    Pytorch(pytorch_reader::Tensor),
}

impl Stored<'_> {
    /// The values in single precision; exact but for f64, which is rounded to nearest.
    ///
    /// # Errors
    /// [`Fault::NotFinite`], [`Fault::OutOfRange`] for an f64 beyond f32, [`Fault::Malformed`] when the bytes are not there.
    pub(super) fn decode(self, precision: Precision) -> Result<StateTensor, Fault> {
        let Self { name, shape, values, .. } = self;
        let read;
        let bytes: &[u8] = match &values {
            Values::Here(bytes) => bytes,
            Values::Shared(bytes) => bytes,
            Values::Pytorch(tensor) => {
                let unreadable = |error: std::io::Error| {
                    Fault::malformed(format!("tensor {name}"), "readable values", error.to_string())
                };
                read = tensor.read().map_err(unreadable)?;
                &read
            }
        };
        let count = shape.iter().try_fold(1_usize, |product, &length| product.checked_mul(length));
        if count.and_then(|count| count.checked_mul(precision.size())) != Some(bytes.len()) {
            return Err(Fault::malformed(
                format!("tensor {name}"),
                format!("the values of shape {shape:?} in {precision}"),
                format!("{} bytes", bytes.len()),
            ));
        }
        let values = match precision {
            Precision::F16 => convert(bytes, |value| f16::from_le_bytes(value).to_f32()),
            Precision::Bf16 => convert(bytes, |value| bf16::from_le_bytes(value).to_f32()),
            Precision::F32 => convert(bytes, f32::from_le_bytes),
            Precision::F64 => convert(bytes, |value| f64::from_le_bytes(value) as f32),
        };
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(StateTensor { shape, values }),
            Some(element) => Err(unusable(name, element, bytes, precision, &values)),
        }
    }
}

fn convert<const SIZE: usize>(bytes: &[u8], value: impl Fn([u8; SIZE]) -> f32) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&bytes| value(bytes)).collect()
}

/// The fault of a value that is not finite in single precision.
fn unusable(tensor: String, element: usize, bytes: &[u8], precision: Precision, values: &[f32]) -> Fault {
    if precision == Precision::F64
        && let found = f64::from_le_bytes(bytes.as_chunks().0[element])
        && found.is_finite()
    {
        return Fault::OutOfRange { tensor, element, found, precision: Precision::F32 };
    }
    Fault::NotFinite { tensor, element, found: values[element].to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: Vec<u8>, precision: Precision) -> Result<Vec<f32>, Fault> {
        let count = bytes.len() / precision.size();
        let stored = Stored {
            name: "w".to_owned(),
            element: Element::Float(precision),
            shape: vec![count],
            length: bytes.len() as u64,
            values: Values::Here(Cow::Owned(bytes)),
        };
        stored.decode(precision).map(|tensor| tensor.values)
    }

    #[test]
    fn formats_decode_to_known_values() {
        // Bit patterns of IEEE 754 and bfloat16: 1.0 and -2.5.
        assert_eq!(decode(vec![0x00, 0x3c, 0x00, 0xc1], Precision::F16), Ok(vec![1.0, -2.5]));
        assert_eq!(decode(vec![0x80, 0x3f, 0x20, 0xc0], Precision::Bf16), Ok(vec![1.0, -2.5]));
        assert_eq!(decode(vec![0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0], Precision::F32), Ok(vec![1.0, -2.5]));
        assert_eq!(decode(0.1_f64.to_le_bytes().to_vec(), Precision::F64), Ok(vec![0.1]));
    }

    #[test]
    fn what_is_not_finite_is_named() {
        let not_finite = Fault::NotFinite { tensor: "w".to_owned(), element: 1, found: "NaN".to_owned() };
        assert_eq!(decode(vec![0x00, 0x3c, 0x00, 0x7e], Precision::F16), Err(not_finite));
        let large = Fault::OutOfRange { tensor: "w".to_owned(), element: 0, found: 1e300, precision: Precision::F32 };
        assert_eq!(decode(1e300_f64.to_le_bytes().to_vec(), Precision::F64), Err(large));
    }
}
