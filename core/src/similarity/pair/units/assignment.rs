//! The linear assignment problem, by shortest augmenting paths.

use faer::Mat;

use crate::steps::Meter;

/// Pairs of a row and a column with the largest sum of values: every row or every column, whichever are fewer, is in one pair.
///
/// Jonker & Volgenant, A Shortest Augmenting Path Algorithm for Dense and Sparse Linear Assignment Problems, Computing 1987,
/// without their initialisation, for matrices that are not square as in Crouse, On Implementing 2D Rectangular Assignment
/// Algorithms, IEEE Transactions on Aerospace and Electronic Systems 2016. At most k² m steps for k of one and m of the other.
pub(super) async fn best(values: &Mat<f64>) -> Vec<(usize, usize)> {
    if values.ncols() > values.nrows() {
        let turned = matched(&values.transpose().to_owned()).await;
        return turned.into_iter().map(|(column, row)| (row, column)).collect();
    }
    matched(values).await
}

/// What is known of the way to a row.
#[derive(Clone, Copy)]
struct Reached {
    /// The reduced cost of the shortest way.
    distance: f64,
    /// The column that it comes from.
    from: usize,
}

/// Where columns are no more than rows.
async fn matched(values: &Mat<f64>) -> Vec<(usize, usize)> {
    let (rows, columns) = values.shape();
    let mut column_of: Vec<Option<usize>> = vec![None; rows];
    let mut row_of: Vec<Option<usize>> = vec![None; columns];
    // The dual variables.
    let (mut column_price, mut row_price) = (vec![0.0; columns], vec![0.0; rows]);
    let mut meter = Meter::default();
    for start in 0..columns {
        let mut reached = vec![Reached { distance: f64::INFINITY, from: start }; rows];
        let mut open: Vec<usize> = (0..rows).collect();
        // The rows in the order in which their distance became final; the last one is free.
        let mut settled: Vec<usize> = Vec::new();
        let (mut column, mut distance) = (start, 0.0);
        while !open.is_empty() {
            let entries = values.col_as_slice(column);
            let mut nearest = 0;
            for (place, &row) in open.iter().enumerate() {
                let through = distance - entries[row] - column_price[column] - row_price[row];
                if through < reached[row].distance {
                    reached[row] = Reached { distance: through, from: column };
                }
                let (best, this) = (reached[open[nearest]].distance, reached[row].distance);
                // Of two as near a free one ends the search.
                if this < best || (this == best && column_of[row].is_none()) {
                    nearest = place;
                }
            }
            meter.count(4 * open.len()).await;
            let row = open.swap_remove(nearest);
            distance = reached[row].distance;
            settled.push(row);
            match column_of[row] {
                Some(next) => column = next,
                None => break,
            }
        }
        let Some(&end) = settled.last() else { break };
        column_price[start] += distance;
        for &row in &settled {
            let slack = distance - reached[row].distance;
            row_price[row] -= slack;
            if let Some(column) = column_of[row] {
                column_price[column] += slack;
            }
        }
        // Along the path each column takes the next row.
        let mut free = end;
        loop {
            let column = reached[free].from;
            column_of[free] = Some(column);
            let Some(previous) = row_of[column].replace(free) else { break };
            free = previous;
        }
    }
    row_of.into_iter().enumerate().filter_map(|(column, row)| Some((row?, column))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::sample::{generator, normal};
    use crate::steps::finish;

    /// The largest sum over all injections of the columns from this one on into the free rows.
    fn by_trying(values: &Mat<f64>, column: usize, free: &mut Vec<bool>) -> f64 {
        if column == values.ncols() {
            return 0.0;
        }
        let mut best = f64::NEG_INFINITY;
        for row in 0..values.nrows() {
            if free[row] {
                free[row] = false;
                best = best.max(values[(row, column)] + by_trying(values, column + 1, free));
                free[row] = true;
            }
        }
        best
    }

    #[test]
    fn no_other_assignment_is_better() {
        let random = &mut generator(61);
        for (rows, columns) in [(1, 1), (2, 2), (3, 2), (5, 5), (7, 4), (6, 6), (7, 7), (2, 6)] {
            for round in 0..20 {
                let drawn = normal(random, rows * columns);
                // Every other round has many values that are equal.
                let value = |i: usize, j: usize| {
                    let value = drawn[i * columns + j];
                    if round % 2 == 0 { value } else { value.round() }
                };
                let values = Mat::from_fn(rows, columns, value);
                let tall = if rows < columns { values.transpose().to_owned() } else { values.clone() };
                let expected = by_trying(&tall, 0, &mut vec![true; tall.nrows()]);
                let pairs = finish(best(&values));
                assert_eq!(pairs.len(), rows.min(columns));
                for of in [|pair: &(usize, usize)| pair.0, |pair: &(usize, usize)| pair.1] {
                    let mut once: Vec<usize> = pairs.iter().map(of).collect();
                    once.sort_unstable();
                    once.dedup();
                    assert_eq!(once.len(), pairs.len());
                }
                let found: f64 = pairs.iter().map(|&(i, j)| values[(i, j)]).sum();
                assert!((found - expected).abs() < 1e-12, "{rows} × {columns}: {found} {expected}");
            }
        }
    }
}
