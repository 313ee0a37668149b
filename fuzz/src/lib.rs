//! What the targets have in common: each reads bytes as a file and looks at what was read.

use repgeo_core::activation::read_activations;
use repgeo_core::checkpoint;
use repgeo_core::data::read_probe_set;
use repgeo_core::file::NamedBytes;

fn file(bytes: &[u8]) -> NamedBytes {
    NamedBytes { name: "file".to_owned(), bytes: bytes.to_vec() }
}

/// One sentence that begins with the file's name.
fn check_sentence(text: &str) {
    assert!(text.starts_with("file") && !text.chars().any(char::is_control), "{text:?}");
}

/// Reads a checkpoint: refused in a sentence, or whole.
pub fn checkpoint(bytes: &[u8]) {
    match checkpoint::read(&file(bytes)) {
        Err(error) => check_sentence(&error.to_string()),
        Ok(checkpoint) => {
            assert!(!checkpoint.state.is_empty());
            for (name, tensor) in &checkpoint.state {
                assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>(), "{name}");
                assert!(tensor.values.iter().all(|value| value.is_finite()), "{name}");
            }
        }
    }
}

/// Reads activations.
pub fn activations(bytes: &[u8]) {
    match read_activations(&file(bytes)) {
        Err(error) => check_sentence(&error.to_string()),
        Ok(activations) => {
            assert!(!activations.representations.is_empty());
            for layer in &activations.representations {
                assert!(layer.rows > 0 && layer.features > 0 && layer.rows == layer.samples.ids.len());
            }
        }
    }
}

/// Reads images.
pub fn images(bytes: &[u8]) {
    match read_probe_set(&[file(bytes)]) {
        Err(error) => check_sentence(&error.to_string()),
        Ok(set) => assert!(!set.is_empty() && set.pixels.len() == set.len() * set.shape.len()),
    }
}
