//! Zip archives whose flags, names, sizes, checksums and places lie.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::case::Case;
use crate::entry::{Entry, archive, archive_behind, stored};
use crate::opcodes::{state, weights};
use crate::pickles::VALUES;

/// An entry that is packed.
pub(crate) fn deflated(name: &str, content: &[u8]) -> Entry {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    let packed = encoder.finish().unwrap();
    Entry { method: 8, sizes: [packed.len() as u64, content.len() as u64], packed, ..stored(name, content) }
}

/// The object of a checkpoint with the one tensor.
pub(crate) fn object() -> Vec<u8> {
    [b"\x80\x02".as_slice(), &weights(), b"."].concat()
}

/// The entries of a checkpoint.
pub(crate) fn checkpoint() -> Vec<Entry> {
    vec![stored("a/data.pkl", &object()), stored("a/data/0", &VALUES)]
}

/// The archive around another object, whose checksums give no change of it away.
#[must_use]
pub fn around(object: &[u8]) -> Vec<u8> {
    let mut entries = checkpoint();
    entries[0] = Entry { checksums: [0, 0], ..stored("a/data.pkl", object) };
    archive(&entries)
}

/// The checkpoint with its object or its storage changed.
fn with(at: usize, change: impl FnOnce(&mut Entry)) -> Vec<u8> {
    let mut entries = checkpoint();
    change(&mut entries[at]);
    archive(&entries)
}

fn flags(cases: &mut Vec<Case>) {
    for (bit, what) in [(0x1, "encrypted"), (0x20, "patched"), (0x40, "strong"), (0x8, "descriptor"), (0x800, "utf8")] {
        for (flags, place) in [([bit, 0], "local"), ([0, bit], "central"), ([bit, bit], "both")] {
            for (at, part) in ["pickle", "storage"].into_iter().enumerate() {
                let name = format!("{what}_{place}_{part}.pth");
                let bytes = with(at, |entry| entry.flags = flags);
                // The directory decides: what the header before the content says otherwise is not looked at. Bits that
                // say nothing about how the content is packed change nothing.
                cases.push(if place == "local" || bit != 0x1 {
                    Case::read(name, bytes, state())
                } else {
                    Case::refused(name, bytes, "encrypted content")
                });
            }
        }
    }
}

fn names() -> Vec<Case> {
    let renamed =
        |at: usize, local: &[u8], central: &[u8]| with(at, |entry| entry.names = [local.to_vec(), central.to_vec()]);
    let rooted = |root: &str| {
        archive(&[stored(&format!("{root}data.pkl"), &object()), stored(&format!("{root}data/0"), &VALUES)])
    };
    let two_roots = [
        stored("b/c/data.pkl", b"\x80\x02cos\nsystem\n)R."),
        stored("a/data.pkl", &object()),
        stored("a/data/0", &VALUES),
    ];
    let twice = [checkpoint(), vec![stored("a/data.pkl", b"\x80\x02}.")]].concat();
    let long = "r".repeat(60_000);
    vec![
        Case::read("other_local_name.pth", renamed(0, b"x/data.xxx", b"a/data.pkl"), state()),
        Case::read("longer_local_name.pth", renamed(1, b"a/data/000000000000000000", b"a/data/0"), state()),
        Case::refused("other_central_name.pth", renamed(0, b"a/data.pkl", b"x/data.xxx"), "`data.pkl`"),
        Case::refused("no_utf8.pth", renamed(0, b"a/\xff\xfe", b"a/\xff\xfe"), "`data.pkl`"),
        Case::read("upwards.pth", rooted("../../../"), state()),
        Case::read("absolute.pth", rooted("/"), state()),
        Case::read("no_root.pth", rooted(""), state()),
        Case::read("long_root.pth", rooted(&format!("{long}/")), state()),
        Case::read("wrong_extension.txt", archive(&checkpoint()), state()),
        Case::read("wrong_extension.png", archive(&checkpoint()), state()),
        Case::read("two_roots.pth", archive(&two_roots), state()),
        Case::refused("name_twice.pth", archive(&twice), "a name twice"),
        Case::refused("colon.pth", rooted("a/b:"), "`data.pkl`"),
    ]
}

