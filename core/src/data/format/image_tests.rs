//! Images as Pillow reads and resizes them (`fixtures/make_fixtures.py`).

use super::tests::{bytes, error, fixture, named, read};
use super::*;
use crate::file::npy::Array;
use crate::file::zip::Archive;

/// The arrays of a fixture: name, shape, bytes.
fn arrays(file: &NamedBytes) -> Vec<(String, Vec<usize>, Vec<u8>)> {
    let mut archive = Archive::open(&file.name, &file.bytes).unwrap();
    let names = archive.names().to_vec();
    let entry = |(index, name): (usize, String)| {
        let bytes = archive.read(index, &mut Allowance::for_input(0)).unwrap();
        let array = Array::read(&name, &bytes).unwrap();
        (name.trim_end_matches(".npy").to_owned(), array.shape().to_vec(), array.bytes().unwrap())
    };
    names.into_iter().enumerate().map(entry).collect()
}

/// Height × width × 3 as three planes.
fn planes(values: &[u8]) -> Vec<u8> {
    (0..3).flat_map(|channel| values.iter().skip(channel).step_by(3).copied()).collect()
}

/// The files of a fixture, each as it is read in colour and as Pillow reads it.
fn both_readings(file: &NamedBytes) -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let arrays = arrays(file);
    let pairs = arrays.as_chunks::<2>().0.iter().map(|[(name, _, file), (_, _, pillow)]| {
        let set = read(&[named(name, file.clone())]);
        let found = if set.shape.channels == 1 { bytes(&set).repeat(3) } else { bytes(&set).to_vec() };
        (name.clone(), found, planes(pillow))
    });
    pairs.collect()
}

#[test]
fn jpeg_images_are_those_of_libjpeg() {
    let readings = both_readings(&fixture!("jpegs.npz"));
    assert_eq!(readings.len(), 13);
    for (name, found, expected) in readings {
        assert!(found == expected, "{name}");
    }
}

#[test]
fn png_images_are_those_of_pillow() {
    let readings = both_readings(&fixture!("pngs.npz"));
    assert_eq!(readings.len(), 7);
    for (name, found, expected) in readings {
        assert!(found == expected, "{name}");
    }
}

#[test]
fn resized_and_cropped_images_are_those_of_pillow() {
    let mut arrays = arrays(&fixture!("resized.npz")).into_iter();
    let (_, shape, image) = arrays.next().unwrap();
    let mut png = Vec::new();
    let picture = image::RgbImage::from_raw(shape[1] as u32, shape[0] as u32, image.clone()).unwrap();
    picture.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    assert_eq!(arrays.len(), 6);
    for (sizes, shape, expected) in arrays {
        let (resize, crop) = sizes.split_once(' ').unwrap();
        let given = |side: &str| side.parse().ok().filter(|side| *side > 0);
        let preparation = Preparation { resize: given(resize), crop: given(crop), skip_broken: false };
        let set = read_prepared(&[named("a.png", png.clone())], preparation).unwrap();
        assert_eq!([set.shape.height, set.shape.width], shape[..2], "{sizes}");
        assert!(bytes(&set) == planes(&expected), "{sizes}");
        assert_eq!(set.notes.len(), 1);
    }
}

#[test]
fn images_of_several_sizes_are_brought_to_one() {
    let files = [fixture!("wide.png"), fixture!("grey.png"), fixture!("turned.jpg")];
    let text = error(&files);
    let advice = "; bring all to one size, under Image size on the page or with --resize SHORT --crop SIDE";
    assert!(text.ends_with(advice), "{text}");
    let prepared = |resize, crop| {
        let preparation = Preparation { resize, crop, skip_broken: false };
        read_prepared(&files, preparation).map_err(|error| error.to_string())
    };
    let set = prepared(Some(4), Some(4)).unwrap();
    assert_eq!(set.shape.to_string(), "3×4×4");
    assert_eq!(
        set.notes,
        [
            "the images were resized to a shorter side of 4 pixels (bilinear, antialiased) and cropped to the 4×4 pixels in \
             the middle",
            "the orientation that a tag asks for was ignored in 1 image, as Pillow and torchvision do"
        ]
    );
    assert_eq!(
        prepared(None, Some(3)).unwrap_err(),
        "grey.png: expected at least 3×3 pixels to crop; resize to 3 or more before, found 4×2"
    );
    assert!(prepared(Some(0), None).unwrap_err().contains("expected from 1 to 8192 pixels, found 0"));
    assert!(prepared(Some(4), None).is_err());
}

