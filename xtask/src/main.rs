//! Everything that a person or a continuous integration runs: `cargo xtask demo | test | zoo | bench | dist | assets`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program speaks on its standard output")]

mod assets;
mod bench;
mod build;
mod chromium;
mod dist;
mod names;
mod npm;
mod process;
mod serve;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The command line.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Everything that a person or a continuous integration runs."
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

/// One subcommand each.
#[derive(Subcommand)]
enum Task {
    /// Install what is missing, build the page and serve it on this machine.
    Demo {
        /// The port to serve at.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Run every check and test, or the steps that are named.
    Test {
        /// Steps to run, with commas between them.
        #[arg(long, value_enum, value_delimiter = ',')]
        only: Vec<test::Step>,
    },
    /// Print what each kind of network of the zoo is read as, and its largest deviation from PyTorch.
    Zoo,
    /// Measure speed and print a table.
    Bench {
        /// What is measured.
        #[arg(value_enum, default_value_t)]
        what: bench::What,
    },
    /// Build the page and print its sizes; fails over the size budget.
    Dist,
    /// Train the bundled networks again and write what the page ships.
    Assets {
        /// Passed on to `native-trainer assets`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Demo { port } => serve::demo(port),
        Task::Test { only } => test::run(&only),
        Task::Zoo => test::zoo(),
        Task::Bench { what } => bench::run(what),
        Task::Dist => dist::run(),
        Task::Assets { arguments } => assets::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
