//! What else is opened: activations and images that lie.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::archives::zip;
use crate::case::Case;

/// More than any small file may unpack to.
const SWOLLEN: usize = 80 << 20;

pub(crate) fn npy(header: &str, values: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\0".as_slice(), &length, header.as_bytes(), values].concat()
}

pub(crate) fn array(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    npy(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}"), values)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Activations.
#[must_use]
pub fn activations() -> Vec<Case> {
    let ones = [0, 0, 0x80, 0x3f];
    let plain = |shape: &str| array("<f4", shape, &ones);
    let bomb = array("<f4", &format!("({}, 1)", SWOLLEN / 4), &vec![0; SWOLLEN]);
    let entry = |bytes: &[u8]| zip(&[("fc.npy", bytes)], true);
    let many: Vec<String> = (0..200).map(|index| format!("{index}.npy")).collect();
    let content = plain("(1, 1)");
    let ids = array("<U67108864", "(0,)", b"");
    let mut cases = vec![
        Case::refused("bomb.npz", entry(&bomb), "once unpacked"),
        Case::refused("cut.npz", entry(&content)[..60].to_vec(), ""),
        Case::refused("empty_array.npz", entry(b""), "the beginning of a .npy file"),
        Case::refused(
            "shapes.npz",
            {
                let rows = array("<f4", "(2, 1)", &[0; 8]);
                zip(&[("a.npy", &content), ("b.npy", &rows)], false)
            },
            "as many rows in every layer",
        ),
        Case::refused("ids.npz", zip(&[("a.npy", &content), ("sample_ids.npy", &ids)], false), "one id for each"),
        Case::refused(
            "many_ids.npz",
            {
                let ids = array("|S1", "(99999999,)", b"");
                zip(&[("a.npy", &content), ("sample_ids.npy", &ids)], false)
            },
            "99999999 bytes",
        ),
        Case::refused("nothing.npz", zip(&[], false), ""),
        Case::refused("pickle.npy", array("|O", "(1, 1)", b"\x80\x02cos\nsystem\n."), "an array of numbers or texts"),
        Case::refused(
            "record.npy",
            npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1)}", &ones),
            "not a record",
        ),
        Case::refused("nan.npy", array("<f4", "(1, 1)", &f32::NAN.to_le_bytes()), "expected finite values, found NaN"),
        Case::refused("overflow.npy", plain("(18446744073709551615, 18446744073709551615)"), "an array of shape"),
        Case::refused("overflow_to_zero.npy", plain("(4294967296, 4294967296)"), "an array of shape"),
        Case::refused(
            "no_rows.npy",
            array("<f4", "(0, 18446744073709551615, 18446744073709551615)", b""),
            "neither empty",
        ),
        Case::refused("negative.npy", plain("(-1, 1)"), "the length of a dimension"),
        Case::refused("large_type.npy", array("<f18446744073709551615", "(1, 1)", &ones), ""),
        Case::refused("no_size.npy", array("|S0", "(99999999, 1)", b""), "an array of numbers or texts"),
        Case::refused("nested.npy", npy(&"{'shape': (".repeat(5000), b""), ""),
        Case::refused(
            "long_header.npy",
            [b"\x93NUMPY\x02\0\xff\xff\xff\xff".as_slice(), b"{}"].concat(),
            "the length of a header",
        ),
        Case::refused("big_header.npy", b"\x93NUMPY\x02\0\x02\0\0\0{}".to_vec(), "one each of"),
        Case::refused("vector.npy", plain("(1,)"), "at least two dimensions"),
        Case::refused("scalar.npy", plain("()"), "at least two dimensions"),
    ];
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &content[..20])).collect();
    cases.push(Case::refused("many.npz", zip(&many, false), ""));
    cases
}

/// Images.
#[must_use]
pub fn images() -> Vec<Case> {
    let swollen = gzip(&vec![0; SWOLLEN]);
    let idx = |dimensions: &[u32]| {
        let mut bytes = vec![0, 0, 8, u8::try_from(dimensions.len()).unwrap()];
        dimensions.iter().for_each(|length| bytes.extend(length.to_be_bytes()));
        bytes.extend([0; 16]);
        bytes
    };
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    png.extend([0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 8, 2, 0, 0, 0, 0, 0, 0, 0]);
    let bomb = array("|u1", &format!("({}, 1024, 1024)", SWOLLEN >> 20), &vec![0; SWOLLEN]);
    let images = array("|u1", "(1, 2, 2)", &[0; 4]);
    let dots = array("|u1", "(30000000, 1, 1)", &vec![0; 30_000_000]);
    vec![
        Case::refused("nothing.bin", b"".to_vec(), "an empty file"),
        Case::refused("bomb.gz", swollen, "once unpacked"),
        Case::refused("bomb_in_bomb.gz", gzip(&gzip(&[0; 10_000])), ""),
        Case::refused("bomb.npz", zip(&[("x.npy", &bomb)], true), "once unpacked"),
        Case::refused("dots.npz", zip(&[("x.npy", &dots)], true), "at most 1048576 images"),
        Case::refused("huge.idx", idx(&[u32::MAX; 3]), ""),
        Case::refused("dimensions.idx", idx(&[1; 255]), ""),
        Case::refused("huge.png", png.clone(), ""),
        Case::refused("huge.zip", zip(&[("a.png", &png)], true), ""),
        Case::refused("lines.zip", zip(&[("a\nb.txt.exe", b"hello")], false), "lines.zip/a\\nb.txt.exe: "),
        Case::refused(
            "images.npz",
            zip(&[("x.npy", &images), ("images.npy", &images)], false),
            "only one of the arrays",
        ),
        Case::refused(
            "labels.npz",
            {
                let labels = array("<i8", "(1,)", &(-1_i64).to_le_bytes());
                zip(&[("x.npy", &images), ("y.npy", &labels)], false)
            },
            "class indices from 0",
        ),
        Case::refused("no_images.npz", zip(&[("x.npy", &array("|u1", "(0, 2, 2)", b""))], false), ""),
        Case::refused("overflow.npz", zip(&[("x.npy", &array("|u1", "(0, 4294967296, 4294967296)", b""))], false), ""),
        Case::refused(
            "infinite.npz",
            zip(&[("x.npy", &array("<f4", "(1, 1, 1)", &f32::INFINITY.to_le_bytes()))], false),
            "",
        ),
    ]
}
