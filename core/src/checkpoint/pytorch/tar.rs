//! Files of PyTorch before 0.1.10: a tar archive with four entries.

use super::super::error::Fault;
use super::super::pickle::{self, NodeId, Pickle};
use super::{Survey, legacy, top_level};

const BLOCK: usize = 512;

/// Looks a tar archive over: its entries, the byte order and every pickle.
///
/// # Errors
/// [`Fault::Malformed`] or [`Fault::ForeignCode`].
pub(super) fn survey(bytes: &[u8], operations: &mut usize) -> Result<Survey, Fault> {
    let entries = list(bytes)?;
    let entry = |name: &str| {
        let found = entries.iter().rfind(|(entry, _)| entry.strip_prefix("./").unwrap_or(entry) == name);
        found
            .map(|(_, content)| *content)
            .ok_or_else(|| Fault::malformed("tar archive", format!("the entry `{name}`"), "none"))
    };
    if let Ok(system) = entry("sys_info") {
        legacy::check_byte_order(&pickle::parse(system, 0, "sys_info", operations)?)?;
    }
    let storages = entry("storages")?;
    check_storages(storages, operations)?;
    check_tensors(entry("tensors")?, operations)?;
    let object = pickle::parse(entry("pickle")?, 0, "pickle", operations)?;
    Ok(Survey { top_level: top_level::read(&object, "pickle")?, content: storages.len() as u64 })
}

/// Names and contents of the entries: plain files only, whose size is what their header says.
fn list(bytes: &[u8]) -> Result<Vec<(String, &[u8])>, Fault> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while let Some((header, after)) = rest.split_first_chunk::<BLOCK>() {
        if header.iter().all(|&byte| byte == 0) {
            break;
        }
        let name = text(header.get(..100));
        let part = || format!("tar entry {name}");
        let size = octal(header.get(124..136))
            .ok_or_else(|| Fault::malformed(part(), "an octal size", text(header.get(124..136))))?;
        let content = usize::try_from(size).ok().and_then(|size| after.get(..size)).ok_or_else(|| {
            Fault::malformed(part(), format!("{size} bytes"), format!("the end after {}", after.len()))
        })?;
        match header.get(156) {
            Some(b'0' | 0 | b'5') => entries.push((name, content)),
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
fn check_tensors(blob: &[u8], operations: &mut usize) -> Result<(), Fault> {
    let (count, mut position) = count(blob, "tensors", operations)?;
    for _ in 0..count {
        let end = pickle::parse(blob, position, "tensors", operations)?.end;
        let rank = blob.get(end..).and_then(|rest| rest.first_chunk()).map(|rank| u32::from_le_bytes(*rank));
        let rank = rank.filter(|&rank| rank <= super::limits::RANK as u32).ok_or_else(|| {
            Fault::malformed("tensors", format!("at most {} dimensions", super::limits::RANK), "more")
        })?;
        position = end + 8 + (2 * rank as usize + 1) * 8;
    }
    Ok(())
}

fn count(blob: &[u8], part: &str, operations: &mut usize) -> Result<(usize, usize), Fault> {
    let pickle = pickle::parse(blob, 0, part, operations)?;
    let count = pickle.integer(pickle.root).and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|&count| count <= super::limits::ENTRIES);
    let expected = || format!("a count of at most {}", super::limits::ENTRIES);
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

fn element_size(storage: &str) -> Option<usize> {
    match storage {
        "DoubleStorage" | "LongStorage" => Some(8),
        "FloatStorage" | "IntStorage" => Some(4),
        "HalfStorage" | "ShortStorage" | "BFloat16Storage" => Some(2),
        "CharStorage" | "ByteStorage" | "BoolStorage" => Some(1),
        _ => None,
    }
}
