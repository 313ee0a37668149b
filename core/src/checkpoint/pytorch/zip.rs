//! The zip archive of PyTorch 1.6 and later.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use zip::read::ZipReadOptions;
use zip::{CompressionMethod, ZipArchive};

use super::super::error::Fault;
use super::{Survey, demand, top_level};
use crate::file::{self, limits, pickle};

/// Looks a zip archive over: sizes, byte order, and the pickle.
///
/// # Errors
/// [`Fault::Malformed`] or [`Fault::ForeignCode`].
pub(super) fn survey(bytes: &[u8], operations: &mut usize) -> Result<Survey, Fault> {
    let mut archive = file::zip::open(bytes)
        .map_err(|error| Fault::malformed("zip archive", "a complete archive", error.to_string()))?;
    if archive.has_duplicate_names() {
        return Err(Fault::malformed("zip archive", "each name once", "a name twice"));
    }
    let entries = list(&mut archive)?;
    check_sizes(&entries, bytes.len())?;
    let root = find_root(&entries)?;
    let storages = format!("{root}data/");
    let stored: Vec<(&str, &Entry)> =
        entries.iter().filter_map(|entry| Some((entry.name.strip_prefix(&storages)?, entry))).collect();
    let content = stored.iter().map(|(_, entry)| entry.size).sum();
    let packed: BTreeSet<&str> = stored.iter().filter(|(_, entry)| entry.packed).map(|(key, _)| *key).collect();
    let named = |name: &str| entries.iter().position(|entry| entry.name.strip_prefix(root) == Some(name));

    if let Some(index) = named("byteorder") {
        match extract(&mut archive, index, "byteorder")?.trim_ascii() {
            b"little" => {}
            b"big" => return Err(Fault::malformed("byteorder", "little-endian values", "big-endian values")),
            other => {
                let found = String::from_utf8_lossy(other).into_owned();
                return Err(Fault::malformed("byteorder", "`little` or `big`", format!("`{found}`")));
            }
        }
    }
    if named("constants.pkl").is_some() {
        return Err(Fault::malformed(
            "zip archive",
            "a checkpoint written by torch.save",
            "a TorchScript program: save the network's state_dict",
        ));
    }
    let Some(index) = named("data.pkl") else { return Err(no_pickle(&entries)) };
    let source = extract(&mut archive, index, "data.pkl")?;
    let pickle = pickle::parse(&source, 0, "data.pkl", operations)?;
    let top_level = top_level::read(&pickle, "data.pkl")?;
    demand::check(&pickle, "data.pkl", content, |id| demand::reach(&pickle, id, |key| packed.contains(key)))?;
    Ok(Survey { top_level, content })
}

struct Entry {
    name: String,
    size: u64,
    /// Whether it is compressed, so that nothing of it is known before all that precedes it.
    packed: bool,
}

fn list(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Vec<Entry>, Fault> {
    if archive.len() > limits::ENTRIES {
        let expected = format!("at most {} entries", limits::ENTRIES);
        return Err(Fault::malformed("zip archive", expected, archive.len().to_string()));
    }
    let mut entries = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let unreadable = |error: zip::result::ZipError| {
            Fault::malformed(format!("zip entry {index}"), "a readable entry", error.to_string())
        };
        let entry = archive.by_index_raw(index).map_err(unreadable)?;
        let name = entry.name().map_err(unreadable)?.into_owned();
        if entry.encrypted() {
            return Err(Fault::malformed(format!("zip entry {name}"), "plain content", "encrypted content"));
        }
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            let found = format!("the method {}", entry.compression());
            return Err(Fault::malformed(format!("zip entry {name}"), "stored or deflated content", found));
        }
        let packed = entry.compression() != CompressionMethod::Stored;
        entries.push(Entry { name, size: entry.size(), packed });
    }
    Ok(entries)
}

/// Refuses an archive that swells. No entry is ever unpacked beyond the size that is claimed here.
fn check_sizes(entries: &[Entry], archive: usize) -> Result<(), Fault> {
    let content = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.size));
    let limit = limits::decompressed(archive);
    if content > limit {
        return Err(Fault::malformed(
            "zip archive",
            format!("at most {limit} bytes once unpacked, for an archive of {archive} bytes"),
            format!("{content}"),
        ));
    }
    Ok(())
}

/// The folder of `data.pkl`, with its slash: the shortest if there are several, as the reader chooses.
fn find_root(entries: &[Entry]) -> Result<&str, Fault> {
    entries
        .iter()
        .filter_map(|entry| entry.name.strip_suffix("data.pkl"))
        .filter(|root| root.is_empty() || root.ends_with('/'))
        .min_by_key(|root| root.len())
        .ok_or_else(|| no_pickle(entries))
}

fn no_pickle(entries: &[Entry]) -> Fault {
    let found = match entries.first() {
        Some(entry) if entry.name.ends_with(".npy") => "NumPy arrays, which are activations or images",
        _ => "an archive without it",
    };
    Fault::malformed("zip archive", "`data.pkl`, as torch.save writes", found)
}

/// Unpacks an entry, to no more than its claimed size.
fn extract(archive: &mut ZipArchive<Cursor<&[u8]>>, index: usize, part: &str) -> Result<Vec<u8>, Fault> {
    let unreadable = |error: String| Fault::malformed(part, "a readable entry", error);
    // PyTorch may leave checksums out, which it writes as zero.
    let checksum = archive.by_index_raw(index).map_err(|error| unreadable(error.to_string()))?.crc32();
    let options = ZipReadOptions::new().ignore_crc32(checksum == 0);
    let entry = archive.by_index_with_options(index, options).map_err(|error| unreadable(error.to_string()))?;
    let size = entry.size();
    let mut content = Vec::new();
    entry.take(size.saturating_add(1)).read_to_end(&mut content).map_err(|error| unreadable(error.to_string()))?;
    if content.len() as u64 != size {
        let found = if content.len() as u64 > size { "more".to_owned() } else { content.len().to_string() };
        return Err(Fault::malformed(part, format!("{size} bytes, as the archive claims"), found));
    }
    Ok(content)
}
