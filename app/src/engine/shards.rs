//! Networks that are split over several files of a selection.

use std::collections::BTreeMap;

use repgeo_core::checkpoint::{Container, Reading, ShardIndex, ShardName};
use repgeo_core::file::NamedBytes;

use crate::protocol::FileId;

/// A shard or an index that waits for the others.
pub(super) struct Held {
    pub(super) id: FileId,
    pub(super) file: NamedBytes,
    pub(super) reading: Reading,
}

/// Files that are one network.
pub(super) struct Sharded {
    /// The file that names the shards, where it is there.
    pub(super) index: Option<Held>,
    /// The shards.
    pub(super) shards: Vec<Held>,
}

impl Sharded {
    /// The files' numbers, the index first.
    pub(super) fn ids(&self) -> Vec<FileId> {
        self.index.iter().chain(&self.shards).map(|held| held.id).collect()
    }

    /// How it is read: as its first file.
    pub(super) fn reading(&self) -> Reading {
        let first = self.index.as_ref().or(self.shards.first());
        first.map_or_else(Reading::default, |held| held.reading.clone())
    }

    /// What a network of several files is called.
    pub(super) fn name(&self) -> String {
        let shard = || self.shards.first().and_then(|held| ShardName::parse(&held.file.name)).map(|name| name.whole);
        let index = self.index.as_ref().map(|held| held.file.name.trim_end_matches(".index.json").to_owned());
        index.or_else(shard).unwrap_or_else(|| format!("{} files", self.shards.len()))
    }
}

/// Whether a file is a shard by its name, or an index of shards by its content.
pub(super) fn belongs_to_others(file: &NamedBytes) -> bool {
    let is_shard = ShardName::parse(&file.name).is_some() && Container::of(&file.bytes).is_some();
    is_shard || ShardIndex::parse(&file.bytes).is_some()
}

/// The networks that files make together, and the files that are left.
///
/// Two files of one name cannot be told apart: both are left, with the reason.
pub(super) fn grouped(files: Vec<Held>) -> (Vec<Sharded>, Vec<(Held, Option<String>)>) {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    files.iter().for_each(|held| *names.entry(held.file.name.clone()).or_insert(0) += 1);
    let (once, twice): (Vec<Held>, Vec<Held>) = files.into_iter().partition(|held| names[&held.file.name] == 1);
    let refused = |held: Held| {
        let file = &held.file.name;
        let why = format!("{file}: expected each name once, found it twice; choose one network at a time");
        (held, Some(why))
    };
    let mut left: Vec<(Held, Option<String>)> = twice.into_iter().map(refused).collect();

    let (indices, mut shards): (Vec<Held>, Vec<Held>) =
        once.into_iter().partition(|held| ShardIndex::parse(&held.file.bytes).is_some());
    let mut networks = Vec::new();
    for index in indices {
        let Some(named) = ShardIndex::parse(&index.file.bytes) else { continue };
        let named = named.shards();
        let (own, others) = shards.into_iter().partition(|held: &Held| named.contains(held.file.name.as_str()));
        shards = others;
        networks.push(Sharded { index: Some(index), shards: own });
    }
    let mut whole: BTreeMap<String, (usize, Vec<Held>)> = BTreeMap::new();
    for held in shards {
        match ShardName::parse(&held.file.name) {
            Some(ShardName { whole: name, count, .. }) => {
                whole.entry(name).or_insert_with(|| (count, Vec::new())).1.push(held);
            }
            None => left.push((held, None)),
        }
    }
    for (count, shards) in whole.into_values() {
        if shards.len() == count {
            networks.push(Sharded { index: None, shards });
        } else {
            left.extend(shards.into_iter().map(|held| (held, None)));
        }
    }
    (networks, left)
}
