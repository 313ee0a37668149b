//! Building the page.

use std::path::PathBuf;
use std::process::Command;

use crate::{names, process, tools, workspace};

/// Installs what is missing and builds the page for release, with the profile that `Trunk.toml` names.
///
/// # Errors
/// When a tool cannot be installed or the build fails.
pub(crate) fn page() -> anyhow::Result<PathBuf> {
    let tools = tools::ensure()?;
    // Trunk is told to stay offline, so that it takes the tools that are there; crates are fetched before.
    process::run(process::cargo().args(["fetch", "--locked"]))?;
    process::run(
        Command::new(&tools.trunk)
            .args(["build", "--release", "--offline", "--skip-version-check"])
            .current_dir(workspace::root())
            .env("PATH", &tools.path)
            .env("TRUNK_TOOLS_WASM_BINDGEN", &tools.wasm_bindgen)
            // Trunk reads NO_COLOR as true or false, while by convention any value means true.
            .env_remove("NO_COLOR"),
    )?;
    names::remove(&workspace::dist())?;
    Ok(workspace::dist())
}
