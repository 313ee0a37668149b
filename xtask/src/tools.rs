//! The tools that the page's build needs: the wasm target, wasm-bindgen and Trunk.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::{process, workspace};

/// The target that the page is compiled for.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The last Trunk that Rust 1.95 compiles.
const TRUNK: &str = "0.22.0-beta.1";

/// What the page's build runs with.
pub(crate) struct Tools {
    /// Trunk itself.
    pub(crate) trunk: PathBuf,
    /// The version of wasm-bindgen, of the library and the program alike.
    pub(crate) wasm_bindgen: String,
    /// The search path on which Trunk finds wasm-bindgen.
    pub(crate) path: OsString,
}

/// Installs what is missing.
///
/// # Errors
/// When something is missing and its installation fails.
pub(crate) fn ensure() -> anyhow::Result<Tools> {
    ensure_target()?;
    let version = workspace::locked_version("wasm-bindgen")?;
    // Without --locked: the program's own lock file names a crate version that no longer exists.
    let wasm_bindgen = ensure_program(&Program {
        name: "wasm-bindgen",
        package: "wasm-bindgen-cli",
        version: &version,
        options: &[],
        minutes: "2.5",
    })?;
    // With --locked: without, a dependency resolves to a version that does not compile. Without optimisation and TLS:
    // Trunk here only starts other programs and copies files, and is compiled in half the time.
    let trunk = ensure_program(&Program {
        name: "trunk",
        package: "trunk",
        version: TRUNK,
        options: &["--locked", "--debug", "--no-default-features"],
        minutes: "6",
    })?;
    let folder = wasm_bindgen.parent().context("wasm-bindgen lies in no folder")?;
    Ok(Tools { trunk, path: process::path_with(folder)?, wasm_bindgen: version })
}

/// Adds the wasm target to the toolchain in use when it is missing.
///
/// # Errors
/// When it is missing and rustup cannot add it.
pub(crate) fn ensure_target() -> anyhow::Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = process::output(Command::new(rustc).args(["--print", "sysroot"])).context("`rustc` does not run")?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(WASM).is_dir() {
        return Ok(());
    }
    println!("installing Rust's target {WASM} (half a minute)");
    process::run(Command::new("rustup").args(["target", "add", WASM]))
        .with_context(|| format!("Rust's target {WASM} is missing; install it with `rustup target add {WASM}`"))
}

/// Adds rustfmt and clippy to the toolchain in use when they are missing.
///
/// # Errors
/// When they are missing and rustup cannot add them.
pub(crate) fn ensure_components() -> anyhow::Result<()> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if process::output(process::cargo().args([subcommand, "--version"])).is_none() {
            println!("installing {component} (a few seconds)");
            process::run(Command::new("rustup").args(["component", "add", component])).with_context(|| {
                format!("{component} is missing; install it with `rustup component add {component}`")
            })?;
        }
    }
    Ok(())
}

/// A program that cargo can install.
struct Program<'a> {
    name: &'a str,
    package: &'a str,
    version: &'a str,
    options: &'a [&'a str],
    minutes: &'a str,
}

/// The program at its version: from the search path, from the tools' folder, or installed there now.
fn ensure_program(program: &Program<'_>) -> anyhow::Result<PathBuf> {
    let Program { name, package, version, options, minutes } = *program;
    let root = workspace::tools()?;
    let installed = root.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let known = process::on_path(name).into_iter().chain([installed.clone()]);
    for candidate in known {
        if version_of(&candidate).as_deref() == Some(version) {
            return Ok(candidate);
        }
    }
    println!("installing {package} {version} into {} (about {minutes} minutes on two cores)", root.display());
    let mut install = process::cargo();
    install
        .args(["install", package, "--quiet", "--version", version, "--root"])
        .arg(&root)
        .args(options)
        .env_remove("CARGO_TARGET_DIR");
    process::run(&mut install)?;
    match version_of(&installed) {
        Some(found) if found == version => Ok(installed),
        found => {
            bail!("{}: expected version {version}, found {}", installed.display(), found.as_deref().unwrap_or("none"))
        }
    }
}

/// What a program says its version is: the last word of the first line of `--version`.
fn version_of(program: &Path) -> Option<String> {
    let text = process::output(Command::new(program).arg("--version"))?;
    text.lines().next()?.split_whitespace().nth(1).map(str::to_owned)
}
