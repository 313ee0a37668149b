//! Every format, read from bytes that were laid out by hand or by NumPy (`fixtures/make_fixtures.py`).

use std::io::Write as _;

use super::*;
use crate::data::{ImageShape, Pixels};

pub(super) fn named(name: &str, bytes: impl Into<Vec<u8>>) -> NamedBytes {
    NamedBytes { name: name.to_owned(), bytes: bytes.into() }
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A CIFAR record: labels, then pixels of this value.
pub(super) fn record(labels: &[u8], value: u8) -> Vec<u8> {
    [labels, &[value; 3072]].concat()
}

/// An IDX file of bytes.
pub(super) fn idx(lengths: &[u32], values: &[u8]) -> Vec<u8> {
    let lengths_field = lengths.iter().flat_map(|length| length.to_be_bytes()).collect::<Vec<_>>();
    [&[0, 0, 8, lengths.len() as u8], lengths_field.as_slice(), values].concat()
}

macro_rules! fixture {
    ($name:literal) => {
        named($name, include_bytes!(concat!("fixtures/", $name)))
    };
}
pub(super) use fixture;

pub(super) fn read(files: &[NamedBytes]) -> ProbeSet {
    read_probe_set(files).unwrap()
}

pub(super) fn error(files: &[NamedBytes]) -> String {
    read_probe_set(files).unwrap_err().to_string()
}

pub(super) fn bytes(set: &ProbeSet) -> &[u8] {
    match &set.pixels {
        Pixels::U8(values) => values,
        Pixels::F32(_) => panic!("expected bytes"),
    }
}

/// The fixtures' images, by their formula.
fn images(numbers: impl IntoIterator<Item = usize>) -> Vec<u8> {
    let image = |i: usize| (0..3).flat_map(move |c| (0..8).map(move |position| (40 * i + 12 * c + position) as u8));
    numbers.into_iter().flat_map(image).collect()
}

const SMALL: ImageShape = ImageShape { channels: 3, height: 2, width: 4 };

#[test]
fn cifar_batches_are_joined_in_natural_order() {
    let batch = |labels: [u8; 2]| labels.map(|label| record(&[label], label)).concat();
    let set = read(&[
        named("data_batch_10.bin", batch([3, 4])),
        named("data_batch_2.bin.gz", gzip(&batch([1, 2]))),
        named("batches.meta.txt", "airplane"),
    ]);
    assert_eq!(set.labels, Some(vec![1, 2, 3, 4]));
    assert_eq!(set.shape, ImageShape { channels: 3, height: 32, width: 32 });
    assert_eq!(bytes(&set).iter().step_by(3072).copied().collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(set.class_names[9], "truck");
    assert_eq!(set.name, "data_batch_2.bin.gz and 1 more");
}

#[test]
fn cifar_100_has_the_fine_labels() {
    let set = read(&[named("test.bin", [record(&[19, 99], 1), record(&[0, 7], 2)].concat())]);
    assert_eq!(set.labels, Some(vec![99, 7]));
    assert_eq!(set.class_names.len(), 100);
    assert!(set.class_names.is_sorted() && set.class_names[99] == "worm");
}

#[test]
fn a_length_that_fits_both_kinds_of_cifar_is_decided_by_the_labels() {
    let cifar10 = record(&[9], 200).repeat(3074);
    assert_eq!(read(&[named("a.bin", cifar10)]).len(), 3074);
    let cifar100 = record(&[3, 99], 200).repeat(3073);
    assert_eq!(read(&[named("a.bin", cifar100)]).len(), 3073);
    assert!(error(&[named("a.bin", vec![0; 3073 * 3074])]).contains("could be CIFAR-10 or CIFAR-100"));
}

#[test]
fn a_wrong_label_is_found_where_it_is() {
    let batch = [record(&[1], 0), record(&[10], 0)].concat();
    assert_eq!(error(&[named("a.bin", batch)]), "a.bin: at byte 3073: expected a label below 10, found 10");
}

#[test]
fn stl_10_columns_become_rows() {
    let mut image = vec![0; 3 * 96 * 96];
    // Channel 2, row 5, column 90; planes are stored column by column.
    image[2 * 96 * 96 + 90 * 96 + 5] = 77;
    let set = read(&[named("test_y.bin", [10, 1]), named("test_X.bin", image.repeat(2))]);
    let place = 2 * 96 * 96 + 5 * 96 + 90;
    assert_eq!(bytes(&set)[place], 77);
    assert_eq!(bytes(&set).iter().map(|&byte| u32::from(byte)).sum::<u32>(), 2 * 77);
    assert_eq!(set.labels, Some(vec![9, 0]));
    assert_eq!(set.class_names[9], "truck");
    assert_eq!(read(&[named("unlabeled_X.bin", image)]).labels, None);
}

#[test]
fn idx_images_go_with_their_labels() {
    let images = idx(&[2, 2, 3], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    let files = [named("labels.gz", gzip(&idx(&[2], &[7, 0]))), named("images.gz", gzip(&images))];
    let set = read(&files);
    assert_eq!(set.shape, ImageShape { channels: 1, height: 2, width: 3 });
    assert_eq!(bytes(&set), (1..=12).collect::<Vec<u8>>());
    assert_eq!(set.labels, Some(vec![7, 0]));
    assert_eq!(set.name, "images.gz");
    assert_eq!(read(&[named("images", images.clone())]).labels, None);
    let error_with = |labels: Vec<u8>| error(&[named("images", images.clone()), named("labels", labels)]);
    assert_eq!(error_with(idx(&[1], &[7])), "labels: expected 2 labels, one for each image of images, found 1 label");
}

#[test]
fn of_the_four_files_of_mnist_those_for_testing_are_read() {
    let images = |value| idx(&[2, 1, 1], &[value; 2]);
    let files = [
        named("train-images-idx3-ubyte", images(1)),
        named("train-labels-idx1-ubyte", idx(&[2], &[3, 4])),
        named("t10k-images-idx3-ubyte", images(5)),
        named("t10k-labels-idx1-ubyte", idx(&[2], &[7, 8])),
    ];
    let set = read(&files);
    assert_eq!((bytes(&set), &set.labels), ([5, 5].as_slice(), &Some(vec![7, 8])));
    assert_eq!(set.notes, ["of the parts of the data set, the test part is taken"]);
    assert_eq!(read(&files[..2]).labels, Some(vec![3, 4]));
}

#[test]
fn idx_files_of_another_type_or_length_are_refused() {
    let whole = idx(&[2, 1, 2], &[1, 2, 3, 4]);
    let with = |change: fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        error(&[named("a", bytes)])
    };
    assert_eq!(with(|bytes| bytes[2] = 0x0d), "a: at byte 2: expected the type 0x08, unsigned bytes, found 0x0d");
    assert_eq!(with(|bytes| bytes.truncate(19)), "a: at byte 16: expected 4 bytes of values, [2, 1, 2], found 3 bytes");
    assert_eq!(with(|bytes| bytes.push(200)), "a: at byte 16: expected 4 bytes of values, [2, 1, 2], found 5 bytes");
    assert_eq!(
        with(|bytes| bytes.truncate(9)),
        "a: at byte 4: expected the lengths of 3 dimensions, found the end of the file"
    );
    assert!(with(|bytes| bytes[4..16].fill(255)).contains("4294967295"));
    let empty = idx(&[0, u32::MAX, u32::MAX], &[]);
    assert!(error(&[named("a", empty)]).starts_with("a: expected at least one image with at least one pixel"));
    assert_eq!(
        error(&[named("a", idx(&[1], &[200]))]),
        "a: expected one IDX file of images and at most one of labels, found 0 of images and 1 of labels"
    );
}

#[test]
fn a_zip_of_images_has_its_folders_as_classes() {
    let set = read(&[fixture!("animals.zip")]);
    assert_eq!(set.shape, SMALL);
    assert_eq!(bytes(&set), images([0, 1, 2]));
    assert_eq!(set.labels, Some(vec![0, 1, 1]));
    assert_eq!(set.class_names, ["cat", "dog"]);
    assert_eq!(set.name, "animals.zip");
}

#[test]
fn images_are_grey_only_when_all_are() {
    let grey = (0..8).collect::<Vec<u8>>();
    let set = read(&[fixture!("grey.png")]);
    assert_eq!((set.shape.channels, bytes(&set)), (1, grey.as_slice()));
    let set = read(&[fixture!("grey.png"), fixture!("colour.png")]);
    assert_eq!(bytes(&set), [images([0]), grey.repeat(3)].concat());
    assert_eq!((set.name.as_str(), set.labels), ("colour.png and 1 more", None));
}

#[test]
fn images_that_do_not_go_together_are_named() {
    assert_eq!(
        error(&[fixture!("wide.png"), fixture!("grey.png")]),
        "wide.png: expected 4×2 pixels, as in grey.png, found 5×2; bring all to one size, under Image size on the page or \
         with --resize SHORT --crop SIDE"
    );
    assert_eq!(error(&[fixture!("huge.png")]), "huge.png: expected at most 8192×8192 pixels, found more");
    let inside = |folder: &str| named(&format!("{folder}/a.png"), fixture!("grey.png").bytes);
    assert!(
        error(&[inside("cat"), inside("dog"), fixture!("grey.png")]).starts_with("grey.png: expected images in class")
    );
    assert_eq!(
        error(&[fixture!("grey.png"), named("b.bin", record(&[1], 1))]),
        "grey.png: expected another file of the same kind, a CIFAR-10 batch, found an image"
    );
}

#[test]
fn npz_layouts_give_the_same_samples() {
    let first = read(&[fixture!("nchw.npz")]);
    assert_eq!((first.shape, bytes(&first)), (SMALL, images(0..4).as_slice()));
    assert_eq!(first.labels, Some(vec![2, 0, 1, 2]));
    let last = read(&[fixture!("nhwc.npz")]);
    assert_eq!((last.samples, last.labels), (first.samples.clone(), first.labels));
    let columns = read(&[fixture!("columns.npz")]);
    assert_eq!((columns.samples, columns.labels), (first.samples, None));
    let floats = read(&[fixture!("floats.npz")]);
    assert_eq!(floats.pixels, Pixels::F32(images(0..4).into_iter().map(|byte| f32::from(byte) / 8.0).collect()));
    assert_eq!(read(&[fixture!("grey.npz")]).shape, ImageShape { channels: 1, ..SMALL });
}

#[test]
fn what_is_no_data_set_is_told_what_is_read() {
    assert!(error(&[]).starts_with("probe set: expected a file of images, found none"));
    assert_eq!(error(&[named("a", [])]), "a: at byte 0: expected data, found an empty file");
    assert_eq!(error(&[named("a.gz", gzip(&[]))]), "a.gz: at byte 0: expected data, found an empty file");
    let text = error(&[named("a", "some text")]);
    assert!(
        text.starts_with("a: not a data file that is known here: 9 bytes that begin with 73 6f 6d 65 20 74 65 78;"),
        "{text}"
    );
    assert!(
        error(&[named("a", [&[b'x'; 257], b"ustar\0".as_slice(), &[0; 300]].concat())])
            .contains("the checksum of a tar header")
    );
    assert_eq!(
        error(&[named("test_y.bin", [3, 4])]),
        "test_y.bin: expected a file of images, found STL-10 labels only"
    );
    assert!(error(&[fixture!("grey.npz"), fixture!("animals.zip")]).contains("expected another file of the same kind"));
    assert!(error(&[fixture!("grey.npz"), fixture!("nchw.npz")]).contains("one .npz or .mat file at a time"));
}

/// The lossless CIFAR-10 file that lies beside the project; its numbers were computed with NumPy.
#[test]
fn real_cifar_10_matches_numpy() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/cifar10_first4000_lossless.bin.gz");
    let Ok(file) = std::fs::read(path) else {
        println!("SKIPPED: {path} not found");
        return;
    };
    let set = read(&[named("cifar10_first4000_lossless.bin.gz", file)]);
    assert_eq!(set.len(), 4000);
    assert_eq!(set.labels.as_ref().unwrap()[..8], [6, 9, 9, 4, 1, 1, 2, 7]);
    assert_eq!(set.samples.ids[0], "e282b74e4ad80b8e");
    let statistics = set.statistics().unwrap();
    let mean = [0.4915966844745703, 0.48175927925858053, 0.44465670094209636];
    let std = [0.2471137835529701, 0.2439722298787571, 0.2625002570836881];
    for (found, expected) in statistics.mean.iter().zip(mean).chain(statistics.std.iter().zip(std)) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
}
