//! Choosing some of the samples.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::probe_set::ProbeSet;
use crate::file::{DataError, counted};

/// How a number of samples is chosen from a probe set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subset {
    /// The first ones in file order.
    First,
    /// The same number of each class, chosen by this seed, in file order.
    Stratified {
        /// Seed of the generator.
        seed: u64,
    },
}

impl ProbeSet {
    /// `count` samples of this set, in file order, with the ids that they have here.
    ///
    /// [`Subset::Stratified`] takes `count / classes` samples of each class that occurs, and one more of each of the first
    /// `count % classes` classes.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when `count` is zero or above the number of samples, and for a stratified subset when there
    /// are no labels or too few samples of a class.
    pub fn select(&self, count: usize, subset: Subset) -> Result<Self, DataError> {
        if count == 0 || count > self.len() {
            let found = counted(count, "sample");
            return Err(DataError::mismatch(
                &self.name,
                format!("1 to {} to be asked for", counted(self.len(), "sample")),
                found,
            ));
        }
        match subset {
            Subset::First => self.keep(&(0..count).collect::<Vec<_>>()),
            Subset::Stratified { seed } => self.keep(&self.stratified(count, seed)?),
        }
    }

    /// Sorted indices of a stratified subset.
    fn stratified(&self, count: usize, seed: u64) -> Result<Vec<usize>, DataError> {
        let Some(labels) = &self.labels else {
            return Err(DataError::mismatch(
                &self.name,
                "labels, for a stratified subset",
                "none; take the first samples instead",
            ));
        };
        let mut members = BTreeMap::<u32, Vec<usize>>::new();
        for (index, &label) in labels.iter().enumerate() {
            members.entry(label).or_default().push(index);
        }
        let (share, remainder) = (count / members.len().max(1), count % members.len().max(1));
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let mut chosen = Vec::with_capacity(count);
        for (position, (label, mut indices)) in members.into_iter().enumerate() {
            let quota = share + usize::from(position < remainder);
            if quota > indices.len() {
                let expected = format!("at least {} of class {}", counted(quota, "sample"), self.class_name(label));
                return Err(DataError::mismatch(
                    &self.name,
                    expected,
                    format!("{}; ask for fewer samples", indices.len()),
                ));
            }
            draw_to_front(&mut indices, quota, &mut generator);
            chosen.extend(indices.into_iter().take(quota));
        }
        chosen.sort_unstable();
        Ok(chosen)
    }

    /// A class's name where known, its index in digits else.
    fn class_name(&self, label: u32) -> String {
        let name = usize::try_from(label).ok().and_then(|index| self.class_names.get(index));
        name.map_or_else(|| label.to_string(), |name| format!("`{name}`"))
    }
}

/// Moves `count` items, drawn without replacement, to the front (Fisher and Yates), each order equally likely.
fn draw_to_front<T>(items: &mut [T], count: usize, generator: &mut impl Rng) {
    for position in 0..count.min(items.len()) {
        let rest = items.len() - position;
        items.swap(position, position + below(rest, generator));
    }
}

/// A number from 0 to `bound - 1`, each equally likely; 0 when `bound` is 0. Written out here so that a subset is the same
/// with every version of the generator's crate.
fn below(bound: usize, generator: &mut impl Rng) -> usize {
    let bound = (bound as u64).max(1);
    let unbiased = u64::MAX - u64::MAX % bound;
    loop {
        let value = generator.next_u64();
        if value < unbiased {
            return (value % bound) as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pixels::{ImageShape, Pixels};
    use super::*;

    /// One-pixel images 0, 1, 2, … with these labels.
    fn labelled(labels: &[u32]) -> ProbeSet {
        let pixels = Pixels::U8((0..labels.len()).map(|index| index as u8).collect());
        let shape = ImageShape { channels: 1, height: 1, width: 1 };
        ProbeSet::new("set", shape, pixels, Some(labels.to_vec()), vec!["cat".into(), "dog".into()]).unwrap()
    }

    fn bytes(set: &ProbeSet) -> &[u8] {
        match &set.pixels {
            Pixels::U8(values) => values,
            Pixels::F32(_) => panic!("expected bytes"),
        }
    }

    #[test]
    fn the_first_samples_keep_their_ids() {
        let set = labelled(&[0, 1, 0, 1]);
        let part = set.select(3, Subset::First).unwrap();
        assert_eq!(bytes(&part), [0, 1, 2]);
        assert_eq!(part.labels.as_deref(), Some([0, 1, 0].as_slice()));
        assert_eq!(part.samples.ids, set.samples.ids[..3]);
        assert_ne!(part.samples.content, set.samples.content);
    }

    #[test]
    fn a_stratified_subset_is_balanced_seeded_and_in_file_order() {
        let set = labelled(&[2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]);
        let part = set.select(8, Subset::Stratified { seed: 1 }).unwrap();
        assert!(bytes(&part).is_sorted());
        let count = |class| part.labels.as_ref().unwrap().iter().filter(|&&label| label == class).count();
        assert_eq!([count(0), count(1), count(2)], [3, 3, 2]);
        assert_eq!(part, set.select(8, Subset::Stratified { seed: 1 }).unwrap());
        let others = (2..20).map(|seed| set.select(8, Subset::Stratified { seed }).unwrap());
        assert!(others.into_iter().any(|other| other != part));
    }

    #[test]
    fn every_sample_is_drawn_equally_often() {
        let set = labelled(&[0; 5]);
        let mut hits = [0_u32; 5];
        for seed in 0..2000 {
            for &index in bytes(&set.select(2, Subset::Stratified { seed }).unwrap()) {
                hits[usize::from(index)] += 1;
            }
        }
        // 800 each is expected, with a deviation of 22.
        assert!(hits.iter().all(|hits| hits.abs_diff(800) < 110), "{hits:?}");
    }

    #[test]
    fn what_cannot_be_chosen_is_named() {
        let set = labelled(&[0, 0, 0, 1]);
        let error = |set: &ProbeSet, count, subset| set.select(count, subset).unwrap_err().to_string();
        let stratified = Subset::Stratified { seed: 0 };
        assert_eq!(
            error(&set, 4, stratified),
            "set: expected at least 2 samples of class `dog`, found 1; ask for fewer samples"
        );
        assert_eq!(error(&set, 5, Subset::First), "set: expected 1 to 4 samples to be asked for, found 5 samples");
        assert_eq!(error(&set, 0, Subset::First), "set: expected 1 to 4 samples to be asked for, found 0 samples");
        let unlabelled = ProbeSet { labels: None, ..set };
        assert_eq!(
            error(&unlabelled, 2, stratified),
            "set: expected labels, for a stratified subset, found none; take the first samples instead"
        );
    }
}
