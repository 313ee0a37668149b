//! Takes the names of functions out of WebAssembly modules: a fifth of their size, and of use only to debuggers.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// What every module begins with: the magic number and the version.
const HEADER: &[u8; 8] = b"\0asm\x01\0\0\0";

/// Rewrites every module of a folder without its section of names.
///
/// # Errors
/// When a file cannot be read or written, or is no WebAssembly module.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "wasm") {
            let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            let bytes = without_names(&bytes).with_context(|| path.display().to_string())?;
            std::fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
        }
    }
    Ok(())
}

/// A module without the custom section `name` (WebAssembly specification, appendix on custom sections).
fn without_names(module: &[u8]) -> Result<Vec<u8>> {
    let Some(mut rest) = module.strip_prefix(HEADER) else { bail!("expected a WebAssembly module of version 1") };
    let mut kept = HEADER.to_vec();
    while let Some((&id, after)) = rest.split_first() {
        let (length, content) = unsigned(after).context("expected the length of a section")?;
        let (content, next) = content.split_at_checked(length).context("a section is longer than the module")?;
        let is_names = id == 0
            && unsigned(content).and_then(|(length, name)| name.get(..length)).is_some_and(|name| name == b"name");
        if !is_names {
            let whole = rest.len() - next.len();
            kept.extend(rest.iter().take(whole));
        }
        rest = next;
    }
    Ok(kept)
}

/// A number in LEB128 of at most 32 bits, and what follows it.
fn unsigned(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for (place, &byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(place + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_section_of_names_is_taken_out() {
        let section = |id: u8, content: &[u8]| [&[id, content.len() as u8], content].concat();
        let (types, names, other) = (section(1, &[0]), section(0, b"\x04name\x01\x02"), section(0, b"\x04nama"));
        let module = [HEADER.as_slice(), &types, &names, &other].concat();
        assert_eq!(without_names(&module).unwrap(), [HEADER.as_slice(), &types, &other].concat());
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(without_names(b"").is_err());
        assert!(without_names(b"\0asm\x01\0\0\0\x01\x05\0").is_err());
        assert!(without_names(b"\0asm\x01\0\0\0\x01\x80\x80\x80\x80\x80\x01").is_err());
    }
}
