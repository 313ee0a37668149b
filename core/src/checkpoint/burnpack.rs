//! Burn's burnpack, and Burn's own names and layouts.

use burn_pack::{Bytes, DType, Reader, Scalar};

use super::contents::Contents;
use super::error::Fault;
use super::tensor::{Element, Precision, Stored, Values};
use crate::model::{StateDict, StateTensor};

/// Reads a burnpack file.
///
/// # Errors
/// [`Fault::Malformed`].
pub(super) fn read(bytes: &[u8]) -> Result<Contents<'static>, Fault> {
    let unreadable =
        |error: burn_pack::Error| Fault::malformed("burnpack", "a complete file of a known version", error.to_string());
    let reader = Reader::from_bytes(Bytes::from_bytes_vec(bytes.to_vec())).map_err(unreadable)?;
    let mut metadata = reader.metadata().clone();
    for (name, scalar) in reader.scalars() {
        let text = match scalar {
            Scalar::Int(value) => value.to_string(),
            Scalar::UInt(value) => value.to_string(),
            Scalar::Float(value) => value.to_string(),
            Scalar::Bool(value) => value.to_string(),
        };
        metadata.entry(name.clone()).or_insert(text);
    }
    let tensors = reader.into_tensors().map_err(unreadable)?;
    let mut tensors: Vec<_> = tensors
        .into_iter()
        .map(|tensor| {
            let length = tensor.byte_len() as u64;
            let (name, dtype, shape, _, bytes) = tensor.into_parts().map_err(unreadable)?;
            let values = Values::Shared(bytes);
            Ok(Stored { name, element: element(dtype), shape: shape.iter().copied().collect(), length, values })
        })
        .collect::<Result<_, Fault>>()?;
    tensors.sort_by(|a: &Stored<'_>, b| a.name.cmp(&b.name));
    Ok(Contents { burn_layout: true, ..Contents::plain(tensors, metadata, bytes.len() as u64) })
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
