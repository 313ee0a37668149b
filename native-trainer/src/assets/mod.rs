//! `assets`: the networks and images that the hosted page ships, made from the data set.

mod catalogue;
mod networks;
mod probes;
mod untrained;

use std::path::PathBuf;

use anyhow::{Result, ensure};

use self::networks::Bundled;
use crate::dataset;
use crate::files::OutputFolder;

/// Arguments of `assets`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of Fashion-MNIST, or its files; without it /usr/share/datasets/fashion-mnist, where Debian's package
    /// dataset-fashion-mnist has them.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    data: Vec<PathBuf>,
    /// Where the files go; `static` without it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Where the training runs are, `runs/assets` without it; finished ones with the same configuration are taken as they
    /// are.
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
    /// Train again where a finished run has another configuration.
    #[arg(long)]
    overwrite: bool,
    /// Make only this: `catalogue` or `untrained` (the network of the first comparison before its training), from the files
    /// that are there, or a training run such as `resnet18-seed1`.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

/// Where everything is.
struct Places {
    data: Vec<PathBuf>,
    out: PathBuf,
    runs: PathBuf,
    /// Whether finished runs with another configuration may be replaced.
    overwrite: bool,
}

impl Places {
    fn of(arguments: &Arguments) -> Self {
        let Arguments { data, out, runs, overwrite, .. } = arguments;
        let usual = |path: &Option<PathBuf>, usual: &str| path.clone().unwrap_or_else(|| PathBuf::from(usual));
        Self {
            data: if data.is_empty() { vec![PathBuf::from("/usr/share/datasets/fashion-mnist")] } else { data.clone() },
            out: usual(out, "static"),
            runs: usual(runs, "runs/assets"),
            overwrite: *overwrite,
        }
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    check(arguments)?;
    let places = Places::of(arguments);
    match arguments.only.as_deref() {
        Some("catalogue") => {
            let _out = OutputFolder::open(&places.out)?;
            return catalogue::write(&places.out);
        }
        Some("untrained") => {
            let _out = OutputFolder::open(&places.out)?;
            return untrained::write(&places.out, &Bundled::demo()?.0);
        }
        _ => {}
    }
    let _runs = OutputFolder::open(&places.runs)?;
    if let Some(name) = &arguments.only {
        return networks::train_one(name, &places);
    }
    let _out = OutputFolder::open(&places.out)?;
    let data = dataset::load(&places.data)?;
    networks::check(&places, &data)?;
    probes::write(&data, &places.out.join("probes"))?;
    networks::write(&places, &data)?;
    untrained::write(&places.out, &Bundled::demo()?.0)?;
    catalogue::write(&places.out)
}

/// Refuses options that would do nothing for the part that is made.
fn check(arguments: &Arguments) -> Result<()> {
    let Arguments { data, out, runs, overwrite, only } = arguments;
    let Some(only) = only else { return Ok(()) };
    let idle = match only.as_str() {
        "catalogue" | "untrained" => {
            vec![("--data", !data.is_empty()), ("--runs", runs.is_some()), ("--overwrite", *overwrite)]
        }
        _ => vec![("--out", out.is_some())],
    };
    let given: Vec<&str> = idle.into_iter().filter_map(|(name, given)| given.then_some(name)).collect();
    ensure!(given.is_empty(), "{}: does not apply to --only {only}; leave it out", given.join(", "));
    Ok(())
}
