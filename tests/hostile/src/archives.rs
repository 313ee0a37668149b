//! Zip and tar archives that swell, overlap or lie.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::case::Case;
use crate::pickles::{dictionary, tensor};

/// A zip archive of these entries.
pub(crate) fn zip(entries: &[(&str, &[u8])], deflated: bool) -> Vec<u8> {
    let method = if deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
    let options = SimpleFileOptions::default().compression_method(method);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn find(bytes: &[u8], signature: &[u8]) -> usize {
    bytes.windows(signature.len()).rposition(|window| window == signature).unwrap()
}

fn patched(mut bytes: Vec<u8>, signature: &[u8], offset: usize, value: &[u8]) -> Vec<u8> {
    let at = find(&bytes, signature) + offset;
    bytes[at..at + value.len()].copy_from_slice(value);
    bytes
}

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";

fn state(elements: i64) -> Vec<u8> {
    dictionary(&[("fc.weight".to_owned(), tensor(elements, 0, &[elements], &[1]))])
}

/// A central directory whose entries all point to the same content.
fn overlapping(copies: u16) -> Vec<u8> {
    let archive = zip(&[("archive/data/0", &[0; 4096])], false);
    let (central, end) = (find(&archive, CENTRAL), find(&archive, END));
    let mut bytes = archive[..central].to_vec();
    for copy in 0..copies {
        let mut entry = archive[central..end].to_vec();
        entry[46..50].copy_from_slice(&format!("{copy:04x}").as_bytes()[..4]);
        bytes.extend(entry);
    }
    let size = u32::try_from(bytes.len() - central).unwrap();
    let mut tail = archive[end..].to_vec();
    tail[8..10].copy_from_slice(&copies.to_le_bytes());
    tail[10..12].copy_from_slice(&copies.to_le_bytes());
    tail[12..16].copy_from_slice(&size.to_le_bytes());
    bytes.extend(tail);
    bytes
}

/// Two entries of one name: readers differ in which they take.
fn name_twice() -> Vec<u8> {
    let state = state(4);
    let archive = zip(&[("a/data.pkl", &state), ("a/data/0", &[0; 16]), ("a/data/1", &[1; 16])], false);
    patched(archive, CENTRAL, 46 + 7, b"0")
}

/// Many tensors at the end of one compressed storage, each of which would take unpacking all of it by itself.
fn packed_views() -> Vec<u8> {
    const VALUES: i64 = 2 << 20;
    let views: Vec<_> = (0..200).map(|i| (format!("w{i}"), tensor(VALUES, VALUES - 1, &[1], &[1]))).collect();
    zip(&[("a/data.pkl", &dictionary(&views)), ("a/data/0", &vec![0; 4 * VALUES as usize])], true)
}

/// An archive whose zip64 record claims this many entries.
fn zip64(entries: u64) -> Vec<u8> {
    let archive = zip(&[("archive/data.pkl", &state(4)), ("archive/data/0", &[0; 16])], false);
    let end = find(&archive, END);
    let start = archive.windows(4).position(|window| window == CENTRAL).unwrap();
    let mut bytes = archive[..end].to_vec();
    let record = bytes.len() as u64;
    bytes.extend(b"PK\x06\x06");
    bytes.extend(44_u64.to_le_bytes());
    bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for number in [entries, entries, entries.saturating_mul(46), start as u64] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend(record.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    let mut tail = archive[end..].to_vec();
    tail[8..20].fill(0xff);
    bytes.extend(tail);
    bytes
}

/// One entry of a tar archive, with the size that its header claims.
pub(crate) fn tar_entry(name: &str, kind: u8, content: &[u8], claimed: u64) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..135].copy_from_slice(format!("{claimed:011o}").as_bytes());
    header[148..156].fill(b' ');
    header[156] = kind;
    header[257..263].copy_from_slice(b"ustar\0");
    let checksum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..155].copy_from_slice(format!("{checksum:06o}\0").as_bytes());
    header.extend(content);
    header.resize(512 + content.len().next_multiple_of(512), 0);
    header
}

pub(crate) fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        entries.iter().flat_map(|(name, content)| tar_entry(name, b'0', content, content.len() as u64)).collect();
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

