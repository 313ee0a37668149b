//! Files of PyTorch before 0.1.10: a tar archive with four entries.

use std::collections::BTreeMap;

use super::super::error::Fault;
use super::super::limits;
use super::super::pickle::{self, Kind, NodeId, Pickle};
use super::{Survey, demand, element_size, legacy, top_level};

const BLOCK: usize = 512;
/// PyTorch writes four entries.
const MOST_ENTRIES: usize = 100;

/// Looks a tar archive over: its entries, the byte order and every pickle.
///
/// # Errors
/// [`Fault::Malformed`] or [`Fault::ForeignCode`].
pub(super) fn survey(bytes: &[u8], operations: &mut usize) -> Result<Survey, Fault> {
    let entries = list(bytes)?;
    let entry = |name: &str| {
        let found = entries.iter().find(|(entry, _)| entry == name);
        found
            .map(|(_, content)| *content)
            .ok_or_else(|| Fault::malformed("tar archive", format!("the entry `{name}`"), "none"))
    };
    if let Ok(system) = entry("sys_info") {
        legacy::check_byte_order(&pickle::parse(system, 0, "sys_info", operations)?)?;
    }
    let storages = entry("storages")?;
    check_storages(storages, operations)?;
    let reached = check_tensors(entry("tensors")?, operations)?;
    let object = pickle::parse(entry("pickle")?, 0, "pickle", operations)?;
    let top_level = top_level::read(&object, "pickle")?;
    let content = storages.len() as u64;
    demand::check(&object, "pickle", content, |id| match object.kind(id) {
        Kind::Persistent => {
            let key = object.parts(id).first().and_then(|&key| object.key(key));
            Some(key.and_then(|key| reached.get(&key).copied()).unwrap_or(0))
        }
        _ => None,
    })?;
    Ok(Survey { top_level, content })
}

/// Names and contents of the entries: plain files only, each once, whose name and size are what their header says.
fn list(bytes: &[u8]) -> Result<Vec<(String, &[u8])>, Fault> {
    const PREFIXED: &[u8] = b"ustar\0";
    let mut entries: Vec<(String, &[u8])> = Vec::new();
    let mut rest = bytes;
    while let Some((header, after)) = rest.split_first_chunk::<BLOCK>() {
        if header.iter().all(|&byte| byte == 0) {
            break;
        }
        let name = text(header.get(..100)).trim_start_matches("./").to_owned();
        let part = || format!("tar entry {name}");
        let size = octal(header.get(124..136))
            .ok_or_else(|| Fault::malformed(part(), "an octal size", text(header.get(124..136))))?;
        let content = usize::try_from(size).ok().and_then(|size| after.get(..size)).ok_or_else(|| {
            Fault::malformed(part(), format!("{size} bytes"), format!("the end after {}", after.len()))
        })?;
        match header.get(156) {
            Some(b'0' | 0 | b'5') => {
                let prefix = header.get(345..500).filter(|_| header.get(257..263) == Some(PREFIXED));
                if !text(prefix).is_empty() || entries.iter().any(|(other, _)| *other == name) {
                    return Err(Fault::malformed(part(), "each name once and whole", "another of that name"));
                }
                if entries.len() == MOST_ENTRIES {
                    let expected = format!("at most {} entries", MOST_ENTRIES);
                    return Err(Fault::malformed("tar archive", expected, "more"));
                }
                entries.push((name, content));
            }
            // Times of modification, as Python's tarfile writes them.
            Some(b'x' | b'g') if !changes_layout(content) => {}
            other => {
                let found = format!("an entry of type `{}`", other.copied().unwrap_or_default().escape_ascii());
                return Err(Fault::malformed(part(), "a plain file", found));
            }
        }
        rest = after.get(content.len().next_multiple_of(BLOCK)..).unwrap_or_default();
    }
    Ok(entries)
}

