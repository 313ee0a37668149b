//! Named arrays as a probe set, whichever file they come from.

mod choice;
mod labels;
mod layout;
mod npy;

pub(super) use npy::{npy_files, npz};

use crate::data::pixels::Pixels;
use crate::data::probe_set::ProbeSet;
use crate::file::DataError;
use crate::file::npy::{Array, Floats};

use super::class_names::DIGITS;
use layout::Axes;

/// An array with its name, and its path for errors. One that cannot be read is no image, but says why where there is no other.
pub(super) struct NamedArray<'a> {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) array: Result<Array<'a>, DataError>,
}

/// Which program wrote the arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// NumPy, or a pickle: samples come first.
    Numpy,
    /// MATLAB: samples may come last, and labels from 1 on.
    Matlab,
}

/// Reads the array of images or vectors, and that of labels where there is one.
pub(super) fn read(file: &str, arrays: &[NamedArray<'_>], writer: Writer) -> Result<ProbeSet, DataError> {
    let choice::Choice { images: (path, images), labels, mut notes } = choice::choose(file, arrays)?;
    let axes = Axes::of(path, images.shape(), writer)?;
    let pixels = if images.is_bytes() {
        Pixels::U8(axes.channels_first(images.bytes()?))
    } else if images.is_integer() {
        Pixels::F32(axes.channels_first(exact(path, &images.integers()?)?))
    } else {
        Pixels::F32(axes.channels_first(single(path, images.floats()?)?))
    };
    let mut names = Vec::new();
    let labels = match labels {
        Some(array) => labels::read(array, axes.samples)?.map_err(|note| notes.push(note)).ok(),
        None => None,
    };
    let labels = match labels {
        // SVHN: digits in MATLAB's counting.
        Some(labels) if writer == Writer::Matlab && axes.is_svhn() && labels.iter().all(|l| (1..=10).contains(l)) => {
            notes.push("the label 10 stands for the digit 0, as in SVHN".to_owned());
            names = DIGITS.map(String::from).to_vec();
            Some(labels.into_iter().map(|label| label % 10).collect())
        }
        labels => labels,
    };
    if axes.is_cifar() && labels.as_ref().is_some_and(|labels| repeat_by_severity(labels)) {
        notes.push("as in CIFAR-10-C, each of the 5 severities has 10,000 images, the mildest first".to_owned());
    }
    Ok(ProbeSet::new(file, axes.shape, pixels, labels, names)?.with_notes(notes))
}

/// Whether labels repeat as those of CIFAR-10-C do, where the same images follow each other in 5 severities.
fn repeat_by_severity(labels: &[u32]) -> bool {
    const SEVERITIES: usize = 5;
    const IMAGES: usize = 10_000;
    labels.len() == SEVERITIES * IMAGES && labels.iter().zip(&labels[IMAGES..]).all(|(label, next)| label == next)
}

/// Single precision, as networks take it.
fn single(path: &str, floats: Floats) -> Result<Vec<f32>, DataError> {
    let values = match floats {
        Floats::F32(values) => return Ok(values),
        Floats::F64(values) => values,
    };
    let overflow = values.iter().enumerate().find(|(_, value)| value.is_finite() && !(**value as f32).is_finite());
    if let Some((index, value)) = overflow {
        let found = format!("{value:e} at index {index}");
        return Err(DataError::mismatch(path, "values within single precision", found));
    }
    Ok(values.into_iter().map(|value| value as f32).collect())
}

/// Integers in single precision, which holds them exactly up to 2²⁴.
fn exact(path: &str, integers: &[i128]) -> Result<Vec<f32>, DataError> {
    const LARGEST: u128 = 1 << 24;
    match integers.iter().position(|value| value.unsigned_abs() > LARGEST) {
        None => Ok(integers.iter().map(|&value| value as f32).collect()),
        Some(index) => {
            let expected = format!("integers from -{LARGEST} to {LARGEST}, which single precision holds exactly");
            Err(DataError::mismatch(path, expected, format!("{} at index {index}", integers[index])))
        }
    }
}
