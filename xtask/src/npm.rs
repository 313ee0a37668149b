//! What `cargo xtask bench` compares us with, from npm: nothing that is built, tested or shipped needs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{process, workspace};

/// The runtime that runs networks in browsers.
const PACKAGE: &str = "onnxruntime-web";
/// Its version, so that measurements can be repeated.
const VERSION: &str = "1.30.0";

/// The folder of onnxruntime-web's package, installed into the tools' folder when it is missing there.
///
/// # Errors
/// When there is no npm, or it cannot install the package.
pub(crate) fn onnxruntime_web() -> anyhow::Result<PathBuf> {
    let root = workspace::tools()?.join(format!("{PACKAGE}-{VERSION}"));
    let package = root.join("node_modules").join(PACKAGE);
    if version_of(&package).as_deref() == Some(VERSION) {
        return Ok(package);
    }
    let npm = process::on_path("npm").with_context(|| format!("npm, which installs {PACKAGE}, was not found"))?;
    println!("installing {PACKAGE} {VERSION} into {} (a few seconds)", root.display());
    std::fs::create_dir_all(&root).with_context(|| format!("{} cannot be made", root.display()))?;
    // Without scripts: the package's files are all that is wanted.
    process::run(
        Command::new(npm)
            .current_dir(&root)
            .args(["install", "--prefix", ".", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"])
            .arg(format!("{PACKAGE}@{VERSION}")),
    )?;
    let found = version_of(&package);
    ensure!(
        found.as_deref() == Some(VERSION),
        "{}: expected version {VERSION}, found {}",
        package.display(),
        found.as_deref().unwrap_or("none")
    );
    Ok(package)
}

/// The version that a package says it has.
fn version_of(package: &Path) -> Option<String> {
    let description: Value = serde_json::from_slice(&std::fs::read(package.join("package.json")).ok()?).ok()?;
    description["version"].as_str().map(str::to_owned)
}
