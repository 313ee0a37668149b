//! NumPy's arrays and archives of them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| repgeo_fuzz::activations(bytes));
