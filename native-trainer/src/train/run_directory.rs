//! What a training run leaves behind.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::config::Config;
use crate::files;

/// The folder of a run: `config.json`, `metrics.jsonl`, `final.safetensors`. Each file is whole or not there.
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
    /// Begins a run: removes what an earlier one left and writes the configuration.
    pub(crate) fn create(path: &Path, config: &Config) -> Result<Self> {
        let run = Self { path: path.to_owned(), metrics: String::new() };
        for name in [METRICS, CHECKPOINT] {
            let stale = run.path.join(name);
            if stale.exists() {
                fs::remove_file(&stale).with_context(|| format!("{}: cannot be removed", stale.display()))?;
            }
        }
        files::write(&run.path.join(CONFIG), format!("{}\n", serde_json::to_string_pretty(config)?).as_bytes())?;
        Ok(run)
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
        files::write(&self.path.join(METRICS), self.metrics.as_bytes())
    }

    /// Writes the trained network; returns the file.
    pub(crate) fn finish(&self, checkpoint: &[u8]) -> Result<PathBuf> {
        let path = self.path.join(CHECKPOINT);
        files::write(&path, checkpoint)?;
        Ok(path)
    }
}

const CONFIG: &str = "config.json";
const METRICS: &str = "metrics.jsonl";
const CHECKPOINT: &str = "final.safetensors";
