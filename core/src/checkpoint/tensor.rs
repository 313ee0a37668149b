//! Tensors as a container stores them, and their values in single precision.

use std::borrow::Cow;
use std::fmt;

use half::{bf16, f16};
use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::pytorch::View;
use crate::model::StateTensor;

/// A floating-point format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Four bits of exponent and three of mantissa, without infinities (Micikevicius et al. 2022).
    F8E4m3,
    /// Five bits of exponent and two of mantissa: the upper half of binary16 (the same).
    F8E5m2,
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
            Self::F8E4m3 | Self::F8E5m2 => 1,
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F8E4m3 => "f8e4m3",
            Self::F8E5m2 => "f8e5m2",
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
    /// A view of a storage of a PyTorch file.
    View(View<'a>),
    /// Not to be had.
    None,
}

impl Stored<'_> {
    /// The values, little-endian and row-major; none where they are not to be had.
    pub(super) fn bytes(&self) -> Cow<'_, [u8]> {
        match &self.values {
            Values::Here(bytes) => Cow::Borrowed(bytes),
            Values::View(view) => view.bytes(),
            Values::None => Cow::Borrowed(&[]),
        }
    }

    /// The values in single precision; exact but for f64, which is rounded to nearest.
    ///
    /// # Errors
    /// [`Fault::NotFinite`], [`Fault::OutOfRange`] for an f64 beyond f32, [`Fault::Malformed`] when the bytes are not there.
    pub(super) fn decode(self, precision: Precision) -> Result<StateTensor, Fault> {
        let (values, bytes) = self.single(precision)?;
        match first_not_finite(&values) {
            None => Ok(StateTensor { shape: self.shape, values }),
            Some(element) => Err(unusable(self.name.clone(), element, &bytes, precision, &values)),
        }
    }

    /// The values in single precision, finite or not, and the bytes that they are made of.
    ///
    /// # Errors
    /// [`Fault::Malformed`] when the bytes are not there.
    pub(super) fn single(&self, precision: Precision) -> Result<(Vec<f32>, Cow<'_, [u8]>), Fault> {
        let Self { name, shape, .. } = self;
        let owned = self.bytes();
        let bytes: &[u8] = &owned;
        let count = shape.iter().try_fold(1_usize, |product, &length| product.checked_mul(length));
        if count.and_then(|count| count.checked_mul(precision.size())) != Some(bytes.len()) {
            return Err(Fault::malformed(
                format!("tensor {name}"),
                format!("the values of shape {shape:?} in {precision}"),
                format!("{} bytes", bytes.len()),
            ));
        }
        let values = match precision {
            Precision::F8E4m3 => convert(bytes, |[value]| e4m3(value)),
            Precision::F8E5m2 => convert(bytes, |[value]| f16::from_le_bytes([0, value]).to_f32()),
            Precision::F16 => convert(bytes, |value| f16::from_le_bytes(value).to_f32()),
            Precision::Bf16 => convert(bytes, |value| bf16::from_le_bytes(value).to_f32()),
            Precision::F32 => convert(bytes, f32::from_le_bytes),
            Precision::F64 => convert(bytes, |value| f64::from_le_bytes(value) as f32),
        };
        Ok((values, owned))
    }
}

/// The place of the first value that is not finite. Blocks are looked through as a whole, which takes vectors; most have none.
fn first_not_finite(values: &[f32]) -> Option<usize> {
    const BLOCK: usize = 4096;
    let all_finite = |block: &[f32]| block.iter().fold(true, |all, value| all & value.is_finite());
    let block = values.chunks(BLOCK).position(|block| !all_finite(block))?;
    let start = block * BLOCK;
    values.get(start..)?.iter().position(|value| !value.is_finite()).map(|place| start + place)
}

fn convert<const SIZE: usize>(bytes: &[u8], value: impl Fn([u8; SIZE]) -> f32) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&bytes| value(bytes)).collect()
}

/// The value of a sign, four bits of exponent with bias 7 and three of mantissa; all ones are no number.
fn e4m3(bits: u8) -> f32 {
    let (exponent, mantissa) = (i32::from(bits >> 3 & 0xf), f32::from(bits & 0x7));
    let magnitude = match (exponent, bits & 0x7) {
        (0xf, 0x7) => f32::NAN,
        (0, _) => mantissa / 8.0 * 2.0_f32.powi(-6),
        _ => (1.0 + mantissa / 8.0) * 2.0_f32.powi(exponent - 7),
    };
    if bits & 0x80 == 0 { magnitude } else { -magnitude }
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
        // The table of Micikevicius et al. 2022: largest, smallest normal and smallest subnormal numbers.
        assert_eq!(
            decode(vec![0x7e, 0x08, 0x01, 0xc0], Precision::F8E4m3),
            Ok(vec![448.0, 0.015_625, 0.001_953_125, -2.0])
        );
        assert_eq!(
            decode(vec![0x7b, 0x04, 0x01], Precision::F8E5m2),
            Ok(vec![57344.0, 6.103_515_6e-5, 1.525_878_9e-5])
        );
        assert_eq!(decode(0.1_f64.to_le_bytes().to_vec(), Precision::F64), Ok(vec![0.1]));
    }

    #[test]
    fn the_first_that_is_not_finite_is_found_in_any_block() {
        for place in [0, 1, 4095, 4096, 9000] {
            let mut values = vec![1.0; 9001];
            values[place] = f32::INFINITY;
            values[9000] = f32::NAN;
            assert_eq!(first_not_finite(&values), Some(place));
        }
        assert_eq!(first_not_finite(&[f32::MAX, f32::MIN_POSITIVE, 0.0]), None);
        assert_eq!(first_not_finite(&[]), None);
    }

    #[test]
    fn what_is_not_finite_is_named() {
        let not_finite = Fault::NotFinite { tensor: "w".to_owned(), element: 1, found: "NaN".to_owned() };
        assert_eq!(decode(vec![0x00, 0x3c, 0x00, 0x7e], Precision::F16), Err(not_finite));
        let large = Fault::OutOfRange { tensor: "w".to_owned(), element: 0, found: 1e300, precision: Precision::F32 };
        assert_eq!(decode(1e300_f64.to_le_bytes().to_vec(), Precision::F64), Err(large));
    }
}
