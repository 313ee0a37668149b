//! Which format of images a file has.

use super::source::holds_arrays;
use crate::file::records::Records;
use crate::file::{DataError, Foreign, Kind, ZipContent, recognise as kind_of};

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
    /// An archive of NumPy arrays.
    Npz,
    /// One NumPy array.
    Npy,
    /// A Python pickle.
    Pickle,
    /// MATLAB's `.mat`.
    Matlab,
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
            Self::Npz => "an .npz archive",
            Self::Npy => "an .npy array",
            Self::Pickle => "a Python pickle",
            Self::Matlab => "a MATLAB file",
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
        Kind::Zip(_) if holds_arrays(file, bytes)? => Ok(Format::Npz),
        Kind::Npy => Ok(Format::Npy),
        Kind::Pickle => Ok(Format::Pickle),
        Kind::Matlab => Ok(Format::Matlab),
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
    let expected = "CIFAR (binary or Python), STL-10 binary, IDX, PNG, JPEG, .npz, .npy, MATLAB's .mat of level 5, or a zip or \
                    tar archive of these";
    DataError::Unrecognised { file: file.to_owned(), reason, expected: expected.to_owned() }
}

/// What a file without images is and what to do about it, else its length and its first bytes.
fn beginning(kind: Kind, bytes: &[u8]) -> String {
    let to_npz = "; save images and labels with numpy.savez";
    let to_png = "; convert it to PNG";
    let unpack = "; unpack it and choose what is in it";
    let (what, advice) = match kind {
        Kind::PytorchLegacy | Kind::Zip(ZipContent::Pytorch) => ("what torch.save wrote", to_npz),
        Kind::Safetensors => ("safetensors", to_npz),
        Kind::Burnpack => ("burnpack, which holds a network", ""),
        Kind::Foreign(Foreign::Hdf5) => ("HDF5; read it with h5py", to_npz),
        Kind::Matlab73 => (
            "MATLAB's .mat of version 7.3, which is HDF5; save it with -v7",
            ", or read it with h5py and save it with numpy.savez",
        ),
        Kind::Parquet => {
            ("Apache Parquet, as data sets on the Hugging Face hub; read it with pandas or datasets", to_npz)
        }
        Kind::Arrow => ("Apache Arrow; read it with datasets", to_npz),
        Kind::Gif => ("a GIF image", to_png),
        Kind::WebP => ("a WebP image", to_png),
        Kind::Bmp => ("a BMP image", to_png),
        Kind::Tiff => ("a TIFF image", to_png),
        Kind::Heif => ("a HEIF or AVIF image, or a video", to_png),
        Kind::Pdf => ("a PDF", ""),
        Kind::Bzip2 => ("packed with bzip2", unpack),
        Kind::Xz => ("packed with xz", unpack),
        Kind::Foreign(Foreign::Zstandard) => ("packed with Zstandard", unpack),
        Kind::Foreign(Foreign::SevenZip) => ("a 7z archive", unpack),
        Kind::Foreign(Foreign::Rar) => ("a RAR archive", unpack),
        Kind::Tar | Kind::Zip(_) => ("an archive within an archive", unpack),
        Kind::GitLfsPointer => ("a pointer of Git LFS, not the file itself; fetch it with git lfs pull", ""),
        Kind::Markup => ("a web page or other markup, perhaps instead of a download", ""),
        Kind::Json => ("a JSON text", ""),
        _ => {
            let first = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
            return format!("{} bytes that begin with {first}", bytes.len());
        }
    };
    format!("{what}{advice}")
}
