//! Files of other programs, by their content: what they are, and which way is open.

use memchr::memmem;

/// A file of another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// A model by the Open Neural Network Exchange.
    Onnx,
    /// HDF5, as Keras writes it.
    Hdf5,
    /// A model of Keras 3.
    Keras,
    /// A SavedModel of TensorFlow.
    SavedModel,
    /// The index of a checkpoint of TensorFlow.
    TensorflowCheckpoint,
    /// A model of TensorFlow Lite.
    TensorflowLite,
    /// A model of Core ML.
    CoreMl,
    /// GGUF.
    Gguf,
    /// A program by `torch.export`.
    ExportedProgram,
    /// A pickled model of scikit-learn.
    ScikitLearn,
    /// A file by joblib, a pickle with arrays in it.
    Joblib,
    /// Values of MATLAB.
    Matlab,
    /// Packed with zlib, as joblib does.
    Zlib,
    /// Packed by 7-Zip.
    SevenZip,
    /// Packed with Zstandard.
    Zstandard,
    /// Packed by RAR.
    Rar,
}

impl Foreign {
    /// What it is, and what to do instead.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Onnx => "an ONNX model: export the layers as activations (.npz), or save its weights with torch.save",
            Self::Hdf5 => {
                "an HDF5 file, as Keras writes: export the layers as activations (.npz), or its weights as safetensors"
            }
            Self::Keras => "a Keras model: export the layers as activations (.npz), or its weights as safetensors",
            Self::SavedModel => "a TensorFlow SavedModel: export the layers as activations (.npz)",
            Self::TensorflowCheckpoint => "a TensorFlow checkpoint: export the layers as activations (.npz)",
            Self::TensorflowLite => "a TensorFlow Lite model: export the layers as activations (.npz)",
            Self::CoreMl => "a Core ML model: export the layers as activations (.npz)",
            Self::Gguf => "a GGUF file: export the layers as activations (.npz), or its weights as safetensors",
            Self::ExportedProgram => "an exported program of PyTorch, not weights: save its state_dict with torch.save",
            Self::ScikitLearn => "a model of scikit-learn: export the layers as activations (.npz)",
            Self::Joblib => "a file by joblib: export the layers as activations (.npz)",
            Self::Matlab => "a MATLAB file: export the layers as activations (.npz)",
            Self::Zlib => "a file packed with zlib, as joblib does: unpack it first",
            Self::SevenZip => "a 7z archive: unpack it first",
            Self::Zstandard => "a Zstandard file: unpack it first",
            Self::Rar => "a RAR archive: unpack it first",
        }
    }
}

/// Signatures of four bytes or more: where, which, and of what.
const SIGNATURES: [(usize, &[u8], Foreign); 7] = [
    (0, b"\x89HDF", Foreign::Hdf5),
    (0, b"GGUF", Foreign::Gguf),
    (4, b"TFL3", Foreign::TensorflowLite),
    (0, b"MATLAB ", Foreign::Matlab),
    (0, b"7z\xbc\xaf\x27\x1c", Foreign::SevenZip),
    (0, b"\x28\xb5\x2f\xfd", Foreign::Zstandard),
    (0, b"Rar!\x1a\x07", Foreign::Rar),
];

/// A file with a signature.
pub(super) fn signed(bytes: &[u8]) -> Option<Foreign> {
    /// The last bytes of a table of LevelDB.
    const TABLE: &[u8] = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb";
    let begins = |&&(at, signature, _): &&(usize, &[u8], Foreign)| {
        bytes.get(at..).is_some_and(|rest| rest.starts_with(signature))
    };
    let found = SIGNATURES.iter().find(begins).map(|&(_, _, foreign)| foreign);
    found.or_else(|| bytes.ends_with(TABLE).then_some(Foreign::TensorflowCheckpoint))
}

