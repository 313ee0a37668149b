//! What a pickle puts aside, and takes again.

use std::collections::{BTreeMap, BTreeSet};

use super::arena::NodeId;

/// How far an index may lie beyond the others to be kept with them.
const GAP: usize = 1 << 12;
/// Bytes of an entry that is kept by itself.
const ALONE: usize = 32;
/// Places far from the others that are looked up one by one; beyond, all places count as taken.
const MOST_FAR: usize = 1 << 16;
/// No value.
const NONE: NodeId = NodeId::MAX;

/// Which places of a memo are taken from anywhere in a pickle.
#[derive(Debug, Default)]
pub(super) struct Taken {
    near: Vec<u64>,
    far: BTreeSet<u32>,
    /// Whether all places count as taken.
    all: bool,
}

impl Taken {
    /// Notes a place that is taken when so many bytes of the pickle were read: one that counts its places has no more of them.
    pub(super) fn insert(&mut self, index: u32, read: usize) {
        if index as usize >= read {
            self.all |= self.far.len() >= MOST_FAR;
            if !self.all {
                self.far.insert(index);
            }
            return;
        }
        let word = index as usize / 64;
        if word >= self.near.len() {
            self.near.resize(word + 1, 0);
        }
        self.near[word] |= 1 << (index % 64);
    }

    fn contains(&self, index: u32) -> bool {
        let near = self.near.get(index as usize / 64).is_some_and(|bits| bits & (1 << (index % 64)) != 0);
        self.all || near || self.far.contains(&index)
    }
}

/// The memo: values by index. Those that are never taken leave only their place.
#[derive(Debug, Default)]
pub(super) struct Memo {
    taken: Taken,
    near: Vec<NodeId>,
    far: BTreeMap<u32, NodeId>,
    /// Places of `near` that nothing was put in.
    empty: usize,
}

impl Memo {
    pub(super) fn new(taken: Taken) -> Self {
        Self { taken, near: Vec::new(), far: BTreeMap::new(), empty: 0 }
    }

    /// Whether the value at an index is taken, sooner or later.
    pub(super) fn is_taken(&self, index: u32) -> bool {
        self.taken.contains(index)
    }

    /// How many values were put aside under different indices.
    pub(super) fn len(&self) -> usize {
        self.near.len() - self.empty + self.far.len()
    }

    /// Puts a value aside and returns how many bytes that takes.
    pub(super) fn put(&mut self, index: u32, id: NodeId) -> usize {
        let place = index as usize;
        if place > self.near.len() + GAP {
            return if self.far.insert(index, id).is_none() { ALONE } else { 0 };
        }
        let before = self.near.len();
        if place >= before {
            self.near.resize(place + 1, NONE);
            self.empty += self.near.len() - before;
        }
        if self.near[place] == NONE {
            self.empty -= 1;
        }
        self.near[place] = id;
        (self.near.len() - before) * size_of::<NodeId>()
    }

    pub(super) fn get(&self, index: u32) -> Option<NodeId> {
        let near = self.near.get(index as usize).copied().filter(|&id| id != NONE);
        near.or_else(|| self.far.get(&index).copied())
    }
}
