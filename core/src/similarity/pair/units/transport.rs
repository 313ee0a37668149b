//! The transport problem between two layers' units of equal weight, by shortest augmenting paths.

use faer::Mat;

use crate::steps::Meter;

/// A part of the weight that goes from a unit to a unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shipment {
    pub(super) row: usize,
    pub(super) column: usize,
    /// The part of all weight.
    pub(super) share: f64,
}

/// The weights Pᵢⱼ ≥ 0 with Σⱼ Pᵢⱼ = 1/p for each of the p rows, Σᵢ Pᵢⱼ = 1/q for each of the q columns, and the largest sum of
/// values Σᵢⱼ Pᵢⱼ vᵢⱼ; those that are not 0.
///
/// The weights are counted in parts of 1 / lcm(p, q), so that none is lost to rounding. Ahuja, Magnanti & Orlin, Network Flows,
/// Prentice Hall 1993, chapter 9.7.
pub(super) async fn shipped(values: &Mat<f64>) -> Vec<Shipment> {
    let (rows, columns) = values.shape();
    let common = greatest_common_divisor(rows, columns);
    // What each column has and each row wants.
    let (supply, demand) = (rows / common, columns / common);
    let mut flows: Vec<Vec<(usize, usize)>> = vec![Vec::new(); rows];
    let mut wanted = vec![demand; rows];
    let mut prices = Prices { column: vec![0.0; columns], row: vec![0.0; rows] };
    let mut meter = Meter::default();
    for start in 0..columns {
        let mut left = supply;
        while left > 0 {
            let Some(path) = prices.shortest(values, start, &flows, &wanted, &mut meter).await else { break };
            let moved = path.backward().fold(left.min(wanted[path.end]), |least, (row, column)| {
                flows[row].iter().find(|flow| flow.0 == column).map_or(least, |flow| least.min(flow.1))
            });
            for (row, column) in path.backward() {
                flows[row].iter_mut().filter(|flow| flow.0 == column).for_each(|flow| flow.1 -= moved);
                flows[row].retain(|flow| flow.1 > 0);
            }
            for (row, column) in path.forward() {
                match flows[row].iter_mut().find(|flow| flow.0 == column) {
                    Some(flow) => flow.1 += moved,
                    None => flows[row].push((column, moved)),
                }
            }
            wanted[path.end] -= moved;
            left -= moved;
        }
    }
    let all = (rows / common * columns) as f64;
    let of = |row: usize| move |&(column, count): &(usize, usize)| Shipment { row, column, share: count as f64 / all };
    flows.iter().enumerate().flat_map(|(row, flows)| flows.iter().map(of(row))).collect()
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// The dual variables.
struct Prices {
    column: Vec<f64>,
    row: Vec<f64>,
}

/// From a column to a row that wants more.
struct Path {
    start: usize,
    end: usize,
    /// For each row the column before it.
    column_before: Vec<usize>,
    /// For each column but the first the row before it, which it gives less to.
    row_before: Vec<usize>,
}

impl Path {
    /// The rows of the path from its end, each with the column before it.
    fn forward(&self) -> impl Iterator<Item = (usize, usize)> {
        let next = |&(_, column): &(usize, usize)| {
            (column != self.start).then(|| {
                let row = self.row_before[column];
                (row, self.column_before[row])
            })
        };
        std::iter::successors(Some((self.end, self.column_before[self.end])), next)
    }

    /// The columns of the path but the first, each with the row before it.
    fn backward(&self) -> impl Iterator<Item = (usize, usize)> {
        self.forward()
            .map(|(_, column)| column)
            .filter(|&column| column != self.start)
            .map(|column| (self.row_before[column], column))
    }
}

impl Prices {
    /// The shortest path, by Dijkstra; changes the prices so that it costs nothing.
    async fn shortest(
        &mut self,
        values: &Mat<f64>,
        start: usize,
        flows: &[Vec<(usize, usize)>],
        wanted: &[usize],
        meter: &mut Meter,
    ) -> Option<Path> {
        let (rows, columns) = values.shape();
        let mut distances = vec![f64::INFINITY; rows];
        let mut path = Path { start, end: 0, column_before: vec![start; rows], row_before: vec![0; columns] };
        let mut open: Vec<usize> = (0..rows).collect();
        let mut settled: Vec<usize> = Vec::new();
        // Columns in the order in which they were reached, with their distance.
        let mut reached: Vec<(usize, f64)> = vec![(start, 0.0)];
        let mut is_reached = vec![false; columns];
        is_reached[start] = true;
        let mut looked_from = 0;
        loop {
            while let Some(&(column, distance)) = reached.get(looked_from) {
                let entries = values.col_as_slice(column);
                for &row in &open {
                    let through = distance - entries[row] - self.column[column] - self.row[row];
                    if through < distances[row] {
                        distances[row] = through;
                        path.column_before[row] = column;
                    }
                }
                meter.count(2 * open.len()).await;
                looked_from += 1;
            }
            let nearer = |a: &usize, b: &usize| {
                let order = distances[open[*a]].total_cmp(&distances[open[*b]]);
                order.then(wanted[open[*b]].cmp(&wanted[open[*a]]))
            };
            let nearest = (0..open.len()).min_by(nearer)?;
            let row = open.swap_remove(nearest);
            settled.push(row);
            if wanted[row] > 0 {
                path.end = row;
                break;
            }
            for &(column, _) in &flows[row] {
                if !is_reached[column] {
                    is_reached[column] = true;
                    path.row_before[column] = row;
                    reached.push((column, distances[row]));
                }
            }
        }
        let whole = distances[path.end];
        for &(column, distance) in &reached {
            self.column[column] += whole - distance;
        }
        for &row in &settled {
            self.row[row] -= whole - distances[row];
        }
        Some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::super::assignment::best;
    use super::*;
    use crate::layer::sample::{generator, normal};
    use crate::steps::finish;

    /// Of units that are there as often as makes them equally many, the best assignment is the best transport (Birkhoff 1946).
    #[test]
    fn it_is_the_assignment_of_repeated_units() {
        let random = &mut generator(65);
        for (rows, columns) in [(1, 1), (1, 5), (4, 4), (2, 3), (6, 4), (9, 6), (7, 5), (3, 12), (13, 8)] {
            let drawn = normal(random, rows * columns);
            for coarse in [false, true] {
                let value = |i: usize, j: usize| {
                    let value = drawn[i * columns + j];
                    if coarse { value.round() } else { value }
                };
                let shipments = finish(shipped(&Mat::from_fn(rows, columns, value)));
                for i in 0..rows {
                    let sum: f64 = shipments.iter().filter(|one| one.row == i).map(|one| one.share).sum();
                    assert!((sum - 1.0 / rows as f64).abs() < 1e-15);
                }
                for j in 0..columns {
                    let sum: f64 = shipments.iter().filter(|one| one.column == j).map(|one| one.share).sum();
                    assert!((sum - 1.0 / columns as f64).abs() < 1e-15);
                }
                let found: f64 = shipments.iter().map(|one| one.share * value(one.row, one.column)).sum();
                let size = rows * columns / greatest_common_divisor(rows, columns);
                let repeated = Mat::from_fn(size, size, |i, j| value(i % rows, j % columns));
                let pairs = finish(best(&repeated));
                let expected = pairs.iter().map(|&(i, j)| repeated[(i, j)]).sum::<f64>() / size as f64;
                assert!((found - expected).abs() < 1e-13, "{rows} × {columns}: {found} {expected}");
            }
        }
    }
}
