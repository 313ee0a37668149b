//! What a training run leaves behind.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use super::config::Config;
use crate::files::{self, OutputFolder};

/// The folder of a run: `config.json`, `metrics.jsonl`, `final.safetensors`. Each file is whole or not there. Until the run
/// is complete, its files are in the folder `unfinished` within, and an earlier run stays as it is.
#[derive(Debug)]
pub(crate) struct RunDirectory {
    path: PathBuf,
    metrics: String,
}

/// What an epoch came to; a line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EpochRecord {
    /// The epoch, counted from 1.
    pub(crate) epoch: usize,
    /// Number of steps so far.
    pub(crate) step: usize,
    /// The learning rate of the last step.
    pub(crate) learning_rate: f64,
    /// Mean cross-entropy of the training images as they were shown.
    pub(crate) training_loss: f64,
    /// Fraction of the training images classified rightly as they were shown.
    pub(crate) training_accuracy: f64,
    /// Mean cross-entropy of the test images.
    pub(crate) test_loss: f64,
    /// Fraction of the test images classified rightly.
    pub(crate) test_accuracy: f64,
    /// Training images in a second.
    pub(crate) images_per_second: f64,
    /// Seconds since the start.
    pub(crate) seconds: f64,
}

impl RunDirectory {
    /// Makes sure that a run can be written there; to be held until it is.
    ///
    /// # Errors
    /// When the folder holds a finished run that may not be replaced, or cannot be written.
    pub(crate) fn open(path: &Path, overwrite: bool) -> Result<OutputFolder> {
        ensure!(
            overwrite || !path.join(CHECKPOINT).exists(),
            "{}: a finished run is there already; name another folder, or replace it with --overwrite",
            path.display()
        );
        OutputFolder::open(path)
    }

    /// Begins a run: removes what an unfinished one left and writes the configuration.
    pub(crate) fn create(path: &Path, config: &Config) -> Result<Self> {
        let run = Self { path: path.to_owned(), metrics: String::new() };
        run.remove_unfinished()?;
        let text = format!("{}\n", serde_json::to_string_pretty(config)?);
        files::write(&run.unfinished(CONFIG), text.as_bytes())?;
        Ok(run)
    }

    /// Removes what a run left that was killed; what is not a run's own stays.
    fn remove_unfinished(&self) -> Result<()> {
        let folder = self.path.join(UNFINISHED);
        if !folder.is_dir() {
            return Ok(());
        }
        let failed = || format!("{}: cannot be listed", folder.display());
        for entry in fs::read_dir(&folder).with_context(failed)? {
            let entry = entry.with_context(failed)?;
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| FILES.contains(&name) || files::is_temporary(name)) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Where a file of the run is until the run is complete.
    fn unfinished(&self, name: &str) -> PathBuf {
        self.path.join(UNFINISHED).join(name)
    }

    /// The checkpoint of a finished run with this very configuration.
    pub(crate) fn finished(path: &Path, config: &Config) -> Option<PathBuf> {
        let text = fs::read_to_string(path.join(CONFIG)).ok()?;
        let same = serde_json::from_str::<Config>(&text).ok()? == *config;
        Some(path.join(CHECKPOINT)).filter(|checkpoint| same && checkpoint.exists())
    }

    /// The records of a run.
    pub(crate) fn records(path: &Path) -> Result<Vec<EpochRecord>> {
        let path = path.join(METRICS);
        let text = fs::read_to_string(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
        let parse =
            |line| serde_json::from_str(line).with_context(|| format!("{}: not a record: {line}", path.display()));
        text.lines().map(parse).collect()
    }

    /// Adds an epoch to `metrics.jsonl`.
    pub(crate) fn append(&mut self, record: &EpochRecord) -> Result<()> {
        self.metrics.push_str(&serde_json::to_string(record)?);
        self.metrics.push('\n');
        files::write(&self.unfinished(METRICS), self.metrics.as_bytes())
    }

    /// Writes the trained network and puts the run in its place; returns the file.
    pub(crate) fn finish(&self, checkpoint: &[u8]) -> Result<PathBuf> {
        files::write(&self.unfinished(CHECKPOINT), checkpoint)?;
        // Without its configuration, an earlier run is not taken for finished while the files change places.
        remove(&self.path.join(CONFIG))?;
        for name in FILES {
            let place = self.path.join(name);
            fs::rename(self.unfinished(name), &place)
                .with_context(|| format!("{}: cannot be written", place.display()))?;
        }
        // It stays where somebody put something into it.
        let _ = fs::remove_dir(self.path.join(UNFINISHED));
        Ok(self.path.join(CHECKPOINT))
    }
}

const CONFIG: &str = "config.json";
const METRICS: &str = "metrics.jsonl";
const CHECKPOINT: &str = "final.safetensors";
/// All files of a run; the configuration comes last, since with it the run is finished.
const FILES: [&str; 3] = [CHECKPOINT, METRICS, CONFIG];
/// The folder within the run's for the files of a run that is not complete.
const UNFINISHED: &str = "unfinished";

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
    .with_context(|| format!("{}: cannot be removed", path.display()))
}
