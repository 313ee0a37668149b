//! From a value of a pickle to the tensors in it, by name.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::super::error::Fault;
use super::objects::{Member, Named, Tensor, last_of_each_name};
use crate::file::limits;
use crate::file::pickle::{NodeId, Pickle};

/// The values of a pickle, and which of them lead to a tensor.
pub(super) struct Walk<'p, 's> {
    pub(super) pickle: &'p Pickle<'s>,
    /// What a pickle is called in messages.
    pub(super) part: &'p str,
    named: Named,
    leads: Vec<bool>,
}

/// A tensor under its name, the keys that lead to it joined by dots.
pub(super) type NamedTensor = (String, Tensor);

impl<'p, 's> Walk<'p, 's> {
    pub(super) fn new(pickle: &'p Pickle<'s>, part: &'p str, named: Named) -> Self {
        let leads = leads(pickle, &named);
        Self { pickle, part, named, leads }
    }

    /// Whether a value is a tensor, or one can be reached from it.
    pub(super) fn leads(&self, id: NodeId) -> bool {
        self.leads.get(id as usize).copied().unwrap_or(false)
    }

    /// Number of dimensions of a value that is a tensor.
    pub(super) fn rank(&self, id: NodeId) -> Option<usize> {
        self.pickle.tensor(id, &self.named).map(|tensor| tensor.rank())
    }

    /// Whether a value is a tensor.
    pub(super) fn is_tensor(&self, id: NodeId) -> bool {
        self.pickle.tensor(id, &self.named).is_some()
    }

    /// The members of a value that lead to tensors.
    pub(super) fn branches(&self, id: NodeId) -> Vec<Member<'p>> {
        self.counted_branches(id).0
    }

    /// The same, and how many members were looked at.
    fn counted_branches(&self, id: NodeId) -> (Vec<Member<'p>>, usize) {
        let leads = |value| self.leads(self.pickle.unwrapped(value));
        let mut count = 0;
        let members = self.pickle.all_members(id).inspect(|_| count += 1);
        // Names that have no value which leads to a tensor are many, and not kept.
        let names: BTreeSet<Cow<'p, str>> = members.filter(|&(_, value)| leads(value)).map(|(name, _)| name).collect();
        let members = self.pickle.all_members(id).filter(|(name, _)| names.contains(name));
        let mut branches = last_of_each_name(members);
        branches.retain(|&(_, value)| leads(value));
        (branches, count)
    }

    /// All tensors below a value, in the order of the file, looking at no more than this share of what a file may have. A
    /// value within itself is not walked again.
    ///
    /// # Errors
    /// [`Fault::Malformed`] beyond the limits on nesting, names and shared values, and where two tensors have one name.
    pub(super) fn tensors(&self, start: NodeId, share: usize) -> Result<Vec<NamedTensor>, Fault> {
        let mut found: Vec<NamedTensor> = Vec::new();
        let mut names: BTreeSet<String> = BTreeSet::new();
        let (branches, mut visits) = self.counted_branches(start);
        let mut open: Vec<Step<'p>> = vec![Step::new(start, String::new(), branches)];
        let mut letters = 0_u64;
        while let Some(step) = open.last_mut() {
            let Some((key, value)) = step.rest.next() else {
                open.pop();
                continue;
            };
            let name = if step.name.is_empty() { key.into_owned() } else { format!("{}.{key}", step.name) };
            letters = letters.saturating_add(name.len() as u64);
            self.within(visits, limits::PICKLE_VISITS / share, "values on the way to tensors")?;
            self.within(letters, limits::NAMES / share as u64, "bytes of names and sizes")?;
            if let Some(tensor) = self.pickle.tensor(value, &self.named) {
                letters = letters.saturating_add(limits::TENSOR + tensor.bytes_of_lengths());
                self.within(tensor.rank(), limits::RANK, "dimensions")?;
                if !names.insert(name.clone()) {
                    let start: String = name.chars().take(60).collect();
                    let found = format!("two of the name `{start}`");
                    return Err(Fault::malformed(self.part, "one tensor of each name", found));
                }
                self.within(found.len() + 1, limits::ENTRIES, "tensors")?;
                found.push((name, tensor));
            } else if !open.iter().any(|step| step.id == value) {
                self.within(open.len(), limits::PICKLE_DEPTH, "levels of nesting")?;
                let (branches, looked_at) = self.counted_branches(value);
                visits += looked_at;
                open.push(Step::new(value, name, branches));
            }
        }
        Ok(found)
    }

    fn within<N: PartialOrd + std::fmt::Display>(&self, found: N, most: N, what: &str) -> Result<(), Fault> {
        if found > most {
            return Err(Fault::malformed(self.part, format!("at most {most} {what}"), "more"));
        }
        Ok(())
    }
}

/// A value whose members are being walked.
struct Step<'p> {
    id: NodeId,
    name: String,
    rest: std::vec::IntoIter<Member<'p>>,
}

impl<'p> Step<'p> {
    fn new(id: NodeId, name: String, members: Vec<Member<'p>>) -> Self {
        Self { id, name, rest: members.into_iter() }
    }
}

/// For each value whether a tensor can be reached from it: from the tensors back, each value once.
fn leads(pickle: &Pickle<'_>, named: &Named) -> Vec<bool> {
    let count = pickle.nodes.len();
    let ids = || (0..count).filter_map(|id| NodeId::try_from(id).ok());
    // The values that refer to value i are in holders[starts[i]..starts[i + 1]].
    let mut starts = vec![0_u32; count + 1];
    ids().flat_map(|id| pickle.held(id)).for_each(|below| starts[below as usize + 1] += 1);
    for at in 0..count {
        starts[at + 1] += starts[at];
    }
    let mut free = starts.clone();
    let mut holders = vec![0; starts[count] as usize];
    for id in ids() {
        for below in pickle.held(id) {
            let place = &mut free[below as usize];
            holders[*place as usize] = id;
            *place += 1;
        }
    }
    let mut leads = vec![false; count];
    let mut open: Vec<NodeId> = ids().filter(|&id| pickle.tensor(id, named).is_some()).collect();
    while let Some(id) = open.pop() {
        if !std::mem::replace(&mut leads[id as usize], true) {
            let (start, end) = (starts[id as usize] as usize, starts[id as usize + 1] as usize);
            open.extend(&holders[start..end]);
        }
    }
    leads
}
