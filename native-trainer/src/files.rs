//! Files that are whole or not there, and the folders for them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// How the names of files begin that are being written.
const BEGINNING: &str = ".";
/// How they end.
const ENDING: &str = ".tmp";

/// Whether a file of this name was being written, perhaps by a program that was killed.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with(BEGINNING) && name.ends_with(ENDING)
}

/// Writes a file under its final name only when all of it has been written. Makes the folder where there is none.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = || format!("{}: cannot be written", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(failed)?;
    let mut file =
        tempfile::Builder::new().prefix(BEGINNING).suffix(ENDING).tempfile_in(folder).with_context(failed)?;
    file.write_all(bytes).with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    make_readable(file.as_file()).with_context(failed)?;
    file.persist(path).with_context(failed)?;
    Ok(())
}

/// A folder that files can be written into; where nothing was written, it goes again with this value.
#[derive(Debug)]
#[must_use]
pub(crate) struct OutputFolder {
    /// The folders that were made, the innermost first.
    made: Vec<PathBuf>,
}

impl OutputFolder {
    /// Makes the folder where there is none and tries to write into it, so that work of hours is not done in vain.
    ///
    /// # Errors
    /// When no files can be written there.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let made = folder.ancestors().take_while(|part| !part.as_os_str().is_empty() && !part.exists());
        let opened = Self { made: made.map(Path::to_path_buf).collect() };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::create_dir_all(folder)
            .and_then(|()| tempfile::tempfile_in(folder))
            .and_then(|mut file| file.write_all(b"RepGeo"))
            .with_context(|| format!("{}: no files can be written there; name another folder", folder.display()))?;
        Ok(opened)
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        for folder in &self.made {
            // A folder that holds something stays: it cannot be removed so.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Temporary files are the owner's alone; finished ones are for everybody to read.
#[cfg(unix)]
fn make_readable(file: &fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &fs::File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inner/a.json");
        write(&path, b"first").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_stays_where_something_was_written() {
        let root = tempfile::tempdir().unwrap();
        let empty = root.path().join("empty/inner");
        drop(OutputFolder::open(&empty).unwrap());
        assert!(!empty.exists() && !root.path().join("empty").exists());

        let used = root.path().join("used/inner");
        let opened = OutputFolder::open(&used).unwrap();
        write(&used.join("a"), b"a").unwrap();
        drop(opened);
        assert_eq!(fs::read(used.join("a")).unwrap(), b"a");

        drop(OutputFolder::open(root.path()).unwrap());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        assert!(OutputFolder::open(&used.join("a")).is_err());
        assert!(OutputFolder::open(&used.join("a/b")).is_err());
    }
}
