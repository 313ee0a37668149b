//! Hundreds of damaged files of each format: every one is refused or gives a set that is consistent in itself.

use super::tests::{fixture, gzip, idx, named, record};
use super::*;
use crate::file::mutation::mutate;

const MUTATIONS: u64 = 300;

fn check(file: &NamedBytes) {
    assert!(read_probe_set(std::slice::from_ref(file)).is_ok(), "{} is damaged already", file.name);
    let mut refused = 0;
    for seed in 0..MUTATIONS {
        let mutated = named(&file.name, mutate(file.bytes.clone(), seed));
        match read_probe_set(&[mutated]) {
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
            Ok(set) => {
                assert!(!set.is_empty() && set.pixels.len() == set.len() * set.shape.len(), "{} {seed}", file.name);
                assert!(set.labels.is_none_or(|labels| labels.len() == set.samples.ids.len()), "{} {seed}", file.name);
            }
        }
    }
    assert!(refused > MUTATIONS / 10, "{}: only {refused} refused", file.name);
}

#[test]
fn cifar() {
    let batch = [record(&[3], 1), record(&[4], 2)].concat();
    check(&named("a.bin", batch.clone()));
    check(&named("a.bin.gz", gzip(&batch)));
    check(&named("b.bin", [record(&[3, 20], 1), record(&[4, 50], 2)].concat()));
}

#[test]
fn idx_files() {
    let file = idx(&[3, 4, 5], &[7; 60]);
    check(&named("a", file.clone()));
    check(&named("a.gz", gzip(&file)));
}

#[test]
fn archives() {
    check(&fixture!("animals.zip"));
    check(&fixture!("nhwc.npz"));
    check(&fixture!("columns.npz"));
    check(&fixture!("floats.npz"));
}

#[test]
fn single_images() {
    check(&fixture!("colour.png"));
    check(&fixture!("grey.png"));
    let mut jpeg = Vec::new();
    let colour = image::RgbImage::from_fn(24, 16, |x, y| image::Rgb([x as u8 * 9, y as u8 * 9, 50]));
    colour.write_to(&mut std::io::Cursor::new(&mut jpeg), image::ImageFormat::Jpeg).unwrap();
    check(&named("a.jpg", jpeg));
}
