//! The files of a data set, out of the archives that they came in.

use std::borrow::Cow;

use super::companions;
use super::parts::{self, SEPARATORS, common_folder};
use super::recognise::{Format, recognise};
use crate::file::zip::Archive;
use crate::file::{Allowance, DataError, Kind, NamedBytes, ZipContent, gzip, one_line, recognise as kind_of, tar};
use crate::names::natural_order;

/// One file, unpacked where it was packed with gzip. A file in an archive is called after the archive and its path there.
pub(super) struct Source<'a> {
    pub(super) name: String,
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) format: Format,
}

/// A file as it came, unpacked where it was packed with gzip.
pub(super) struct Unpacked<'a> {
    name: &'a str,
    bytes: Cow<'a, [u8]>,
}

/// Unpacks what is packed with gzip. Among several files, those that accompany a data set are passed over.
pub(super) fn unpack<'a>(files: &'a [NamedBytes], allowance: &mut Allowance) -> Result<Vec<Unpacked<'a>>, DataError> {
    let files = files.iter().filter(|file| files.len() == 1 || !companions::accompanies_data(&file.name));
    let unpacked = files.map(|file| {
        let bytes = gzip::unpack(&file.name, &file.bytes, allowance)?;
        Ok(Unpacked { name: &file.name, bytes })
    });
    unpacked.collect()
}

/// The files of a data set.
pub(super) struct Sources<'a> {
    /// In natural order of their names.
    pub(super) files: Vec<Source<'a>>,
    /// That only a part of them was taken.
    pub(super) note: Option<String>,
    /// What was left out because nobody knows what it is.
    pub(super) broken: Vec<DataError>,
}

/// The files of a data set, archives replaced by what is in them. What is not recognised beside other files is left out
/// when that is asked for.
pub(super) fn sources<'a>(
    unpacked: &'a [Unpacked<'a>],
    allowance: &mut Allowance,
    skip_broken: bool,
) -> Result<Sources<'a>, DataError> {
    let mut found: Vec<(String, Cow<'a, [u8]>)> = Vec::new();
    for file in unpacked {
        match kind_of(&file.bytes) {
            Kind::Tar => from_tar(file, allowance, &mut found)?,
            // Recognised as a network, and said so.
            Kind::Zip(ZipContent::Pytorch) => found.push((file.name.to_owned(), Cow::Borrowed(&*file.bytes))),
            Kind::Zip(_) if !holds_arrays(file.name, &file.bytes)? => from_zip(file, allowance, &mut found)?,
            _ => found.push((file.name.to_owned(), Cow::Borrowed(&*file.bytes))),
        }
    }
    if found.len() > 1 {
        // The names of CIFAR's classes lie in a pickle beside its images.
        found.retain(|(name, bytes)| !(file_name(name).contains("meta") && kind_of(bytes) == Kind::Pickle));
    }
    found.sort_by(|(a, _), (b, _)| natural_order(a, b));
    let names = found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    let mut note = None;
    if let Some((part, kept)) = parts::to_take(&names) {
        note = Some(part.note());
        let mut kept = kept.into_iter();
        found.retain(|_| kept.next() == Some(true));
    }
    let several = found.len() > 1;
    let (mut files, mut broken) = (Vec::with_capacity(found.len()), Vec::new());
    for (name, bytes) in found {
        match recognise(&name, &bytes) {
            Ok(format) => files.push(Source { name, bytes, format }),
            Err(error) if skip_broken && several => broken.push(error),
            Err(error) if several => return Err(with_advice(error)),
            Err(error) => return Err(error),
        }
    }
    Ok(Sources { files, note, broken })
}

/// The same with how to go on without the file, one of several.
pub(super) fn with_advice(mut error: DataError) -> DataError {
    if let DataError::Malformed { found: end, .. }
    | DataError::Undecodable { reason: end, .. }
    | DataError::Unrecognised { reason: end, .. } = &mut error
    {
        end.push_str("; leave it out, under Image size on the page or with --skip-broken");
    }
    error
}

fn from_tar<'a>(
    file: &'a Unpacked<'a>,
    allowance: &mut Allowance,
    found: &mut Vec<(String, Cow<'a, [u8]>)>,
) -> Result<(), DataError> {
    for (name, bytes) in tar::files(file.name, &file.bytes)? {
        if !companions::accompanies_data(&name) {
            let name = format!("{}/{}", file.name, one_line(&name.trim_start_matches("./")));
            let bytes = gzip::unpack(&name, bytes, allowance)?;
            found.push((name, bytes));
        }
    }
    Ok(())
}

fn from_zip<'a>(
    file: &Unpacked<'a>,
    allowance: &mut Allowance,
    found: &mut Vec<(String, Cow<'a, [u8]>)>,
) -> Result<(), DataError> {
    let mut archive = Archive::open(file.name, &file.bytes)?;
    for (index, name) in archive.names().to_vec().into_iter().enumerate() {
        if !name.ends_with('/') && !companions::accompanies_data(&name) {
            let bytes = archive.read(index, allowance)?;
            let path = archive.path(index);
            let bytes = match gzip::unpack(&path, &bytes, allowance)? {
                Cow::Owned(unpacked) => unpacked,
                Cow::Borrowed(_) => bytes,
            };
            found.push((path, Cow::Owned(bytes)));
        }
    }
    Ok(())
}

/// Whether there are NumPy arrays in a zip archive.
pub(super) fn holds_arrays(file: &str, bytes: &[u8]) -> Result<bool, DataError> {
    Ok(Archive::open(file, bytes)?.names().iter().any(|name| name.ends_with(".npy")))
}

/// What people call several files together: their common folder or archive, else the first of them.
pub(super) fn group_name(sources: &[Source<'_>]) -> String {
    let names = sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>();
    match names.as_slice() {
        [] => String::new(),
        [first, ..] if common_folder(&names) > 0 => first.split(SEPARATORS).next().unwrap_or(first).to_owned(),
        [only] => (*only).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// The last name of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit(SEPARATORS).next().unwrap_or(path)
}
