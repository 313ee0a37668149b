//! Pickles: the bytes are the object of a zip archive, whose checksums give no change away.
#![no_main]

use repgeo_fuzz::checkpoint;

#[path = "../../core/tests/hostile/entry.rs"]
mod entry;

use entry::{Entry, archive, stored};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    const VALUES: [u8; 16] = [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40];
    let object = Entry { checksums: [0, 0], ..stored("a/data.pkl", bytes) };
    checkpoint(&archive(&[object, stored("a/data/0", &VALUES)]));
});
