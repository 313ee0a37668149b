//! `cargo xtask dist`: the page and its sizes.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::build;

/// A WebAssembly module of the page and how large it may be.
struct Part {
    what: &'static str,
    prefix: &'static str,
    gzip_limit: usize,
}

const PARTS: [Part; 3] = [
    Part { what: "interface", prefix: "app-", gzip_limit: 480_000 },
    Part { what: "host engine", prefix: "engine_", gzip_limit: 1_400_000 },
    Part { what: "WebGPU engine", prefix: "engine-webgpu_", gzip_limit: 3_450_000 },
];

/// Builds the page, prints its sizes and holds them against the budget.
///
/// # Errors
/// When the page cannot be built, or a module is over its budget.
pub(crate) fn run() -> anyhow::Result<()> {
    let dist = build::page()?;
    report(&dist)
}

/// Prints the sizes of the built page and holds them against the budget.
///
/// # Errors
/// When a module is missing or over its budget.
pub(crate) fn report(dist: &Path) -> anyhow::Result<()> {
    let mut over = Vec::new();
    println!("{:<14}{:>14}{:>14}{:>14}", "module", "raw bytes", "gzip bytes", "budget");
    for Part { what, prefix, gzip_limit } in PARTS {
        let path = module(dist, prefix)?;
        let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let gzip = gzip_size(&bytes)?;
        println!("{what:<14}{:>14}{gzip:>14}{gzip_limit:>14}", bytes.len());
        if gzip > gzip_limit {
            over.push(format!("the {what} module: expected at most {gzip_limit} bytes after gzip, found {gzip}"));
        }
    }
    println!("{:<14}{:>14}", "everything", folder_size(dist)?);
    if over.is_empty() { Ok(()) } else { bail!("{}", over.join("; ")) }
}

/// The WebAssembly file whose name starts with this prefix.
fn module(dist: &Path, prefix: &str) -> anyhow::Result<PathBuf> {
    let entries = std::fs::read_dir(dist).with_context(|| format!("{} cannot be read", dist.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(prefix) && name.ends_with(".wasm") {
            found.push(entry.path());
        }
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        _ => bail!("{}: expected one {prefix}*.wasm, found {}", dist.display(), found.len()),
    }
}

/// The size after gzip at its best level.
fn gzip_size(bytes: &[u8]) -> anyhow::Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

/// The size of all files in a folder and those below it.
fn folder_size(folder: &Path) -> anyhow::Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        total += if metadata.is_dir() { folder_size(&entry.path())? } else { metadata.len() };
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetition_compresses() {
        let size = gzip_size(&[7; 100_000]).unwrap();
        assert!(size > 18 && size < 1000, "{size}");
    }
}
