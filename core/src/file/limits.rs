//! How much a file may ask for, whatever it claims.
//!
//! Real checkpoints stay far below; a hostile file reaches one of these before it reaches the memory of a browser tab.

/// Bytes that the values of a pickle in a source of this many bytes take. A ResNet-152 with its optimizer needs about 5 MiB.
/// While vectors grow, and while tensors are looked for, it may be twice as much.
pub(crate) fn pickle_memory(source: usize) -> u64 {
    const SMALL: u64 = 24 << 20;
    const SHARE: u64 = 64;
    SMALL + source as u64 / SHARE
}

/// Containers within containers on the way to a tensor. A pickled module takes three for each level of nesting.
pub(crate) const PICKLE_DEPTH: usize = 400;

/// Values that are looked at on the way to tensors, shared ones each time.
pub(crate) const PICKLE_VISITS: usize = 2_000_000;

/// Bytes of the names of all tensors of a pickle, each with the keys that lead to it, and of what else is kept of them.
pub(crate) const NAMES: u64 = 16 << 20;
/// Bytes of what is kept of each tensor, besides its name and its lengths.
pub(crate) const TENSOR: u64 = 128;

/// Bytes of a header in JSON or CBOR. That of a hundred thousand tensors has about ten million.
pub(crate) const HEADER: usize = 16 << 20;

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

/// Bytes of all tensors of a file with this many bytes of content. Tied weights count twice, views of one storage more often.
pub(crate) fn tensor_bytes(content: u64) -> u64 {
    const SMALL: u64 = 16 << 20;
    const SHARED: u64 = 8;
    content.saturating_mul(SHARED).max(SMALL)
}
