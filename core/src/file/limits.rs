//! How much a file may ask for, whatever it claims.
//!
//! Real checkpoints stay far below; a hostile file reaches one of these before it reaches the memory of a browser tab.

/// Operations of all pickles of one file together. A ResNet-152 with its optimizer needs about 60,000.
pub(crate) const PICKLE_OPERATIONS: usize = 1_000_000;

/// Containers within containers in a pickle. A pickled module takes three for each level of nesting.
pub(crate) const PICKLE_DEPTH: u32 = 160;

/// Values of a pickle, each counted as often as it is referred to: the readers copy what the memo shares.
pub(crate) const PICKLE_VALUES: u64 = 1_000_000;

/// Values and bytes of text that a reader copies when a pickle puts a value aside, takes it back or sets a state on it.
pub(crate) const PICKLE_COPIED_NODES: u64 = 16_000_000;
pub(crate) const PICKLE_COPIED_TEXT: u64 = 64 << 20;

/// Bytes of the names of all tensors of a pickle, each with the keys that lead to it.
pub(crate) const NAMES: u64 = 16 << 20;

/// Entries of an archive, and tensors of a file.
pub(crate) const ENTRIES: usize = 100_000;

/// Bytes of a tensor's name.
pub(crate) const NAME_LENGTH: usize = 512;

/// Dimensions of a tensor.
pub(crate) const RANK: usize = 16;

/// Decompressed bytes of an archive of this many bytes. Trained weights hardly compress, so more is a bomb.
pub(crate) fn decompressed(archive: usize) -> u64 {
    const SMALL: u64 = 16 << 20;
    const RATIO: u64 = 20;
    (archive as u64).saturating_mul(RATIO).max(SMALL)
}

/// Bytes that all tensors of a file reach over in their storages, from the first value of a view to its last.
pub(crate) fn reached_bytes(content: u64) -> u64 {
    const SMALL: u64 = 1 << 30;
    const SHARED: u64 = 64;
    content.saturating_mul(SHARED).max(SMALL)
}

/// Bytes of all tensors of a file with this many bytes of content. Tied weights count twice, views of one storage more often.
pub(crate) fn tensor_bytes(content: u64) -> u64 {
    const SMALL: u64 = 16 << 20;
    const SHARED: u64 = 8;
    content.saturating_mul(SHARED).max(SMALL)
}
