//! Class indices from an array.

use super::NamedArray;
use crate::file::npy::Floats;
use crate::file::{DataError, counted};

/// One label for each of `count` samples, from an array of shape N, N×1 or 1×N; or, where the values are no class indices
/// but targets of a regression, a note that says so.
pub(super) fn read(entry: &NamedArray<'_>, count: usize) -> Result<Result<Vec<u32>, String>, DataError> {
    let array = entry.array.as_ref().map_err(Clone::clone)?;
    let of_targets = || format!("{} holds values that are no class indices and was left aside", entry.name);
    let floating = !array.is_integer() && !array.is_text();
    match *array.shape() {
        [length] | [length, 1] | [1, length] if length == count => {}
        [length, _] if length == count && floating => return Ok(Err(of_targets())),
        _ => {
            let expected = format!("{}, one for each image", counted(count, "label"));
            return Err(DataError::mismatch(&entry.path, expected, format!("the shape {:?}", array.shape())));
        }
    }
    let integers = if floating {
        let floats = match array.floats()? {
            Floats::F32(values) => values.into_iter().map(f64::from).collect(),
            Floats::F64(values) => values,
        };
        let integer = |value: f64| (value.fract() == 0.0 && value.abs() < 1e9).then_some(value as i128);
        match floats.into_iter().map(integer).collect::<Option<Vec<_>>>() {
            Some(integers) => integers,
            None => return Ok(Err(of_targets())),
        }
    } else {
        array.integers()?
    };
    let out_of_range = |label: i128| {
        DataError::mismatch(&entry.path, format!("class indices from 0 to {}", u32::MAX), label.to_string())
    };
    let labels = integers.into_iter().map(|label| u32::try_from(label).map_err(|_| out_of_range(label)));
    labels.collect::<Result<Vec<_>, _>>().map(Ok)
}
