//! Building the host's tests once, running them, and counting what they say.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::process;
use crate::test::Counts;
use crate::test::steps::{HOST, OWN};

/// A program that cargo built to run tests.
pub(crate) struct TestProgram {
    /// The target's name.
    pub(crate) name: String,
    /// The target's kind: `lib`, `bin` or `test`.
    pub(crate) kind: String,
    file: PathBuf,
    package: PathBuf,
}

/// Builds all tests of the host, and the programs that they start.
///
/// # Errors
/// When they do not compile.
pub(crate) fn build() -> anyhow::Result<Vec<TestProgram>> {
    let mut programs = build_together(&HOST)?;
    programs.extend(build_together(&OWN)?);
    Ok(programs)
}

fn build_together(packages: &[&str]) -> anyhow::Result<Vec<TestProgram>> {
    let mut command = process::cargo();
    command
        .args(["build", "--bins", "--tests", "--message-format=json-render-diagnostics"])
        .args(packages)
        .stdout(Stdio::piped());
    let output = command.spawn()?.wait_with_output()?;
    if !output.status.success() {
        bail!("`{}` failed", process::described(&command));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    Ok(messages
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter_map(|message| program(&message))
        .collect())
}

/// The test program that a message of cargo tells of, if it does.
fn program(message: &Value) -> Option<TestProgram> {
    if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
        return None;
    }
    Some(TestProgram {
        name: message["target"]["name"].as_str()?.to_owned(),
        kind: message["target"]["kind"][0].as_str()?.to_owned(),
        file: PathBuf::from(message["executable"].as_str()?),
        package: Path::new(message["manifest_path"].as_str()?).parent()?.to_path_buf(),
    })
}

/// Runs a test program, shows what failed or was skipped or measured, and counts.
///
/// # Errors
/// When it does not start, or ends without its summary.
pub(crate) fn run(program: &TestProgram, arguments: &[&str], environment: &[(&str, &OsStr)]) -> anyhow::Result<Counts> {
    let start = Instant::now();
    let mut child = Command::new(&program.file)
        .arg("--show-output")
        .args(arguments)
        .current_dir(&program.package)
        .env("CARGO_MANIFEST_DIR", &program.package)
        .env("RUST_LIB_BACKTRACE", "0")
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} does not start", program.file.display()))?;
    let mut reader = Reader::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            if let Some(shown) = reader.read(&line?) {
                println!("   {shown}");
            }
        }
    }
    let status = child.wait()?;
    let Some(counts) = reader.counts() else {
        bail!("the tests of {} ended without a summary ({status})", program.name);
    };
    println!("   {} ({}): {counts}, {:.1} s", program.name, program.kind, start.elapsed().as_secs_f64());
    Ok(counts)
}

/// Runs a test program and shows all that it prints.
///
/// # Errors
/// When it does not start, or a test fails.
pub(crate) fn show(program: &TestProgram) -> anyhow::Result<()> {
    let status = Command::new(&program.file)
        .arg("--nocapture")
        .current_dir(&program.package)
        .env("CARGO_MANIFEST_DIR", &program.package)
        .status()
        .with_context(|| format!("{} does not start", program.file.display()))?;
    anyhow::ensure!(status.success(), "a test of {} failed ({status})", program.name);
    Ok(())
}

/// Follows the output of Rust's test harness, run with `--show-output`.
#[derive(Default)]
struct Reader {
    section: Section,
    /// Whether the test whose output is being read has been counted as skipped.
    counted: bool,
    skipped: usize,
    summary: Option<Counts>,
}

/// What part of the output is being read.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Section {
    #[default]
    Results,
    Successes,
    Failures,
}

impl Reader {
    /// Takes a line and says what of it to show.
    fn read<'a>(&mut self, line: &'a str) -> Option<&'a str> {
        match line {
            "successes:" => self.section = Section::Successes,
            "failures:" => self.section = Section::Failures,
            _ if line.starts_with("---- ") && line.ends_with(" stdout ----") => self.counted = false,
            _ => {}
        }
        if let Some(summary) = summary(line) {
            self.summary = Some(summary);
            return None;
        }
        let remark = line.starts_with("SKIPPED") || line.starts_with("MEASURED");
        match self.section {
            Section::Results => (line.starts_with("test ") && line.ends_with("FAILED")).then_some(line),
            Section::Successes => {
                if line.starts_with("SKIPPED") && !self.counted {
                    self.counted = true;
                    self.skipped += 1;
                }
                remark.then_some(line)
            }
            Section::Failures => Some(line),
        }
    }

    /// The counts, once the summary has been read. A test that said SKIPPED passed only in the harness's eyes.
    fn counts(&self) -> Option<Counts> {
        let summary = self.summary?;
        Some(Counts {
            passed: summary.passed.saturating_sub(self.skipped),
            failed: summary.failed,
            skipped: summary.skipped + self.skipped,
        })
    }
}

/// The numbers of `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
fn summary(line: &str) -> Option<Counts> {
    let rest = line.strip_prefix("test result: ")?;
    let number = |word: &str| {
        let before = rest.split(&format!(" {word}")).next()?;
        before.rsplit(' ').next()?.parse().ok()
    };
    Some(Counts { passed: number("passed")?, failed: number("failed")?, skipped: number("ignored")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
running 4 tests
test a ... ok
test b ... ok
test c ... FAILED
test d ... ignored

successes:

---- a stdout ----
SKIPPED: ../shared/data not found
SKIPPED: nothing to do
noise
---- b stdout ----
MEASURED: longest task 12 ms

successes:
    a
    b

failures:

---- c stdout ----
left 1, right 2

failures:
    c

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s
";

    #[test]
    fn skipped_tests_are_counted_once_and_not_as_passed() {
        let mut reader = Reader::default();
        let shown: Vec<&str> = OUTPUT.lines().filter_map(|line| reader.read(line)).collect();
        assert_eq!(reader.counts(), Some(Counts { passed: 1, failed: 1, skipped: 2 }));
        assert!(shown.contains(&"test c ... FAILED"));
        assert!(shown.contains(&"left 1, right 2"));
        assert!(shown.contains(&"MEASURED: longest task 12 ms"));
        assert!(!shown.contains(&"noise"));
    }

    #[test]
    fn a_program_that_died_has_no_counts() {
        let mut reader = Reader::default();
        reader.read("running 1 test");
        assert_eq!(reader.counts(), None);
    }
}
