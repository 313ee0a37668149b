//! What a path names: a file, or a network that is split over several.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use repgeo_core::checkpoint::{Container, Reading, ShardIndex, ShardName};
use repgeo_core::file::NamedBytes;
use repgeo_core::study::{self, Opened};

/// Where a network or activations are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// One file.
    File(PathBuf),
    /// The shards of a checkpoint that are there, and its index where it has one.
    Shards { index: Option<PathBuf>, shards: Vec<PathBuf> },
}

impl Source {
    /// What a path names: a file; the index of shards beside it; a folder that holds one network, as a file or as shards.
    ///
    /// # Errors
    /// When a folder cannot be read, or does not hold exactly one network.
    pub(super) fn find(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return in_folder(path);
        }
        match index_of(path)? {
            Some(index) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                Ok(Self::of_index(path, &index, &files(folder)?))
            }
            None => Ok(Self::File(path.to_owned())),
        }
    }

    fn of_index(path: &Path, index: &ShardIndex, files: &[PathBuf]) -> Self {
        let named = index.shards();
        let shards = files.iter().filter(|file| named.contains(name(file).as_str())).cloned().collect();
        Self::Shards { index: Some(path.to_owned()), shards }
    }

    /// Reads it, and says how many bytes it has.
    ///
    /// # Errors
    /// When it cannot be read or is neither a checkpoint nor activations.
    pub(super) fn open(&self, reading: &Reading) -> Result<(Opened, u64)> {
        match self {
            Self::File(path) => {
                let file = super::inputs::read(path)?;
                Ok((study::open_as(&file, reading)?, file.bytes.len() as u64))
            }
            Self::Shards { index, shards } => {
                let index = index.as_deref().map(read).transpose()?;
                let shards = shards.iter().map(|shard| read(shard)).collect::<Result<Vec<_>>>()?;
                let bytes = shards.iter().map(|shard| shard.bytes.len() as u64).sum();
                Ok((study::open_sharded(index.as_ref(), &shards, reading)?, bytes))
            }
        }
    }
}

/// The one network in a folder.
fn in_folder(folder: &Path) -> Result<Source> {
    let files = files(folder)?;
    let mut found: Vec<(String, Source)> = Vec::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for file in files.iter().filter(|file| name(file).ends_with(".index.json")) {
        if let Some(index) = index_of(file)? {
            taken.extend(index.shards().into_iter().map(str::to_owned));
            found.push((name(file), Source::of_index(file, &index, &files)));
        }
    }
    let mut sharded: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in files.iter().filter(|file| !taken.contains(&name(file))) {
        if !may_be_network(file)? {
            continue;
        }
        match ShardName::parse(&name(file)) {
            Some(shard) => sharded.entry(shard.whole).or_default().push(file.clone()),
            None => found.push((name(file), Source::File(file.clone()))),
        }
    }
    found.extend(sharded.into_iter().map(|(whole, shards)| (whole, Source::Shards { index: None, shards })));
    match <[_; 1]>::try_from(found) {
        Ok([(_, source)]) => Ok(source),
        Err(found) if found.is_empty() => {
            bail!("{}: expected a checkpoint in the folder, found none", folder.display())
        }
        Err(found) => {
            let names: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
            let names = names.join(", ");
            bail!("{}: expected one network in the folder, found {names}; name one of them", folder.display())
        }
    }
}

/// The files of a folder that are not hidden, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("{}: the folder cannot be read", folder.display());
    let mut files = Vec::new();
    for entry in folder.read_dir().with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.is_file() && !name(&path).starts_with('.') {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The index of shards that a file is.
fn index_of(path: &Path) -> Result<Option<ShardIndex>> {
    let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    Ok(if is_json { ShardIndex::parse(&read(path)?.bytes) } else { None })
}

/// Whether a file begins like one that can hold a network.
fn may_be_network(path: &Path) -> Result<bool> {
    const START: u64 = 512;
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(START).read_to_end(&mut start));
    read.with_context(|| format!("{}: cannot be read", path.display()))?;
    Ok(Container::of(&start).is_some())
}

/// A file with its folder's name before its own, because the files of two networks are called alike.
fn read(path: &Path) -> Result<NamedBytes> {
    let mut file = super::inputs::read(path)?;
    if let Some(folder) = path.parent().and_then(Path::file_name) {
        file.name = format!("{}/{}", folder.to_string_lossy(), file.name);
    }
    Ok(file)
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    const NETWORK: &[u8] = b"\x02\0\0\0\0\0\0\0{}";
    const FIRST: &str = "model-00001-of-00002.safetensors";
    const SECOND: &str = "model-00002-of-00002.safetensors";

    #[test]
    fn a_folder_is_its_one_network() {
        let one = folder(&[("config.json", b"{\"a\":1}"), ("weights.safetensors", NETWORK), ("log.txt", b"epoch")]);
        assert_eq!(Source::find(one.path()).unwrap(), Source::File(one.path().join("weights.safetensors")));
        let message = |files: &[(&str, &[u8])]| {
            let folder = folder(files);
            let error = Source::find(folder.path()).unwrap_err().to_string();
            error.strip_prefix(&format!("{}: ", folder.path().display())).unwrap().to_owned()
        };
        assert_eq!(message(&[("log.txt", b"epoch")]), "expected a checkpoint in the folder, found none");
        let two = message(&[("a.pth", b"PK\x03\x04"), ("b.safetensors", NETWORK)]);
        assert_eq!(two, "expected one network in the folder, found a.pth, b.safetensors; name one of them");
    }

    #[test]
    fn shards_are_found_by_their_index_and_by_their_names() {
        let text = format!("{{\"weight_map\":{{\"a\":\"{FIRST}\",\"b\":\"{SECOND}\"}}}}");
        let index = ("model.safetensors.index.json", text.as_bytes());
        let with = folder(&[index, (SECOND, NETWORK), (FIRST, NETWORK), (".hidden.pth", NETWORK)]);
        let shards = |folder: &Path| vec![folder.join(FIRST), folder.join(SECOND)];
        let expected = Source::Shards { index: Some(with.path().join(index.0)), shards: shards(with.path()) };
        assert_eq!(Source::find(with.path()).unwrap(), expected);
        assert_eq!(Source::find(&with.path().join(index.0)).unwrap(), expected);
        let without = folder(&[(SECOND, NETWORK), (FIRST, NETWORK)]);
        let expected = Source::Shards { index: None, shards: shards(without.path()) };
        assert_eq!(Source::find(without.path()).unwrap(), expected);
        // A shard by itself is said to be one when it is read.
        let alone = without.path().join(FIRST);
        assert_eq!(Source::find(&alone).unwrap(), Source::File(alone));
    }
}
