//! How much compressed files may unpack to: a small file may not ask for more memory than there is.

use super::error::DataError;

/// The most that is unpacked: 2 GiB, or 1 GiB where addresses have 32 bits, as in a browser.
const UNPACKED_LIMIT: usize = if usize::BITS > 32 { 2 << 30 } else { 1 << 30 };
/// What may be unpacked of any file, however small: 40,000 images of 28 × 28 pixels, all alike, are within it.
const UNPACKED_SMALL: usize = 32 << 20;
/// How many times its own size a larger file may unpack to. Images and activations stay far below; deflate reaches 1032.
const UNPACKED_RATIO: usize = 64;

/// How many bytes may still be unpacked. One is shared by all parts of what is read together.
#[derive(Debug)]
pub(crate) struct Allowance {
    pub(super) limit: usize,
    pub(super) left: usize,
}

impl Allowance {
    /// The allowance for input of this many bytes: a multiple of its size up to a limit, or the input's own size where that
    /// is larger, so that large files which are stored without compression can be read.
    pub(crate) fn for_input(bytes: usize) -> Self {
        let swollen = bytes.saturating_mul(UNPACKED_RATIO).max(UNPACKED_SMALL);
        let limit = swollen.min(UNPACKED_LIMIT).max(bytes);
        Self { limit, left: limit }
    }

    /// Takes this many bytes away.
    ///
    /// # Errors
    /// [`DataError::TooLarge`] when fewer are left.
    pub(crate) fn spend(&mut self, file: &str, bytes: usize) -> Result<(), DataError> {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => return Err(DataError::TooLarge { file: file.to_owned(), limit: self.limit }),
        }
        Ok(())
    }
}

/// The most bytes that so many bytes packed by deflate can become.
pub(super) fn most_of(packed: usize) -> usize {
    const RATIO: usize = 1032;
    packed.saturating_mul(RATIO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allowance_follows_the_input() {
        let limit = |bytes| Allowance::for_input(bytes).limit;
        assert_eq!(limit(0), UNPACKED_SMALL);
        assert_eq!(limit(4 << 20), 256 << 20);
        assert_eq!(limit(500 << 20), UNPACKED_LIMIT);
        assert_eq!(limit(UNPACKED_LIMIT + 1), UNPACKED_LIMIT + 1);
    }
}
