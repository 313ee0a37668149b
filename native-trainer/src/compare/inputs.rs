//! The files to compare.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use repgeo_core::activation::Engine;
use repgeo_core::checkpoint::Reading;
use repgeo_core::data::{NormalisationChoice, ProbeSet};
use repgeo_core::file::NamedBytes;
use repgeo_core::model::{Choices, parse_choices};
use repgeo_core::study::{self, Input, InputSpec, Opened, Study, Watcher};

use super::source::Source;

/// Bytes of files that are held open together; beyond them, files are opened one at a time.
const HELD: u64 = 512 << 20;

/// The files of a comparison. Each is recognised before any work; what would take much memory together is then opened
/// again when its turn comes.
pub(crate) struct Files {
    sources: Vec<Source>,
    /// How each is read.
    readings: Vec<Reading>,
    /// What the inputs are called: the files' names without ending and the part that was asked for, unless other names are
    /// given.
    names: Vec<String>,
    held: Vec<Option<Opened>>,
    /// Whether a network is among them.
    pub(crate) networks: bool,
}

impl Files {
    /// Reads every file and recognises it by its content: of each the part that is named, and with what is said of its
    /// architecture, one for all or one for each; an empty text leaves it to the file, as none at all.
    ///
    /// # Errors
    /// When there are other numbers of parts or architectures, and when a file cannot be read or is neither a checkpoint nor activations.
    pub(crate) fn open(paths: &[PathBuf], parts: &[String], architectures: &[String]) -> Result<Self> {
        let parts = of_each("--part", parts, paths.len())?;
        let choices = of_each("--architecture", architectures, paths.len())?;
        let choices = choices.into_iter().map(choices_of).collect::<Result<Vec<_>>>()?;
        let names = paths.iter().zip(&parts).map(|(path, part)| match part {
            Some(part) => format!("{} ({})", stem(path), part.trim_end_matches('.')),
            None => stem(path),
        });
        let names = names.collect();
        let sources = paths.iter().map(|path| Source::find(path)).collect::<Result<Vec<_>>>()?;
        let reading = |(part, choices)| Reading { part, choices, ..Reading::default() };
        let readings = parts.into_iter().zip(choices).map(reading).collect();
        let mut files = Self { sources, readings, names, held: Vec::new(), networks: false };
        let mut bytes = 0;
        for (source, reading) in files.sources.iter().zip(&files.readings) {
            let (opened, length) = source.open(reading)?;
            bytes += length;
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
        let names = self.names.iter().zip(&self.readings);
        let spec = |(name, reading): (&String, &Reading)| InputSpec {
            name: name.clone(),
            sha256: None,
            part: reading.part.clone(),
            choices: reading.choices.clone(),
        };
        names.map(spec).collect()
    }

    /// Takes one of the files, from memory or from disk, with the normalisation that applies to it.
    ///
    /// # Errors
    /// When it cannot be read, or the normalisation does not fit the images.
    fn take(&mut self, index: usize, probe: Option<&ProbeSet>, normalize: &NormalisationChoice) -> Result<Input> {
        let opened = match self.held.get_mut(index).and_then(Option::take) {
            Some(opened) => opened,
            None => self.sources[index].open(&self.readings[index])?.0,
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
        for index in 0..self.sources.len() {
            let held = self.held[index].is_some();
            let mut input = self.take(index, probe, normalize)?;
            study::prepare(&mut input, probe, watcher).await?;
            study.expect(&input)?;
            inputs.push(held.then_some(input));
        }
        for (index, input) in inputs.into_iter().enumerate() {
            let input = match input {
                Some(input) => input,
                None => {
                    let mut input = self.take(index, probe, normalize)?;
                    study::prepare(&mut input, probe, watcher).await?;
                    input
                }
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

/// What was said of a network's architecture.
fn choices_of(said: Option<String>) -> Result<Choices> {
    let Some(said) = said else { return Ok(Choices::new()) };
    parse_choices(&said).map_err(|part| {
        anyhow::anyhow!(
            "--architecture: expected KEY=VALUE, several separated by commas, such as activation=gelu, found `{part}`"
        )
    })
}

/// What an option says of each file.
fn of_each(option: &str, said: &[String], files: usize) -> Result<Vec<Option<String>>> {
    let named = |text: &String| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    match said {
        [] => Ok(vec![None; files]),
        [all] => Ok(vec![named(all); files]),
        each if each.len() == files => Ok(each.iter().map(named).collect()),
        each => bail!("{option}: expected one for all files, or one for each of {files}, found {}", each.len()),
    }
}

/// The name of a file without its ending, or that of a folder.
fn stem(path: &Path) -> String {
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    name.map_or_else(|| path.display().to_string(), |stem| stem.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_for_all_files_or_for_each() {
        let parts = |names: &[&str], files| {
            of_each("--part", &names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>(), files)
                .map_err(|error| error.to_string())
        };
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(parts(&[], 2), Ok(vec![None, None]));
        assert_eq!(parts(&["ema"], 2), Ok(vec![named("ema"), named("ema")]));
        assert_eq!(parts(&["", "ema"], 2), Ok(vec![None, named("ema")]));
        let expected = "--part: expected one for all files, or one for each of 3, found 2";
        assert_eq!(parts(&["a", "b"], 3), Err(expected.to_owned()));
    }
}
