//! The containers of checkpoints.

use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::shards::ShardIndex;
use crate::file::{self, Foreign, Kind, ZipContent};

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
    /// The container that a file's bytes begin like; nothing where it is no checkpoint.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        recognise(bytes).ok()
    }

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

/// Which container a file is.
///
/// # Errors
/// [`Fault::Unrecognised`], naming what the bytes look like instead.
pub(super) fn recognise(bytes: &[u8]) -> Result<Container, Fault> {
    match file::recognise(bytes) {
        // An archive without weights is refused by its reader, which says what it lacks.
        Kind::Zip(ZipContent::Pytorch | ZipContent::Arrays | ZipContent::Other) => Ok(Container::PytorchZip),
        Kind::PytorchLegacy => Ok(Container::PytorchLegacy),
        Kind::Tar => Ok(Container::PytorchTar),
        Kind::Safetensors => Ok(Container::Safetensors),
        Kind::Burnpack => Ok(Container::Burnpack),
        kind => Err(Fault::Unrecognised { found: describe(kind, bytes) }),
    }
}

/// What a file that is no checkpoint is, else its length and its first bytes.
fn describe(kind: Kind, bytes: &[u8]) -> String {
    if let Some(index) = ShardIndex::parse(bytes) {
        let count = index.shards().len();
        return format!("an index of {count} shards; give it together with them, or their folder");
    }
    let description = match kind {
        Kind::Empty => "an empty file",
        Kind::Npy => "a NumPy array, which is an activation file",
        Kind::Foreign(foreign) | Kind::Zip(ZipContent::Foreign(foreign)) => foreign.description(),
        Kind::Matlab | Kind::Matlab73 => Foreign::Matlab.description(),
        Kind::Gzip => "a gzip file: unpack it first",
        Kind::Png => "a PNG image",
        Kind::Jpeg => "a JPEG image",
        Kind::Zip(_) => "an empty zip archive",
        Kind::Bzip2 => "a bzip2 file: unpack it first",
        Kind::Xz => "an xz file: unpack it first",
        Kind::Pdf => "a PDF document",
        Kind::GitLfsPointer => "a Git LFS pointer: fetch the file itself",
        Kind::Markup => "a web page or other markup",
        Kind::Json => "a JSON text",
        Kind::Pickle => "a plain pickle, not what torch.save writes: save the network with torch.save",
        _ => {
            let start: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            return format!("{} bytes that begin with {}", bytes.len(), start.join(" "));
        }
    };
    description.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::tar::tests::empty_entry;

    #[test]
    fn content_decides() {
        let tar = empty_entry("pickle");
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
