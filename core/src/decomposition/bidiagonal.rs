//! Reduction to a diagonal and the one above it.

use faer::{Mat, Scale};

use super::pending::{Pending, Reflection};
use crate::steps::Meter;

/// The diagonal and the one above it of a matrix that has the singular values of A, which has no fewer rows than columns.
pub(super) async fn bidiagonal(a: Mat<f64>) -> (Vec<f64>, Vec<f64>) {
    let (rows, columns) = a.shape();
    let (mut diagonal, mut above) = (Vec::with_capacity(columns), Vec::with_capacity(columns));
    let mut rest = Pending::new(a);
    let mut meter = Meter::default();
    for step in 0..columns {
        let next = step + 1;
        let Reflection { vector, weight, head } = Reflection::of(rest.column(step, step));
        diagonal.push(head);
        if next == columns {
            break;
        }
        let image = rest.transposed_times(step, next, vector.as_ref()) * Scale(weight);
        rest.push((step, vector.as_ref()), (next, image.as_ref()));
        let Reflection { vector, weight, head } = Reflection::of(rest.row(step, next));
        above.push(head);
        let image = rest.times(next, next, vector.as_ref()) * Scale(weight);
        rest.push((next, image.as_ref()), (next, vector.as_ref()));
        meter.count(2 * (rows - step) * (columns - step)).await;
        rest.settle(next, false, &mut meter).await;
    }
    (diagonal, above)
}
