//! Zip archives of PyTorch.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| repgeo_fuzz::checkpoint(bytes));
