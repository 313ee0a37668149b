//! The README's commands: those that are cheap are run, the others are held against what the programs accept.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use clap::Parser as _;

use crate::test::{Counts, harness};
use crate::{Arguments, process, workspace};

/// How the README starts the command line.
const NATIVE: [&str; 6] = ["cargo", "run", "--release", "-p", "native-trainer", "--"];

/// Programs that are a reader's own and only have to be named.
const FOREIGN: [&str; 3] = ["cd", "git", "python3"];

/// Checks every command in the README's `sh` blocks.
///
/// # Errors
/// When the README cannot be read, or the command line does not compile.
pub(crate) fn check() -> anyhow::Result<Counts> {
    let path = workspace::root().join("README.md");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    // The development build takes the same command lines, and is there already.
    harness::build()?;
    let native = workspace::target()?.join("debug").join(format!("native-trainer{}", std::env::consts::EXE_SUFFIX));
    let mut counts = Counts::default();
    for command in commands(&text) {
        match check_command(&command, &native) {
            Ok(how) => {
                println!("   {how:<8} {command}");
                counts.passed += 1;
            }
            Err(error) => {
                println!("   FAILED   {command}\n            {error:#}");
                counts.failed += 1;
            }
        }
    }
    Ok(counts)
}

/// The commands in the fenced blocks marked `sh`, continued lines joined.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut inside = false;
    let mut unfinished = String::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            match line.strip_suffix('\\') {
                Some(part) => unfinished.push_str(part),
                None => commands.push(std::mem::take(&mut unfinished) + line),
            }
        }
    }
    commands
}

/// Runs a command or holds it against what its program accepts; says which.
fn check_command(command: &str, native: &Path) -> anyhow::Result<&'static str> {
    let without_remark = command.split(" #").next().unwrap_or(command);
    let words: Vec<&str> = without_remark.split_whitespace().collect();
    if let Some(arguments) = words.strip_prefix(&NATIVE) {
        return check_native(arguments, native);
    }
    match words.as_slice() {
        ["cargo", "xtask", rest @ ..] => {
            Arguments::try_parse_from(std::iter::once(&"cargo xtask").chain(rest))?;
            Ok("accepted")
        }
        [program, ..] if FOREIGN.contains(program) => Ok("named"),
        [script, ..] if workspace::root().join(script).is_file() => Ok("exists"),
        _ => bail!("it starts no program of this project"),
    }
}

/// Runs the command line where it asks for measures, or for a comparison of files that are all there, else checks that each
/// flag exists.
fn check_native(arguments: &[&str], native: &Path) -> anyhow::Result<&'static str> {
    let [subcommand, rest @ ..] = arguments else { bail!("expected a subcommand of native-trainer") };
    let files: Vec<&str> = rest.iter().copied().filter(|word| word.contains('/') || is_file_name(word)).collect();
    let present = files.iter().all(|file| workspace::root().join(file).is_file());
    if *subcommand == "measures" || *subcommand == "compare" && present && !files.is_empty() {
        run_in_scratch(subcommand, rest, native)?;
        return Ok("run");
    }
    let help = process::output(Command::new(native).args([subcommand, "--help"]))
        .with_context(|| format!("native-trainer has no subcommand {subcommand}"))?;
    match rest.iter().find(|word| word.starts_with("--") && !has_flag(&help, word)) {
        Some(flag) => bail!("native-trainer {subcommand} has no flag {flag}"),
        None => Ok("accepted"),
    }
}

/// Whether a word looks like a file of networks or samples.
fn is_file_name(word: &str) -> bool {
    let endings = ["pt", "pth", "th", "ckpt", "safetensors", "npz", "npy", "bin", "gz", "zip", "tar"];
    Path::new(word).extension().is_some_and(|ending| endings.iter().any(|known| ending == *known))
}

/// Whether a help text names a flag as a whole word.
fn has_flag(help: &str, flag: &str) -> bool {
    help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).any(|word| word == flag)
}

/// Runs a comparison with its `--out` below the target folder.
fn run_in_scratch(subcommand: &str, arguments: &[&str], native: &Path) -> anyhow::Result<()> {
    let scratch: PathBuf = workspace::target()?.join("readme");
    let mut command = Command::new(native);
    command.arg(subcommand).current_dir(workspace::root()).stdout(Stdio::null());
    let mut previous = "";
    for &argument in arguments {
        match previous {
            "--out" => command.arg(&scratch),
            _ => command.arg(argument),
        };
        previous = argument;
    }
    process::run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_come_from_sh_blocks_only() {
        let text = "```python\nimport torch\n```\ntext\n```sh\n# a remark\ncargo xtask demo\n\ncargo run \\\n  --release\n```\ncargo xtask nothing\n";
        assert_eq!(commands(text), ["cargo xtask demo", "cargo run --release"]);
    }

    #[test]
    fn a_command_that_does_not_exist_is_found() {
        let native = Path::new("native-trainer");
        assert!(check_command("cargo xtask test --only unit,browser", native).is_ok());
        assert!(check_command("cargo xtask tset", native).is_err());
        assert!(check_command("cargo xtask demo --prot 1", native).is_err());
        assert!(check_command("make", native).is_err());
    }

    #[test]
    fn a_flag_is_found_as_a_whole_word() {
        assert!(has_flag("  --samples <N>  Number", "--samples"));
        assert!(!has_flag("  --samples <N>  Number", "--sample"));
    }
}
