//! Recognising a container by its first bytes.

use serde::{Deserialize, Serialize};

use super::error::Fault;

/// How a checkpoint is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Container {
    /// `torch.save` of PyTorch 1.6 and later: a zip archive with `data.pkl`. Lightning's `.ckpt` is one.
    PytorchZip,
    /// `torch.save` before PyTorch 1.6: pickles one after another, then the storages.
    PytorchLegacy,
    /// `torch.save` before PyTorch 0.1.10: a tar archive.
    PytorchTar,
    /// Hugging Face's safetensors.
    Safetensors,
    /// Burn's burnpack.
    Burnpack,
}

impl Container {
    /// What people call it.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::PytorchZip => "PyTorch zip",
            Self::PytorchLegacy => "PyTorch legacy pickle",
            Self::PytorchTar => "PyTorch tar",
            Self::Safetensors => "safetensors",
            Self::Burnpack => "burnpack",
        }
    }
}

/// Recognises the container of a checkpoint by its content.
///
/// # Errors
/// [`Fault::Unrecognised`], naming what the bytes look like instead.
pub(super) fn recognise(bytes: &[u8]) -> Result<Container, Fault> {
    if bytes.starts_with(b"PK\x03\x04") {
        Ok(Container::PytorchZip)
    } else if bytes.starts_with(b"NRUB") {
        Ok(Container::Burnpack)
    } else if bytes.get(257..262) == Some(b"ustar") {
        Ok(Container::PytorchTar)
    } else if has_legacy_magic(bytes) {
        Ok(Container::PytorchLegacy)
    } else if bytes.get(8) == Some(&b'{') && safetensors_header(bytes).is_some() {
        Ok(Container::Safetensors)
    } else {
        Err(Fault::Unrecognised { found: describe(bytes) })
    }
}

/// The claimed length of a safetensors header, when it is within what the format allows.
fn safetensors_header(bytes: &[u8]) -> Option<u64> {
    const LONGEST: u64 = 100_000_000;
    bytes.first_chunk().map(|length| u64::from_le_bytes(*length)).filter(|&length| length <= LONGEST)
}

/// Whether the first pickle holds PyTorch's magic number 0x1950a86a20f9469cfc6c, as any protocol writes it.
fn has_legacy_magic(bytes: &[u8]) -> bool {
    const BINARY: &[u8] = &[0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
    const TEXT: &[u8] = b"119547037146038801333356";
    let start = bytes.get(..64).unwrap_or(bytes);
    [BINARY, TEXT].into_iter().any(|magic| start.windows(magic.len()).any(|window| window == magic))
}

/// What bytes that are no checkpoint look like.
fn describe(bytes: &[u8]) -> String {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"PK\x05\x06", "an empty zip archive"),
        (b"\x93NUMPY", "a NumPy array, which is an activation file"),
        (b"\x89HDF", "an HDF5 file, as Keras writes: export its weights as safetensors"),
        (b"\x1f\x8b", "a gzip file: unpack it first"),
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GGUF", "a GGUF file: export its weights as safetensors"),
        (b"BZh", "a bzip2 file: unpack it first"),
        (b"\xfd7zXZ", "an xz file: unpack it first"),
        (b"%PDF", "a PDF document"),
        (b"version https://git-lfs", "a Git LFS pointer: fetch the file itself"),
        (b"<", "a web page or other markup"),
        (b"{", "a JSON text"),
    ];
    if bytes.is_empty() {
        return "an empty file".to_owned();
    }
    if let Some((_, name)) = KNOWN.iter().find(|(start, _)| bytes.starts_with(start)) {
        return (*name).to_owned();
    }
    if bytes.first() == Some(&0x80) && bytes.get(1).is_some_and(|&protocol| protocol <= 5) {
        return "a plain pickle without tensors of PyTorch: write it with torch.save".to_owned();
    }
    let start: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{} bytes that begin with {}", bytes.len(), start.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(recognise(b"PK\x03\x04...."), Ok(Container::PytorchZip));
        assert_eq!(recognise(b"NRUB\x01\x00"), Ok(Container::Burnpack));
        assert_eq!(recognise(&tar), Ok(Container::PytorchTar));
        assert_eq!(recognise(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."), Ok(Container::PytorchLegacy));
        // A header of 128 bytes begins with the byte that also begins a pickle.
        assert_eq!(recognise(b"\x80\0\0\0\0\0\0\0{\"a\""), Ok(Container::Safetensors));
    }

    #[test]
    fn what_is_no_checkpoint_is_named() {
        let found = |bytes: &[u8]| match recognise(bytes) {
            Err(Fault::Unrecognised { found }) => found,
            other => panic!("{other:?}"),
        };
        assert_eq!(found(b""), "an empty file");
        assert!(found(b"\x93NUMPY\x01\x00").contains("activation file"));
        assert!(found(b"\x80\x04\x95").contains("plain pickle"));
        assert_eq!(found(b"hello"), "5 bytes that begin with 68 65 6c 6c 6f");
        assert!(found(b"\xff\xff\xff\xff\xff\xff\xff\xff{}").contains("bytes that begin with"));
    }
}
