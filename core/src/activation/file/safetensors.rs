//! Activations as safetensors.

use std::collections::BTreeMap;

use ::safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::Value;

use super::entry::{Values, described, exact};
use super::layer::Layer;
use super::{ActivationFileError, Contents};
use crate::activation::representation::Matrix;
use crate::file::{DataError, one_line};
use crate::names::natural_order;

const LAYERS: &str = "layers";
const SAMPLE_IDS: &str = "sample_ids";

/// One layer for each tensor.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Contents, ActivationFileError> {
    let broken = |error: ::safetensors::SafeTensorError| DataError::Undecodable {
        file: file.to_owned(),
        format: "safetensors",
        reason: error.to_string(),
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let mut metadata = header.metadata().clone().into_iter().flatten().collect::<BTreeMap<_, _>>();
    let order = metadata.remove(LAYERS).map(|text| list(file, LAYERS, &text)).transpose()?;
    let sample_ids = metadata.remove(SAMPLE_IDS).map(|text| list(file, SAMPLE_IDS, &text)).transpose()?;
    let tensors = SafeTensors::deserialize(bytes).map_err(broken)?;
    let (mut layers, mut left_aside) = (Vec::with_capacity(tensors.len()), Vec::new());
    for name in order_layers(file, tensors.names(), order)? {
        let tensor = tensors.tensor(&name).map_err(broken)?;
        match described(&name, values(&tensor), tensor.shape().len()) {
            Some(aside) => left_aside.push(aside),
            None => layers.push(Layer::new(file, &name, tensor.shape(), matrix(file, &name, &tensor)?)?),
        }
    }
    Ok(Contents { layers, sample_ids, metadata, left_aside })
}

/// The names in the order that the file gives, else in natural order.
fn order_layers(file: &str, names: Vec<&str>, order: Option<Vec<String>>) -> Result<Vec<String>, DataError> {
    let mut names = names.into_iter().map(str::to_owned).collect::<Vec<_>>();
    names.sort_by(|a, b| natural_order(a, b));
    let Some(order) = order else { return Ok(names) };
    let mut listed = order.clone();
    listed.sort_by(|a, b| natural_order(a, b));
    if listed == names {
        return Ok(order);
    }
    let place = names.iter().zip(&listed).take_while(|(name, entry)| name == entry).count();
    let found = match (names.get(place), listed.get(place)) {
        (Some(name), entry) if entry.is_none_or(|entry| natural_order(name, entry).is_lt()) => {
            format!("`{name}` left out")
        }
        (_, entry) => format!("`{}` twice or not in the file", entry.map_or("", String::as_str)),
    };
    Err(DataError::mismatch(format!("{file}: metadata entry `{LAYERS}`"), "each layer once", found))
}

/// A JSON list of texts or integers.
fn list(file: &str, key: &str, text: &str) -> Result<Vec<String>, DataError> {
    let refused = |found: String| {
        let subject = format!("{file}: metadata entry `{key}`");
        DataError::mismatch(subject, "a JSON list of texts or integers", found)
    };
    let items = serde_json::from_str::<Vec<Value>>(text).map_err(|error| refused(error.to_string()))?;
    let item = |item: Value| match item {
        Value::String(text) => Ok(text),
        Value::Number(number) if number.is_i64() || number.is_u64() => Ok(number.to_string()),
        other => Err(refused(format!("`{other}`"))),
    };
    items.into_iter().map(item).collect()
}

fn values(tensor: &TensorView<'_>) -> Values {
    match tensor.dtype() {
        Dtype::BOOL => Values::Others,
        Dtype::U8 | Dtype::I8 | Dtype::U16 | Dtype::I16 | Dtype::U32 | Dtype::I32 | Dtype::U64 | Dtype::I64 => {
            Values::Integers
        }
        _ => Values::Floats,
    }
}

fn matrix(file: &str, layer: &str, tensor: &TensorView<'_>) -> Result<Matrix, ActivationFileError> {
    match tensor.dtype() {
        Dtype::F16 => Ok(Matrix::F32(decode(tensor, |bytes| half::f16::from_le_bytes(bytes).to_f32()))),
        Dtype::BF16 => Ok(Matrix::F32(decode(tensor, |bytes| half::bf16::from_le_bytes(bytes).to_f32()))),
        Dtype::F32 => Ok(Matrix::F32(decode(tensor, f32::from_le_bytes))),
        Dtype::F64 => Ok(Matrix::F64(decode(tensor, f64::from_le_bytes))),
        Dtype::U8 => Ok(exact(file, &decode(tensor, |bytes| u8::from_le_bytes(bytes).into()))?),
        Dtype::I8 => Ok(exact(file, &decode(tensor, |bytes| i8::from_le_bytes(bytes).into()))?),
        Dtype::U16 => Ok(exact(file, &decode(tensor, |bytes| u16::from_le_bytes(bytes).into()))?),
        Dtype::I16 => Ok(exact(file, &decode(tensor, |bytes| i16::from_le_bytes(bytes).into()))?),
        Dtype::U32 => Ok(exact(file, &decode(tensor, |bytes| u32::from_le_bytes(bytes).into()))?),
        Dtype::I32 => Ok(exact(file, &decode(tensor, |bytes| i32::from_le_bytes(bytes).into()))?),
        Dtype::U64 => Ok(exact(file, &decode(tensor, |bytes| u64::from_le_bytes(bytes).into()))?),
        Dtype::I64 => Ok(exact(file, &decode(tensor, |bytes| i64::from_le_bytes(bytes).into()))?),
        other => Err(ActivationFileError::Layer {
            file: file.to_owned(),
            layer: one_line(&layer),
            expected: "integers or values of type F16, BF16, F32 or F64".to_owned(),
            found: other.to_string(),
        }),
    }
}

fn decode<const N: usize, T>(tensor: &TensorView<'_>, from_le: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (values, _) = tensor.data().as_chunks::<N>();
    values.iter().map(|&bytes| from_le(bytes)).collect()
}
