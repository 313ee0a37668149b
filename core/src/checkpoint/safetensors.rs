//! Checkpoints as safetensors.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ::safetensors::Dtype;

use super::contents::Contents;
use super::error::Fault;
use super::tensor::{Element, Precision, Stored, Values};
use crate::file::safetensors;

/// Reads a safetensors file.
///
/// # Errors
/// [`Fault::Malformed`].
pub(super) fn read(bytes: &[u8]) -> Result<Contents<'_>, Fault> {
    let safetensors::Safetensors { metadata, tensors } = safetensors::read(bytes)?;
    let content = tensors.iter().map(|tensor| tensor.values.len() as u64).sum();
    let mut tensors: Vec<Stored<'_>> = tensors
        .into_iter()
        .map(|safetensors::Tensor { name, dtype, shape, values }| Stored {
            name,
            element: element(dtype),
            shape,
            length: values.len() as u64,
            values: Values::Here(Cow::Borrowed(values)),
        })
        .collect();
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let metadata: BTreeMap<String, String> = metadata.into_iter().collect();
    let burn_layout = metadata.get("producer").is_some_and(|producer| producer == "burn");
    Ok(Contents { burn_layout, ..Contents::plain(tensors, metadata, content) })
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
