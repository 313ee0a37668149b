//! From column-major to row-major order.

struct Axis {
    index: usize,
    length: usize,
    stride: usize,
}

/// The values of an array in which the first index runs fastest, reordered so that the last does.
pub(super) fn row_major<T: Clone>(values: &[T], shape: &[usize]) -> Vec<T> {
    let mut stride = 1_usize;
    let mut axes = Vec::with_capacity(shape.len());
    for &length in shape {
        axes.push(Axis { index: 0, length, stride });
        stride = stride.saturating_mul(length);
    }
    let mut reordered = Vec::with_capacity(values.len());
    let mut offset = 0;
    for _ in values {
        reordered.push(values[offset].clone());
        for axis in axes.iter_mut().rev() {
            axis.index += 1;
            offset += axis.stride;
            if axis.index < axis.length {
                break;
            }
            offset -= axis.stride * axis.length;
            axis.index = 0;
        }
    }
    reordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_numpy() {
        // np.arange(24).reshape(2, 3, 4).ravel(order="F"), read back.
        let columns = [0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23];
        assert_eq!(row_major(&columns, &[2, 3, 4]), (0..24).collect::<Vec<_>>());
        assert_eq!(row_major(&[1, 2, 3], &[3]), [1, 2, 3]);
        assert_eq!(row_major(&[5], &[]), [5]);
        assert!(row_major::<u8>(&[], &[0, 3]).is_empty());
    }
}
