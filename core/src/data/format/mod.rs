//! From files to a probe set: one file per format.
//!
//! To add a format: recognise it in `file/kind.rs`, name it in `recognise.rs`, read it in a file of its own, and add one
//! arm to [`read_probe_set`].

mod arrays;
mod cifar;
mod class_names;
mod classes;
mod companions;
mod idx;
mod images;
mod jpeg;
mod matlab;
mod parts;
mod pickled;
mod picture;
mod recognise;
mod source;
mod stl10;

use super::preparation::Preparation;
use super::probe_set::ProbeSet;
use crate::file::{Allowance, DataError, NamedBytes};
use recognise::Format;
use source::{Source, Sources, group_name};

/// Reads one probe set from files, recognised by their content and not by their names:
///
/// - CIFAR-10 and CIFAR-100 batches, binary or as Python's pickles; STL-10 binary images with or without their label file;
///   IDX images with or without their labels; each plain or packed with gzip;
/// - PNG and JPEG images of one size, with 8 or 16 bits, grey, in colours, with a palette, or CMYK. Images have one channel when
///   all are grey, else three; opacity and orientation tags are ignored. Where they lie in several folders, the class is the
///   first folder below the common one, and classes are in the order of their names as text;
/// - `.npz`, `.npy`, MATLAB's `.mat` (such as SVHN's) and pickles of NumPy arrays, with an array `x`, `images`, `data`,
///   `inputs` or `features`, or only one array of 3 or 4 dimensions, else only one of 2: images are N×H×W, N×H×W×C or N×C×H×W
///   with 1 or 3 channels, or with fewer than rows and columns, vectors N×P or N; and optionally `y`, `labels` or `targets`. Of
///   `x_train` and `x_test`, as in Keras' `mnist.npz`, or `train_images` and `test_images`, as in MedMNIST, the test part is taken. Unsigned bytes stand for x / 255,
///   those of vectors too; floating-point values and other integers are taken as they are;
/// - tar and zip archives of these, also packed with gzip. Where the names in an archive or folder tell training from testing,
///   the test part is taken.
///
/// Batches and images are read in natural order of their names. Among several files, and in archives, hidden files,
/// texts and tables that accompany a data set are passed over.
///
/// # Errors
/// [`DataError`] naming the file, the place, what was expected and what was found.
pub fn read_probe_set(files: &[NamedBytes]) -> Result<ProbeSet, DataError> {
    read_prepared(files, Preparation::default())
}

/// As [`read_probe_set`], with images resized and cropped.
///
/// # Errors
/// As [`read_probe_set`], and when the images are none of bytes or too small to be cropped.
pub fn read_prepared(files: &[NamedBytes], preparation: Preparation) -> Result<ProbeSet, DataError> {
    preparation.check()?;
    let mut allowance = Allowance::for_input(files.iter().map(|file| file.bytes.len()).sum());
    let unpacked = source::unpack(files, &mut allowance)?;
    let Sources { files: sources, note, broken } = source::sources(&unpacked, &mut allowance, preparation.skip_broken)?;
    let Some(format) = sources.iter().map(|source| source.format).find(|format| *format != Format::Stl10Labels) else {
        return Err(no_images(files, &sources));
    };
    check_same_format(&sources, format)?;
    if format == Format::Image {
        let set = images::read(group_name(&sources), &sources, broken, preparation)?;
        return Ok(set.with_notes(note));
    }
    let set = match (format, sources.as_slice()) {
        (Format::Cifar(records), _) => cifar::read(records, &sources),
        (Format::Stl10 | Format::Stl10Labels, _) => stl10::read(&sources),
        (Format::Idx, _) => idx::read(&sources),
        (Format::Npy, _) => arrays::npy_files(&sources),
        (Format::Pickle, _) => pickled::read(&sources, &mut allowance),
        (Format::Npz, [source]) => arrays::npz(source, &mut allowance),
        (Format::Matlab, [source]) => matlab::read(source, &mut allowance),
        (Format::Npz | Format::Matlab | Format::Image, _) => {
            Err(DataError::mismatch(group_name(&sources), "one .npz or .mat file at a time", "several"))
        }
    };
    preparation.apply_to_set(set?.with_notes(note).with_notes(images::left_out(&broken)))
}

fn no_images(files: &[NamedBytes], sources: &[Source<'_>]) -> DataError {
    let expected = "a file of images";
    match (sources, files) {
        ([], []) => DataError::mismatch("probe set", expected, "none"),
        ([], [first, ..]) => DataError::mismatch(&first.name, expected, "none in it"),
        ([labels, ..], _) => DataError::mismatch(&labels.name, expected, "STL-10 labels only"),
    }
}

/// Whether all files have this format, or go with it.
fn check_same_format(sources: &[Source<'_>], format: Format) -> Result<(), DataError> {
    let fits = |other: Format| other == format || (format == Format::Stl10 && other == Format::Stl10Labels);
    match sources.iter().find(|source| !fits(source.format)) {
        None => Ok(()),
        Some(other) => {
            let expected = format!("another file of the same kind, {}", format.describe());
            Err(DataError::mismatch(&other.name, expected, other.format.describe()))
        }
    }
}

#[cfg(test)]
mod array_tests;
#[cfg(test)]
mod image_tests;
#[cfg(test)]
mod mutation_tests;
#[cfg(test)]
mod tests;
