//! Few bytes that everything in a file refers to: what looks at them once for each reference never ends.

use crate::archives::tar;
use crate::case::Case;
use crate::opcodes::{state, weights};
use crate::pickles::{integer, legacy, text, zipped};

/// Bytes of what is shared.
const LONG: usize = 1 << 20;
/// How often it is referred to.
const TIMES: usize = 60_000;

/// A pickle that puts something aside, under the index 0, and goes on with operations that take it again.
fn shared(value: &[u8], before: &[u8], again: &[u8], after: &[u8]) -> Vec<u8> {
    [b"\x80\x02", value, b"q\x000", before, &again.repeat(TIMES), after, b"."].concat()
}

fn storage(key: &[u8]) -> Vec<u8> {
    [b"(", &text("storage")[..], b"ctorch\nFloatStorage\n", key, &text("cpu"), &integer(4), b"tQ"].concat()
}

/// All of them.
#[must_use]
pub fn cases() -> Vec<Case> {
    const NONE: Option<&str> = Some("expected tensors, found none");
    let long = text(&"w".repeat(LONG));
    let wide = [b"(".to_vec(), b"K\x01".repeat(LONG / 8), b"t".to_vec()].concat();
    let rebuild = b"ctorch._utils\n_rebuild_tensor_v2\nq\x010";
    let part = storage(&text("0"));
    let held = [rebuild.as_slice(), &part, b"q\x020]"].concat();
    let far = [b"ctorch._utils\n_rebuild_tensor_v2\nq\x010".as_slice(), b"]"].concat();
    let key = [b"h\x01(".as_slice(), &storage(b"h\0"), b"K\x00K\x04\x85K\x01\x85tRa"].concat();
    // A module with as many buffers as names of buffers to leave out.
    let names = |count: usize| -> Vec<u8> { (0..count).flat_map(|name| text(&format!("{name:06}"))).collect() };
    let buffers: Vec<u8> = (0..TIMES).flat_map(|name| [text(&format!("{name:06}")), b"N".to_vec()].concat()).collect();
    let module = [
        b"\x80\x02cmine\nNet\n)\x81}(".as_slice(),
        &text("_parameters"),
        &weights(),
        &text("_buffers"),
        b"}(",
        &buffers,
        b"u",
        &text("_modules"),
        b"}",
        &text("_non_persistent_buffers_set"),
        b"c__builtin__\nset\n](",
        &names(TIMES),
        b"e\x85Rub.",
    ]
    .concat();
    let objects = [
        ("key", shared(&long, b"}", b"h\0Ns", b""), NONE),
        ("key_above_the_weights", shared(&long, &weights(), b"h\0Ns", b""), None),
        ("key_of_text_and_value", shared(&long, b"}", b"h\0h\0s", b""), NONE),
        ("attributes", shared(&long, b"cmine\nNet\n)\x81}", b"h\0Ns", b"b"), NONE),
        ("class", shared(&long, b"]", b"h\0h\0\x93)Ra", b""), NONE),
        ("named_class", shared(&[b"c", &vec![b'w'; LONG][..], b"\nNet\n"].concat(), b"]", b"h\0)Ra", b""), NONE),
        ("lengths", shared(&wide, &held, b"h\x01(h\x02K\0h\0h\0tRa", b""), Some("at most 16 dimensions")),
        ("strides", shared(&wide, &held, b"h\x01(h\x02K\0K\x04\x85h\0tRa", b""), Some("strides")),
        ("storage", shared(&long, &far, &key, b""), Some("")),
        ("arguments", shared(&wide, b"cmine\nNet\nq\x010]", b"h\x01h\0Ra", b""), NONE),
        ("pairs", shared(&wide, b"ccollections\nOrderedDict\nq\x010]", b"h\x01h\0\x85Ra", b""), NONE),
        ("state", shared(&wide, b"cmine\nNet\n)\x81", b"h\0b", b""), NONE),
        ("identifier", shared(&wide, b"]", b"h\0Qa", b""), NONE),
        ("buffers_left_out", module, None),
    ];
    let mut cases = Vec::new();
    for (name, object, because) in objects {
        for (container, bytes) in [("zip", zipped(&object)), ("legacy", legacy(&object))] {
            let name = format!("{name}.{container}.pth");
            cases.push(match because {
                None => Case::read(name, bytes, state()),
                Some(words) => Case::refused(name, bytes, words),
            });
        }
    }
    cases.push(Case::refused("records.tar.pth", records(), ""));
    cases
}

/// A tar archive of many records, each of which takes a value from far away in its memo.
fn records() -> Vec<u8> {
    let count = 90_000_u32;
    let record = b"\x80\x02Nr\x00\x00\x10\x00j\x00\x00\x10\x00.";
    let mut blob = [b"\x80\x02J".as_slice(), &count.to_le_bytes(), b"."].concat();
    for _ in 0..count {
        blob.extend(record);
        blob.extend([0; 16]);
    }
    let nothing = b"\x80\x02K\0.\x80\x02].";
    tar(&[("storages", nothing), ("tensors", &blob), ("pickle", b"\x80\x02}.")])
}