#[test]
fn arrays_of_bytes_are_resized_and_others_refused() {
    let preparation = Preparation { resize: Some(4), ..Preparation::default() };
    let set = read_prepared(&[fixture!("nchw.npz")], preparation).unwrap();
    assert_eq!((set.shape.to_string().as_str(), set.labels), ("3×4×8", Some(vec![2, 0, 1, 2])));
    for file in [fixture!("floats.npz"), fixture!("vectors.npz")] {
        assert!(read_prepared(&[file], preparation).is_err());
    }
}

#[test]
fn one_broken_image_is_named_and_left_out_only_when_asked() {
    let mut broken = fixture!("turned.jpg").bytes;
    broken.truncate(700);
    let whole = fixture!("turned.jpg").bytes;
    let mut files = [named("a/1.jpg", whole.clone()), named("b/2.jpg", broken), named("b/3.jpg", whole)];
    let text = error(&files);
    assert!(text.starts_with("b/2.jpg: at byte 700: expected the rest of the JPEG image"), "{text}");
    let advice = "; leave it out, under Image size on the page or with --skip-broken";
    assert!(text.ends_with(advice), "{text}");
    let odd = error(&[files[0].clone(), named("b/x.jpg", "some text")]);
    assert!(odd.contains(&format!("73 6f 6d 65 20 74 65 78{advice}; expected")), "{odd}");
    let preparation = Preparation { skip_broken: true, ..Preparation::default() };
    // First its end is missing, then its header, then all of it but a byte.
    for length in [700, 30, 1] {
        files[1].bytes.truncate(length);
        let set = read_prepared(&files, preparation).unwrap();
        assert_eq!((set.len(), set.labels), (2, Some(vec![0, 1])));
        let note = "1 file could not be read and was left out: b/2.jpg: ";
        assert!(set.notes.iter().any(|found| found.starts_with(note)), "{:?}", set.notes);
        assert!(read_prepared(&files[1..2], preparation).is_err());
    }
}

#[test]
fn deep_grey_images_say_which_bits_were_taken() {
    let set = read(&[fixture!("deep.png")]);
    assert_eq!((set.shape.channels, bytes(&set)), (1, [0; 8].as_slice()));
    assert!(set.notes[0].starts_with("of the 16 bits of each channel of 1 image the higher 8 were taken"));
}

#[test]
fn long_names_in_tar_archives_are_whole() {
    for file in [fixture!("gnu.tar.gz"), fixture!("pax.tar.gz")] {
        let set = read(&[file]);
        assert_eq!((set.labels, set.class_names), (Some(vec![1, 0]), vec!["10".to_owned(), "9".to_owned()]));
    }
}

#[test]
fn a_jpeg_image_larger_than_its_file_can_hold_is_refused() {
    let mut file = fixture!("turned.jpg");
    let frame = file.bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    file.bytes[frame + 5..frame + 9].copy_from_slice(&[0x20, 0, 0x20, 0]);
    assert!(error(&[file]).contains("expected at most 8 blocks for each byte of the file"));
}

#[test]
fn a_jpeg_image_of_very_many_scans_is_refused() {
    let file = fixture!("turned.jpg");
    let place = |marker: u8| file.bytes.windows(2).position(|pair| pair == [0xff, marker]).unwrap();
    let (start, end) = (place(0xda), file.bytes.len() - 2);
    let with_scans = |count: usize| {
        let scans = file.bytes[start..end].repeat(count);
        named("a.jpg", [&file.bytes[..start], &scans, &file.bytes[end..]].concat())
    };
    assert_eq!(read(&[with_scans(100)]).pixels, read(&[with_scans(1)]).pixels);
    assert!(error(&[with_scans(101)]).contains("expected at most 100 scans, found more"));
}
