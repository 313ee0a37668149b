//! From files to a probe set: one file per format.
//!
//! To add a format: recognise it in `file/kind.rs`, name it in `recognise.rs`, read it in a file of its own, and add one
//! arm to [`read_probe_set`].

mod cifar;
mod class_names;
mod companions;
mod idx;
mod images;
mod jpeg;
mod npz;
mod recognise;
mod stl10;

use std::borrow::Cow;

use super::probe_set::ProbeSet;
use crate::file::zip::Archive;
use crate::file::{self, Allowance, DataError, NamedBytes, gzip};
use crate::names::natural_order;
use recognise::{Format, recognise};

/// One file, unpacked where it was packed with gzip.
struct Source<'a> {
    name: &'a str,
    bytes: Cow<'a, [u8]>,
    format: Format,
}

/// Reads one probe set from files, recognised by their content and not by their names:
///
/// - CIFAR-10 and CIFAR-100 binary batches, STL-10 binary images with or without their label file, IDX images with or
///   without their labels; each plain or packed with gzip;
/// - PNG and JPEG images of one size, or a zip archive of them. The folder that holds an image is its class where there
///   are several folders. Images have one channel when all are grey, else three; opacity and orientation tags are ignored;
/// - `.npz` with an array `x`, `images` or `data` (or only one array of 3 or 4 dimensions), as bytes or floating-point
///   values, N×H×W, N×H×W×C or N×C×H×W with 1 or 3 channels; and optionally `y` or `labels`. Floating-point values are
///   taken as they are, and not divided by 255.
///
/// Batches and images are read in natural order of their names. Among several files, and in zip archives, hidden files,
/// texts and tables that accompany a data set are passed over.
///
/// # Errors
/// [`DataError`] naming the file, the place, what was expected and what was found.
pub fn read_probe_set(files: &[NamedBytes]) -> Result<ProbeSet, DataError> {
    let mut allowance = Allowance::for_input(files.iter().map(|file| file.bytes.len()).sum());
    let mut sources = Vec::with_capacity(files.len());
    for file in files.iter().filter(|file| files.len() == 1 || !companions::accompanies_data(&file.name)) {
        let bytes = gzip::unpack(&file.name, &file.bytes, &mut allowance)?;
        let format = recognise(&file.name, &bytes)?;
        sources.push(Source { name: &file.name, bytes, format });
    }
    sources.sort_by(|a, b| natural_order(a.name, b.name));
    let Some(format) = sources.iter().map(|source| source.format).find(|format| *format != Format::Stl10Labels) else {
        return Err(no_images(&sources));
    };
    check_same_format(&sources, format)?;
    match (format, sources.as_slice()) {
        (Format::Cifar(records), _) => cifar::read(records, &sources),
        (Format::Stl10 | Format::Stl10Labels, _) => stl10::read(&sources),
        (Format::Idx, _) => idx::read(&sources),
        (Format::Image, _) => {
            let name = group_name(&sources);
            images::read(name, sources.into_iter().map(|source| (source.name.to_owned(), source.bytes)).collect())
        }
        (Format::Zip, [source]) => read_zip(source, &mut allowance),
        (Format::Zip, _) => {
            Err(DataError::mismatch(group_name(&sources), "one zip or npz archive at a time", "several"))
        }
    }
}

fn no_images(sources: &[Source<'_>]) -> DataError {
    let expected = "a file of images";
    match sources {
        [] => DataError::mismatch("probe set", expected, "none"),
        [labels, ..] => DataError::mismatch(labels.name, expected, "STL-10 labels only"),
    }
}

/// Whether all files have this format, or go with it.
fn check_same_format(sources: &[Source<'_>], format: Format) -> Result<(), DataError> {
    let fits = |other: Format| other == format || (format == Format::Stl10 && other == Format::Stl10Labels);
    match sources.iter().find(|source| !fits(source.format)) {
        None => Ok(()),
        Some(other) => {
            let expected = format!("another file of the same kind, {}", format.describe());
            Err(DataError::mismatch(other.name, expected, other.format.describe()))
        }
    }
}

fn read_zip(source: &Source<'_>, allowance: &mut Allowance) -> Result<ProbeSet, DataError> {
    let mut archive = Archive::open(source.name, &source.bytes)?;
    if archive.names().iter().any(|name| name.ends_with(".npy")) {
        return npz::read(source.name, &mut archive, allowance);
    }
    let names = archive.names().to_vec();
    let mut files = Vec::with_capacity(names.len());
    for (index, name) in names.into_iter().enumerate() {
        if name.ends_with('/') || companions::accompanies_data(&name) {
            continue;
        }
        let bytes = archive.read(index, allowance)?;
        let kind = file::recognise(&bytes);
        if !kind.is_image() {
            let expected = "a PNG or JPEG image, as everything in an archive of images";
            return Err(DataError::mismatch(archive.path(index), expected, recognise::beginning(kind, &bytes)));
        }
        files.push((name, Cow::Owned(bytes)));
    }
    images::read(source.name.to_owned(), files).map_err(|error| error.within(source.name))
}

/// What people call several files together.
fn group_name(sources: &[Source<'_>]) -> String {
    match sources {
        [] => String::new(),
        [only] => only.name.to_owned(),
        [first, rest @ ..] => format!("{} and {} more", first.name, rest.len()),
    }
}

#[cfg(test)]
mod mutation_tests;
#[cfg(test)]
mod tests;
