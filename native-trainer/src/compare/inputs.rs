//! The files to compare.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use repgeo_core::data::{NormalisationChoice, ProbeSet};
use repgeo_core::file::NamedBytes;
use repgeo_core::study::{self, Input, Opened};

/// Reads every file and recognises it by its content.
///
/// # Errors
/// When a file cannot be read or is neither a checkpoint nor activations.
pub(crate) fn open(paths: &[PathBuf]) -> Result<Vec<Opened>> {
    paths.iter().map(|path| Ok(study::open(&read(path)?)?)).collect()
}

/// The bytes of a file with its name.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read(path: &Path) -> Result<NamedBytes> {
    let bytes = std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    Ok(NamedBytes { name, bytes })
}

/// Gives every input its name and every network its normalisation.
///
/// # Errors
/// When there is no such normalisation, or it does not fit the images.
pub(crate) fn prepare(opened: Vec<Opened>, probe: Option<&ProbeSet>, normalize: Option<&str>) -> Result<Vec<Input>> {
    opened.into_iter().map(|opened| prepare_one(opened, probe, normalize)).collect()
}

fn prepare_one(opened: Opened, probe: Option<&ProbeSet>, normalize: Option<&str>) -> Result<Input> {
    match opened {
        Opened::Activations(file) => Ok(Input::Activations { name: stem(&file.file), file }),
        Opened::Network(network) => {
            let Some(probe) = probe else { bail!("{}: a network needs a probe set", network.file) };
            let choice = match normalize {
                None => NormalisationChoice::Automatic,
                Some("probe-set") => NormalisationChoice::ProbeSet,
                Some(name) => NormalisationChoice::Preset(name.to_owned()),
            };
            let normalisation = match (choice.resolve(network.normalisation(), probe), &choice) {
                (Err(error), NormalisationChoice::Preset(name)) => {
                    return Err(error).with_context(|| format!("--normalize {name}"));
                }
                (resolved, _) => resolved?,
            };
            Ok(Input::Network { name: stem(&network.file), network: *network, normalisation })
        }
    }
}

/// The file name without its ending.
fn stem(file: &str) -> String {
    Path::new(file).file_stem().map_or_else(|| file.to_owned(), |stem| stem.to_string_lossy().into_owned())
}
