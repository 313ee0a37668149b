//! What a file is, by its content and never by its name.

use super::foreign::{self, Foreign};
use super::records::{self, Records};
use super::zip::Archive;
use super::{idx, npy, tar};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// It has no bytes.
    Empty,
    /// A zip archive, and what is in it.
    Zip(ZipContent),
    /// Packed with gzip.
    Gzip,
    /// Packed with bzip2.
    Bzip2,
    /// Packed with xz.
    Xz,
    /// A tar archive.
    Tar,
    /// One NumPy array.
    Npy,
    /// Hugging Face's safetensors.
    Safetensors,
    /// Burn's burnpack.
    Burnpack,
    /// `torch.save` before PyTorch 1.6: pickles one after another, then the storages.
    PytorchLegacy,
    /// Another pickle of Python.
    Pickle,
    /// A PNG image.
    Png,
    /// A JPEG image.
    Jpeg,
    /// A GIF image.
    Gif,
    /// A WebP image.
    WebP,
    /// A BMP image.
    Bmp,
    /// IDX, as MNIST has it.
    Idx,
    /// A CIFAR-10 binary batch.
    Cifar10,
    /// A CIFAR-100 binary batch.
    Cifar100,
    /// A CIFAR batch, of 10 or of 100 classes: length and labels allow both.
    Cifar,
    /// STL-10 binary images.
    Stl10,
    /// STL-10 labels.
    Stl10Labels,
    /// MATLAB's level 5 `.mat`.
    Matlab,
    /// MATLAB's `.mat` of version 7.3, which is HDF5.
    Matlab73,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow, as Hugging Face's data sets are stored.
    Arrow,
    /// A TIFF image.
    Tiff,
    /// An image or video in the container of HEIF, AVIF and MP4.
    Heif,
    /// A file of another program, which is not read here.
    Foreign(Foreign),
    /// PDF.
    Pdf,
    /// What stands in a repository for a file that Git LFS keeps elsewhere.
    GitLfsPointer,
    /// A web page or other markup.
    Markup,
    /// A JSON text.
    Json,
    /// None of these.
    Unknown,
}

/// What is in a zip archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZipContent {
    /// Nothing.
    Nothing,
    /// NumPy arrays and nothing else: an `.npz`.
    Arrays,
    /// A pickle as `torch.save` of PyTorch 1.6 and later names it.
    Pytorch,
    /// What another program writes.
    Foreign(Foreign),
    /// Other files, or a list of entries that cannot be read.
    Other,
}

impl Kind {
    /// Whether it holds NumPy arrays and nothing else.
    #[must_use]
    pub fn holds_arrays(self) -> bool {
        matches!(self, Self::Npy | Self::Zip(ZipContent::Arrays))
    }

    /// Whether it is an image that is read here.
    #[must_use]
    pub fn is_image(self) -> bool {
        matches!(self, Self::Png | Self::Jpeg)
    }
}

/// Signatures of which four bytes or more are fixed, or three that nothing else begins with: where, which, and the kind.
const SIGNATURES: [(usize, &[u8], Kind); 14] = [
    (0, b"\x89PNG\r\n\x1a\n", Kind::Png),
    (0, b"\xff\xd8\xff", Kind::Jpeg),
    (0, b"\x1f\x8b", Kind::Gzip),
    (0, b"NRUB", Kind::Burnpack),
    (0, b"\xfd7zXZ", Kind::Xz),
    (0, b"%PDF", Kind::Pdf),
    (0, b"version https://git-lfs", Kind::GitLfsPointer),
    (0, b"GIF8", Kind::Gif),
    (8, b"WEBP", Kind::WebP),
    (0, b"MATLAB 5.0 MAT-file", Kind::Matlab),
    (0, b"MATLAB 7.3 MAT-file", Kind::Matlab73),
    (0, b"ARROW1", Kind::Arrow),
    (0, b"II*\0", Kind::Tiff),
    (0, b"MM\0*", Kind::Tiff),
];

/// Signatures that are so short that the pixels of a file without any may begin like them.
const SHORT_SIGNATURES: [(usize, &[u8], Kind); 4] =
    [(0, b"BZh", Kind::Bzip2), (0, b"BM", Kind::Bmp), (0, b"<", Kind::Markup), (0, b"{", Kind::Json)];

