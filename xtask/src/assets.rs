//! `cargo xtask assets`: the bundled networks and the bundled probe set, made again.

use crate::process;

/// Runs `native-trainer assets`.
///
/// # Errors
/// When it cannot be built, or fails.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    process::run(process::cargo().args(["run", "--release", "-p", "native-trainer", "--", "assets"]).args(arguments))
}
