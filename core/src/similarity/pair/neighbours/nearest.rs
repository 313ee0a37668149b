//! The nearest neighbours of each sample.

use crate::layer::{Layer, Order, Reason, RowCosine};
use crate::similarity::pair::triangle::same_length;
use crate::steps::Meter;

/// How far apart equal cosines come out, in units of rounding.
const TOLERANCE: f64 = 64.0;

/// The k nearest other samples of each sample.
pub struct Nearest {
    k: usize,
    /// k samples for each sample, nearest first.
    lists: Vec<u32>,
}

impl Nearest {
    /// Those of the largest cosine between rows; ties come in the order of the samples. A sample that was drawn twice is no
    /// neighbour of itself.
    ///
    /// # Errors
    /// [`Reason`] when there are no cosines; [`Reason::FewSamples`] when a sample has no more than k others;
    /// [`Reason::TiedNeighbours`] when more than half of the places go to samples that are no nearer than one left out.
    pub(super) async fn of(layer: &Layer, k: usize) -> Result<Self, Reason> {
        let cosine = layer.part::<RowCosine>()?;
        let tolerance = TOLERANCE * cosine.precision.rounding();
        let size = cosine.value.nrows();
        let few = Reason::FewSamples { minimum: super::minimum(k), found: size };
        if size < super::minimum(k) {
            return Err(few);
        }
        let (mut lists, mut tied) = (Vec::with_capacity(size * k), 0);
        let mut meter = Meter::default();
        let mut others = Vec::with_capacity(size);
        for (row, column) in cosine.value.col_iter().enumerate() {
            others.clear();
            let different = column.iter().zip(0..).filter(|&(_, other)| !layer.same_sample(row, other));
            others.extend(different.map(|(&value, other)| (value, other as u32)));
            if others.len() <= k {
                return Err(few);
            }
            tied += nearest(&mut others, k, tolerance);
            lists.extend(others[..k].iter().map(|&(_, other)| other));
            meter.count(8 * size).await;
        }
        let places = size * k;
        if 2 * tied > places { Err(Reason::TiedNeighbours { tied, places }) } else { Ok(Self { k, lists }) }
    }

    /// How many samples there are.
    pub(super) fn samples(&self) -> usize {
        self.lists.len() / self.k
    }

    /// The nearest of a sample, nearest first.
    pub(super) fn list(&self, sample: usize) -> &[u32] {
        &self.lists[sample * self.k..(sample + 1) * self.k]
    }

    /// The lists of all samples.
    pub(super) fn lists(&self) -> impl Iterator<Item = &[u32]> {
        self.lists.chunks_exact(self.k)
    }

    /// The same of reordered samples. Ties keep the order that the samples had.
    pub(super) fn permuted(&self, order: &Order) -> Self {
        let order = order.indices();
        let mut places = vec![0; order.len()];
        for (place, &sample) in (0_u32..).zip(order) {
            places[sample] = place;
        }
        let list = |&sample: &usize| self.list(sample).iter().map(|&other| places[other as usize]);
        Self { k: self.k, lists: order.iter().flat_map(list).collect() }
    }

    /// The mean over samples of a value of the neighbours that a sample has in both layers.
    ///
    /// # Errors
    /// [`Reason::DifferentRows`], [`Reason::OtherMeasure`].
    pub(super) async fn mean(&self, other: &Self, value: impl Fn(&[Common]) -> f64) -> Result<f64, Reason> {
        let mut sum = 0.0;
        self.each(other, |_, common| sum += value(common)).await?;
        Ok(sum / self.samples() as f64)
    }

    /// Calls `each` with every sample and the neighbours that it has in both layers, in the order of the other's.
    ///
    /// # Errors
    /// [`Reason::DifferentRows`], [`Reason::OtherMeasure`].
    pub(super) async fn each(&self, other: &Self, mut each: impl FnMut(usize, &[Common])) -> Result<(), Reason> {
        same_length(self.samples(), other.samples())?;
        if self.k != other.k {
            return Err(Reason::OtherMeasure);
        }
        // For each sample its place in the list at hand, from 1.
        let mut places = vec![0_usize; self.samples()];
        let mut common = Vec::with_capacity(self.k);
        let mut meter = Meter::default();
        for (sample, (a, b)) in self.lists().zip(other.lists()).enumerate() {
            a.iter().zip(1..).for_each(|(&one, place)| places[one as usize] = place);
            common.clear();
            let both = b.iter().zip(1..).map(|(&one, second)| Common { first: places[one as usize], second });
            common.extend(both.filter(|common| common.first > 0));
            a.iter().for_each(|&one| places[one as usize] = 0);
            each(sample, &common);
            meter.count(8 * self.k).await;
        }
        Ok(())
    }
}

/// A neighbour of a sample in both layers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common {
    /// Its rank in the first layer, from 1.
    pub(super) first: usize,
    /// Its rank in the second.
    pub(super) second: usize,
}

/// Brings the k largest to the front, ties in the order of their index, and says how many of the k are ties with one that
/// is left out. Ties are within `tolerance` of the largest of them.
fn nearest(others: &mut Vec<(f64, u32)>, k: usize, tolerance: f64) -> usize {
    let descending = |(a, i): &(f64, u32), (b, j): &(f64, u32)| b.total_cmp(a).then(i.cmp(j));
    let (_, &mut (least, _), _) = others.select_nth_unstable_by(k - 1, descending);
    others.retain(|&(value, _)| value >= least - tolerance);
    others.sort_unstable_by(descending);
    let mut start = 0;
    while start < k {
        let largest = others[start].0;
        let count = others[start..].iter().take_while(|(value, _)| *value >= largest - tolerance).count();
        others[start..start + count].sort_unstable_by_key(|&(_, index)| index);
        if start + count > k {
            return k - start;
        }
        start += count;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_come_in_the_order_of_their_index() {
        let nearest = |values: &[f64], k| {
            let mut others: Vec<(f64, u32)> = values.iter().copied().zip(0..).collect();
            let tied = nearest(&mut others, k, 1e-14);
            (others[..k].iter().map(|&(_, index)| index).collect::<Vec<_>>(), tied)
        };
        assert_eq!(nearest(&[0.1, 0.9, 0.5, 0.7], 2), (vec![1, 3], 0));
        assert_eq!(nearest(&[0.5, 0.5 + 1e-15, 0.5 - 1e-15, 0.9, 0.5], 3), (vec![3, 0, 1], 2));
        assert_eq!(nearest(&[0.5, 0.9, 0.5, 0.1], 3), (vec![1, 0, 2], 0));
        assert_eq!(nearest(&[1.0; 5], 2), (vec![0, 1], 2));
    }
}
