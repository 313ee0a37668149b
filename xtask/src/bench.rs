//! `cargo xtask bench`: speed, natively and in the browser.

use anyhow::bail;

/// Times the comparison of the bundled networks.
///
/// # Errors
/// When something cannot be built, or a comparison fails.
pub(crate) fn run() -> anyhow::Result<()> {
    bail!("there is nothing to measure yet: the command line cannot compare")
}
