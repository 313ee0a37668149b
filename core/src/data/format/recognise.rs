//! Which format of images a file has.

use crate::file::records::Records;
use crate::file::{DataError, Kind, recognise as kind_of};

/// A format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// CIFAR-10 or CIFAR-100 binary batch.
    Cifar(Records),
    /// STL-10 binary images.
    Stl10,
    /// STL-10 labels.
    Stl10Labels,
    /// IDX images or labels.
    Idx,
    /// PNG or JPEG.
    Image,
    /// A zip archive, `.npz` among them.
    Zip,
}

impl Format {
    /// What a file of this format is.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Cifar(Records::Cifar10) => "a CIFAR-10 batch",
            Self::Cifar(Records::Cifar100) => "a CIFAR-100 batch",
            Self::Stl10 => "STL-10 images",
            Self::Stl10Labels => "STL-10 labels",
            Self::Idx => "an IDX file",
            Self::Image => "an image",
            Self::Zip => "a zip or npz archive",
        }
    }
}

/// The format of unpacked bytes.
///
/// # Errors
/// [`DataError`] when the file is empty, when no format fits, or when two do.
pub(super) fn recognise(file: &str, bytes: &[u8]) -> Result<Format, DataError> {
    match kind_of(bytes) {
        Kind::Empty => Err(DataError::Malformed {
            file: file.to_owned(),
            offset: 0,
            expected: "data".to_owned(),
            found: "an empty file".to_owned(),
        }),
        Kind::Png | Kind::Jpeg => Ok(Format::Image),
        Kind::Zip(_) => Ok(Format::Zip),
        Kind::Idx => Ok(Format::Idx),
        Kind::Cifar10 => Ok(Format::Cifar(Records::Cifar10)),
        Kind::Cifar100 => Ok(Format::Cifar(Records::Cifar100)),
        Kind::Cifar => Err(unrecognised(file, "it could be CIFAR-10 or CIFAR-100 by length and labels".to_owned())),
        Kind::Stl10 => Ok(Format::Stl10),
        Kind::Stl10Labels => Ok(Format::Stl10Labels),
        kind => Err(unrecognised(file, beginning(kind, bytes))),
    }
}

fn unrecognised(file: &str, reason: String) -> DataError {
    let expected = "CIFAR binary (a multiple of 3073 or 3074 bytes), STL-10 binary (27648), IDX, PNG, JPEG, zip or npz";
    DataError::Unrecognised { file: file.to_owned(), reason, expected: expected.to_owned() }
}

/// What a file without images is and what to do about it, else its length and its first bytes.
pub(super) fn beginning(kind: Kind, bytes: &[u8]) -> String {
    match kind {
        Kind::Npy => "a single NumPy array; save it with numpy.savez".to_owned(),
        Kind::Pickle | Kind::PytorchLegacy => "a Python pickle; use the binary version of the data set".to_owned(),
        Kind::Gif => "a GIF image; convert it to PNG".to_owned(),
        Kind::WebP => "a WebP image; convert it to PNG".to_owned(),
        Kind::Bmp => "a BMP image; convert it to PNG".to_owned(),
        Kind::Tar => "a tar archive; unpack it and choose its files".to_owned(),
        _ => {
            let first = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
            format!("{} bytes that begin with {first}", bytes.len())
        }
    }
}