/// A zip archive, by the names of its entries.
pub(super) fn archive(names: &[String]) -> Option<Foreign> {
    let any = |holds: &dyn Fn(&str) -> bool| names.iter().any(|name| holds(name));
    let named = |file: &str| any(&|name| name.rsplit('/').next() == Some(file));
    if any(&|name| name.contains("com.apple.CoreML/")) {
        return Some(Foreign::CoreMl);
    }
    if named("saved_model.pb") {
        return Some(Foreign::SavedModel);
    }
    if named("model.weights.h5") {
        return Some(Foreign::Keras);
    }
    let exported = named("serialized_exported_program.json") || (named("archive_format") && named("model.json"));
    exported.then_some(Foreign::ExportedProgram)
}

/// A pickle, by the classes that it begins with.
pub(super) fn pickle(bytes: &[u8]) -> Option<Foreign> {
    const LOOKED_AT: usize = 1 << 16;
    let start = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let names = |module: &[u8]| memmem::find(start, module).is_some();
    if names(b"joblib.numpy_pickle") {
        Some(Foreign::Joblib)
    } else {
        names(b"sklearn.").then_some(Foreign::ScikitLearn)
    }
}

/// A file without a signature: what begins like zlib, or a protocol buffer of a model.
pub(super) fn unsigned(bytes: &[u8]) -> Option<Foreign> {
    match bytes {
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => Some(Foreign::Zlib),
        [0x08, ..] => protocol_buffer(bytes),
        _ => None,
    }
}

/// Which model a protocol buffer is, by the numbers of its outermost fields. All three begin with a version.
///
/// | | fields |
/// |---|---|
/// | ONNX | up to 26, the graph is 7 |
/// | Core ML | the description is 2, the model is one of 200 to 3999 |
/// | SavedModel | version 1, then graphs, which are 2 and begin with their field 1 |
fn protocol_buffer(bytes: &[u8]) -> Option<Foreign> {
    const MOST: usize = 10_000;
    let mut rest = bytes;
    let mut version = None;
    let (mut graph, mut description, mut model, mut others, mut metagraphs) = (false, false, false, false, true);
    for _ in 0..MOST {
        if rest.is_empty() {
            break;
        }
        let tag = varint(&mut rest)?;
        let content = match tag & 7 {
            0 => {
                let value = varint(&mut rest)?;
                version = version.or(Some(value));
                &[]
            }
            1 => take(&mut rest, 8)?,
            2 => {
                let length = varint(&mut rest)?;
                // The file may be cut: then the field is as long as what is left.
                let length = length.min(rest.len() as u64);
                take(&mut rest, length)?
            }
            5 => take(&mut rest, 4)?,
            _ => return None,
        };
        match (tag >> 3, tag & 7) {
            (1, 0) => {}
            (2, 2) => {
                description = true;
                metagraphs &= content.starts_with(&[0x0a]);
            }
            (7, 2) => graph = true,
            (200..=3999, 2) => model = true,
            (3..=26, _) => others = true,
            _ => return None,
        }
    }
    match (graph, model, version?) {
        (true, false, 1..=99) => Some(Foreign::Onnx),
        (false, true, 1..=99) if description => Some(Foreign::CoreMl),
        (false, false, 1) if description && metagraphs && !others => Some(Foreign::SavedModel),
        _ => None,
    }
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_told_by_their_fields() {
        // onnx.helper.make_model of one Relu; the outermost fields of torchvision's resnet18.onnx are in the same order.
        let onnx = b"\x08\x08\x12\x07pytorch\x3a\x02\x12\x00\x42\x02\x10\x11";
        assert_eq!(unsigned(onnx), Some(Foreign::Onnx));
        assert_eq!(unsigned(&onnx[..14]), Some(Foreign::Onnx), "cut within the graph");
        assert_eq!(unsigned(b"\x08\x01\x12\x03\x0a\x01x"), Some(Foreign::SavedModel));
        assert_eq!(unsigned(b"\x08\x04\x12\x02\x0a\x00\xa2\x1f\x00"), Some(Foreign::CoreMl));
        assert_eq!(unsigned(b"\x08"), None);
        assert_eq!(unsigned(b"\x08\x01"), None);
        assert_eq!(unsigned(b"\x08\x01\x12\x03abc"), None);
        assert_eq!(unsigned(&[8; 3000]), None);
    }
}
