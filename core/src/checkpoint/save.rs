//! Writing a network as safetensors.

use std::collections::BTreeMap;

use half::{bf16, f16};
use serde_json::{Value, json};

use super::error::{CheckpointError, Fault};
use super::load::fit;
use super::metadata::Metadata;
use super::tensor::Precision;
use crate::model::{Architecture, StateDict, StateTensor};

/// Writes the tensors that an architecture needs as safetensors, with metadata under keys that begin with `repgeo.`.
///
/// The same input yields the same bytes: tensors are in the order of their names, the header in that of its keys. Values
/// are exact in f32 and f64; in f16 and bf16 they are rounded to nearest, ties to even.
///
/// # Errors
/// [`CheckpointError`] when a tensor is missing or has another shape, or when a value is not finite in the precision.
pub fn save_safetensors(
    architecture: &Architecture,
    state: &StateDict,
    precision: Precision,
    metadata: &Metadata,
) -> Result<Vec<u8>, CheckpointError> {
    write(architecture, state, precision, metadata).map_err(|fault| fault.of("the checkpoint to be saved"))
}

fn write(
    architecture: &Architecture,
    state: &StateDict,
    precision: Precision,
    metadata: &Metadata,
) -> Result<Vec<u8>, Fault> {
    const METADATA: &str = "__metadata__";
    let report = fit(architecture, state, &BTreeMap::new())?;
    let mut header: BTreeMap<&str, Value> = BTreeMap::new();
    let mut values = Vec::new();
    for (name, tensor) in state {
        if report.unexpected.iter().any(|unexpected| unexpected.name == *name) {
            continue;
        }
        let start = values.len();
        append(name, tensor, precision, &mut values)?;
        header.insert(
            name,
            json!({
                "dtype": precision.to_string().to_uppercase(),
                "shape": tensor.shape,
                "data_offsets": [start, values.len()],
            }),
        );
    }
    if header.insert(METADATA, json!(metadata.texts(architecture)?)).is_some() {
        return Err(Fault::malformed(format!("tensor {METADATA}"), "another name", "the one that the format reserves"));
    }
    let mut header = serde_json::to_vec(&header)
        .map_err(|error| Fault::malformed("header", "values that JSON can hold", error.to_string()))?;
    // The values begin at a multiple of eight bytes; the format allows spaces at the header's end.
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut file = Vec::with_capacity(8 + header.len() + values.len());
    file.extend((header.len() as u64).to_le_bytes());
    file.extend(header);
    file.extend(values);
    Ok(file)
}