fn tar_cases() -> Vec<Case> {
    let none: &[u8] = b"\x80\x02K\0.";
    let views = b"\x80\x02K\0.\x80\x02].";
    let empty = b"\x80\x02}.";
    let many = b"\x80\x02\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.";
    // One storage of 2⁶⁰ values.
    let mut storage = b"\x80\x02K\x01.\x80\x02X\x01\0\0\0aX\x03\0\0\0cpuctorch\nFloatStorage\n\x87.".to_vec();
    storage.extend((1_i64 << 60).to_le_bytes());
    let call = b"\x80\x02cos\nsystem\n)R.";
    let deep = [b"\x80\x02)".to_vec(), vec![0x85; 100_000], b".".to_vec()].concat();
    let big_endian = b"\x80\x02}X\x0d\0\0\0little_endian\x89s.";
    let mut elsewhere = tar(&[("storages", views)]);
    elsewhere[345] = b'x';
    let names: Vec<String> = (0..101).map(|index| index.to_string()).collect();
    let many_entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), none)).collect();
    // A tensor of two values that lie far apart, under 100 names.
    let mut far = b"\x80\x02K\x01.\x80\x02K\x07X\x01\0\0\0actorch\nFloatTensor\n\x87.".to_vec();
    far.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    [2_i64, 1 << 24, 0].iter().for_each(|number| far.extend(number.to_le_bytes()));
    let references: Vec<u8> = (0..100).flat_map(|name| [b'K', name, b'X', 1, 0, 0, 0, b'7', b'Q', b's']).collect();
    let references = [b"\x80\x02}".as_slice(), &references, b"."].concat();
    let views_of_one = [("storages", views.as_slice()), ("tensors", &far), ("pickle", &references)];
    let sparse = tar_entry("storages", b'S', &[0; 512], 512);
    let size = [tar_entry("x", b'x', b"20 size=99999999999\n", 20), tar(&[("storages", views)])].concat();
    vec![
        Case::refused("missing.tar.pth", tar(&[("pickle", empty)]), "the entry `storages`"),
        Case::refused(
            "no_tensor.tar.pth",
            tar(&[("storages", views), ("tensors", none), ("pickle", empty)]),
            "expected tensors, found none",
        ),
        Case::refused(
            "many.tar.pth",
            tar(&[("storages", many), ("tensors", none), ("pickle", empty)]),
            "a count of at most",
        ),
        Case::refused("huge.tar.pth", tar(&[("storages", &storage), ("tensors", none), ("pickle", empty)]), "elements"),
        Case::refused("call.tar.pth", tar(&[("storages", views), ("tensors", none), ("pickle", call)]), "`os.system`"),
        Case::refused(
            "call_aside.tar.pth",
            tar(&[("storages", call), ("tensors", none), ("pickle", empty)]),
            "a count of at most",
        ),
        Case::refused(
            "deep.tar.pth",
            tar(&[("storages", views), ("tensors", none), ("pickle", &deep)]),
            "expected tensors, found none",
        ),
        Case::refused("twice.tar.pth", tar(&[("storages", views), ("././storages", call)]), "each name once"),
        Case::refused("elsewhere.tar.pth", elsewhere, "each name once and whole"),
        Case::refused("many_entries.tar.pth", tar(&many_entries), "at most 100 entries"),
        Case::refused("views.tar.pth", tar(&views_of_one), "expected tensors, found none"),
        Case::refused("order.tar.pth", tar(&[("sys_info", big_endian), ("storages", views)]), "the entry `tensors`"),
        Case::refused("sparse.tar.pth", sparse, "a plain file, found an entry of type `S`"),
        Case::refused("pax_size.tar.pth", size, "an entry of type `x`"),
        Case::refused("claimed.tar.pth", tar_entry("storages", b'0', &[0; 512], 1 << 32), "4294967296 bytes"),
    ]
}

/// All of them.
#[must_use]
pub fn cases() -> Vec<Case> {
    let zeros = vec![0; 24 << 20];
    let values = i64::try_from(zeros.len() / 4).unwrap();
    let small = || zip(&[("archive/data.pkl", &state(4)), ("archive/data/0", &[0; 16])], false);
    let numbers = vec![b'N'; 24 << 20];
    let claim = |bytes: Vec<u8>, size: u32| patched(bytes, CENTRAL, 24, &size.to_le_bytes());
    let mut cases = vec![
        Case::refused(
            "bomb.pth",
            zip(&[("archive/data.pkl", &state(values)), ("archive/data/0", &zeros)], true),
            "once unpacked",
        ),
        Case::refused("pickle_bomb.pth", zip(&[("archive/data.pkl", &numbers)], true), "once unpacked"),
        Case::refused(
            "beside.pth",
            zip(&[("archive/data.pkl", &state(4)), ("archive/x", &zeros)], true),
            "once unpacked",
        ),
        Case::refused("overlapping.pth", overlapping(9000), "once unpacked"),
        Case::refused("claims_much.pth", claim(small(), u32::MAX - 1), "once unpacked"),
        Case::refused("claims_more.pth", claim(small(), 4096), ""),
        Case::refused("claims_less.pth", claim(small(), 3), ""),
        Case::refused("zip64.pth", zip64(1 << 40), ""),
        Case::refused("zip64_many.pth", zip64(u64::MAX), ""),
        Case::refused("method.pth", patched(small(), CENTRAL, 10, &[12, 0]), "stored or deflated content"),
        Case::refused("encrypted.pth", patched(small(), CENTRAL, 8, &[1, 0]), "plain content, found encrypted content"),
        Case::refused("checksum.pth", patched(small(), CENTRAL, 16, &[1, 2, 3, 4]), ""),
        Case::refused("name_twice.pth", name_twice(), "found a name twice"),
        Case::refused("line.pth", zip(&[("a\nb/data.pkl", b""), ("a\nb/byteorder", b"x\ny")], false), "`x"),
        Case::refused("local.pth", patched(small(), LOCAL, 0, b"PK\x07\x08"), ""),
        Case::refused("no_pickle.pth", zip(&[("archive/data/0", &[0; 16])], false), "`data.pkl`, as torch.save writes"),
        Case::refused("arrays.npz", zip(&[("layer1.npy", b"\x93NUMPY")], false), "NumPy arrays"),
        Case::refused("no_storage.pth", zip(&[("archive/data.pkl", &state(4))], false), "fc.weight"),
        Case::refused(
            "short_storage.pth",
            zip(&[("a/data.pkl", &state(4)), ("a/data/0", &[0; 15])], false),
            "fc.weight",
        ),
        Case::refused(
            "order.pth",
            zip(&[("a/data.pkl", &state(4)), ("a/byteorder", b"middle")], false),
            "found `middle`",
        ),
        Case::refused(
            "nothing.zip",
            b"PK\x05\x06".iter().copied().chain([0; 18]).collect::<Vec<_>>(),
            "an empty zip archive",
        ),
    ];
    cases.extend(tar_cases());
    cases.push(Case::accepted("packed_views.pth", packed_views()));
    cases
}
