//! Keeping some of the classes and giving them new labels.

use std::collections::BTreeMap;

use super::probe_set::ProbeSet;
use crate::file::DataError;

/// Which classes are kept, and the label that each gets. Several classes may become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassMap {
    labels: BTreeMap<u32, u32>,
    class_names: Vec<String>,
}

impl ClassMap {
    /// Keeps the class `from` of each `(from, to)` under the label `to`. `class_names` names the new classes; when it is
    /// empty, a new class has the name of the first old class that becomes it.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when there are no pairs, when a class occurs twice, when the new labels are not 0, 1, 2, …
    /// without a gap, or when the number of names is another one than that of the new classes.
    pub fn new(pairs: impl IntoIterator<Item = (u32, u32)>, class_names: Vec<String>) -> Result<Self, DataError> {
        let mismatch = |expected, found| Err(DataError::mismatch("class map", expected, found));
        let mut labels = BTreeMap::new();
        for (from, to) in pairs {
            if labels.insert(from, to).is_some() {
                return mismatch("each class once".to_owned(), format!("class {from} twice"));
            }
        }
        let mut targets = labels.values().copied().collect::<Vec<_>>();
        targets.sort_unstable();
        targets.dedup();
        if targets.is_empty() {
            return mismatch("at least one class".to_owned(), "none".to_owned());
        }
        if let Some((expected, found)) = (0_u32..).zip(&targets).find(|(expected, found)| expected != *found) {
            return mismatch(format!("new labels without a gap, {expected} among them"), format!("{found}"));
        }
        if !class_names.is_empty() && class_names.len() != targets.len() {
            return mismatch(format!("names of {} new classes", targets.len()), class_names.len().to_string());
        }
        Ok(Self { labels, class_names })
    }

    /// Keeps these classes under the labels 0, 1, 2, … in the order given.
    ///
    /// # Errors
    /// As [`ClassMap::new`].
    pub fn keep(classes: &[u32]) -> Result<Self, DataError> {
        Self::new(classes.iter().copied().zip(0..), Vec::new())
    }

    /// The samples of the kept classes, in file order and with their ids, under the new labels.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when the set has no labels, or no sample of one of the classes.
    pub fn apply(&self, set: &ProbeSet) -> Result<ProbeSet, DataError> {
        let Some(labels) = &set.labels else {
            return Err(DataError::mismatch(&set.name, "labels, for a class map", "none"));
        };
        if let Some(absent) = self.labels.keys().find(|class| !labels.contains(class)) {
            return Err(DataError::mismatch(&set.name, format!("samples of class {absent}"), "none"));
        }
        let kept = labels.iter().enumerate().filter(|(_, label)| self.labels.contains_key(label));
        let mut part = set.keep(&kept.map(|(index, _)| index).collect::<Vec<_>>())?;
        part.labels = Some(labels.iter().filter_map(|label| self.labels.get(label).copied()).collect());
        part.class_names = self.names(&set.class_names);
        Ok(part)
    }

    /// The names of the new classes: the given ones, else those of the old classes where all are known, else none.
    fn names(&self, old: &[String]) -> Vec<String> {
        if !self.class_names.is_empty() {
            return self.class_names.clone();
        }
        let mut names = BTreeMap::new();
        for (&from, &to) in &self.labels {
            let Some(name) = usize::try_from(from).ok().and_then(|index| old.get(index)) else {
                return Vec::new();
            };
            names.entry(to).or_insert_with(|| name.clone());
        }
        names.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::pixels::{ImageShape, Pixels};
    use super::*;

    fn animals() -> ProbeSet {
        let shape = ImageShape { channels: 1, height: 1, width: 1 };
        let names = ["cat", "dog", "frog"].map(String::from).to_vec();
        ProbeSet::new("animals", shape, Pixels::U8(vec![10, 11, 12, 13, 14]), Some(vec![0, 1, 2, 1, 0]), names).unwrap()
    }

    #[test]
    fn kept_classes_are_relabelled_in_the_order_given() {
        let set = animals();
        let part = ClassMap::keep(&[2, 0]).unwrap().apply(&set).unwrap();
        assert_eq!(part.pixels, Pixels::U8(vec![10, 12, 14]));
        assert_eq!(part.labels, Some(vec![1, 0, 1]));
        assert_eq!(part.class_names, ["frog", "cat"]);
        let ids = &set.samples.ids;
        assert_eq!(part.samples.ids, [ids[0].clone(), ids[2].clone(), ids[4].clone()]);
    }

    #[test]
    fn classes_may_become_one() {
        let map = ClassMap::new([(0, 0), (1, 0), (2, 1)], vec!["mammal".into(), "amphibian".into()]).unwrap();
        let part = map.apply(&animals()).unwrap();
        assert_eq!(part.labels, Some(vec![0, 0, 1, 0, 0]));
        assert_eq!(part.class_names, ["mammal", "amphibian"]);
    }

    #[test]
    fn impossible_maps_are_refused() {
        let error = |pairs: &[(u32, u32)]| ClassMap::new(pairs.to_vec(), Vec::new()).unwrap_err().to_string();
        assert_eq!(error(&[]), "class map: expected at least one class, found none");
        assert_eq!(error(&[(1, 0), (1, 1)]), "class map: expected each class once, found class 1 twice");
        assert_eq!(error(&[(1, 0), (2, 2)]), "class map: expected new labels without a gap, 1 among them, found 2");
        let error = ClassMap::keep(&[0, 7]).unwrap().apply(&animals()).unwrap_err().to_string();
        assert_eq!(error, "animals: expected samples of class 7, found none");
    }
}
