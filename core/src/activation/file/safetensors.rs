//! Activations as safetensors.

use std::collections::BTreeMap;
use std::fmt;

use ::safetensors::Dtype;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde_json::Value;

use super::entry::{Values, described, exact};
use super::layer::Layer;
use super::{ActivationFileError, Contents, MOST_ROWS};
use crate::activation::representation::Matrix;
use crate::file::safetensors::{self, Safetensors, Tensor};
use crate::file::{DataError, PartFault, integer, one_line};
use crate::names::natural_order;

const LAYERS: &str = "layers";
const SAMPLE_IDS: &str = "sample_ids";

/// One layer for each tensor.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Contents, ActivationFileError> {
    let broken = |PartFault::Malformed { part, expected, found }| {
        DataError::mismatch(format!("{file}: {part}"), expected, found)
    };
    let Safetensors { metadata, tensors } = safetensors::read(bytes).map_err(broken)?;
    let mut metadata = metadata.into_iter().collect::<BTreeMap<_, _>>();
    let order = metadata.remove(LAYERS).map(|text| list(file, LAYERS, &text)).transpose()?;
    let sample_ids = metadata.remove(SAMPLE_IDS).map(|text| list(file, SAMPLE_IDS, &text)).transpose()?;
    let tensors: BTreeMap<String, Tensor<'_>> =
        tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
    let (mut layers, mut left_aside) = (Vec::with_capacity(tensors.len()), Vec::new());
    for name in order_layers(file, tensors.keys().map(String::as_str).collect(), order)? {
        let Some(tensor) = tensors.get(&name) else { continue };
        match described(&name, values(tensor), tensor.shape.len()) {
            Some(aside) => left_aside.push(aside),
            None => layers.push(Layer::new(file, &name, &tensor.shape, matrix(file, &name, tensor)?)?),
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

/// A JSON list of texts or integers, of which no more are kept than there can be samples.
fn list(file: &str, key: &str, text: &str) -> Result<Vec<String>, DataError> {
    let refused = |found: String| {
        let subject = format!("{file}: metadata entry `{key}`");
        DataError::mismatch(subject, "a JSON list of texts or integers", found)
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let items = serde::Deserializer::deserialize_seq(&mut deserializer, List);
    let items = items.and_then(|items| deserializer.end().map(|()| items));
    items.map_err(|error| refused(error.to_string()))
}

/// Reads a list.
struct List;

impl<'de> Visitor<'de> for List {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(match item {
                Value::String(text) => text,
                Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
                other => return Err(A::Error::custom(format!("`{other}`"))),
            });
            if items.len() > MOST_ROWS {
                return Err(A::Error::custom(format!("more than {MOST_ROWS}")));
            }
        }
        Ok(items)
    }
}

fn values(tensor: &Tensor<'_>) -> Values {
    match tensor.dtype {
        Dtype::BOOL => Values::Others,
        Dtype::U8 | Dtype::I8 | Dtype::U16 | Dtype::I16 | Dtype::U32 | Dtype::I32 | Dtype::U64 | Dtype::I64 => {
            Values::Integers
        }
        _ => Values::Floats,
    }
}

fn matrix(file: &str, layer: &str, tensor: &Tensor<'_>) -> Result<Matrix, ActivationFileError> {
    match tensor.dtype {
        Dtype::F16 => Ok(Matrix::F32(decode(tensor, |bytes| half::f16::from_le_bytes(bytes).to_f32()))),
        Dtype::BF16 => Ok(Matrix::F32(decode(tensor, |bytes| half::bf16::from_le_bytes(bytes).to_f32()))),
        Dtype::F32 => Ok(Matrix::F32(decode(tensor, f32::from_le_bytes))),
        Dtype::F64 => Ok(Matrix::F64(decode(tensor, f64::from_le_bytes))),
        Dtype::U8 => Ok(exact(file, decode(tensor, |bytes| integer::exact(u8::from_le_bytes(bytes).into())))?),
        Dtype::I8 => Ok(exact(file, decode(tensor, |bytes| integer::exact(i8::from_le_bytes(bytes).into())))?),
        Dtype::U16 => Ok(exact(file, decode(tensor, |bytes| integer::exact(u16::from_le_bytes(bytes).into())))?),
        Dtype::I16 => Ok(exact(file, decode(tensor, |bytes| integer::exact(i16::from_le_bytes(bytes).into())))?),
        Dtype::U32 => Ok(exact(file, decode(tensor, |bytes| integer::exact(u32::from_le_bytes(bytes).into())))?),
        Dtype::I32 => Ok(exact(file, decode(tensor, |bytes| integer::exact(i32::from_le_bytes(bytes).into())))?),
        Dtype::U64 => Ok(exact(file, decode(tensor, |bytes| integer::exact(u64::from_le_bytes(bytes).into())))?),
        Dtype::I64 => Ok(exact(file, decode(tensor, |bytes| integer::exact(i64::from_le_bytes(bytes).into())))?),
        other => Err(ActivationFileError::Layer {
            file: file.to_owned(),
            layer: one_line(&layer),
            expected: "integers or values of type F16, BF16, F32 or F64".to_owned(),
            found: other.to_string(),
        }),
    }
}

fn decode<const N: usize, T>(tensor: &Tensor<'_>, from_le: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (values, _) = tensor.values.as_chunks::<N>();
    values.iter().map(|&bytes| from_le(bytes)).collect()
}
