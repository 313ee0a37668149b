//! The zip archive of PyTorch 1.6 and later, of `torch.save` and of TorchScript.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::rc::Rc;

use zip::read::ZipReadOptions;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::super::contents::Contents;
use super::super::error::Fault;
use super::objects::Named;
use super::view::Storage;
use super::walk::Walk;
use super::{Storages, assemble, script};
use crate::file::{self, limits, pickle};

/// Reads a zip archive.
///
/// # Errors
/// [`Fault::Malformed`].
pub(super) fn read<'a>(bytes: &'a [u8], part: Option<&str>) -> Result<Contents<'a>, Fault> {
    let mut archive = file::zip::open(bytes)
        .map_err(|error| Fault::malformed("zip archive", "a complete archive", error.to_string()))?;
    if archive.has_duplicate_names() {
        return Err(Fault::malformed("zip archive", "each name once", "a name twice"));
    }
    let entries = list(&mut archive)?;
    check_sizes(&entries, bytes.len())?;
    let root = find_root(&entries)?;
    let named = |name: &str| entries.iter().position(|entry| entry.name.strip_prefix(root) == Some(name));
    let pickled = named("data.pkl").ok_or_else(|| no_pickle(&entries))?;
    let byte_order = named("byteorder");
    let folder = format!("{root}data/");
    let stored = entries.iter().enumerate();
    let stored = stored.filter_map(|(index, entry)| Some((entry.name.strip_prefix(&folder)?.to_owned(), index)));
    let stored: BTreeMap<String, usize> = stored.collect();
    let content = stored.values().filter_map(|&index| entries.get(index)).map(|entry| entry.size).sum();

    let mut files = Files { bytes, archive: RefCell::new(archive), stored, big_endian: false };
    if let Some(index) = byte_order {
        match files.extract(index, "byteorder")?.bytes().trim_ascii() {
            b"little" => {}
            b"big" => files.big_endian = true,
            other => {
                let found = format!("`{}`", String::from_utf8_lossy(other.get(..20).unwrap_or(other)));
                return Err(Fault::malformed("byteorder", "`little` or `big`", found));
            }
        }
    }
    let source = files.extract(pickled, "data.pkl")?;
    let pickle = pickle::parse(source.bytes(), 0, "data.pkl")?;
    let mut contents = assemble(&Walk::new(&pickle, "data.pkl", Named::new()), &files, content, part)?;
    // Whether the code can be read does not decide whether the weights can.
    script::complete(&mut contents.modules, |package| {
        let name = format!("code/{}.py", package.replace('.', "/"));
        let code = files.extract(named(&name)?, &name).ok()?;
        String::from_utf8(code.bytes().to_vec()).ok()
    });
    Ok(contents)
}

struct Files<'a> {
    bytes: &'a [u8],
    archive: RefCell<ZipArchive<Cursor<&'a [u8]>>>,
    /// For each storage the entry that holds it.
    stored: BTreeMap<String, usize>,
    big_endian: bool,
}

impl<'a> Storages<'a> for Files<'a> {
    fn storage(&self, key: &str) -> Result<Option<Storage<'a>>, Fault> {
        self.stored.get(key).map(|&index| self.extract(index, &format!("data/{key}"))).transpose()
    }

    fn big_endian(&self) -> bool {
        self.big_endian
    }
}

impl<'a> Files<'a> {
    /// The content of an entry: where it stands in the file, or unpacked to no more than its claimed size.
    fn extract(&self, index: usize, part: &str) -> Result<Storage<'a>, Fault> {
        let unreadable = |error: &dyn std::fmt::Display| Fault::malformed(part, "a readable entry", error.to_string());
        let mut archive = self.archive.borrow_mut();
        let raw = archive.by_index_raw(index).map_err(|error| unreadable(&error))?;
        // PyTorch may leave checksums out, which it writes as zero.
        let (checksum, size, start) = (raw.crc32(), raw.size(), raw.data_start());
        if raw.compression() == CompressionMethod::Stored {
            if raw.compressed_size() != size {
                let found = format!("{} bytes as it is packed", raw.compressed_size());
                return Err(Fault::malformed(part, format!("{size} bytes, as it is stored"), found));
            }
            let range = start.and_then(|start| Some(usize::try_from(start).ok()?..usize::try_from(start + size).ok()?));
            let content = range.and_then(|range| self.bytes.get(range));
            let Some(content) = content else {
                return Err(Fault::malformed(
                    part,
                    format!("{size} bytes, as the archive claims"),
                    "the end of the file",
                ));
            };
            if checksum != 0 && crc32fast::hash(content) != checksum {
                let found = "another checksum: the file is damaged";
                return Err(Fault::malformed(part, format!("the checksum {checksum:08x}"), found));
            }
            return Ok(Storage::Plain(content));
        }
        drop(raw);
        let options = ZipReadOptions::new().ignore_crc32(checksum == 0);
        let entry = archive.by_index_with_options(index, options).map_err(|error| unreadable(&error))?;
        let mut content = Vec::new();
        entry.take(size.saturating_add(1)).read_to_end(&mut content).map_err(|error| unreadable(&error))?;
        if content.len() as u64 != size {
            let found = if content.len() as u64 > size { "more".to_owned() } else { content.len().to_string() };
            return Err(Fault::malformed(part, format!("{size} bytes, as the archive claims"), found));
        }
        Ok(Storage::Unpacked(Rc::from(content)))
    }
}

struct Entry {
    name: String,
    size: u64,
}

fn list(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Vec<Entry>, Fault> {
    if archive.len() > limits::ENTRIES {
        let expected = format!("at most {} entries", limits::ENTRIES);
        return Err(Fault::malformed("zip archive", expected, archive.len().to_string()));
    }
    let mut entries = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let unreadable =
            |error: ZipError| Fault::malformed(format!("zip entry {index}"), "a readable entry", error.to_string());
        let entry = archive.by_index_raw(index).map_err(unreadable)?;
        let name = entry.name().map_err(unreadable)?.into_owned();
        if entry.encrypted() {
            return Err(Fault::malformed(format!("zip entry {name}"), "plain content", "encrypted content"));
        }
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            let found = format!("the method {}", entry.compression());
            return Err(Fault::malformed(format!("zip entry {name}"), "stored or deflated content", found));
        }
        entries.push(Entry { name, size: entry.size() });
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

/// The folder of `data.pkl`, with its slash: the shortest if there are several.
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
