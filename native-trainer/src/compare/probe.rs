//! The probe set.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use repgeo_core::data::{Preparation, ProbeSet, read_prepared};
use repgeo_core::file::NamedBytes;

use super::inputs;

/// How images are brought to one size, and what becomes of broken ones.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct PreparationArguments {
    /// Resize images so that their shorter side has this many pixels, bilinear and antialiased as torchvision's Resize.
    #[arg(long, value_name = "SHORT")]
    resize: Option<usize>,
    /// Cut a square of this many pixels out of the middle of each image, after resizing, as torchvision's CenterCrop.
    #[arg(long, value_name = "SIDE")]
    crop: Option<usize>,
    /// Leave images out that cannot be read, and name them, instead of refusing all.
    #[arg(long)]
    skip_broken: bool,
}

impl PreparationArguments {
    /// What is asked for.
    fn preparation(&self) -> Preparation {
        let Self { resize, crop, skip_broken } = *self;
        Preparation { resize, crop, skip_broken }
    }

    /// The options that were given.
    pub(crate) fn given(&self) -> [(&'static str, bool); 3] {
        [("--resize", self.resize.is_some()), ("--crop", self.crop.is_some()), ("--skip-broken", self.skip_broken)]
    }
}

/// Names of bundled probe sets and their files in the project's folder.
const BUNDLED: [(&str, &[&str]); 1] = [(
    "fashion-mnist",
    &[
        "static/probes/fashion-mnist-test-2000-images-idx3-ubyte.gz",
        "static/probes/fashion-mnist-test-2000-labels-idx1-ubyte.gz",
    ],
)];

/// Reads the files of a probe set, folders with all that is in them, or a bundled one by its name.
///
/// # Errors
/// When a file cannot be read, or is no data file that is known here.
pub(crate) fn read(files: &[PathBuf], preparation: &PreparationArguments) -> Result<ProbeSet> {
    let preparation = preparation.preparation();
    if let [only] = files
        && !only.exists()
        && let Some((name, bundled)) = BUNDLED.iter().find(|(name, _)| Path::new(name) == only)
    {
        let Some(folder) = project_folder(bundled) else {
            bail!(
                "--probe {name}: the bundled probe set was not found; run this in the project's folder, or name a file"
            );
        };
        return read_files(&bundled.iter().map(|file| folder.join(file)).collect::<Vec<_>>(), preparation);
    }
    if let Some(missing) = files.iter().find(|file| !file.exists()) {
        let names: Vec<&str> = BUNDLED.iter().map(|(name, _)| *name).collect();
        bail!(
            "--probe {}: there is no such file, and no bundled set of that name ({})",
            missing.display(),
            names.join(", ")
        );
    }
    read_files(files, preparation)
}

fn read_files(paths: &[PathBuf], preparation: Preparation) -> Result<ProbeSet> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let name = path.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
            // What was named is read, be it hidden.
            let name = name.as_deref().map_or("", |name| name.trim_start_matches('.'));
            read_folder(path, if name.is_empty() { "folder" } else { name }, &mut files)?;
        } else {
            files.push(inputs::read(path)?);
        }
    }
    read_prepared(&files, preparation).context("--probe")
}

/// Reads all files of a folder and of the folders in it, called after the folders that they lie in. Hidden ones, as tools
/// leave them behind, are passed over. Links to folders are not followed, since they may lead back.
fn read_folder(folder: &Path, name: &str, files: &mut Vec<NamedBytes>) -> Result<()> {
    let listed = || format!("{}: cannot be listed", folder.display());
    let entries =
        std::fs::read_dir(folder).with_context(listed)?.collect::<Result<Vec<_>, _>>().with_context(listed)?;
    for entry in entries {
        let own_name = entry.file_name().to_string_lossy().into_owned();
        let name = format!("{name}/{own_name}");
        let kind = entry.file_type().with_context(listed)?;
        if own_name.starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            read_folder(&entry.path(), &name, files)?;
        } else if entry.path().is_file() {
            let NamedBytes { bytes, .. } = inputs::read(&entry.path())?;
            files.push(NamedBytes { name, bytes });
        }
    }
    Ok(())
}

/// The nearest folder that holds these files: the current one and those around it, the folder that cargo runs this
/// program from, and those around the program itself.
fn project_folder(files: &[&str]) -> Option<PathBuf> {
    let cargo = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let starts = [std::env::current_dir().ok(), cargo, std::env::current_exe().ok()];
    let folders = starts.iter().flatten().flat_map(|start| start.ancestors());
    folders.into_iter().find(|folder| files.iter().all(|file| folder.join(file).is_file())).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_with_what_is_in_its_folders_and_without_what_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        // IDX: two images of one pixel, and their labels; other ones for training.
        let images = |values: [u8; 2]| [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1], values.as_slice()].concat();
        let labels = |values: [u8; 2]| [&[0, 0, 8, 1, 0, 0, 0, 2], values.as_slice()].concat();
        write("raw/train-images-idx3-ubyte", &images([1, 2]));
        write("raw/train-labels-idx1-ubyte", &labels([3, 4]));
        write("raw/t10k-images-idx3-ubyte", &images([5, 6]));
        write("raw/t10k-labels-idx1-ubyte", &labels([7, 8]));
        write("raw/.cache/notes", b"not an image");
        write("README", b"about");
        let set = read(&[folder.path().to_owned()], &PreparationArguments::default()).unwrap();
        assert_eq!((set.len(), set.labels), (2, Some(vec![7, 8])));
        assert_eq!(set.notes, ["of the parts of the data set, the test part is taken"]);
    }
}
