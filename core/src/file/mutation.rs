//! Damage to files, for tests of their readers.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Damages bytes: cut off, flipped bits, a length field of extreme value, two blocks exchanged, or something appended.
pub(crate) fn mutate(mut bytes: Vec<u8>, seed: u64) -> Vec<u8> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |bound: usize| (generator.next_u64() % bound.max(1) as u64) as usize;
    let length = bytes.len();
    match seed % 5 {
        0 => bytes.truncate(below(length)),
        1 => {
            for _ in 0..=below(8) {
                bytes[below(length)] ^= 1 << below(8);
            }
        }
        2 => {
            let width = [1, 2, 4, 8][below(4)].min(length);
            let start = below(length - width + 1);
            let value = [0_u8, 0x7f, 0x80, 0xff][below(4)];
            bytes[start..start + width].fill(value);
        }
        3 => {
            let width = below(length / 2).min(64);
            let (a, b) = (below(length / 2 - width), length / 2 + below(length / 2 - width));
            for place in 0..width {
                bytes.swap(a + place, b + place);
            }
        }
        _ => bytes.extend((0..=below(40)).map(|place| (place * 37) as u8)),
    }
    bytes
}
