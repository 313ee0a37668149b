//! Vectors, parts of data sets, pickles and MATLAB files, as NumPy and SciPy wrote them (`fixtures/make_fixtures.py`).

use super::tests::{bytes, error, fixture, named, read};
use crate::data::{ImageShape, Pixels};

const VECTORS: [f32; 10] = [-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25];

fn vector(width: usize) -> ImageShape {
    ImageShape { channels: 1, height: 1, width }
}

#[test]
fn vectors_are_samples_of_one_row() {
    let set = read(&[fixture!("vectors.npz")]);
    assert_eq!((set.shape, &set.pixels), (vector(2), &Pixels::F32(VECTORS.to_vec())));
    assert!(set.holds_vectors());
    // The targets of a regression are no labels.
    assert_eq!(set.labels, None);
    assert_eq!(set.notes, ["y holds values that are no class indices and was left aside"]);
    let integers = read(&[fixture!("vectors.npy")]);
    assert_eq!(integers.pixels, Pixels::F32((-3_i8..5).map(f32::from).collect()));
    assert_eq!(integers.shape, vector(2));
    let line = read(&[fixture!("line.npy")]);
    assert_eq!((line.shape, line.pixels), (vector(1), Pixels::F32(vec![0.5, -0.25, 2.0])));
}

#[test]
fn integers_beyond_single_precision_are_refused() {
    let mut file = fixture!("vectors.npy");
    let last = file.bytes.len() - 8;
    file.bytes[last..].copy_from_slice(&16_777_217_i64.to_le_bytes());
    assert!(error(&[file]).contains("which single precision holds exactly, found 16777217 at index 7"));
}

#[test]
fn of_several_parts_the_test_part_is_taken_and_said() {
    let set = read(&[fixture!("keras.npz")]);
    let images = read(&[fixture!("grey.npz")]);
    assert_eq!((bytes(&set), set.labels.clone()), (&bytes(&images)[24..], Some(vec![2])));
    assert_eq!(set.notes, ["of the parts of the data set, the test part is taken"]);
    let medical = read(&[fixture!("medmnist.npz")]);
    assert_eq!(medical.labels, Some(vec![2]));
    assert_eq!(medical.samples.ids, read(&[fixture!("nchw.npz")]).samples.ids[3..]);
    let theano = read(&[fixture!("theano.pkl")]);
    assert_eq!((theano.pixels, theano.labels), (Pixels::F32(vec![0.5, 0.75]), Some(vec![2])));
}

#[test]
fn what_is_neither_images_nor_vectors_is_told_both() {
    // A scalar.
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n";
    let file =
        [b"\x93NUMPY\x01\0".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes(), &[0; 4]].concat();
    assert_eq!(
        error(&[named("a.npy", file)]),
        "a.npy: expected N×H×W, N×H×W×C or N×C×H×W for images, or N×P or N for vectors, found the shape []"
    );
}

/// The images of the fixture: image i holds i + 1 everywhere in red.
fn red(values: &[u8]) -> Vec<u8> {
    values.iter().flat_map(|&value| [vec![value; 1024], vec![0; 2048]].concat()).collect()
}

#[test]
fn cifar_archives_give_their_test_batch() {
    for (file, labels) in
        [(fixture!("cifar-10-python.tar.gz"), vec![3, 8]), (fixture!("cifar-10-binary.tar.gz"), vec![9, 8])]
    {
        let set = read(std::slice::from_ref(&file));
        assert!(bytes(&set) == red(&[1, 2]) && set.labels == Some(labels), "{}: {:?}", file.name, set.labels);
        assert_eq!((set.name.as_str(), set.class_names[9].as_str()), (file.name.as_str(), "truck"));
        assert_eq!(set.notes, ["of the parts of the data set, the test part is taken"]);
    }
}

#[test]
fn pickles_of_every_protocol_give_the_fine_labels() {
    let files =
        [fixture!("cifar100.protocol2.gz"), fixture!("cifar100.protocol4.gz"), fixture!("cifar100.protocol5.gz")];
    for file in &files {
        let set = read(std::slice::from_ref(file));
        assert!(bytes(&set) == red(&[1, 2]) && set.labels == Some(vec![99, 0]), "{}: {:?}", file.name, set.labels);
        assert_eq!(set.class_names[99], "worm");
    }
    let joined = read(&files);
    assert_eq!((joined.len(), joined.labels), (6, Some([99, 0].repeat(3))));
}

#[test]
fn a_pickle_without_arrays_says_what_is_read() {
    let text = error(&[named("a.pkl", b"\x80\x02}q\x00U\x01aK\x01s.")]);
    assert!(text.starts_with("a.pkl: expected a pickle of NumPy arrays: an array, a dictionary"), "{text}");
}

#[test]
fn matlab_files_hold_samples_in_the_last_dimension() {
    let set = read(&[fixture!("svhn.mat")]);
    assert_eq!(set.shape, ImageShape { channels: 3, height: 32, width: 32 });
    let place = |sample: usize, channel: usize, row: usize| ((sample * 3 + channel) * 32 + row) * 32 + 7;
    let found = bytes(&set).iter().enumerate().filter(|(_, value)| **value > 0);
    let expected = [(place(0, 2, 4), &200), (place(1, 0, 5), &202), (place(1, 2, 4), &201)];
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert_eq!((set.labels, set.class_names[0].as_str()), (Some(vec![0, 3]), "0"));
    assert_eq!(set.notes, ["the label 10 stands for the digit 0, as in SVHN"]);
    let vectors = read(&[fixture!("vectors.mat")]);
    assert_eq!((vectors.pixels, vectors.labels), (Pixels::F32(VECTORS.to_vec()), Some(vec![2, 0, 1, 0, 2])));
}

#[test]
fn what_cannot_be_read_is_named_for_what_it_is() {
    for (beginning, expected) in [
        (b"\x89HDF\r\n\x1a\n".as_slice(), "HDF5; read it with h5py; save images and labels with numpy.savez"),
        (b"MATLAB 7.3 MAT-file", "MATLAB's .mat of version 7.3, which is HDF5; save it with -v7"),
        (b"PAR1 PAR1", "Apache Parquet"),
        (b"GIF89a", "a GIF image; convert it to PNG"),
        (b"II*\0", "a TIFF image; convert it to PNG"),
        (b"BZh91AY", "packed with bzip2; unpack it"),
    ] {
        let text = error(&[named("a", beginning)]);
        assert!(text.contains(&format!("not a data file that is known here: {expected}")), "{text}");
    }
}
