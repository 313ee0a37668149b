//! Where tests find what they need.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// The workspace's root.
#[must_use]
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}

/// Cargo's target folder: the test programs lie two folders below it.
///
/// # Errors
/// When the running program lies elsewhere.
pub fn target() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    program.ancestors().nth(3).map(Path::to_path_buf).context("the test program lies outside a target folder")
}

/// A file of the data that is kept beside the clone, such as `resnet_cifar/resnet20-seed1.th`.
///
/// Silent where there is none: a test that has nothing to take its place calls [`skipped`].
#[must_use]
pub fn shared(file: &str) -> Option<PathBuf> {
    root().join("../shared/data").join(file).canonicalize().ok()
}

/// A file that the page ships.
#[must_use]
pub fn bundled(file: &str) -> Option<PathBuf> {
    let path = root().join("static").join(file);
    if path.is_file() {
        return Some(path);
    }
    skipped(&format!("static/{file} not found"));
    None
}

/// Says that a test, or a part of it, did not run. `cargo xtask test` counts such tests as skipped.
pub fn skipped(reason: &str) {
    println!("SKIPPED: {reason}");
}

/// Says what was measured, for people: nothing is asserted about it.
pub fn measured(what: &str) {
    println!("MEASURED: {what}");
}

/// The command line, built beside the tests.
///
/// # Errors
/// When it is not there.
pub fn native_trainer() -> anyhow::Result<Command> {
    let folder = target()?.join("debug");
    let program = folder.join(format!("native-trainer{}", std::env::consts::EXE_SUFFIX));
    ensure!(program.is_file(), "{} not found; build it with `cargo build -p native-trainer`", program.display());
    Ok(Command::new(program))
}
