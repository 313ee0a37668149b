//! `cargo xtask test`: every check and test, step by step.

mod harness;
mod readme;
mod steps;

use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use clap::ValueEnum;

/// What can be checked, in the order in which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// The source is formatted.
    Format,
    /// Clippy finds nothing, natively and for WebAssembly.
    Clippy,
    /// The documentation builds without a warning, and its examples run.
    Docs,
    /// The tests beside the code.
    Unit,
    /// Parity, formats and the command line.
    Integration,
    /// The page builds within its size budget.
    Dist,
    /// The page in a real browser.
    Browser,
    /// The README's commands.
    Readme,
}

/// How many tests ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Counts {
    /// Adds another count.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// How a step ended.
struct Outcome {
    step: Step,
    time: Duration,
    result: anyhow::Result<Counts>,
}

/// Runs the named steps, or all of them, each even when another one failed.
///
/// # Errors
/// When a step failed.
pub(crate) fn run(only: &[Step]) -> anyhow::Result<()> {
    let chosen = Step::value_variants().iter().filter(|step| only.is_empty() || only.contains(step));
    let mut outcomes = Vec::new();
    for &step in chosen {
        println!("== {}", name(step));
        std::io::stdout().flush()?;
        let start = Instant::now();
        let result = steps::run(step);
        let outcome = Outcome { step, time: start.elapsed(), result };
        if let Err(error) = &outcome.result {
            println!("error: {error:#}");
        }
        outcomes.push(outcome);
    }
    summarise(&outcomes)
}

/// Runs what is measured in the browser; onnxruntime-web only where its package's folder is given.
///
/// # Errors
/// When it cannot be run, or fails.
pub(crate) fn browser_bench(onnxruntime_web: Option<&Path>) -> anyhow::Result<()> {
    let counts = steps::browser_bench(onnxruntime_web)?;
    ensure!(counts.failed == 0, "{} of the measurements failed", counts.failed);
    Ok(())
}

/// Reads every kind of network of the zoo and prints what it is read as.
///
/// # Errors
/// When one is read otherwise than it should.
pub(crate) fn zoo() -> anyhow::Result<()> {
    steps::zoo()
}

fn name(step: Step) -> String {
    step.to_possible_value().map_or_else(|| format!("{step:?}"), |value| value.get_name().to_owned())
}

/// Prints one line a step and a last line with the counts.
fn summarise(outcomes: &[Outcome]) -> anyhow::Result<()> {
    println!("== summary");
    let mut total = Counts::default();
    for Outcome { step, time, result } in outcomes {
        let seconds = time.as_secs_f64();
        match result {
            Ok(counts) => {
                let verdict = if counts.failed == 0 { "ok" } else { "FAILED" };
                let tests = if *counts == Counts::default() { String::new() } else { counts.to_string() };
                println!("{:<12}{verdict:<8}{seconds:>8.1} s  {tests}", name(*step));
                total.add(*counts);
            }
            Err(error) => {
                println!("{:<12}FAILED  {seconds:>8.1} s  {error}", name(*step));
                total.failed += 1;
            }
        }
    }
    println!("{total}");
    if total.failed > 0 {
        bail!("{} of the checks and tests failed", total.failed);
    }
    Ok(())
}
