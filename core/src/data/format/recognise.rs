//! Which format a file has, by its content.

use super::cifar::Variant;
use super::{idx, images, stl10};
use crate::data::container::Archive;
use crate::data::error::DataError;

/// A format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// CIFAR-10 or CIFAR-100 binary batch.
    Cifar(Variant),
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
            Self::Cifar(Variant::Cifar10) => "a CIFAR-10 batch",
            Self::Cifar(Variant::Cifar100) => "a CIFAR-100 batch",
            Self::Stl10 => "STL-10 images",
            Self::Stl10Labels => "STL-10 labels",
            Self::Idx => "an IDX file",
            Self::Image => "an image",
            Self::Zip => "a zip or npz archive",
        }
    }
}

/// The format of unpacked bytes. Formats without a signature are told by their length and the range of their labels.
///
/// # Errors
/// [`DataError`] when the file is empty, when no format fits, or when two do.
pub(super) fn recognise(file: &str, bytes: &[u8]) -> Result<Format, DataError> {
    if bytes.is_empty() {
        return Err(DataError::Malformed {
            file: file.to_owned(),
            offset: 0,
            expected: "data".to_owned(),
            found: "an empty file".to_owned(),
        });
    }
    if images::is_image(bytes) {
        return Ok(Format::Image);
    }
    if Archive::is_zip(bytes) {
        return Ok(Format::Zip);
    }
    if idx::is_complete(bytes) {
        return Ok(Format::Idx);
    }
    let variants = [Variant::Cifar10, Variant::Cifar100];
    let fitting = variants.map(|variant| variant.fits(bytes.len()));
    let valid = variants.map(|variant| variant.fits(bytes.len()) && variant.wrong_label(bytes).is_none());
    match (valid, fitting) {
        ([true, true], _) => {
            Err(unrecognised(file, "it could be CIFAR-10 or CIFAR-100 by length and labels".to_owned()))
        }
        ([true, false], _) => Ok(Format::Cifar(Variant::Cifar10)),
        ([false, true], _) => Ok(Format::Cifar(Variant::Cifar100)),
        _ if stl10::fits(bytes.len()) => Ok(Format::Stl10),
        _ if stl10::are_labels(bytes) => Ok(Format::Stl10Labels),
        _ if idx::begins_like(bytes) => Ok(Format::Idx),
        // The reader says which label is wrong, and where.
        (_, [true, _]) => Ok(Format::Cifar(Variant::Cifar10)),
        (_, [_, true]) => Ok(Format::Cifar(Variant::Cifar100)),
        _ => Err(unrecognised(file, beginning(bytes))),
    }
}

fn unrecognised(file: &str, reason: String) -> DataError {
    let expected = "CIFAR binary (a multiple of 3073 or 3074 bytes), STL-10 binary (27648), IDX, PNG, JPEG, zip or npz";
    DataError::Unrecognised { file: file.to_owned(), reason, expected: expected.to_owned() }
}

/// The length and the first bytes, or what is known to begin like that.
pub(super) fn beginning(bytes: &[u8]) -> String {
    let known: [(usize, &[u8], &str); 7] = [
        (0, b"\x93NUMPY", "a single NumPy array; save it with numpy.savez"),
        (0, b"\x80\x02", "a Python pickle; use the binary version of the data set"),
        (0, b"\x80\x04", "a Python pickle; use the binary version of the data set"),
        (0, b"GIF8", "a GIF image; convert it to PNG"),
        (8, b"WEBP", "a WebP image; convert it to PNG"),
        (0, b"BM", "a BMP image; convert it to PNG"),
        (257, b"ustar", "a tar archive; unpack it and choose its files"),
    ];
    let starts =
        |&(at, signature, _): &(usize, &[u8], &str)| bytes.get(at..).is_some_and(|rest| rest.starts_with(signature));
    if let Some((_, _, description)) = known.into_iter().find(starts) {
        return description.to_owned();
    }
    let first = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    format!("{} bytes that begin with {first}", bytes.len())
}
