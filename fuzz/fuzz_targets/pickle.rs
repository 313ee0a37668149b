//! Pickles: the bytes are the object of a zip archive, whose checksums give no change away.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| repgeo_fuzz::checkpoint(&repgeo_hostile::zips::around(bytes)));
