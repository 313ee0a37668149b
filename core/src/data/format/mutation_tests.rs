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
    check(&fixture!("turned.jpg"));
    check(&fixture!("deep.png"));
}

#[test]
fn arrays_of_other_programs() {
    check(&fixture!("vectors.npy"));
    check(&fixture!("svhn.mat"));
    check(&fixture!("vectors.mat"));
    check(&fixture!("theano.pkl"));
    check(&fixture!("cifar100.protocol5.gz"));
    check(&fixture!("keras.npz"));
}

#[test]
fn tar_archives() {
    let packed = [fixture!("cifar-10-python.tar.gz"), fixture!("gnu.tar.gz"), fixture!("pax.tar.gz")];
    for file in packed {
        let tar = crate::file::gzip::unpack("", &file.bytes, &mut Allowance::for_input(0)).unwrap();
        check(&named("a.tar", tar.into_owned()));
    }
}

/// JPEG images of every kind, whose compressed data have no checksum: most of the damage gives another image.
#[test]
fn jpeg_images() {
    let fixture = fixture!("jpegs.npz");
    let mut archive = crate::file::zip::Archive::open("", &fixture.bytes).unwrap();
    for index in (0..archive.names().len()).step_by(2) {
        let bytes = archive.read(index, &mut Allowance::for_input(0)).unwrap();
        let jpeg = crate::file::npy::Array::read("a", &bytes).unwrap().bytes().unwrap();
        check(&named(&archive.names()[index], jpeg));
    }
}
