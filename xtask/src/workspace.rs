//! Where things are.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::Context as _;

use crate::process;

static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
    let own =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().map_or(own.clone(), Path::to_path_buf)
});

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    &ROOT
}

/// The folder that the page is built into.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

/// Cargo's target folder.
///
/// # Errors
/// When `cargo metadata` does not say.
pub(crate) fn target() -> anyhow::Result<PathBuf> {
    let text = process::output(process::cargo().args(["metadata", "--format-version=1", "--no-deps"]))
        .context("`cargo metadata` failed")?;
    let metadata: serde_json::Value = serde_json::from_str(&text).context("`cargo metadata` wrote no JSON")?;
    metadata["target_directory"].as_str().map(PathBuf::from).context("`cargo metadata` names no target folder")
}

/// The folder that installed tools go to, shared by all clones.
///
/// # Errors
/// When neither `XDG_CACHE_HOME` nor a home folder is set.
pub(crate) fn tools() -> anyhow::Result<PathBuf> {
    let cache = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(cache) => PathBuf::from(cache),
        None => std::env::home_dir().context("neither XDG_CACHE_HOME nor a home folder is set")?.join(".cache"),
    };
    Ok(cache.join("repgeo").join("tools"))
}

/// The version of a package in `Cargo.lock`.
///
/// # Errors
/// When the lock file cannot be read or does not hold the package.
pub(crate) fn locked_version(package: &str) -> anyhow::Result<String> {
    let path = root().join("Cargo.lock");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    version_in(&text, package).with_context(|| format!("{} holds no package {package}", path.display()))
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    let version = lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_package_with_exactly_this_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"0.2.9\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(version_in(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(version_in(lock, "wasm"), None);
    }
}
