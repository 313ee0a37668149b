//! Images of every format.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| repgeo_fuzz::images(bytes));
