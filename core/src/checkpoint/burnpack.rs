//! Burn's burnpack, and Burn's own names and layouts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use burn_pack::{
    DType, FORMAT_VERSION, HEADER_SIZE, Header, MAX_CBOR_RECURSION_DEPTH, Scalar, aligned_data_section_start,
};
use serde::Deserialize;

use super::contents::Contents;
use super::error::Fault;
use super::tensor::{Element, Precision, Stored, Values};
use crate::file::bounded::{Entries, Lengths};
use crate::file::limits;
use crate::model::{StateDict, StateTensor};

/// What stands before the values, in CBOR.
#[derive(Deserialize)]
struct Description {
    tensors: Entries<Descriptor>,
    #[serde(default = "Entries::none")]
    metadata: Entries<String>,
    #[serde(default = "Entries::none")]
    scalars: Entries<Scalar>,
}

#[derive(Deserialize)]
struct Descriptor {
    dtype: DType,
    shape: Lengths,
    data_offsets: (u64, u64),
}

/// Reads a burnpack file. The format's own library wants the file for itself; here the values stay where they are.
///
/// # Errors
/// [`Fault::Malformed`].
pub(super) fn read(bytes: &[u8]) -> Result<Contents<'_>, Fault> {
    let unreadable = |found: String| Fault::malformed("burnpack", "a complete file of a known version", found);
    let header = Header::from_bytes(bytes).map_err(|error| unreadable(error.to_string()))?;
    if header.version > FORMAT_VERSION {
        return Err(unreadable(format!("version {}", header.version)));
    }
    let length = header.metadata_size as usize;
    if length > limits::HEADER {
        let expected = format!("a description of at most {} bytes", limits::HEADER);
        return Err(Fault::malformed("burnpack", expected, length.to_string()));
    }
    let Some(description) = bytes.get(HEADER_SIZE..HEADER_SIZE + length) else {
        return Err(unreadable(format!("a description of {length} bytes in a file of {}", bytes.len())));
    };
    let Description { tensors, metadata, scalars } =
        ciborium::de::from_reader_with_recursion_limit(description, MAX_CBOR_RECURSION_DEPTH)
            .map_err(|error| unreadable(error.to_string()))?;
    if tensors.more || metadata.more || scalars.more {
        let expected = format!("at most {} tensors, and as many texts and scalars", limits::ENTRIES);
        return Err(Fault::malformed("burnpack", expected, "more"));
    }
    if let Some(name) = tensors.repeated() {
        return Err(Fault::malformed("burnpack", "each name once", format!("`{name}` twice")));
    }
    let values = bytes.get(aligned_data_section_start(length)..).unwrap_or(&[]);
    let mut tensors =
        tensors.kept.into_iter().map(|(name, tensor)| stored(name, tensor, values)).collect::<Result<Vec<_>, _>>()?;
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let mut metadata: BTreeMap<String, String> = metadata.kept.into_iter().collect();
    for (name, scalar) in scalars.kept {
        metadata.entry(name).or_insert_with(|| match scalar {
            Scalar::Int(value) => value.to_string(),
            Scalar::UInt(value) => value.to_string(),
            Scalar::Float(value) => value.to_string(),
            Scalar::Bool(value) => value.to_string(),
        });
    }
    Ok(Contents { burn_layout: true, ..Contents::plain(tensors, metadata, bytes.len() as u64) })
}

fn stored(name: String, tensor: Descriptor, values: &[u8]) -> Result<Stored<'_>, Fault> {
    let Descriptor { dtype, shape: Lengths(lengths), data_offsets: (from, to) } = tensor;
    let part = || format!("burnpack tensor {name}");
    let shape = lengths.iter().map(|&length| usize::try_from(length)).collect::<Result<Vec<_>, _>>();
    let shape = shape.map_err(|_| Fault::malformed(part(), "lengths that fit into memory", "larger ones"))?;
    let (start, end) = (usize::try_from(from).ok(), usize::try_from(to).ok());
    let found = start.zip(end).and_then(|(start, end)| values.get(start..end));
    let Some(bytes) = found else {
        let found = format!("{} bytes of values", values.len());
        return Err(Fault::malformed(part(), format!("values from byte {from} to {to}"), found));
    };
    let element = element(dtype);
    if let Element::Float(precision) = element {
        let size = shape.iter().try_fold(precision.size(), |bytes, &length| bytes.checked_mul(length));
        if size != Some(bytes.len()) {
            let expected = format!("the bytes of its shape {shape:?} in {precision}");
            return Err(Fault::malformed(part(), expected, bytes.len().to_string()));
        }
    }
    Ok(Stored { name, element, shape, length: bytes.len() as u64, values: Values::Here(Cow::Borrowed(bytes)) })
}

fn element(dtype: DType) -> Element {
    match dtype {
        DType::F16 => Element::Float(Precision::F16),
        DType::BF16 => Element::Float(Precision::Bf16),
        DType::F32 | DType::Flex32 => Element::Float(Precision::F32),
        DType::F64 => Element::Float(Precision::F64),
        other => Element::Other(format!("{other:?}").to_lowercase()),
    }
}

