//! The name that was probably meant.

use super::report::Absent;
use crate::names::natural_order;

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

/// The candidate with the smallest edit distance, when that is at most a third of the name; of several the first.
pub(super) fn nearest(name: &str, candidates: &[&str]) -> Option<String> {
    let limit = (name.chars().count() / 3).max(1);
    candidates
        .iter()
        .take(CANDIDATES)
        .filter_map(|candidate| Some((distance(name, candidate, limit)?, *candidate)))
        .min_by(|(near, a), (far, b)| near.cmp(far).then_with(|| natural_order(a, b)))
        .map(|(_, candidate)| candidate.to_owned())
}

/// Levenshtein's distance: insertions, deletions and substitutions; absent beyond `limit`.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    // The row of the table that belongs to the characters of `a` so far.
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (deleted, from) in a.iter().enumerate() {
        let mut diagonal = deleted;
        let mut left = deleted + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (above, to) in row.iter_mut().skip(1).zip(&b) {
            let here = (diagonal + usize::from(from != to)).min(*above + 1).min(left + 1);
            diagonal = std::mem::replace(above, here);
            left = here;
        }
    }
    row.last().copied().filter(|&distance| distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        // The textbook pair, and the borders.
        assert_eq!(distance("kitten", "sitting", 9), Some(3));
        assert_eq!(distance("", "abc", 9), Some(3));
        assert_eq!(distance("abc", "", 9), Some(3));
        assert_eq!(distance("same", "same", 0), Some(0));
        assert_eq!(distance("kitten", "sitting", 2), None);
    }

    #[test]
    fn the_nearest_name_is_found_or_none() {
        let candidates = ["fc.weight", "fc.bias", "layer1.0.conv1.weight"];
        assert_eq!(nearest("linear.weight", &candidates), None);
        assert_eq!(nearest("fc1.weight", &candidates).as_deref(), Some("fc.weight"));
        assert_eq!(nearest("layer1.0.conv_1.weight", &candidates).as_deref(), Some("layer1.0.conv1.weight"));
    }
}