fn append(name: &str, tensor: &StateTensor, precision: Precision, bytes: &mut Vec<u8>) -> Result<(), Fault> {
    let StateTensor { shape, values } = tensor;
    if shape.iter().try_fold(1_usize, |product, &length| product.checked_mul(length)) != Some(values.len()) {
        let expected = format!("the values of shape {shape:?}");
        return Err(Fault::malformed(format!("tensor {name}"), expected, format!("{} values", values.len())));
    }
    for (element, &value) in values.iter().enumerate() {
        if !value.is_finite() {
            return Err(Fault::NotFinite { tensor: name.to_owned(), element, found: value.to_string() });
        }
        let fits = match precision {
            Precision::F8E4m3 | Precision::F8E5m2 => {
                let expected = "f16, bf16, f32 or f64, which are written here";
                return Err(Fault::malformed(format!("tensor {name}"), expected, precision.to_string()));
            }
            Precision::F16 => f16::from_f32(value).is_finite(),
            Precision::Bf16 => bf16::from_f32(value).is_finite(),
            Precision::F32 | Precision::F64 => true,
        };
        if !fits {
            return Err(Fault::OutOfRange { tensor: name.to_owned(), element, found: value.into(), precision });
        }
        match precision {
            Precision::F16 => bytes.extend(f16::from_f32(value).to_le_bytes()),
            Precision::Bf16 => bytes.extend(bf16::from_f32(value).to_le_bytes()),
            Precision::F32 => bytes.extend(value.to_le_bytes()),
            Precision::F64 => bytes.extend(f64::from(value).to_le_bytes()),
            Precision::F8E4m3 | Precision::F8E5m2 => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Reading, load, read};
    use super::*;
    use crate::data::Normalisation;
    use crate::file::NamedBytes;
    use crate::model::{LinearLayer, Mlp};
    use proptest::prelude::*;

    fn perceptron() -> Architecture {
        Mlp::new(2, &[], 2).into()
    }

    fn state(weights: Vec<f32>) -> StateDict {
        BTreeMap::from([
            ("fc1.bias".to_owned(), StateTensor { shape: vec![2], values: vec![0.25, -3.0] }),
            ("fc1.weight".to_owned(), StateTensor { shape: vec![2, 2], values: weights }),
        ])
    }

    fn metadata() -> Metadata {
        let normalisation = Normalisation { name: "mnist".to_owned(), mean: vec![0.1307], std: vec![0.3081] };
        Metadata { normalisation: Some(normalisation), seed: Some(3), ..Metadata::default() }
    }

    fn loaded(bytes: Vec<u8>) -> super::super::Network {
        load(read(&NamedBytes { name: "a.safetensors".to_owned(), bytes }).unwrap(), &Reading::default()).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_saved_in_single_precision_loads_exactly(weights in prop::collection::vec(prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO, 4)) {
            let state = state(weights);
            let bytes = save_safetensors(&perceptron(), &state, Precision::F32, &metadata()).unwrap();
            prop_assert_eq!(&bytes, &save_safetensors(&perceptron(), &state, Precision::F32, &metadata()).unwrap());
            let network = loaded(bytes);
            prop_assert_eq!(network.state, state);
            prop_assert_eq!(network.metadata, metadata());
            prop_assert_eq!(network.architecture, perceptron());
        }
    }

    #[test]
    fn names_that_begin_like_a_wrapper_come_back_as_they_were() {
        let layer = LinearLayer { name: "net.fc1".to_owned(), width: 2, bias: true };
        let architecture = Architecture::from(Mlp { layers: vec![layer], ..Mlp::new(2, &[], 2) });
        let state: StateDict =
            state(vec![1.0; 4]).into_iter().map(|(name, tensor)| (format!("net.{name}"), tensor)).collect();
        let network = loaded(save_safetensors(&architecture, &state, Precision::F32, &Metadata::default()).unwrap());
        assert_eq!((network.architecture, network.state), (architecture, state));
        assert!(network.wrappers.is_empty());
    }

    #[test]
    fn half_precision_rounds_to_even() {
        // Between 1 and the next half-precision number, 1 + 2⁻¹⁰: ties go to the even one, 1 and 1 + 2⁻⁹.
        let step = 2_f32.powi(-10);
        let weights = vec![1.0 + step / 2.0, 1.0 + 1.5 * step, 1.0 + 0.75 * step, 65504.0];
        let bytes = save_safetensors(&perceptron(), &state(weights), Precision::F16, &Metadata::default()).unwrap();
        let network = loaded(bytes);
        assert_eq!(network.state["fc1.weight"].values, [1.0, 1.0 + 2.0 * step, 1.0 + step, 65504.0]);
        assert_eq!(network.precisions["fc1.weight"], Precision::F16);
    }

    #[test]
    fn values_start_at_a_multiple_of_eight_bytes() {
        let bytes = save_safetensors(&perceptron(), &state(vec![0.0; 4]), Precision::F32, &metadata()).unwrap();
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap());
        assert_eq!(header % 8, 0);
        assert_eq!(bytes.len() as u64, 8 + header + 6 * 4);
    }

    #[test]
    fn what_cannot_be_saved_is_named() {
        let save = |weights, precision| {
            save_safetensors(&perceptron(), &state(weights), precision, &Metadata::default()).unwrap_err().to_string()
        };
        let error = save(vec![0.0, 7e4, 0.0, 0.0], Precision::F16);
        assert!(
            error.contains("tensor fc1.weight: expected values within the range of f16, found 70000 at element 1"),
            "{error}"
        );
        assert!(save(vec![f32::NAN, 0.0, 0.0, 0.0], Precision::F32).contains("found NaN at element 0"));
        assert!(save(vec![0.0; 3], Precision::F32).contains("expected the values of shape [2, 2], found 3 values"));
    }
}
