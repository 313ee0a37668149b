//! Files of PyTorch before 0.1.10: a tar archive with four entries.

use std::collections::BTreeMap;

use super::super::error::Fault;
use super::{Survey, demand, element_size, legacy, top_level};
use crate::file::limits;
use crate::file::pickle::{self, Kind, NodeId, Pickle};
use crate::file::tar;

/// Looks a tar archive over: its entries, the byte order and every pickle.
///
/// # Errors
/// [`Fault::Malformed`] or [`Fault::ForeignCode`].
pub(super) fn survey(bytes: &[u8], operations: &mut usize) -> Result<Survey, Fault> {
    let entries = tar::entries(bytes)?;
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
    pickle::parse(blob, position, "storages", operations)?;
    Ok(())
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
        let length = (2 * rank + 1) * 8;
        let content = blob.get(end + 8..).and_then(|rest| rest.get(..length)).ok_or_else(|| {
            let expected = format!("{length} bytes of sizes, strides and offset");
            Fault::malformed("tensors", expected, "the end of the entry")
        })?;
        let (numbers, _) = content.as_chunks::<8>();
        let numbers =
            |skipped: usize| numbers.iter().skip(skipped).take(rank).map(|&number| u64::from_le_bytes(number));
        let values = demand::extent(numbers(0), numbers(rank));
        if let Some(key) = field(&record, 0).and_then(|key| record.key(key)) {
            reached.insert(key, values.saturating_mul(super::LARGEST_ELEMENT as u64));
        }
        position = end + 8 + length;
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