/// Whether extended headers give the next entry another size, name or layout than its own header does.
fn changes_layout(records: &[u8]) -> bool {
    records.split(|&byte| byte == b'\n').filter(|record| !record.is_empty()).any(|record| {
        let keyword = record.splitn(2, |&byte| byte == b' ').nth(1).unwrap_or(record);
        !(keyword.starts_with(b"mtime=") || keyword.starts_with(b"atime=") || keyword.starts_with(b"ctime="))
    })
}

fn text(field: Option<&[u8]>) -> String {
    let field = field.unwrap_or_default();
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or(field)).trim().to_owned()
}

fn octal(field: Option<&[u8]>) -> Option<u64> {
    u64::from_str_radix(&text(field), 8).ok()
}

/// A count; then for each storage a pickle (key, location, type), the number of elements and the elements; then the views.
fn check_storages(blob: &[u8], operations: &mut usize) -> Result<(), Fault> {
    let (count, mut position) = count(blob, "storages", operations)?;
    for _ in 0..count {
        let record = pickle::parse(blob, position, "storages", operations)?;
        let size = field(&record, 2)
            .and_then(|class| record.global(class))
            .and_then(|(_, name)| element_size(name))
            .ok_or_else(|| Fault::malformed("storages", "a type of storage", "another value"))?;
        let elements = number(blob, record.end, "storages")?;
        position = elements
            .checked_mul(size)
            .and_then(|bytes| bytes.checked_add(record.end + 8))
            .filter(|&end| end <= blob.len())
            .ok_or_else(|| Fault::malformed("storages", format!("{elements} elements"), "the end of the entry"))?;
    }
    pickle::parse(blob, position, "storages", operations).map(|_| ())
}

/// A count; then for each tensor a pickle (key, storage, type), the rank, four unused bytes, sizes, strides and the offset.
/// Returns for each key how many bytes of its storage the tensor may reach over.
fn check_tensors(blob: &[u8], operations: &mut usize) -> Result<BTreeMap<String, u64>, Fault> {
    let (count, mut position) = count(blob, "tensors", operations)?;
    let mut reached = BTreeMap::new();
    for _ in 0..count {
        let record = pickle::parse(blob, position, "tensors", operations)?;
        let end = record.end;
        let rank = blob.get(end..).and_then(|rest| rest.first_chunk()).map(|rank| u32::from_le_bytes(*rank));
        let rank = rank
            .filter(|&rank| rank <= limits::RANK as u32)
            .ok_or_else(|| Fault::malformed("tensors", format!("at most {} dimensions", limits::RANK), "more"))?;
        let rank = rank as usize;
        let (numbers, _) = blob.get(end + 8..).unwrap_or_default().as_chunks::<8>();
        let numbers =
            |skipped: usize| numbers.iter().skip(skipped).take(rank).map(|&number| u64::from_le_bytes(number));
        let values = demand::extent(numbers(0), numbers(rank));
        if let Some(key) = field(&record, 0).and_then(|key| record.key(key)) {
            reached.insert(key, values.saturating_mul(super::LARGEST_ELEMENT as u64));
        }
        position = end + 8 + (2 * rank + 1) * 8;
    }
    Ok(reached)
}

fn count(blob: &[u8], part: &str, operations: &mut usize) -> Result<(usize, usize), Fault> {
    let pickle = pickle::parse(blob, 0, part, operations)?;
    let count = pickle.integer(pickle.root).and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|&count| count <= limits::ENTRIES);
    let expected = || format!("a count of at most {}", limits::ENTRIES);
    count.map(|count| (count, pickle.end)).ok_or_else(|| Fault::malformed(part, expected(), "another value"))
}

fn field(record: &Pickle<'_>, index: usize) -> Option<NodeId> {
    record.items(record.root).get(index).copied()
}

fn number(blob: &[u8], position: usize, part: &str) -> Result<usize, Fault> {
    let bytes = blob.get(position..).and_then(|rest| rest.first_chunk());
    bytes
        .and_then(|bytes| usize::try_from(i64::from_le_bytes(*bytes)).ok())
        .ok_or_else(|| Fault::malformed(part, "a number of elements", "none"))
}
