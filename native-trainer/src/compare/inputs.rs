//! The files to compare.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use repgeo_core::activation::Engine;
use repgeo_core::data::{NormalisationChoice, ProbeSet};
use repgeo_core::file::NamedBytes;
use repgeo_core::study::{self, Input, InputSpec, Opened, Study, Watcher};

/// Bytes of files that are held open together; beyond them, files are opened one at a time.
const HELD: u64 = 512 << 20;

/// The files of a comparison. Each is recognised before any work; what would take much memory together is then opened
/// again when its turn comes.
pub(crate) struct Files {
    paths: Vec<PathBuf>,
    /// What the inputs are called: the files' names without ending, unless other names are given.
    names: Vec<String>,
    held: Vec<Option<Opened>>,
    /// Whether a network is among them.
    pub(crate) networks: bool,
}

impl Files {
    /// Reads every file and recognises it by its content.
    ///
    /// # Errors
    /// When a file cannot be read or is neither a checkpoint nor activations.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self> {
        let names = paths.iter().map(|path| stem(path)).collect();
        let mut files = Self { paths: paths.to_vec(), names, held: Vec::new(), networks: false };
        let mut bytes = 0;
        for path in paths {
            let file = read(path)?;
            bytes += file.bytes.len() as u64;
            let opened = study::open(&file)?;
            files.networks |= matches!(opened, Opened::Network(_));
            files.held.push((bytes <= HELD).then_some(opened));
        }
        Ok(files)
    }

    /// The same files under other names, one for each.
    pub(crate) fn named(self, names: Vec<String>) -> Self {
        Self { names, ..self }
    }

    /// What the inputs are called.
    pub(crate) fn names(&self) -> Vec<InputSpec> {
        self.names.iter().map(|name| InputSpec { name: name.clone(), sha256: None }).collect()
    }

    /// Takes one of the files, from memory or from disk, with the normalisation that applies to it.
    ///
    /// # Errors
    /// When it cannot be read, or the normalisation does not fit the images.
    fn take(&mut self, index: usize, probe: Option<&ProbeSet>, normalize: &NormalisationChoice) -> Result<Input> {
        let opened = match self.held.get_mut(index).and_then(Option::take) {
            Some(opened) => opened,
            None => study::open(&read(&self.paths[index])?)?,
        };
        prepare_one(self.names[index].clone(), opened, probe, normalize)
    }

    /// Checks every input, then adds one after another to the study.
    ///
    /// # Errors
    /// When an input cannot be read, compared or run.
    pub(crate) async fn add_to(
        mut self,
        study: &mut Study,
        probe: Option<&ProbeSet>,
        normalize: &NormalisationChoice,
        engine: &Engine,
        watcher: &impl Watcher,
    ) -> Result<()> {
        let mut inputs = Vec::new();
        for index in 0..self.paths.len() {
            let held = self.held[index].is_some();
            let input = self.take(index, probe, normalize)?;
            study.expect(&input)?;
            inputs.push(held.then_some(input));
        }
        for (index, input) in inputs.into_iter().enumerate() {
            let input = match input {
                Some(input) => input,
                None => self.take(index, probe, normalize)?,
            };
            study.add(&input, engine, watcher).await?;
        }
        Ok(())
    }
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

fn prepare_one(
    name: String,
    opened: Opened,
    probe: Option<&ProbeSet>,
    normalize: &NormalisationChoice,
) -> Result<Input> {
    match opened {
        Opened::Activations(file) => Ok(Input::Activations { name, file }),
        Opened::Network(network) => {
            let Some(probe) = probe else { bail!("{}: a network needs a probe set", network.file) };
            let normalisation = normalize.resolve(network.normalisation(), probe).context("--normalize")?;
            Ok(Input::Network { name, network: *network, normalisation })
        }
    }
}

/// The file name without its ending.
fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| path.display().to_string(), |stem| stem.to_string_lossy().into_owned())
}
