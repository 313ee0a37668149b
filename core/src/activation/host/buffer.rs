//! Memory whose first value lies at the start of a cache line.

/// Values in a cache line.
const LINE: usize = 16;

/// Memory whose first value lies at the start of a cache line: vectors of 512 bits then never straddle two lines, which
/// would halve the speed of loops that mostly load and store.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    values: Vec<f32>,
    start: usize,
}

impl Buffer {
    /// At least `length` values; what they are is not said.
    pub(super) fn reserve(&mut self, length: usize) {
        if self.values.len() < self.start + length {
            self.values = vec![0.0; length + LINE];
            let offset = self.values.as_ptr().align_offset(LINE * size_of::<f32>());
            self.start = if offset <= LINE { offset } else { 0 };
        }
    }

    /// The first `length` values, reserved before.
    pub(super) fn first(&self, length: usize) -> &[f32] {
        &self.values[self.start..self.start + length]
    }

    /// The first `length` values, reserved now if they are not yet.
    pub(super) fn first_mut(&mut self, length: usize) -> &mut [f32] {
        self.reserve(length);
        &mut self.values[self.start..self.start + length]
    }
}

impl From<&[f32]> for Buffer {
    fn from(values: &[f32]) -> Self {
        let mut buffer = Self::default();
        buffer.first_mut(values.len()).copy_from_slice(values);
        buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_starts_a_cache_line() {
        let mut buffer = Buffer::default();
        for length in [1, 100, 5000, 100_000] {
            buffer.first_mut(length).fill(1.0);
            assert_eq!(buffer.first(length).as_ptr().align_offset(64), 0);
            assert_eq!(buffer.first(length).len(), length);
        }
    }
}
