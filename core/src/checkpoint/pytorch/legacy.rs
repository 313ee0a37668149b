//! Files of PyTorch before 1.6: five pickles, then the storages one after another.

use super::super::error::Fault;
use super::{Survey, demand, top_level};
use crate::file::pickle::{self, Kind, NodeId, Pickle};

/// Looks a legacy file over: the byte order and every pickle.
///
/// # Errors
/// [`Fault::Malformed`] or [`Fault::ForeignCode`].
pub(super) fn survey(bytes: &[u8], operations: &mut usize) -> Result<Survey, Fault> {
    let magic = pickle::parse(bytes, 0, "magic number", operations)?;
    let version = pickle::parse(bytes, magic.end, "protocol version", operations)?;
    if version.integer(version.root) != Some(1001) {
        return Err(Fault::malformed("protocol version", "1001", describe(&version)));
    }
    let system = pickle::parse(bytes, version.end, "system information", operations)?;
    check_byte_order(&system)?;
    let object = pickle::parse(bytes, system.end, "pickle", operations)?;
    refuse_pickled_modules(&object)?;
    let keys = pickle::parse(bytes, object.end, "list of storages", operations)?;
    if *keys.kind(keys.root) != Kind::Sequence {
        return Err(Fault::malformed("list of storages", "a list", describe(&keys)));
    }
    let content = bytes.len().saturating_sub(keys.end) as u64;
    let top_level = top_level::read(&object, "pickle")?;
    demand::check(&object, "pickle", content, |id| demand::reach(&object, id, |_| false))?;
    Ok(Survey { top_level, content })
}

/// Refuses files of machines with the other byte order.
///
/// # Errors
/// [`Fault::Malformed`].
pub(super) fn check_byte_order(system: &Pickle<'_>) -> Result<(), Fault> {
    let little = system.entries(system.root).filter(|(key, _)| *key == "little_endian").last();
    match little.map(|(_, value)| system.kind(value)) {
        Some(Kind::Bool(true)) => Ok(()),
        Some(Kind::Bool(false)) => {
            Err(Fault::malformed("system information", "little-endian values", "big-endian values"))
        }
        _ => Err(Fault::malformed("system information", "the byte order", "none")),
    }
}

/// These files keep the source code of a whole module beside it, in a form that the reader does not know.
fn refuse_pickled_modules(object: &Pickle<'_>) -> Result<(), Fault> {
    let is_module = |id: NodeId| object.items(id).first().and_then(|&tag| object.text(tag)) == Some("module");
    let persistent = object.nodes.iter().filter(|node| node.kind == Kind::Persistent);
    if persistent.flat_map(|node| &node.parts).any(|&identifier| is_module(identifier)) {
        return Err(Fault::malformed(
            "pickle",
            "tensors",
            "a whole module in the legacy format: save the network's state_dict",
        ));
    }
    Ok(())
}

fn describe(pickle: &Pickle<'_>) -> String {
    match pickle.kind(pickle.root) {
        Kind::Integer(value) => value.to_string(),
        _ => "another value".to_owned(),
    }
}
