//! Safetensors and burnpack, as checkpoints and as activations.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    repgeo_fuzz::checkpoint(bytes);
    repgeo_fuzz::activations(bytes);
});
