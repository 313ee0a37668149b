//! Kendall's rank correlation in n log n steps (Knight, Journal of the American Statistical Association 1966).

use crate::layer::{Order, Reason};
use crate::similarity::pair::triangle::{permuted_below, same_length};
use crate::steps::Meter;

/// Ranks of one list, and the order that sorts it.
pub struct Ranked {
    /// Ranks from 0 without gaps, ties sharing theirs.
    ranks: Vec<u32>,
    /// Indices in ascending order of ranks.
    order: Vec<u32>,
    /// Couples of entries that are ties.
    tied: u64,
}

impl Ranked {
    /// # Errors
    /// [`Reason::EquallyDissimilar`] when all are ties.
    pub(super) fn of(ranks: Vec<u32>) -> Result<Self, Reason> {
        let highest = ranks.iter().copied().max().filter(|&highest| highest > 0);
        let Some(highest) = highest else { return Err(Reason::EquallyDissimilar) };
        // A counting sort, since ranks have no gaps.
        let mut counts = vec![0_u32; highest as usize + 2];
        ranks.iter().for_each(|&rank| counts[rank as usize + 1] += 1);
        let tied = counts.iter().map(|&count| couples(u64::from(count))).sum();
        for rank in 1..counts.len() {
            counts[rank] += counts[rank - 1];
        }
        let mut order = vec![0; ranks.len()];
        for (index, &rank) in (0_u32..).zip(&ranks) {
            let place = &mut counts[rank as usize];
            order[*place as usize] = index;
            *place += 1;
        }
        Ok(Self { ranks, order, tied })
    }

    /// (C − D) / N with C and D the concordant and discordant of all N couples.
    pub(super) async fn tau_a(&self, other: &Self) -> Result<f64, Reason> {
        let difference = self.concordant_less_discordant(other).await?;
        Ok(difference / couples(self.ranks.len() as u64) as f64)
    }

    /// (C − D) / √((N − T)(N − U)) with T and U the couples that are ties in one and in the other.
    pub(super) async fn tau_b(&self, other: &Self) -> Result<f64, Reason> {
        let difference = self.concordant_less_discordant(other).await?;
        let all = couples(self.ranks.len() as u64);
        let untied = |ranked: &Self| ((all - ranked.tied) as f64).sqrt();
        Ok(difference / untied(self) / untied(other))
    }

    async fn concordant_less_discordant(&self, other: &Self) -> Result<f64, Reason> {
        same_length(self.ranks.len(), other.ranks.len())?;
        // The other's ranks in the order of ours; where ours are ties, ascending.
        let mut ranks: Vec<u32> = self.order.iter().map(|&index| other.ranks[index as usize]).collect();
        let mut both = 0;
        let mut start = 0;
        for run in self.order.chunk_by(|&i, &j| self.ranks[i as usize] == self.ranks[j as usize]) {
            let ties = &mut ranks[start..start + run.len()];
            ties.sort_unstable();
            both += ties.chunk_by(|a, b| a == b).map(|equal| couples(equal.len() as u64)).sum::<u64>();
            start += run.len();
        }
        let discordant = inversions(ranks).await;
        let all = couples(self.ranks.len() as u64);
        // Exact: fewer than 2⁵³ couples for up to 1.3 × 10⁸ entries.
        Ok((all + both - self.tied - other.tied) as f64 - 2.0 * discordant as f64)
    }

    /// The ranks of the pairs of reordered samples.
    pub(super) fn permuted(&self, order: &Order) -> Option<Self> {
        Self::of(permuted_below(&self.ranks, order)?).ok()
    }
}

/// n (n − 1) / 2.
fn couples(count: u64) -> u64 {
    count * count.saturating_sub(1) / 2
}

/// How many couples stand in descending order, by merging sorted runs of twice the length each time.
async fn inversions(mut values: Vec<u32>) -> u64 {
    let mut merged = vec![0; values.len()];
    let (mut count, mut length) = (0, 1);
    let mut meter = Meter::default();
    while length < values.len() {
        for (from, to) in values.chunks(2 * length).zip(merged.chunks_mut(2 * length)) {
            let (left, right) = from.split_at(length.min(from.len()));
            count += merge(left, right, to);
        }
        std::mem::swap(&mut values, &mut merged);
        length *= 2;
        meter.count(8 * values.len()).await;
    }
    count
}

/// Merges two sorted runs, and counts the couples in which the right one's is smaller.
fn merge(left: &[u32], right: &[u32], to: &mut [u32]) -> u64 {
    let (mut i, mut j, mut count) = (0, 0, 0);
    for place in to {
        if j == right.len() || i < left.len() && left[i] <= right[j] {
            *place = left[i];
            i += 1;
        } else {
            *place = right[j];
            j += 1;
            count += (left.len() - i) as u64;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::tests::sample::{generator, normal};
    use crate::steps::finish;

    #[test]
    fn it_is_what_counting_all_couples_gives() {
        for (seed, length, values) in [(1, 2, 3), (2, 7, 3), (3, 50, 6), (4, 101, 1000), (5, 64, 2)] {
            let random = &mut generator(seed);
            let [x, y] = [0; 2].map(|_| -> Vec<u32> {
                let mut ranks: Vec<u32> =
                    normal(random, length).iter().map(|value| (value.abs() * 1e6) as u32 % values).collect();
                ranks[0] = 0;
                ranks[1] = 1;
                let mut sorted = ranks.clone();
                sorted.sort_unstable();
                sorted.dedup();
                ranks.iter().map(|rank| sorted.binary_search(rank).unwrap() as u32).collect()
            });
            let (mut sum, mut first, mut second) = (0_i64, 0_i64, 0_i64);
            for i in 0..length {
                for j in 0..i {
                    let (a, b) = (x[i].cmp(&x[j]) as i64, y[i].cmp(&y[j]) as i64);
                    sum += a * b;
                    first += a * a;
                    second += b * b;
                }
            }
            let [a, b] = [x, y].map(|ranks| Ranked::of(ranks).unwrap());
            let all = (length * (length - 1) / 2) as f64;
            assert_eq!(finish(a.tau_a(&b)).unwrap(), sum as f64 / all);
            let expected = sum as f64 / (first as f64).sqrt() / (second as f64).sqrt();
            assert!((finish(a.tau_b(&b)).unwrap() - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn nothing_can_be_said_of_ties_alone() {
        assert_eq!(Ranked::of(vec![0; 4]).err(), Some(Reason::EquallyDissimilar));
        assert_eq!(Ranked::of(Vec::new()).err(), Some(Reason::EquallyDissimilar));
    }
}
