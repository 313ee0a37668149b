//! Reduction to a triangle.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::householder::{
    apply_block_householder_transpose_on_the_left_in_place_scratch,
    apply_block_householder_transpose_on_the_left_in_place_with_conj,
};
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch};
use faer::{Conj, Mat, MatRef, Par};

use crate::product::ranges;
use crate::steps::{Meter, WORK};

/// Columns of a panel.
const PANEL: usize = 64;

/// Whether it saves time to decompose the triangle instead of the matrix: where rows outnumber columns by 11 to 6, as in faer.
pub(super) fn is_worthwhile(a: MatRef<'_, f64>) -> bool {
    6 * a.nrows() > 11 * a.ncols()
}

/// R of A = Q R, for an A that has no fewer rows than columns.
pub(super) async fn triangular(mut a: Mat<f64>) -> Mat<f64> {
    let (rows, columns) = a.shape();
    let mut meter = Meter::default();
    let scratch = StackReq::any_of(&[
        qr_in_place_scratch::<f64>(rows, PANEL, PANEL, Par::Seq, Default::default()),
        apply_block_householder_transpose_on_the_left_in_place_scratch::<f64>(rows, PANEL, columns),
    ]);
    let mut buffer = MemBuffer::new(scratch);
    for panel in ranges(columns, PANEL) {
        let (height, width) = (rows - panel.start, panel.len());
        let (left, mut right) = a.get_mut(panel.start.., panel.start..).split_at_col_mut(width);
        let mut factor = Mat::zeros(width, width);
        let mut left = left;
        let stack = MemStack::new(&mut buffer);
        qr_in_place(left.as_mut(), factor.as_mut(), Par::Seq, stack, Default::default());
        meter.count(height * width * width).await;
        for range in ranges(right.ncols(), (WORK / (2 * rows * PANEL)).max(PANEL)) {
            let work = 2 * height * width * range.len();
            apply_block_householder_transpose_on_the_left_in_place_with_conj(
                left.as_ref(),
                factor.as_ref(),
                Conj::No,
                right.as_mut().get_mut(.., range),
                Par::Seq,
                MemStack::new(&mut buffer),
            );
            meter.count(work).await;
        }
    }
    Mat::from_fn(columns, columns, |row, column| if row <= column { a[(row, column)] } else { 0.0 })
}
