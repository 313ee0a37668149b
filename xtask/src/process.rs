//! Running other programs.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::workspace;

/// A `cargo` command in the workspace's root, free of what the `cargo` that started this program set for it.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace::root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a command to its end, its output going where ours goes.
///
/// # Errors
/// When it cannot start, or does not succeed.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("`{}` did not start", described(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", described(command));
    }
    Ok(())
}

/// What a command writes to its standard output; nothing when it does not exist or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where a program lies on the search path.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(format!("{program}{}", std::env::consts::EXE_SUFFIX)))
        .find(|file| file.is_file())
}

/// The search path with a folder put in front.
///
/// # Errors
/// When the folder's name cannot be part of a search path.
pub(crate) fn path_with(folder: &Path) -> anyhow::Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH");
    let folders = std::iter::once(folder.to_path_buf()).chain(path.iter().flat_map(|path| std::env::split_paths(path)));
    std::env::join_paths(folders).with_context(|| format!("{} cannot be on the search path", folder.display()))
}

/// A command as a person would type it.
pub(crate) fn described(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    std::iter::once(program).chain(command.get_args()).map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Whether an error says that a port is taken.
pub(crate) fn is_busy(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::AddrInUse
}
