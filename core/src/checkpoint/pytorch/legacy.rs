//! Files of PyTorch before 1.6: five pickles, then the storages one after another.

use std::collections::BTreeMap;

use super::super::contents::Contents;
use super::super::error::Fault;
use super::objects::Named;
use super::view::{self, Storage};
use super::walk::Walk;
use super::{Storages, assemble};
use crate::file::pickle::{self, Node, NodeId, Pickle};

/// Reads a legacy file.
///
/// # Errors
/// [`Fault::Malformed`].
pub(super) fn read<'a>(bytes: &'a [u8], part: Option<&str>) -> Result<Contents<'a>, Fault> {
    let magic = pickle::parse(bytes, 0, "magic number")?;
    let version = pickle::parse(bytes, magic.end, "protocol version")?;
    if version.integer(version.root) != Some(1001) {
        return Err(Fault::malformed("protocol version", "1001", describe(&version)));
    }
    let system = pickle::parse(bytes, version.end, "system information")?;
    let big_endian = is_big_endian(&system);
    let object = pickle::parse(bytes, system.end, "pickle")?;
    let keys = pickle::parse(bytes, object.end, "list of storages")?;
    let Node::Sequence(_) = keys.node(keys.root) else {
        return Err(Fault::malformed("list of storages", "a list", describe(&keys)));
    };
    let content = bytes.len().saturating_sub(keys.end) as u64;
    let storages = Stored { found: storages(bytes, &keys, &classes(&object), big_endian)?, big_endian };
    assemble(&Walk::new(&object, "pickle", Named::new()), &storages, content, part)
}

struct Stored<'a> {
    found: BTreeMap<String, &'a [u8]>,
    big_endian: bool,
}

impl<'a> Storages<'a> for Stored<'a> {
    fn storage(&self, key: &str) -> Result<Option<Storage<'a>>, Fault> {
        Ok(self.found.get(key).map(|bytes| Storage::Plain(bytes)))
    }

    fn big_endian(&self) -> bool {
        self.big_endian
    }
}

/// The class of every storage, by its key.
fn classes<'p>(object: &'p Pickle<'_>) -> BTreeMap<String, &'p str> {
    let identifiers = (0..object.nodes.len()).filter_map(|id| NodeId::try_from(id).ok());
    let identifiers = identifiers.filter(|&id| matches!(object.node(id), Node::Persistent(_)));
    let described = identifiers.filter_map(|id| match *object.items(*object.parts(id).first()?) {
        [_, class, key, ..] => Some((object.key(key)?.into_owned(), object.global(class)?.1)),
        _ => None,
    });
    described.collect()
}

/// For each key of the list the number of elements in 8 bytes, and the elements.
fn storages<'a>(
    bytes: &'a [u8],
    keys: &Pickle<'_>,
    classes: &BTreeMap<String, &str>,
    big_endian: bool,
) -> Result<BTreeMap<String, &'a [u8]>, Fault> {
    let mut position = keys.end;
    let mut found = BTreeMap::new();
    for key in keys.items(keys.root).iter().filter_map(|&id| keys.key(id)) {
        let part = || format!("storage {key}");
        let size = classes.get(&*key).and_then(|class| view::element(class));
        // What no tensor refers to cannot be skipped without its class.
        let Some((_, size)) = size else {
            let found = classes.get(&*key).map_or("none".to_owned(), |class| format!("`{class}`"));
            return Err(Fault::malformed(part(), "a class whose elements have a known size", found));
        };
        let stored = number(bytes, position, big_endian).and_then(|elements| {
            let start = position.checked_add(8)?;
            let end = start.checked_add(elements.checked_mul(size)?)?;
            Some((bytes.get(start..end)?, end))
        });
        let Some((stored, end)) = stored else {
            return Err(Fault::malformed(part(), "its elements", "the end of the file"));
        };
        found.insert(key.into_owned(), stored);
        position = end;
    }
    Ok(found)
}

/// A number of elements.
pub(super) fn number(bytes: &[u8], position: usize, big_endian: bool) -> Option<usize> {
    let field = *bytes.get(position..)?.first_chunk()?;
    let number = if big_endian { u64::from_be_bytes(field) } else { u64::from_le_bytes(field) };
    usize::try_from(number).ok()
}

/// Whether the machine that wrote the file had the other byte order.
pub(super) fn is_big_endian(system: &Pickle<'_>) -> bool {
    let members = system.members(system.root);
    let little = members.iter().find(|(name, _)| name == "little_endian");
    little.is_some_and(|&(_, value)| system.node(value) == Node::Bool(false))
}

fn describe(pickle: &Pickle<'_>) -> String {
    match pickle.node(pickle.root) {
        Node::Integer(value) => value.to_string(),
        _ => "another value".to_owned(),
    }
}
