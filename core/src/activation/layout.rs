//! Between channels × positions, the order of PyTorch and of every representation, and positions × channels, the order
//! in which the engine computes.

use pulp::NullaryFnOnce;

use crate::parallel::vectorised;

/// Side of the blocks that are transposed at once: 16 values are one cache line.
const SIDE: usize = 16;

/// `to[column][row] = from[row][column]` for a row-major matrix of `rows` × `columns`.
pub(super) fn transpose(from: &[f32], rows: usize, columns: usize, to: &mut [f32]) {
    debug_assert_eq!(from.len(), rows * columns);
    debug_assert_eq!(to.len(), rows * columns);
    vectorised(Transpose { from, rows, columns, to });
}

struct Transpose<'a> {
    from: &'a [f32],
    rows: usize,
    columns: usize,
    to: &'a mut [f32],
}

impl NullaryFnOnce for Transpose<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { from, rows, columns, to } = self;
        for row in (0..rows).step_by(SIDE) {
            for column in (0..columns).step_by(SIDE) {
                let (from, to) = (&from[row * columns + column..], &mut to[column * rows + row..]);
                if rows - row >= SIDE && columns - column >= SIDE {
                    whole(from, columns, to, rows);
                } else {
                    part(from, columns, to, rows, SIDE.min(rows - row), SIDE.min(columns - column));
                }
            }
        }
    }
}

/// A block of [`SIDE`] × [`SIDE`], whose lengths the compiler knows. `from` and `to` begin at the block; a line of the
/// matrix has `columns` values, one of the transposed matrix `rows`.
#[inline(always)]
fn whole(from: &[f32], columns: usize, to: &mut [f32], rows: usize) {
    let mut block = [[0.0; SIDE]; SIDE];
    for (line, from) in block.iter_mut().zip(from.chunks(columns)) {
        line.copy_from_slice(&from[..SIDE]);
    }
    for (column, to) in to.chunks_mut(rows).take(SIDE).enumerate() {
        let line: [f32; SIDE] = std::array::from_fn(|row| block[row][column]);
        to[..SIDE].copy_from_slice(&line);
    }
}

/// A block of `height` × `width`.
fn part(from: &[f32], columns: usize, to: &mut [f32], rows: usize, height: usize, width: usize) {
    for row in 0..height {
        for column in 0..width {
            to[column * rows + row] = from[row * columns + column];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_moves_every_value_to_its_place() {
        for (rows, columns) in [(1, 1), (3, 40), (16, 16), (17, 33), (64, 49)] {
            let from: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
            let mut to = vec![-1.0; rows * columns];
            transpose(&from, rows, columns, &mut to);
            for row in 0..rows {
                for column in 0..columns {
                    assert_eq!(to[column * rows + row], from[row * columns + column], "{rows}×{columns}");
                }
            }
        }
    }
}
