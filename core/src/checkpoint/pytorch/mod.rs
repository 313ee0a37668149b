//! PyTorch's own containers: zip, legacy and tar.
//!
//! Each is looked over here before [`pytorch_reader`] sees it: sizes and byte order by the container's module, the pickle
//! by [`crate::file::pickle`]. The reader then yields the tensors.

mod demand;
mod legacy;
mod objects;
mod tar;
mod top_level;
mod zip;

use pytorch_reader::{DType, PytorchReader};

use self::top_level::TopLevel;
use super::container::Container;
use super::contents::Contents;
use super::error::Fault;
use super::tensor::{Element, Precision, Stored, Values};
use crate::file::{limits, zip as zip_file};

/// Bytes of the largest element of a storage.
const LARGEST_ELEMENT: usize = 8;

/// Bytes of one element of a storage, by the name of its class.
fn element_size(storage: &str) -> Option<usize> {
    match storage {
        "DoubleStorage" | "LongStorage" => Some(8),
        "FloatStorage" | "IntStorage" => Some(4),
        "HalfStorage" | "ShortStorage" | "BFloat16Storage" => Some(2),
        "CharStorage" | "ByteStorage" | "BoolStorage" => Some(1),
        _ => None,
    }
}

/// What looking a container over found out.
struct Survey {
    top_level: TopLevel,
    /// Bytes that tensors can be made of.
    content: u64,
}

/// Reads a PyTorch file.
///
/// # Errors
/// [`Fault::Malformed`] or [`Fault::ForeignCode`].
pub(super) fn read(container: Container, bytes: &[u8]) -> Result<Contents<'static>, Fault> {
    let mut operations = limits::PICKLE_OPERATIONS;
    let survey = match container {
        Container::PytorchLegacy => legacy::survey(bytes, &mut operations)?,
        Container::PytorchTar => tar::survey(bytes, &mut operations)?,
        _ => zip::survey(bytes, &mut operations)?,
    };
    let reader =
        PytorchReader::from_bytes(zip_file::without_idle_records(bytes).into_owned(), None).map_err(|error| {
            Fault::malformed(container.description(), "a checkpoint that can be read", error.to_string())
        })?;
    let mut tensors: Vec<_> = reader.into_tensors().into_values().map(stored).collect();
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let Survey { top_level: TopLevel { path, metadata }, content } = survey;
    Ok(Contents { tensors, path, metadata, content, burn_layout: false })
}

fn stored(tensor: pytorch_reader::Tensor) -> Stored<'static> {
    let element = match tensor.dtype() {
        DType::F64 => Element::Float(Precision::F64),
        DType::F32 => Element::Float(Precision::F32),
        DType::F16 => Element::Float(Precision::F16),
        DType::BF16 => Element::Float(Precision::Bf16),
        other => Element::Other(format!("{other:?}").to_lowercase()),
    };
    Stored {
        name: tensor.name.clone(),
        element,
        shape: tensor.shape().to_vec(),
        length: tensor.byte_len() as u64,
        values: Values::Pytorch(tensor),
    }
}

#[cfg(test)]
mod tests {
    use crate::checkpoint::read;
    use crate::file::Allowance;
    use crate::file::NamedBytes;
    use crate::file::zip::Archive;
    use crate::file::zip::tests::with_idle_records;

    #[test]
    fn a_root_of_21_letters_changes_nothing() {
        // What torch.save wrote, and the same entries in folders whose name has around 21 letters, where the first entry
        // of the directory is as long as the ZIP64 records before its end.
        let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/checkpoints/zip.pth"));
        let named = |bytes: &[u8]| NamedBytes { name: "zip.pth".to_owned(), bytes: bytes.to_vec() };
        let expected = read(&named(bytes)).unwrap();
        let mut archive = Archive::open("zip.pth", bytes).unwrap();
        let names = archive.names().to_vec();
        let contents: Vec<Vec<u8>> =
            (0..names.len()).map(|index| archive.read(index, &mut Allowance::for_input(0)).unwrap()).collect();
        assert!(names[0].ends_with("/data.pkl"), "{names:?}");
        for letters in 20..23 {
            let root = "r".repeat(letters);
            let moved: Vec<String> =
                names.iter().map(|name| format!("{root}/{}", name.split_once('/').unwrap().1)).collect();
            let entries: Vec<(&str, &[u8])> =
                moved.iter().map(String::as_str).zip(contents.iter().map(Vec::as_slice)).collect();
            let found = read(&named(&with_idle_records(&entries))).unwrap();
            assert_eq!(found.state, expected.state, "{letters}");
            assert!(!found.state.is_empty());
        }
    }
}
