//! Between channels × positions, the order of PyTorch and of every representation, and positions × channels, the order
//! in which the engine computes.

/// Side of the blocks that are transposed at once: 16 values are one cache line.
const SIDE: usize = 16;

/// `to[column][row] = from[row][column]` for a row-major matrix of `rows` × `columns`.
#[expect(clippy::needless_range_loop, reason = "a column of the block is read across its rows")]
pub(super) fn transpose(from: &[f32], rows: usize, columns: usize, to: &mut [f32]) {
    debug_assert_eq!(from.len(), rows * columns);
    debug_assert_eq!(to.len(), rows * columns);
    let mut block = [[0.0f32; SIDE]; SIDE];
    for row in (0..rows).step_by(SIDE) {
        let height = SIDE.min(rows - row);
        for column in (0..columns).step_by(SIDE) {
            let width = SIDE.min(columns - column);
            for (y, line) in block.iter_mut().take(height).enumerate() {
                let start = (row + y) * columns + column;
                line[..width].copy_from_slice(&from[start..start + width]);
            }
            for x in 0..width {
                let start = (column + x) * rows + row;
                let line: [f32; SIDE] = std::array::from_fn(|y| block[y][x]);
                to[start..start + height].copy_from_slice(&line[..height]);
            }
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