fn sizes() -> Vec<Case> {
    const SWOLLEN: &str = "once unpacked";
    const LIES: &str = "larger than its declared uncompressed size";
    let zip64 = |sizes: [u64; 2]| with(1, |entry| (entry.sizes, entry.zip64) = (sizes, true));
    let zeros = deflated("a/data/0", &vec![0; 40 << 20]);
    let lies = Entry { sizes: [zeros.sizes[0], 16], ..zeros.clone() };
    let lies_zip64 = Entry { zip64: true, ..lies.clone() };
    let pickle = deflated("a/data.pkl", &vec![b'N'; 40 << 20]);
    let pickle_lies = Entry { sizes: [pickle.sizes[0], 1000], ..pickle };
    let bomb = |entry: Entry| archive(&[checkpoint()[0].clone(), entry]);
    let mut packed = checkpoint();
    packed[0] = deflated("a/data.pkl", &object());
    packed[1] = deflated("a/data/0", &VALUES);
    vec![
        Case::read("deflated.pth", archive(&packed), state()),
        Case::read("zip64.pth", zip64([16, 16]), state()),
        Case::refused("zip64_half.pth", zip64([1 << 63, 1 << 63]), SWOLLEN),
        Case::refused("zip64_most.pth", zip64([u64::MAX, u64::MAX]), "overflows"),
        Case::refused("zip64_unpacked.pth", zip64([16, u64::MAX]), SWOLLEN),
        Case::refused("zip64_beyond.pth", zip64([16, 4 << 20]), ""),
        Case::refused("bomb.pth", bomb(zeros), SWOLLEN),
        Case::refused("bomb_that_claims_little.pth", bomb(lies), LIES),
        Case::refused("bomb_by_zip64.pth", bomb(lies_zip64), LIES),
        Case::refused("pickle_bomb.pth", archive(&[pickle_lies]), LIES),
        Case::refused("packed_size.pth", with(1, |entry| entry.sizes[0] = 1 << 30), "16 bytes, as it is stored"),
        Case::refused("no_deflate.pth", with(1, |entry| entry.method = 8), ""),
        Case::refused("aes.pth", with(1, |entry| entry.method = 99), "stored or deflated content"),
        Case::refused("lzma.pth", with(0, |entry| entry.method = 14), "stored or deflated content"),
    ]
}

fn checksums() -> Vec<Case> {
    const WRONG: &str = "checksum";
    let wrong = |at: usize| with(at, |entry| entry.checksums = [1, 1]);
    let mut packed = checkpoint();
    packed[1] = Entry { checksums: [1, 1], ..deflated("a/data/0", &VALUES) };
    vec![
        Case::refused("checksum_of_pickle.pth", wrong(0), "data.pkl: expected the checksum"),
        Case::refused("checksum_of_storage.pth", wrong(1), "data/0: expected the checksum"),
        Case::refused("checksum_of_deflated.pth", archive(&packed), WRONG),
        Case::read("other_local_checksum.pth", with(1, |entry| entry.checksums[0] = 1), state()),
        // As PyTorch writes archives where checksums are switched off.
        Case::read("no_checksum.pth", with(1, |entry| entry.checksums = [0, 0]), state()),
    ]
}

fn places() -> Vec<Case> {
    let first = checkpoint();
    let length = |entry: &Entry| (30 + entry.names[0].len() + entry.packed.len()) as u64;
    let at = |place: u64| Entry { place: Some(place), ..stored("a/data/0", &VALUES) };
    let overlapping = |place: u64| {
        archive(&[
            first[0].clone(),
            first[1].clone(),
            Entry { names: [b"a/data/1".to_vec(), b"a/data/1".to_vec()], ..at(place) },
        ])
    };
    let script = b"#!/bin/sh\nexit 0\n";
    let within = b"a text that stands before the archive, PK\x03\x04 in it and PK\x05\x06 too";
    let mut commented = archive(&first);
    let end = commented.len();
    commented[end - 2..].copy_from_slice(&40_u16.to_le_bytes());
    commented.extend([b'c'; 40]);
    let mut cut_directory = archive(&first);
    let start = cut_directory.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    cut_directory.drain(start..start + 10);
    let many: Vec<Entry> = (0..60_000).map(|place| stored(&format!("{place}"), b"")).collect();
    vec![
        Case::read("overlapping.pth", overlapping(length(&first[0])), state()),
        Case::refused("place_beyond.pth", archive(&[first[0].clone(), at(1 << 31)]), ""),
        Case::refused("place_of_nothing.pth", archive(&[first[0].clone(), at(5)]), ""),
        Case::read("behind_a_script.pth", archive_behind(script, false, &first), state()),
        Case::read("behind_a_counted_script.pth", archive_behind(script, true, &first), state()),
        Case::read("behind_signatures.pth", archive_behind(within, false, &first), state()),
        Case::read("commented.pth", commented, state()),
        Case::refused("cut_directory.pth", cut_directory, ""),
        Case::refused("many_entries.pth", archive(&many), "`data.pkl`"),
        Case::refused("directory_only.pth", archive(&[])[..20].to_vec(), ""),
    ]
}

/// All of them.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = vec![Case::read("plain.pth", archive(&checkpoint()), state())];
    flags(&mut cases);
    for group in [names(), sizes(), checksums(), places()] {
        cases.extend(group);
    }
    cases
}
