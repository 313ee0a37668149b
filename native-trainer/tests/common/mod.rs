//! The command line, run as a program.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::path::Path;
use std::process::{Command, Output};

/// The program with these arguments, not started.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_native-trainer"));
    command.args(arguments);
    command
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The message of a run that must fail: one line on standard error, nothing on standard output.
pub(crate) fn refusal(arguments: &[&str]) -> String {
    let output = program(arguments).output().unwrap();
    assert!(output.stdout.is_empty(), "{output:?}");
    failure(&output)
}

/// The one line on standard error of a program that failed.
pub(crate) fn failure(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let message = text(&output.stderr);
    assert_eq!(message.trim_end().lines().count(), 1, "{message}");
    assert!(message.starts_with("error: "), "{message}");
    message
}

/// The names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What the program does when the reader of its output has gone.
pub(crate) fn without_reader(arguments: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    program(arguments).stdout(writer).output().unwrap()
}

/// What the program does when its output cannot be stored.
#[cfg(target_os = "linux")]
pub(crate) fn on_a_full_disk(arguments: &[&str]) -> Output {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    program(arguments).stdout(full).output().unwrap()
}
