//! What the tensors of a pickle ask of the reader, known before it is asked.
//!
//! The reader spells out the path of every tensor, copies the stretch of its storage that a view reaches over, and lets
//! one of two tensors of the same path win.

use std::collections::{BTreeMap, BTreeSet};

use super::super::error::Fault;
use crate::file::limits;
use crate::file::pickle::{Kind, NodeId, Pickle};

/// What a value and all that is in it ask for.
#[derive(Debug, Clone, Copy, Default)]
struct Demand {
    tensors: u64,
    /// Bytes of the tensors' names from here on.
    names: u64,
    /// Bytes of their storages that they reach over.
    reached: u64,
}

/// Refuses a pickle whose tensors are too many, have names that are too long, reach over their storages too often, or
/// share a name. `reach` tells how many bytes a tensor reaches over, and nothing for values that are no tensor.
///
/// # Errors
/// [`Fault::Malformed`].
pub(super) fn check(
    pickle: &Pickle<'_>,
    part: &str,
    content: u64,
    reach: impl Fn(NodeId) -> Option<u64>,
) -> Result<(), Fault> {
    let mut done = vec![None; pickle.nodes.len()];
    let Demand { tensors, names, reached } = demand(pickle, pickle.root, &reach, &mut done);
    let limit = limits::reached_bytes(content);
    let claims = [
        (tensors, limits::ENTRIES as u64, "tensors"),
        (names, limits::NAMES, "bytes of names"),
        (reached, limit, "bytes that tensors reach over in their storages"),
    ];
    for (found, most, what) in claims {
        if found > most {
            return Err(Fault::malformed(part, format!("at most {most} {what}"), found.to_string()));
        }
    }
    let mut names = BTreeSet::new();
    check_names(pickle, part, pickle.root, String::new(), &mut names)
}

/// The nesting is bounded by the pickle's limits, and every value is looked at once.
fn demand(
    pickle: &Pickle<'_>,
    id: NodeId,
    reach: &impl Fn(NodeId) -> Option<u64>,
    done: &mut [Option<Demand>],
) -> Demand {
    if let Some(demand) = done[id as usize] {
        return demand;
    }
    let mut sum = Demand::default();
    if let Some(reached) = reach(id) {
        sum = Demand { tensors: 1, names: 0, reached };
    } else {
        for (key, value) in children(pickle, id) {
            let below = demand(pickle, value, reach, done);
            sum.tensors = sum.tensors.saturating_add(below.tensors);
            sum.names = sum.names.saturating_add(below.names).saturating_add(below.tensors.saturating_mul(key));
            sum.reached = sum.reached.saturating_add(below.reached);
        }
    }
    done[id as usize] = Some(sum);
    sum
}

/// What a value refers to, each with the bytes that it adds to a name.
fn children(pickle: &Pickle<'_>, id: NodeId) -> Vec<(u64, NodeId)> {
    /// The longest integer and a dot.
    const NUMBER: u64 = 21;
    let items = pickle.items(id);
    let parts = pickle.parts(id).iter().map(|&value| (0, value));
    match pickle.kind(id) {
        Kind::Mapping | Kind::Call => {
            let (pairs, _) = items.as_chunks::<2>();
            let length = |key| pickle.text(key).map_or(NUMBER, |text| text.len() as u64 + 1);
            pairs.iter().map(|&[key, value]| (length(key), value)).chain(parts).collect()
        }
        _ => items.iter().map(|&value| (NUMBER, value)).chain(parts).collect(),
    }
}

/// Refuses two tensors of one name, as `{"a.b": …, "a": {"b": …}}` has them. The names within a pickled module are the
/// reader's to check.
fn check_names(
    pickle: &Pickle<'_>,
    part: &str,
    id: NodeId,
    path: String,
    names: &mut BTreeSet<String>,
) -> Result<(), Fault> {
    if pickle.is_tensor(id) {
        let start: String = path.chars().take(60).collect();
        return if names.insert(path) {
            Ok(())
        } else {
            Err(Fault::malformed(part, "one tensor of each name", format!("two of the name `{start}`")))
        };
    }
    let below: BTreeMap<String, NodeId> = match pickle.kind(id) {
        // Of equal keys the last counts, as in Python.
        Kind::Mapping | Kind::Call => {
            let (pairs, _) = pickle.items(id).as_chunks::<2>();
            pairs.iter().filter_map(|&[key, value]| Some((pickle.key(key)?, value))).collect()
        }
        Kind::Sequence => pickle.items(id).iter().enumerate().map(|(at, &value)| (at.to_string(), value)).collect(),
        _ => BTreeMap::new(),
    };
    for (key, value) in below {
        if matches!(pickle.kind(value), Kind::Mapping | Kind::Call | Kind::Sequence | Kind::Persistent) {
            let path = if path.is_empty() { key } else { format!("{path}.{key}") };
            check_names(pickle, part, value, path, names)?;
        }
    }
    Ok(())
}

/// How many bytes of its storage a tensor reaches over: from the first value of its view to the last, or from the start
/// of a storage that has to be unpacked. Absent when the value is no tensor on a storage.
pub(super) fn reach(pickle: &Pickle<'_>, id: NodeId, is_packed: impl Fn(&str) -> bool) -> Option<u64> {
    let &[callable, arguments, ..] = pickle.parts(id) else { return None };
    let ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3") = pickle.global(callable)?
    else {
        return None;
    };
    let &[storage, offset, sizes, strides, ..] = pickle.items(arguments) else { return None };
    let numbers = |id| pickle.items(id).iter().map(|&item| length(pickle.integer(item)));
    let reached = extent(numbers(sizes), numbers(strides));
    let identifier = pickle.parts(storage).first().map(|&identifier| pickle.items(identifier));
    let Some(&[_, class, key, ..]) = identifier else { return Some(0) };
    let skipped = if pickle.key(key).is_some_and(|key| is_packed(&key)) { length(pickle.integer(offset)) } else { 0 };
    let size = pickle.global(class).and_then(|(_, name)| super::element_size(name)).unwrap_or(super::LARGEST_ELEMENT);
    Some(reached.saturating_add(skipped).saturating_mul(size as u64))
}

/// The values from the first to the last of a view.
pub(super) fn extent(sizes: impl Iterator<Item = u64>, strides: impl Iterator<Item = u64>) -> u64 {
    let last = sizes
        .zip(strides)
        .try_fold(0_u64, |last, (size, stride)| Some(last.saturating_add(size.checked_sub(1)?.saturating_mul(stride))));
    last.map_or(0, |last| last.saturating_add(1))
}

/// What is no length is refused by the reader.
fn length(number: Option<i64>) -> u64 {
    number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_reach_from_their_first_value_to_their_last() {
        let reached = |sizes: &[u64], strides: &[u64]| extent(sizes.iter().copied(), strides.iter().copied());
        assert_eq!(reached(&[], &[]), 1);
        assert_eq!(reached(&[2, 3], &[3, 1]), 6);
        assert_eq!(reached(&[3, 4], &[1, 0]), 3);
        assert_eq!(reached(&[2], &[1000]), 1001);
        assert_eq!(reached(&[5, 0], &[1, 1]), 0);
        assert_eq!(reached(&[3, 3], &[u64::MAX, u64::MAX]), u64::MAX);
    }
}
