//! RepGeo on the command line: train networks, compare what they learned.

mod assets;
mod compare;
mod dataset;
mod device;
mod files;
mod measures;
mod terminal;
mod train;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Train networks over seeds, and compare layer by layer what they learned.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train a network from a seed and write safetensors checkpoints.
    Train(train::Arguments),
    /// Make the networks and images that the hosted page ships.
    Assets(assets::Arguments),
    /// Compare two or more networks or activation files layer by layer.
    Compare(compare::Arguments),
    /// List the measures, or print what one says of itself.
    Measures(measures::Arguments),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Train(arguments) => train::run(&arguments),
        Command::Assets(arguments) => assets::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Measures(arguments) => measures::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed or full, the status says it alone.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
