//! A bundled network as it was before its training: what its seed alone makes of it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use repgeo_core::checkpoint::{self, Metadata, Precision};
use repgeo_core::model::initial_state;
use repgeo_core::study::{Opened, open};

use super::networks::Bundled;
use crate::compare::inputs;
use crate::files;
use crate::terminal;

/// What the page's list calls it.
pub(super) fn title(trained: &Bundled) -> String {
    format!("{}, before training", trained.title())
}

/// Its file, relative to the folder of all places.
pub(super) fn file(trained: &Bundled) -> String {
    trained.file().replace(".safetensors", "-untrained.safetensors")
}

/// Writes it: the architecture, seed and normalisation of the trained network's file, with initial weights.
pub(super) fn write(out: &Path, trained: &Bundled) -> Result<()> {
    let from = trained.file();
    let Opened::Network(network) = open(&inputs::read(&out.join(&from))?)? else {
        bail!("{from}: expected a network, found activations; make it again with `--only {from}`");
    };
    let seed = network.metadata.seed.with_context(|| format!("{from}: no seed in its metadata"))?;
    let normalisation = network.metadata.normalisation.clone();
    let metadata = Metadata { normalisation, seed: Some(seed), step: Some(0), ..Metadata::default() };
    let state = initial_state(&network.architecture.graph(network.architecture.canonical_input())?, seed);
    let bytes = checkpoint::save_safetensors(&network.architecture, &state, Precision::F16, &metadata)?;
    let path = out.join(file(trained));
    files::write(&path, &bytes)?;
    terminal::print_line(&path.display().to_string())
}
