//! NumPy's `.npz` and `.npy` as probe sets.

use super::{NamedArray, Writer, read};
use crate::data::format::source::{Source, file_name, group_name};
use crate::data::probe_set::ProbeSet;
use crate::file::npy::Array;
use crate::file::zip::Archive;
use crate::file::{Allowance, DataError};

/// Reads an archive of arrays, which are called as its entries.
pub(in super::super) fn npz(source: &Source<'_>, allowance: &mut Allowance) -> Result<ProbeSet, DataError> {
    let mut archive = Archive::open(&source.name, &source.bytes)?;
    let mut entries = Vec::new();
    for (index, name) in archive.names().to_vec().into_iter().enumerate() {
        if let Some(name) = name.strip_suffix(".npy") {
            entries.push((name.to_owned(), archive.path(index), archive.read(index, allowance)?));
        }
    }
    let arrays = entries.iter().map(|(name, path, bytes)| NamedArray {
        name: name.clone(),
        path: path.clone(),
        array: Array::read(path, bytes),
    });
    read(&source.name, &arrays.collect::<Vec<_>>(), Writer::Numpy)
}

/// Reads arrays in files of their own, which are called as the files.
pub(in super::super) fn npy_files(sources: &[Source<'_>]) -> Result<ProbeSet, DataError> {
    let arrays = sources.iter().map(|source| NamedArray {
        name: file_name(&source.name).trim_end_matches(".gz").trim_end_matches(".npy").to_owned(),
        path: source.name.clone(),
        array: Array::read(&source.name, &source.bytes),
    });
    read(&group_name(sources), &arrays.collect::<Vec<_>>(), Writer::Numpy)
}
