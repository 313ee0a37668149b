//! `compare`: how alike two or more networks are, layer by layer.

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

/// Runs the command.
pub(crate) fn run(_arguments: &Arguments) -> anyhow::Result<()> {
    anyhow::bail!("compare is not there yet")
}