/// What a file is. Of a file that could be several the first bytes decide, as for PyTorch: a zip archive, then a tar archive,
/// then a pickle. Formats without a signature are told by their length and the range of their labels.
#[must_use]
pub fn recognise(bytes: &[u8]) -> Kind {
    if bytes.is_empty() {
        return Kind::Empty;
    }
    if let Some(kind) = signed(bytes, &SIGNATURES) {
        return kind;
    }
    if bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1") {
        return Kind::Parquet;
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return Kind::Heif;
    }
    if Archive::is_zip(bytes) {
        return Kind::Zip(zip_content(bytes));
    }
    if tar::is_tar(bytes) {
        return Kind::Tar;
    }
    if let Some(foreign) = foreign::signed(bytes) {
        return Kind::Foreign(foreign);
    }
    if npy::is_npy(bytes) {
        return Kind::Npy;
    }
    if has_legacy_magic(bytes) {
        return Kind::PytorchLegacy;
    }
    if begins_like_safetensors(bytes) {
        return Kind::Safetensors;
    }
    if idx::is_complete(bytes) {
        return Kind::Idx;
    }
    let variants = [Records::Cifar10, Records::Cifar100];
    let fitting = variants.map(|variant| variant.fits(bytes.len()));
    let valid = variants.map(|variant| variant.fits(bytes.len()) && variant.wrong_label(bytes).is_none());
    match (valid, fitting) {
        ([true, true], _) => Kind::Cifar,
        ([true, false], _) => Kind::Cifar10,
        ([false, true], _) => Kind::Cifar100,
        _ if records::are_stl10_images(bytes.len()) => Kind::Stl10,
        _ if records::are_stl10_labels(bytes) => Kind::Stl10Labels,
        _ if idx::begins_like(bytes) => Kind::Idx,
        // No images: the reader says what is wrong with the header.
        _ if matches!(bytes, [_, _, _, _, _, 0, 0, 0, b'{', ..] | [_, _, _, _, _, _, _, _, b'{', b'"', ..]) => {
            Kind::Safetensors
        }
        // The reader says which label is wrong, and where.
        (_, [true, _]) => Kind::Cifar10,
        (_, [_, true]) => Kind::Cifar100,
        _ if Archive::is_behind_other_data(bytes) => Kind::Zip(zip_content(bytes)),
        // A cut header.
        _ if bytes.get(257..).is_some_and(|rest| rest.starts_with(b"ustar")) => Kind::Tar,
        _ if matches!(bytes, [0x80, 0..=5, ..]) => foreign::pickle(bytes).map_or(Kind::Pickle, Kind::Foreign),
        _ => {
            let foreign = || foreign::unsigned(bytes).map(Kind::Foreign);
            signed(bytes, &SHORT_SIGNATURES).or_else(foreign).unwrap_or(Kind::Unknown)
        }
    }
}

fn signed(bytes: &[u8], signatures: &[(usize, &[u8], Kind)]) -> Option<Kind> {
    let begins =
        |&&(at, signature, _): &&(usize, &[u8], Kind)| bytes.get(at..).is_some_and(|rest| rest.starts_with(signature));
    signatures.iter().find(begins).map(|&(_, _, kind)| kind)
}

fn zip_content(bytes: &[u8]) -> ZipContent {
    if Archive::is_empty_zip(bytes) {
        return ZipContent::Nothing;
    }
    match Archive::open("", bytes) {
        Ok(archive) if archive.names().iter().all(|name| name.ends_with(".npy")) => ZipContent::Arrays,
        Ok(archive) if archive.names().iter().any(|name| name == "data.pkl" || name.ends_with("/data.pkl")) => {
            ZipContent::Pytorch
        }
        Ok(archive) => foreign::archive(archive.names()).map_or(ZipContent::Other, ZipContent::Foreign),
        Err(_) => ZipContent::Other,
    }
}

