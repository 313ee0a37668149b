//! The probe set.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use repgeo_core::data::{ProbeSet, read_probe_set};

use super::inputs;

/// Names of bundled probe sets and their files in the project's folder.
const BUNDLED: [(&str, &[&str]); 1] = [(
    "fashion-mnist",
    &[
        "static/probes/fashion-mnist-test-2000-images-idx3-ubyte.gz",
        "static/probes/fashion-mnist-test-2000-labels-idx1-ubyte.gz",
    ],
)];

/// Reads the files of a probe set, or a bundled one by its name.
///
/// # Errors
/// When a file cannot be read, or is no data file that is known here.
pub(crate) fn read(files: &[PathBuf]) -> Result<ProbeSet> {
    if let [only] = files
        && !only.exists()
        && let Some((name, bundled)) = BUNDLED.iter().find(|(name, _)| Path::new(name) == only)
    {
        let Some(folder) = project_folder(bundled) else {
            bail!(
                "--probe {name}: the bundled probe set was not found; run this in the project's folder, or name a file"
            );
        };
        return read_files(&bundled.iter().map(|file| folder.join(file)).collect::<Vec<_>>());
    }
    if let Some(missing) = files.iter().find(|file| !file.exists()) {
        let names: Vec<&str> = BUNDLED.iter().map(|(name, _)| *name).collect();
        bail!(
            "--probe {}: there is no such file, and no bundled set of that name ({})",
            missing.display(),
            names.join(", ")
        );
    }
    read_files(files)
}

fn read_files(files: &[PathBuf]) -> Result<ProbeSet> {
    let files = files.iter().map(|file| inputs::read(file)).collect::<Result<Vec<_>>>()?;
    read_probe_set(&files).context("--probe")
}

/// The nearest folder that holds these files: the current one and those around it, the folder that cargo runs this
/// program from, and those around the program itself.
fn project_folder(files: &[&str]) -> Option<PathBuf> {
    let cargo = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let starts = [std::env::current_dir().ok(), cargo, std::env::current_exe().ok()];
    let folders = starts.iter().flatten().flat_map(|start| start.ancestors());
    folders.into_iter().find(|folder| files.iter().all(|file| folder.join(file).is_file())).map(Path::to_path_buf)
}
