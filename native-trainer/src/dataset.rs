//! Labelled images for training and testing, from files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use repgeo_core::data::{ProbeSet, read_probe_set};
use repgeo_core::file::NamedBytes;

/// How the names of training files begin (IDX, CIFAR).
const TRAINING: &[&str] = &["train", "data_batch"];
/// How the names of test files begin (IDX, CIFAR).
const TEST: &[&str] = &["t10k", "test"];

/// Labelled images for training and for testing.
#[derive(Debug)]
pub(crate) struct Splits {
    /// What people call the data set: its folder's name.
    pub(crate) name: String,
    /// Labelled images for training.
    pub(crate) train: ProbeSet,
    /// Labelled images for testing, of the same shape.
    pub(crate) test: ProbeSet,
    /// Number of classes: one more than the largest label.
    pub(crate) classes: usize,
}

/// Reads a data set from one folder or from its files; which ones are for training and testing follows from their names.
pub(crate) fn load(paths: &[PathBuf]) -> Result<Splits> {
    let files = files_of(paths)?;
    let name = name_of(paths);
    let (train, test) = (split(&files, TRAINING)?, split(&files, TEST)?);
    ensure!(
        train.shape == test.shape,
        "{name}: the training images have the shape {:?}, the test images {:?}; they must agree",
        train.shape,
        test.shape
    );
    let labels = || [&train, &test].into_iter().filter_map(|set| set.labels.as_ref()).flatten();
    let classes = labels().max().map_or(0, |&largest| largest as usize + 1);
    Ok(Splits { name, train, test, classes })
}

/// All files of a folder, or the files themselves, in the order of their names.
fn files_of(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            for entry in fs::read_dir(path).with_context(|| format!("{}: cannot be listed", path.display()))? {
                files.push(entry.with_context(|| format!("{}: cannot be listed", path.display()))?.path());
            }
        } else {
            files.push(path.clone());
        }
    }
    files.sort();
    Ok(files)
}

fn name_of(paths: &[PathBuf]) -> String {
    let folder = paths.first().and_then(|path| if path.is_dir() { Some(path.as_path()) } else { path.parent() });
    folder.and_then(Path::file_name).map_or_else(|| "unnamed".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The labelled images in the files whose names begin so.
fn split(files: &[PathBuf], beginnings: &[&str]) -> Result<ProbeSet> {
    let mut chosen = Vec::new();
    for path in files {
        let name = path.file_name().with_context(|| format!("{}: expected the path of a file", path.display()))?;
        let name = name.to_string_lossy().into_owned();
        if beginnings.iter().any(|beginning| name.starts_with(beginning)) {
            let bytes = fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
            chosen.push(NamedBytes { name, bytes });
        }
    }
    if chosen.is_empty() {
        bail!(
            "no data file whose name begins with {}: give the folder or the files of the data set",
            beginnings.join(" or ")
        );
    }
    let set = read_probe_set(&chosen)?;
    ensure!(set.labels.is_some(), "{}: the images have no labels; training needs them", set.name);
    Ok(set)
}
