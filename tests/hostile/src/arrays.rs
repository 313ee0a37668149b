//! NumPy's arrays whose headers hold expressions, objects and sizes without end, alone and in archives.

use crate::case::Case;
use crate::entry::{Entry, archive, stored};
use crate::others::{array, npy};
use crate::zips::deflated;

const ONES: [u8; 8] = [0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f];

fn header(shape: &str) -> String {
    format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}")
}

/// All of them.
#[must_use]
pub fn cases() -> Vec<Case> {
    let plain = |shape: &str| npy(&header(shape), &ONES);
    let good = || plain("(2, 1)");
    let numbers = "an array of numbers or texts";
    let objects = || array("|O", "(2, 1)", b"\x80\x02(cos\nsystem\nX\x04\0\0\0trueoK\x02e.");
    let zeros = array("<f4", "(10485760, 1)", &vec![0; 40 << 20]);
    let bomb = deflated("a.npy", &zeros);
    let large = array("<f4", "(41943040, 1)", &vec![0; 160 << 20]);
    let long_version = |length: u32| {
        [b"\x93NUMPY\x02\0".as_slice(), &length.to_le_bytes(), header("(2, 1)").as_bytes(), &ONES].concat()
    };
    vec![
        Case::accepted("plain.npy", good()),
        Case::accepted("plain.npz", archive(&[stored("a.npy", &good())])),
        Case::accepted("objects_beside.npz", archive(&[stored("a.npy", &good()), stored("b.npy", &objects())])),
        Case::refused("objects.npy", objects(), numbers),
        Case::refused("objects.npz", archive(&[stored("a.npy", &objects())]), "at least one layer"),
        Case::refused("expression.npy", plain("__import__('os').system('true')"), "expected `(`"),
        Case::refused(
            "expression_in_shape.npy",
            plain("(2, __import__('os').system('true'))"),
            "the length of a dimension",
        ),
        Case::refused("sum.npy", plain("(1 + 1, 1)"), "expected"),
        Case::refused("power.npy", plain("(9**9**9, 1)"), "expected"),
        Case::refused(
            "expression_as_type.npy",
            npy("{'descr': eval('1'), 'fortran_order': False, 'shape': (2, 1)}", &ONES),
            "a plain type",
        ),
        Case::refused("lambda.npy", npy("(lambda: 0)()", &ONES), "expected `{`"),
        Case::refused("comprehension.npy", npy("{k: v for k, v in ()}", &ONES), "a key"),
        Case::refused("product.npy", plain("(4294967296, 4294967296, 2)"), "an array of shape"),
        Case::refused("product_to_zero.npy", plain("(9223372036854775808, 2)"), "an array of shape"),
        Case::refused("product_by_size.npy", plain("(4611686018427387905, 1)"), "an array of shape"),
        Case::refused("negative_lengths.npy", plain("(-2, -1)"), "the length of a dimension"),
        Case::refused("fraction.npy", plain("(2.0, 1)"), "expected"),
        Case::refused(
            "nested.npy",
            npy(&format!("{{'shape': {}", "(".repeat(60_000)), &ONES),
            "the length of a dimension",
        ),
        Case::refused("long_header.npy", long_version(u32::MAX), "the length of a header"),
        Case::refused("header_of_all.npy", long_version(60 + 24 + ONES.len() as u32), ""),
        Case::refused("column_order.npy", array("<f4", "(0, 18446744073709551615)", b""), "neither empty"),
        Case::refused("bomb.npz", archive(&[bomb.clone(), deflated("b.npy", &zeros)]), "once unpacked"),
        Case::refused("larger_bomb.npz", archive(&[deflated("a.npy", &large)]), "once unpacked"),
        Case::refused(
            "bomb_that_claims_little.npz",
            archive(&[Entry { sizes: [bomb.sizes[0], 100], ..bomb.clone() }]),
            "",
        ),
        Case::refused(
            "bomb_that_claims_much.npz",
            archive(&[Entry { sizes: [bomb.sizes[0], 1 << 40], zip64: true, ..bomb }]),
            "",
        ),
        Case::refused("checksum.npz", archive(&[Entry { checksums: [1, 1], ..stored("a.npy", &good()) }]), "checksum"),
        Case::refused("name_twice.npz", archive(&[stored("a.npy", &good()), stored("a.npy", &good())]), "a name twice"),
        Case::refused(
            "archive_in_archive.npz",
            archive(&[stored("a.npy", &archive(&[stored("a.npy", &good())]))]),
            "the beginning of a .npy file",
        ),
    ]
}
