//! Files of PyTorch before 0.1.10: a tar archive with four entries.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::contents::Contents;
use super::super::error::Fault;
use super::legacy::{is_big_endian, number};
use super::objects::{Named, Tensor};
use super::view::{self, Layout, Place, Storage};
use super::walk::Walk;
use super::{Storages, assemble};
use crate::file::pickle::{self, NodeId, Pickle};
use crate::file::{limits, tar};

/// Reads a tar archive.
///
/// # Errors
/// [`Fault::Malformed`].
pub(super) fn read<'a>(bytes: &'a [u8], part: Option<&str>) -> Result<Contents<'a>, Fault> {
    let entries = tar::entries(bytes)?;
    let entry = |name: &str| {
        let found = entries.iter().find(|(entry, _)| entry == name);
        found
            .map(|(_, content)| *content)
            .ok_or_else(|| Fault::malformed("tar archive", format!("the entry `{name}`"), "none"))
    };
    let big_endian = match entry("sys_info") {
        Ok(system) => is_big_endian(&pickle::parse(system, 0, "sys_info")?),
        Err(_) => false,
    };
    let blob = entry("storages")?;
    let storages = Stored { found: storages(blob, big_endian)?, big_endian };
    let named = tensors(entry("tensors")?, &storages.found)?;
    let object = pickle::parse(entry("pickle")?, 0, "pickle")?;
    assemble(&Walk::new(&object, "pickle", named), &storages, blob.len() as u64, part)
}

struct Stored<'a> {
    /// The class of each storage and its bytes.
    found: BTreeMap<String, (String, &'a [u8])>,
    big_endian: bool,
}

impl<'a> Storages<'a> for Stored<'a> {
    fn storage(&self, key: &str) -> Result<Option<Storage<'a>>, Fault> {
        Ok(self.found.get(key).map(|(_, bytes)| Storage::Plain(bytes)))
    }

    fn big_endian(&self) -> bool {
        self.big_endian
    }
}

/// A count; then for each storage a pickle (key, location, class), the number of elements and the elements; then the views
/// of storages (key, key of the whole, offset, size).
fn storages(blob: &[u8], big_endian: bool) -> Result<BTreeMap<String, (String, &[u8])>, Fault> {
    let (count, mut position) = count(blob, "storages")?;
    let mut found: BTreeMap<String, (String, &[u8])> = BTreeMap::new();
    for _ in 0..count {
        let record = pickle::parse(blob, position, "storages")?;
        let class = field(&record, 2).and_then(|class| record.global(class)).map(|(_, name)| name);
        let known = class.and_then(|class| Some((class, view::element(class)?.1)));
        let Some((class, size)) = known else {
            return Err(Fault::malformed("storages", "a class whose elements have a known size", "another value"));
        };
        let bytes = number(blob, record.end, big_endian).and_then(|elements| {
            let start = record.end.checked_add(8)?;
            blob.get(start..start.checked_add(elements.checked_mul(size)?)?)
        });
        let Some(bytes) = bytes else {
            return Err(Fault::malformed("storages", "its elements", "the end of the entry"));
        };
        position = record.end + 8 + bytes.len();
        if let Some(key) = field(&record, 0).and_then(|key| record.key(key)) {
            found.insert(key.into_owned(), (class.to_owned(), bytes));
        }
    }
    let views = pickle::parse(blob, position, "storages")?;
    for &id in views.items(views.root) {
        let &[key, whole, offset, size, ..] = views.items(id) else { continue };
        let whole = views.key(whole).and_then(|whole| found.get(&*whole).cloned());
        let numbers = [offset, size].map(|id| views.integer(id).and_then(|number| usize::try_from(number).ok()));
        if let (Some(key), Some((class, bytes)), [Some(offset), Some(length)]) = (views.key(key), whole, numbers)
            && let Some((_, size)) = view::element(&class)
            && let (Some(start), Some(length)) = (offset.checked_mul(size), length.checked_mul(size))
            && let Some(bytes) = bytes.get(start..).and_then(|rest| rest.get(..length))
        {
            found.insert(key.into_owned(), (class, bytes));
        }
    }
    Ok(found)
}

/// A count; then for each tensor a pickle (key, storage, type), the rank, four unused bytes, sizes, strides and the offset.
fn tensors(blob: &[u8], storages: &BTreeMap<String, (String, &[u8])>) -> Result<Named, Fault> {
    let (count, mut position) = count(blob, "tensors")?;
    let mut named = Named::new();
    for _ in 0..count {
        let record = pickle::parse(blob, position, "tensors")?;
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
        let numbers: Vec<u64> = content.as_chunks::<8>().0.iter().map(|&number| u64::from_le_bytes(number)).collect();
        let layout = Layout {
            offset: numbers[2 * rank],
            sizes: numbers[..rank].to_vec(),
            strides: numbers[rank..2 * rank].to_vec(),
        };
        let key = |index: usize| field(&record, index).and_then(|key| record.key(key)).map(Cow::into_owned);
        if let (Some(name), Some(storage)) = (key(0), key(1))
            && let Some((class, _)) = storages.get(&storage)
        {
            let place = Place { storage, element: class.clone() };
            named.insert(name, Tensor::View { place, layout });
        }
        position = end + 8 + length;
    }
    Ok(named)
}

fn count(blob: &[u8], part: &str) -> Result<(usize, usize), Fault> {
    let pickle = pickle::parse(blob, 0, part)?;
    let count = pickle.integer(pickle.root).and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|&count| count <= limits::ENTRIES);
    let expected = || format!("a count of at most {}", limits::ENTRIES);
    count.map(|count| (count, pickle.end)).ok_or_else(|| Fault::malformed(part, expected(), "another value"))
}

fn field(record: &Pickle<'_>, index: usize) -> Option<NodeId> {
    record.items(record.root).get(index).copied()
}
