//! Reduction of a symmetric matrix to its diagonal and the one below it.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder::{
    apply_block_householder_on_the_left_in_place_scratch, apply_block_householder_on_the_left_in_place_with_conj,
    upgrade_householder_factor,
};
use faer::{Col, ColRef, Conj, Mat, Par, Scale};

use super::pending::{Pending, Reflection};
use crate::product::ranges;
use crate::steps::{Meter, WORK};

/// Reflections that are applied at once.
const BLOCK: usize = 48;

/// T and Q with A = Q T Qᵀ.
pub(super) struct Tridiagonal {
    /// The diagonal of T.
    diagonal: Vec<f64>,
    /// The one below it.
    below: Vec<f64>,
    /// Below the diagonal, column by column, the vectors of the reflections whose product is Q.
    vectors: Mat<f64>,
    /// 1 / τ of each.
    weights: Vec<f64>,
}

impl Tridiagonal {
    /// Of a symmetric A.
    pub(super) async fn of(a: Mat<f64>) -> Self {
        let size = a.nrows();
        let (mut diagonal, mut below) = (Vec::with_capacity(size), Vec::with_capacity(size));
        let mut weights = Vec::with_capacity(size);
        let mut rest = Pending::new(a);
        let mut meter = Meter::default();
        for step in 0..size {
            let next = step + 1;
            let column = rest.column(step, step);
            diagonal.push(column[0]);
            if next == size {
                break;
            }
            let Reflection { vector, weight, head } = Reflection::of(column.get(1..).to_owned());
            below.push(head);
            let mut image = rest.symmetric_times(next, &vector) * Scale(weight);
            let half = 0.5 * weight * (vector.transpose() * &image);
            image -= &vector * Scale(half);
            rest.push((next, vector.as_ref()), (next, image.as_ref()));
            rest.push((next, image.as_ref()), (next, vector.as_ref()));
            rest.keep(next, step, vector.as_ref());
            weights.push(weight);
            meter.count((size - step) * (size - step)).await;
            rest.settle(next, true, &mut meter).await;
        }
        Self { diagonal, below, vectors: rest.into_matrix(), weights }
    }

    /// The diagonal of T.
    pub(super) fn diagonal(&self) -> Diag<f64> {
        ColRef::from_slice(&self.diagonal).to_owned().into_diagonal()
    }

    /// The diagonal below it, and a zero.
    pub(super) fn below(&self) -> Diag<f64> {
        let entry = |row: usize| self.below.get(row).copied().unwrap_or(0.0);
        Col::from_fn(self.diagonal.len(), entry).into_diagonal()
    }

    /// Q M.
    pub(super) async fn rotate(&self, m: &mut Mat<f64>) {
        let (size, columns) = (self.weights.len(), m.ncols());
        let mut meter = Meter::default();
        let mut blocks: Vec<_> = ranges(size, BLOCK).collect();
        blocks.reverse();
        for block in blocks {
            let (first, width) = (block.start, block.len());
            let basis = self.vectors.get(1 + first.., block.clone());
            let mut factor = Mat::zeros(width, width);
            for (index, weight) in self.weights[block].iter().enumerate() {
                factor[(index, index)] = weight.recip();
            }
            upgrade_householder_factor(factor.as_mut(), basis, width, 1, Par::Seq);
            let scratch = apply_block_householder_on_the_left_in_place_scratch::<f64>(size - first, width, columns);
            let mut buffer = MemBuffer::new(scratch);
            for range in ranges(columns, (WORK / (2 * size * BLOCK)).max(BLOCK)) {
                let work = 2 * (size - first) * width * range.len();
                let target = m.get_mut(1 + first.., range);
                let stack = MemStack::new(&mut buffer);
                apply_block_householder_on_the_left_in_place_with_conj(
                    basis,
                    factor.as_ref(),
                    Conj::No,
                    target,
                    Par::Seq,
                    stack,
                );
                meter.count(work).await;
            }
        }
    }
}
