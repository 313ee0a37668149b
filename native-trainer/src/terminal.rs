//! Standard output, which may be closed or full.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context as _, Result};

/// Prints text. Where the reader has gone, as in `… | head`, nobody is told: the work goes on and its files are written.
///
/// # Errors
/// When the text cannot be written for another reason, such as a full disk.
pub(crate) fn print(text: &str) -> Result<()> {
    write(&mut io::stdout().lock(), text)
}

/// Prints a line.
///
/// # Errors
/// As [`print()`].
pub(crate) fn print_line(line: &str) -> Result<()> {
    print(&format!("{line}\n"))
}

fn write(out: &mut impl Write, text: &str) -> Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("standard output: cannot be written"),
    }
}