/// Whether the bytes begin like safetensors: the length of a header that fits into 40 bits, and a JSON object with a key,
/// an end or a space behind its brace.
fn begins_like_safetensors(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [_, _, _, _, _, 0, 0, 0, b'{'] | [_, _, _, _, _, 0, 0, 0, b'{', b'"' | b'}' | b' ' | b'\t' | b'\n' | b'\r', ..]
    )
}

/// Whether the first pickle holds PyTorch's magic number 0x1950a86a20f9469cfc6c, as any protocol writes it.
fn has_legacy_magic(bytes: &[u8]) -> bool {
    const BINARY: &[u8] = &[0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
    const TEXT: &[u8] = b"119547037146038801333356";
    let start = bytes.get(..64).unwrap_or(bytes);
    [BINARY, TEXT].into_iter().any(|magic| start.windows(magic.len()).any(|window| window == magic))
}

#[cfg(test)]
mod tests {
    use super::super::tar::tests::empty_entry;
    use super::super::zip::tests::packed;
    use super::*;

    #[test]
    fn content_decides() {
        let tar = empty_entry("pickle");
        for (bytes, kind) in [
            (b"".as_slice(), Kind::Empty),
            (b"PK\x05\x06", Kind::Zip(ZipContent::Nothing)),
            (b"PK\x03\x04....", Kind::Zip(ZipContent::Other)),
            (b"\x1f\x8b\x08\0", Kind::Gzip),
            (b"NRUB\x01\x00", Kind::Burnpack),
            (&tar, Kind::Tar),
            (b"\x93NUMPY\x01\x00", Kind::Npy),
            (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", Kind::PytorchLegacy),
            (b"\x80\x04\x95", Kind::Pickle),
            // A header of 128 bytes begins with the byte that also begins a pickle.
            (b"\x80\0\0\0\0\0\0\0{\"a\"", Kind::Safetensors),
            (b"\x89PNG\r\n\x1a\n", Kind::Png),
            (b"\xff\xd8\xff\xe0", Kind::Jpeg),
            (b"MATLAB 5.0 MAT-file, Platform", Kind::Matlab),
            (b"MATLAB 7.3 MAT-file, Platform", Kind::Matlab73),
            (b"PAR1....PAR1", Kind::Parquet),
            (b"\0\0\0\x18ftypheic", Kind::Heif),
            (b"MM\0*", Kind::Tiff),
            (b"\0\0\x08\x01\0\0\0\x02ab", Kind::Idx),
            (b"<!doctype html>", Kind::Markup),
            (b"{\"a\": 1}", Kind::Json),
            (b"hello", Kind::Unknown),
        ] {
            assert_eq!(recognise(bytes), kind, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn the_names_in_an_archive_say_what_it_is() {
        let kind = |names: &[&str]| {
            let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, b"x".as_slice())).collect();
            recognise(&packed(&entries))
        };
        assert_eq!(kind(&[]), Kind::Zip(ZipContent::Nothing));
        assert_eq!(kind(&["a.npy", "b/c.npy"]), Kind::Zip(ZipContent::Arrays));
        assert_eq!(kind(&["net/data.pkl", "net/data/0"]), Kind::Zip(ZipContent::Pytorch));
        assert_eq!(kind(&["a.npy", "b.txt"]), Kind::Zip(ZipContent::Other));
        assert!(kind(&["a.npy"]).holds_arrays() && !kind(&["a.png"]).holds_arrays());
    }

    #[test]
    fn formats_without_a_signature_go_by_length_and_labels() {
        let mut ten = vec![200; 3073];
        ten[0] = 9;
        assert_eq!(recognise(&ten), Kind::Cifar10);
        ten[0] = 10;
        assert_eq!(recognise(&ten), Kind::Cifar10, "the reader names the wrong label");
        assert_eq!(recognise(&[19, 99].into_iter().chain(vec![200; 3072]).collect::<Vec<_>>()), Kind::Cifar100);
        assert_eq!(recognise(&vec![1; 3073 * 3074]), Kind::Cifar);
        assert_eq!(recognise(&vec![b'{'; 3 * 96 * 96]), Kind::Stl10, "pixels may begin like a text");
        assert_eq!(recognise(&[1, 10, 3]), Kind::Stl10Labels);
        assert_eq!(recognise(&[1, 11, 3]), Kind::Unknown);
    }
}