/// Names and layouts of Burn's modules as PyTorch has them, as burn-store's `BurnToPyTorchAdapter` does: `gamma` and
/// `beta` of a normalisation become `weight` and `bias`, and the weight of a linear layer, `[in, out]` in Burn, becomes
/// `[out, in]`.
///
/// A file does not say which tensors are linear weights, nor whether they were turned already when it was written. A
/// matrix is turned when its bias has the length of its columns and not of its rows. Where both are equal, or there is no
/// bias, it is turned unless a matrix with a telling bias was already in PyTorch's layout.
///
/// # Errors
/// [`Fault::Malformed`] when a renamed tensor would take the place of another.
pub(super) fn to_pytorch(state: StateDict) -> Result<StateDict, Fault> {
    let taken = |name: &&String| Some(rename(name)).filter(|other| *other != **name && state.contains_key(other));
    if let Some((name, other)) = state.keys().find_map(|name| Some((name, taken(&name)?))) {
        let expected = format!("a name of its own, as Burn's {name} is PyTorch's {other}");
        return Err(Fault::malformed(format!("tensor {name}"), expected, format!("both {name} and {other}")));
    }
    let layouts: Vec<bool> = state.iter().filter_map(|(name, tensor)| is_burn_layout(&state, name, tensor)).collect();
    let doubtful = layouts.iter().all(|&burn| burn);
    let turned: Vec<bool> = state
        .iter()
        .map(|(name, tensor)| {
            is_linear_weight(name, tensor) && is_burn_layout(&state, name, tensor).unwrap_or(doubtful)
        })
        .collect();
    let turn = |tensor: StateTensor, turned: bool| if turned { transpose(&tensor) } else { tensor };
    Ok(state.into_iter().zip(turned).map(|((name, tensor), turned)| (rename(&name), turn(tensor, turned))).collect())
}

fn is_linear_weight(name: &str, tensor: &StateTensor) -> bool {
    tensor.shape.len() == 2 && (name == "weight" || name.ends_with(".weight"))
}

/// Whether a linear weight is `[in, out]`; absent when its bias does not tell.
fn is_burn_layout(state: &StateDict, name: &str, tensor: &StateTensor) -> Option<bool> {
    let [rows, columns] = tensor.shape.as_slice() else { return None };
    let layer = name.strip_suffix("weight")?;
    let [bias] = state.get(&format!("{layer}bias"))?.shape.as_slice() else { return None };
    (rows != columns && (bias == rows || bias == columns)).then_some(bias == columns)
}

pub(super) fn rename(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((layer, "gamma")) => format!("{layer}.weight"),
        Some((layer, "beta")) => format!("{layer}.bias"),
        _ => name.to_owned(),
    }
}

/// The transpose of a matrix.
fn transpose(tensor: &StateTensor) -> StateTensor {
    let (rows, columns) = (tensor.shape[0], tensor.shape[1]);
    let values =
        (0..columns).flat_map(|column| tensor.values.iter().skip(column).step_by(columns.max(1)).copied()).collect();
    StateTensor { shape: vec![columns, rows], values }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(tensors: &[(&str, &[usize])]) -> StateDict {
        let tensor = |shape: &[usize]| StateTensor {
            shape: shape.to_vec(),
            values: (0..shape.iter().product::<usize>()).map(|value| value as f32).collect(),
        };
        tensors.iter().map(|(name, shape)| ((*name).to_owned(), tensor(shape))).collect()
    }

    #[test]
    fn burns_names_and_layouts_become_pytorchs() {
        let burn = state(&[
            ("bn1.beta", &[2]),
            ("bn1.gamma", &[2]),
            ("bn1.running_mean", &[2]),
            ("conv1.weight", &[2, 3, 1, 1]),
            ("fc.bias", &[3]),
            ("fc.weight", &[2, 3]),
        ]);
        let pytorch = to_pytorch(burn).unwrap();
        let names: Vec<_> = pytorch.keys().map(String::as_str).collect();
        assert_eq!(names, ["bn1.bias", "bn1.running_mean", "bn1.weight", "conv1.weight", "fc.bias", "fc.weight"]);
        assert_eq!(pytorch["fc.weight"], StateTensor { shape: vec![3, 2], values: vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0] });
        assert_eq!(pytorch["conv1.weight"].shape, [2, 3, 1, 1]);
    }

    #[test]
    fn a_square_matrix_follows_its_neighbours() {
        let square =
            |bias: usize| state(&[("0.bias", &[2]), ("0.weight", &[2, 2]), ("1.bias", &[bias]), ("1.weight", &[2, 3])]);
        assert_eq!(to_pytorch(square(3)).unwrap()["0.weight"].values, [0.0, 2.0, 1.0, 3.0]);
        assert_eq!(to_pytorch(square(2)).unwrap()["0.weight"].values, [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(to_pytorch(square(2)).unwrap()["1.weight"].shape, [2, 3]);
    }

    #[test]
    fn no_tensor_takes_the_place_of_another() {
        let error = to_pytorch(state(&[("bn.gamma", &[2]), ("bn.weight", &[2])])).unwrap_err().to_string();
        assert!(error.starts_with("tensor bn.gamma: expected a name of its own"), "{error}");
    }
}
