//! The name that was probably meant.

use super::report::Absent;
use crate::names;

/// How many names of a list get a hint, and how many are looked at for one.
const HINTED: usize = 32;
const CANDIDATES: usize = 1000;

/// Each name with the nearest of the candidates.
pub(super) fn with_nearest<'a>(names: impl IntoIterator<Item = &'a str>, candidates: &[&str]) -> Vec<Absent> {
    names
        .into_iter()
        .enumerate()
        .map(|(index, name)| Absent {
            name: name.to_owned(),
            nearest: if index < HINTED { nearest(name, candidates) } else { None },
        })
        .collect()
}

/// The nearest of the candidates, where one is near.
pub(super) fn nearest(name: &str, candidates: &[&str]) -> Option<String> {
    names::nearest(name, candidates.iter().copied().take(CANDIDATES)).first().map(|&candidate| candidate.to_owned())
}
