//! Pickles without tensors, or that nest, multiply or lie about sizes.

use crate::archives::zip;
use crate::case::Case;

/// The elements of the one storage: 1, 2, 3 and 4.
pub(crate) const VALUES: [u8; 16] = [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40];

/// A legacy file with this pickle as its object, and one storage of four values where it has tensors.
pub(crate) fn legacy(object: &[u8]) -> Vec<u8> {
    let mut file = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.".to_vec();
    file.extend(b"\x80\x02}X\x0d\0\0\0little_endian\x88s.");
    file.extend(object);
    if object.windows(12).any(|window| window == b"FloatStorage") {
        file.extend(b"\x80\x02]X\x01\0\0\0\x30a.");
        file.extend(4_u64.to_le_bytes());
        file.extend(VALUES);
    } else {
        file.extend(b"\x80\x02].");
    }
    file
}

/// A zip archive with this pickle as its object and one storage of four values.
pub(crate) fn zipped(object: &[u8]) -> Vec<u8> {
    zip(&[("archive/data.pkl", object), ("archive/data/0", &VALUES)], false)
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    let mut bytes = b"X".to_vec();
    bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

pub(crate) fn integer(value: i64) -> Vec<u8> {
    let mut bytes = vec![0x8a, 8];
    bytes.extend(value.to_le_bytes());
    bytes
}

fn tuple(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut bytes = b"(".to_vec();
    bytes.extend(items.into_iter().flatten());
    bytes.push(b't');
    bytes
}

/// A tensor on storage `0`, which claims `elements` values.
pub(crate) fn tensor(elements: i64, offset: i64, sizes: &[i64], strides: &[i64]) -> Vec<u8> {
    let identifier = [text("storage"), b"ctorch\nFloatStorage\n".to_vec(), text("0"), text("cpu"), integer(elements)];
    let mut storage = tuple(identifier);
    storage.push(b'Q');
    let numbers = |values: &[i64]| tuple(values.iter().map(|&value| integer(value)));
    let hooks = b"ccollections\nOrderedDict\n)R".to_vec();
    let arguments = tuple([storage, integer(offset), numbers(sizes), numbers(strides), vec![0x89], hooks]);
    [b"ctorch._utils\n_rebuild_tensor_v2\n".to_vec(), arguments, b"R".to_vec()].concat()
}

/// A tensor of the whole storage.
pub(crate) fn small() -> Vec<u8> {
    tensor(4, 0, &[4], &[1])
}

/// A dictionary of tensors.
pub(crate) fn dictionary(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"\x80\x02}".to_vec();
    for (name, value) in entries {
        bytes.extend(text(name));
        bytes.extend(value);
        bytes.push(b's');
    }
    bytes.push(b'.');
    bytes
}

fn state(value: Vec<u8>) -> Vec<u8> {
    dictionary(&[("fc.weight".to_owned(), value)])
}

/// What is wrong with the object itself, whatever contains it.
fn objects() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let repeated = |head: &[u8], unit: &[u8], count: usize, tail: &[u8]| [head, &unit.repeat(count), tail].concat();
    let by_name = |module: &str, name: &str| {
        [
            b"\x80\x04".to_vec(),
            text(module),
            b"\x94".to_vec(),
            text(name),
            b"\x94\x93".to_vec(),
            text("true"),
            b"\x85R.".to_vec(),
        ]
        .concat()
    };
    let classes = repeated(b"\x80\x02c__main__\nNet\nq\0", b"h\0", 50_000, b")");
    let deep_calls = [&classes[..], &[0x81; 50_001], b"."].concat();
    let long = text(&"w".repeat(1 << 20));
    let copies = b"h\0".repeat(1000);
    let long_key = [b"\x80\x02}".as_slice(), &long, b"Nsq\0", &copies, b"."].concat();
    let long_class = [b"\x80\x02c".as_slice(), &b"w".repeat(1 << 20), b"\nNet\nq\0", &copies, b"."].concat();
    let wide = tensor(4, 0, &[1; 5000], &[0; 5000]);
    let wide_copies = [b"\x80\x02".as_slice(), &wide, b"q\0", &b"h\0".repeat(5000), b"."].concat();
    let states = repeated(b"\x80\x02c__main__\nNet\n)\x81", b"}b", 100_000, b".");
    let named = |count: usize, value: &dyn Fn() -> Vec<u8>| {
        let entries: Vec<_> = (0..count).map(|i| (format!("w{i}"), value())).collect();
        let mut inner = dictionary(&entries);
        inner.pop();
        inner.split_off(2)
    };
    let long_path = [b"\x80\x02}".as_slice(), &long, &named(100, &small), b"s."].concat();
    let far = || tensor(1 << 22, 0, &[2], &[(1 << 22) - 1]);
    let reaching = [b"\x80\x02".to_vec(), named(200, &far), b".".to_vec()].concat();
    let twice =
        [b"\x80\x02}".to_vec(), text("a.b"), small(), b"s".to_vec(), text("a"), b"}".to_vec(), text("b"), small()];
    let twice = [twice.concat(), b"ss.".to_vec()].concat();
    let mut huge_size = vec![0x8a, 255];
    huge_size.extend([0x7f; 255]);
    let huge_size = {
        let mut bytes = state(tensor(4, 0, &[77], &[1]));
        let at = bytes.windows(10).position(|window| window == integer(77)).unwrap();
        bytes.splice(at..at + 10, huge_size);
        bytes
    };
    let in_dictionary = state([b"cposix\nsystem\n".to_vec(), text("true"), b"\x85R".to_vec()].concat());
    let in_lists = |levels: usize, value: Vec<u8>| {
        [b"\x80\x02".as_slice(), &b"]".repeat(levels), &value, &b"a".repeat(levels), b"."].concat()
    };
    // Each list holds the one before twice: 2³⁰ ways to one tensor.
    let multiplied =
        [b"\x80\x02".to_vec(), small(), b"q\0".to_vec(), b"h\0h\0\x86q\0".repeat(30), b".".to_vec()].concat();
    vec![
        ("deep_way_to_a_tensor", in_lists(50_000, small()), "levels of nesting"),
        ("many_ways_to_a_tensor", multiplied, "expected at most"),
        (
            "os_system",
            b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R.".to_vec(),
            "code that Python would run, which is never run here: `os.system`",
        ),
        ("posix_system", by_name("posix", "system"), "`posix.system`"),
        ("subprocess", by_name("subprocess", "Popen"), "`subprocess.Popen`"),
        ("eval", by_name("builtins", "eval"), "`builtins.eval`"),
        ("getattr", by_name("builtins", "getattr"), "`builtins.getattr`"),
        ("nested_load", by_name("torch.storage", "_load_from_bytes"), "`torch.storage._load_from_bytes`"),
        ("own_function", by_name("__main__", "payload"), "expected tensors, found none"),
        ("long_key_copies", long_key, "expected tensors, found none"),
        ("long_class_copies", long_class, "found a single value"),
        ("wide_copies", wide_copies, "found a single tensor"),
        ("many_states", states, "expected tensors, found none"),
        ("long_path", long_path, "a name of at most 512 bytes"),
        ("reaching", reaching, "expected a storage of 4 elements to be enough"),
        ("twice", twice, "one tensor of each name, found two of the name `a.b`"),
        ("huge_size", huge_size, ""),
        ("negative_stride", state(tensor(4, 3, &[4], &[-1])), ""),
        ("overflowing_offset", state(tensor(4, i64::MAX, &[4], &[1])), ""),
        ("overflowing_size", state(tensor(i64::MAX, 0, &[1 << 62, 1 << 62, 0], &[0, 0, 0])), ""),
        ("class_of_lines", by_name("__main__", "pay\nload"), "expected tensors, found none"),
        ("among_tensors", in_dictionary, "`posix.system`"),
        ("through_memo", b"\x80\x02X\x02\0\0\0osq\x01X\x06\0\0\0systemq\x02h\x01h\x02\x93)R.".to_vec(), "`os.system`"),
        ("instance", b"(X\x04\0\0\0truei__main__\nPayload\n.".to_vec(), "expected tensors, found none"),
        ("object", b"(c__main__\nPayload\no.".to_vec(), "expected tensors, found none"),
        ("call_of_a_value", b"\x80\x02})R.".to_vec(), "expected tensors, found none"),
        ("extension", b"\x80\x02\x82\x01.".to_vec(), "found a single value"),
        ("outside_buffer", b"\x80\x05\x97.".to_vec(), "found a single value"),
        ("cycle", b"\x80\x02]q\0h\0a.".to_vec(), "expected tensors, found none"),
        (
            "cycle_of_dictionaries",
            b"\x80\x02}q\0X\x01\0\0\0a}q\x01X\x01\0\0\0bh\0ss.".to_vec(),
            "expected tensors, found none",
        ),
        (
            "cycle_through_state",
            b"\x80\x02c__main__\nNet\n)\x81q\0}X\x01\0\0\0ah\0sb.".to_vec(),
            "expected tensors, found none",
        ),
        ("cycle_put_aside", b"\x80\x02}]q\0h\0a0.".to_vec(), "expected tensors, found none"),
        (
            "deep_lists",
            repeated(b"\x80\x02", b"]", 50_000, &[&[b'a'; 49_999][..], b"."].concat()),
            "expected tensors, found none",
        ),
        ("deep_tuples", repeated(b"\x80\x02)", b"\x85", 100_000, b"."), "expected tensors, found none"),
        ("deep_calls", deep_calls, "expected tensors, found none"),
        ("laughs", repeated(b"\x80\x02)q\0", b"h\0h\0\x86q\0", 30, b"."), "expected tensors, found none"),
        ("doublings", repeated(b"\x80\x02N", b"2\x86", 64, b"."), "expected tensors, found none"),
        ("flood", repeated(b"\x80\x02", b"]", 1_200_000, b"."), "bytes of memory, found more"),
        ("marks", repeated(b"\x80\x02", b"(", 1_200_000, b"."), "bytes of memory, found more"),
        ("long_text", b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.".to_vec(), "more bytes"),
        ("long_number", b"\x80\x02\x8b\xff\xff\xff\xff.".to_vec(), "4294967295 more bytes"),
        ("long_line", repeated(b"V", b"a", 100_000, b""), "a line"),
        ("empty", b"".to_vec(), ""),
        ("no_value", b"\x80\x02.".to_vec(), ""),
        ("unknown_memo", b"\x80\x02h\x07.".to_vec(), "the unknown index 7"),
        ("no_mark", b"\x80\x02t.".to_vec(), "a mark on the stack"),
        ("protocol", b"\x80\x63N.".to_vec(), "a pickle protocol up to 5, found 99"),
        ("a_number", b"\x80\x02K\x01.".to_vec(), "a dictionary of tensors or a module"),
        ("a_list", b"\x80\x02].".to_vec(), "expected tensors, found none"),
        ("a_tensor", [b"\x80\x02".to_vec(), tensor(4, 0, &[4], &[1]), b".".to_vec()].concat(), "found a single tensor"),
        ("no_tensors", b"\x80\x02}X\x05\0\0\0epochK\x03s.".to_vec(), "expected tensors, found none"),
        ("huge_view", state(tensor(4, 0, &[100_000, 100_000], &[0, 0])), ""),
        ("large_view", state(tensor(4, 0, &[1000, 1000], &[0, 0])), "tensor fc.weight: expected at most"),
        ("huge_storage", state(tensor(1 << 40, 0, &[1 << 40], &[1])), ""),
        ("beyond_storage", state(tensor(400, 0, &[400], &[1])), ""),
        ("overflow", state(tensor(4, 0, &[1 << 40, 1 << 40], &[0, 0])), ""),
        ("overflowing_stride", state(tensor(4, 0, &[3, 3], &[i64::MAX, i64::MAX])), ""),
        ("negative_size", state(tensor(4, 0, &[-1], &[1])), ""),
        ("negative_offset", state(tensor(4, -1, &[4], &[1])), ""),
        ("many_dimensions", state(tensor(4, 0, &[1; 200], &[0; 200])), "at most 16 dimensions"),
    ]
}

/// All of them in both containers, and what only one of them allows.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, object, because) in objects() {
        cases.push(Case::refused(format!("{name}.zip.pth"), zipped(&object), because));
        cases.push(Case::refused(format!("{name}.legacy.pth"), legacy(&object), because));
    }
    let views: Vec<_> = (0..100).map(|i| (format!("w{i}"), tensor(65_536, 0, &[65_536], &[1]))).collect();
    let views = zip(&[("archive/data.pkl", &dictionary(&views)), ("archive/data/0", &[0; 4 * 65_536])], false);
    cases.push(Case::refused("views.pth", views, "bytes in all"));
    let long = dictionary(&[("w".repeat(5000), tensor(4, 0, &[4], &[1]))]);
    let lines = dictionary(&[("a\nb".to_owned(), tensor(4, 0, &[4], &[1]))]);
    let not_finite = zip(&[("archive/data.pkl", &lines), ("archive/data/0", &[0xff; 16])], false);
    cases.push(Case::refused("name_of_lines.pth", not_finite, "tensor a\\nb: expected finite values"));
    cases.push(Case::refused("long_name.pth", zipped(&long), "a name of at most 512 bytes"));
    let mut version = legacy(b"\x80\x02}.");
    version[18] = 0xe8;
    cases.push(Case::refused("version.pth", version, "protocol version: expected 1001, found 1000"));
    cases
}
