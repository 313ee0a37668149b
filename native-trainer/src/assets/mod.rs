//! `assets`: the networks and images that the hosted page ships, made from the data set.

mod catalogue;
mod networks;
mod probes;

use std::path::PathBuf;

use anyhow::Result;

use crate::dataset;

/// Arguments of `assets`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of Fashion-MNIST, or its files (Debian's package dataset-fashion-mnist has them).
    #[arg(long, num_args = 1.., default_value = "/usr/share/datasets/fashion-mnist", value_name = "PATH")]
    data: Vec<PathBuf>,
    /// Where the files go.
    #[arg(long, default_value = "static", value_name = "DIR")]
    out: PathBuf,
    /// Where the training runs are; finished ones with the same configuration are taken as they are.
    #[arg(long, default_value = "runs/assets", value_name = "DIR")]
    runs: PathBuf,
    /// Make only this: `catalogue`, from the files that are there, or a training run such as `resnet18-seed1`.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Train again where a finished run has another configuration.
    #[arg(long)]
    overwrite: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.only.as_deref() == Some("catalogue") {
        return catalogue::write(&arguments.out);
    }
    let data = dataset::load(&arguments.data)?;
    if let Some(name) = &arguments.only {
        return networks::train_one(name, arguments, &data);
    }
    probes::write(&data, &arguments.out.join("probes"))?;
    networks::write(arguments, &data)?;
    catalogue::write(&arguments.out)
}
