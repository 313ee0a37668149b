//! Safetensors: an 8-byte length, a JSON header, then the values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ::safetensors::{Dtype, SafeTensorError, SafeTensors};

use super::contents::Contents;
use super::error::Fault;
use super::tensor::{Element, Precision, Stored, Values};

/// Reads a safetensors file. Tensors that overlap, leave gaps or do not end with the file are refused by the format.
///
/// # Errors
/// [`Fault::Malformed`].
pub(super) fn read(bytes: &[u8]) -> Result<Contents<'_>, Fault> {
    let (header, description) = SafeTensors::read_metadata(bytes).map_err(|error| describe(&error, bytes))?;
    let metadata: BTreeMap<String, String> =
        description.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
    let values = header.checked_add(8).and_then(|start| bytes.get(start..)).ok_or_else(|| {
        let found = format!("a file of {} bytes", bytes.len());
        Fault::malformed("safetensors header", format!("a header of {header} bytes"), found)
    })?;
    let mut tensors = Vec::new();
    for name in description.offset_keys() {
        let info = description
            .info(&name)
            .ok_or_else(|| Fault::malformed("safetensors header", format!("an entry for the tensor {name}"), "none"))?;
        let (start, end) = info.data_offsets;
        let stored = values.get(start..end).ok_or_else(|| {
            Fault::malformed(
                format!("tensor {name}"),
                format!("bytes {start} to {end}"),
                format!("{} bytes", values.len()),
            )
        })?;
        tensors.push(Stored {
            element: element(info.dtype),
            shape: info.shape.clone(),
            length: stored.len() as u64,
            values: Values::Here(Cow::Borrowed(stored)),
            name,
        });
    }
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let burn_layout = metadata.get("producer").is_some_and(|producer| producer == "burn");
    Ok(Contents { burn_layout, ..Contents::plain(tensors, metadata, values.len() as u64) })
}

fn element(dtype: Dtype) -> Element {
    match dtype {
        Dtype::F8_E4M3 => Element::Float(Precision::F8E4m3),
        Dtype::F8_E5M2 => Element::Float(Precision::F8E5m2),
        Dtype::F16 => Element::Float(Precision::F16),
        Dtype::BF16 => Element::Float(Precision::Bf16),
        Dtype::F32 => Element::Float(Precision::F32),
        Dtype::F64 => Element::Float(Precision::F64),
        other => Element::Other(format!("{other:?}").to_lowercase()),
    }
}

fn describe(error: &SafeTensorError, bytes: &[u8]) -> Fault {
    let (expected, found) = match error {
        SafeTensorError::HeaderTooSmall | SafeTensorError::InvalidHeaderLength | SafeTensorError::HeaderTooLarge => {
            let expected = match bytes.first_chunk() {
                Some(length) => format!("a header of {} bytes", u64::from_le_bytes(*length)),
                None => "8 bytes with the length of the header".to_owned(),
            };
            (expected, format!("a file of {} bytes", bytes.len()))
        }
        SafeTensorError::InvalidHeader(_) => ("a header in UTF-8".to_owned(), "other bytes".to_owned()),
        SafeTensorError::InvalidHeaderDeserialization(error) => ("a JSON header".to_owned(), error.to_string()),
        SafeTensorError::MetadataIncompleteBuffer => (
            "values up to the end of the file".to_owned(),
            format!("another end than that of its {} bytes", bytes.len()),
        ),
        SafeTensorError::InvalidOffset(name) => {
            return Fault::malformed(
                format!("tensor {name}"),
                "values that follow the tensor before",
                "a gap or an overlap",
            );
        }
        other => ("a consistent header".to_owned(), other.to_string()),
    };
    Fault::malformed("safetensors header", expected, found)
}
