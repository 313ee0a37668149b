//! Safetensors and burnpack files whose headers overlap, nest, repeat or pad.

use std::fmt::Write as _;

use crate::case::{Case, State};
use crate::opcodes::state;
use crate::pickles::VALUES;

/// A file with this header and these values.
pub(crate) fn safetensors(header: &[u8], values: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header, values].concat()
}

/// The entry of a tensor of single precision.
pub(crate) fn entry(name: &str, shape: &str, offsets: &str) -> String {
    format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}"#)
}

/// The header of the one tensor.
fn whole() -> String {
    format!("{{{}}}", entry("fc.weight", "[4]", "[0,16]"))
}

fn of(entries: &[String], values: &[u8]) -> Vec<u8> {
    safetensors(format!("{{{}}}", entries.join(",")).as_bytes(), values)
}

/// The header of the one tensor with something behind it.
fn padded(padding: &[u8]) -> Vec<u8> {
    safetensors(&[whole().as_bytes(), padding].concat(), &VALUES)
}

fn length(length: u64) -> Vec<u8> {
    [&length.to_le_bytes(), whole().as_bytes(), &VALUES].concat()
}

fn layouts() -> Vec<Case> {
    const GAP: &str = "a gap or an overlap";
    let halves = || State::from([("a".to_owned(), vec![1.0, 2.0]), ("b".to_owned(), vec![3.0, 4.0])]);
    let two =
        |first: &str, second: &str, values: &[u8]| of(&[entry("a", "[2]", first), entry("b", "[2]", second)], values);
    let nothing = State::from([("a".to_owned(), vec![]), ("fc.weight".to_owned(), vec![1.0, 2.0, 3.0, 4.0])]);
    let whole = || entry("fc.weight", "[4]", "[0,16]");
    vec![
        Case::read("two.safetensors", two("[0,8]", "[8,16]", &VALUES), halves()),
        Case::read(
            "two_in_reverse.safetensors",
            of(&[entry("b", "[2]", "[8,16]"), entry("a", "[2]", "[0,8]")], &VALUES),
            halves(),
        ),
        Case::read("nothing_first.safetensors", of(&[entry("a", "[0]", "[0,0]"), whole()], &VALUES), nothing.clone()),
        Case::read("nothing_last.safetensors", of(&[whole(), entry("a", "[0]", "[16,16]")], &VALUES), nothing),
        Case::refused("overlapping.safetensors", two("[0,8]", "[4,12]", &VALUES[..12]), GAP),
        Case::refused("one_in_another.safetensors", two("[0,8]", "[0,8]", &VALUES[..8]), GAP),
        Case::refused("gapped.safetensors", two("[0,8]", "[12,20]", &[0; 20]), GAP),
        Case::refused("gap_at_the_start.safetensors", two("[4,12]", "[12,20]", &[0; 20]), GAP),
        Case::refused("reversed.safetensors", two("[8,0]", "[8,16]", &VALUES), GAP),
        Case::refused("reversed_at_the_end.safetensors", two("[0,8]", "[8,0]", &VALUES), GAP),
        Case::refused("most.safetensors", two("[0,8]", "[8,18446744073709551615]", &VALUES), "the bytes of its shape"),
        Case::refused(
            "more_than_numbers.safetensors",
            two("[0,8]", "[8,18446744073709551616]", &VALUES),
            "a JSON header",
        ),
        Case::refused("behind.safetensors", of(&[whole()], &[VALUES, VALUES].concat()), "up to the end of the file"),
        Case::refused("cut.safetensors", of(&[whole()], &VALUES[..15]), "up to the end of the file"),
        Case::refused("no_values.safetensors", of(&[whole()], b""), "up to the end of the file"),
        Case::refused("shape.safetensors", of(&[entry("a", "[5]", "[0,16]")], &VALUES), "the bytes of its shape"),
        Case::refused(
            "shape_to_zero.safetensors",
            of(&[entry("a", "[4294967296,4294967296]", "[0,0]")], b""),
            "the bytes of its shape",
        ),
        Case::refused(
            "shape_with_zero.safetensors",
            of(&[entry("a", "[18446744073709551615,18446744073709551615,0]", "[0,0]"), whole()], &VALUES),
            "the bytes of its shape",
        ),
        Case::refused(
            "half_bytes.safetensors",
            safetensors(br#"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}"#, &[0; 2]),
            "",
        ),
    ]
}

fn headers() -> Vec<Case> {
    const JSON: &str = "a JSON header";
    let weights = || entry("fc.weight", "[4]", "[0,16]");
    let plain = |header: &str| safetensors(header.as_bytes(), &VALUES);
    let with_metadata = |metadata: &str| plain(&format!("{{\"__metadata__\":{metadata},{}}}", weights()));
    let deep = |open: &str| format!("{{\"a\":{}", open.repeat(1_000_000));
    vec![
        Case::read("blanks.safetensors", padded(&[b' '; 37]), state()),
        Case::read("zeros.safetensors", padded(&[0; 37]), state()),
        Case::read("many_zeros.safetensors", padded(&vec![0; 1 << 20]), state()),
        Case::read("blanks_and_zeros.safetensors", padded(b"  \0\0 \0"), state()),
        Case::read("lines.safetensors", padded(b"\r\n\t"), state()),
        Case::refused("zero_within.safetensors", plain(&whole().replace(':', "\0:")), JSON),
        Case::refused("text_behind.safetensors", padded(b"\0x"), JSON),
        Case::refused("two_headers.safetensors", padded(whole().as_bytes()), JSON),
        Case::refused("header_of_half.safetensors", length(1 << 63), "a header of 9223372036854775808 bytes"),
        Case::refused("header_of_all.safetensors", length(u64::MAX), "a header of 18446744073709551615 bytes"),
        Case::refused("header_of_32_bits.safetensors", length(u64::from(u32::MAX)), "a header of 4294967295 bytes"),
        Case::refused("header_by_one.safetensors", length(whole().len() as u64 + 17), "a file of"),
        Case::refused("header_of_none.safetensors", length(0), ""),
        Case::refused("no_utf8.safetensors", safetensors(b"{\"a\xff\":{}}", &VALUES), "UTF-8"),
        Case::refused(
            "twice.safetensors",
            of(&[weights(), weights()], &VALUES),
            "each name once, found `fc.weight` twice",
        ),
        Case::refused(
            "twice_apart.safetensors",
            of(&[entry("a", "[2]", "[0,8]"), entry("a", "[2]", "[8,16]")], &VALUES),
            "each name once, found `a` twice",
        ),
        Case::refused(
            "twice_by_escape.safetensors",
            of(&[entry("a", "[2]", "[0,8]"), entry("\\u0061", "[2]", "[8,16]")], &VALUES),
            "each name once, found `a` twice",
        ),
        Case::refused(
            "fields_twice.safetensors",
            plain(&whole().replace("\"shape\"", "\"dtype\":\"F16\",\"shape\"")),
            JSON,
        ),
        Case::refused("deep_lists.safetensors", plain(&deep("[")), JSON),
        Case::refused("deep_objects.safetensors", plain(&deep("{\"a\":")), JSON),
        Case::refused("deep_metadata.safetensors", with_metadata(&"[".repeat(1_000_000)), JSON),
        Case::refused(
            "metadata_twice.safetensors",
            with_metadata("{},\"__metadata__\":{}"),
            "found `__metadata__` twice",
        ),
        Case::refused("metadata_of_numbers.safetensors", with_metadata("{\"a\":1}"), JSON),
        Case::refused("metadata_list.safetensors", with_metadata("[]"), JSON),
        Case::read("metadata_empty.safetensors", with_metadata("{}"), state()),
        Case::read("metadata_none.safetensors", with_metadata("null"), state()),
        Case::refused("list.safetensors", plain("[]"), ""),
        Case::refused("no_entry.safetensors", plain("{\"a\":null}"), JSON),
        Case::refused("no_offsets.safetensors", plain("{\"a\":{\"dtype\":\"F32\",\"shape\":[4]}}"), JSON),
        Case::refused("negative.safetensors", plain(&whole().replace("[4]", "[-4]")), JSON),
        Case::refused("fraction.safetensors", plain(&whole().replace("[4]", "[4.0]")), JSON),
        Case::refused("unknown_type.safetensors", plain(&whole().replace("F32", "F33")), JSON),
    ]
}

/// Headers of many things.
fn many() -> Vec<Case> {
    let tensors = |count: usize| {
        let mut header = String::from("{");
        for place in 0..count {
            let comma = if place == 0 { "" } else { "," };
            write!(header, "{comma}\"{place}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}").unwrap();
        }
        header.push('}');
        safetensors(header.as_bytes(), b"")
    };
    let metadata = |count: usize| {
        let mut header = String::from("{\"__metadata__\":{\"x\":\"\"");
        (0..count).for_each(|place| write!(header, ",\"{place}\":\"\"").unwrap());
        safetensors(format!("{header}}}}}").as_bytes(), b"")
    };
    let lengths = |count: usize| of(&[entry("a", &format!("[{}0]", "0,".repeat(count)), "[0,0]")], b"");
    let name = |count: usize| of(&[entry(&"w".repeat(count), "[4]", "[0,16]")], &VALUES);
    vec![
        Case::refused("many_tensors.safetensors", tensors(200_000), "at most 100000 tensors"),
        Case::refused("much_metadata.safetensors", metadata(1_000_000), "at most 100000"),
        Case::refused("many_lengths.safetensors", lengths(1_000_000), "at most"),
        Case::refused("long_name.safetensors", name(1_000_000), "a name of at most 512 bytes"),
    ]
}

/// A burnpack file with these tensors, each with a type, lengths and a range of the values.
fn burnpack(tensors: &[(&str, &[u64], [u64; 2])], values: &[u8]) -> Vec<u8> {
    let head = |kind: u8, number: u64| [vec![kind << 5 | 27], number.to_be_bytes().to_vec()].concat();
    let text = |text: &str| [head(3, text.len() as u64), text.as_bytes().to_vec()].concat();
    let list = |numbers: &[u64]| {
        let items: Vec<u8> = numbers.iter().flat_map(|&number| head(0, number)).collect();
        [head(4, numbers.len() as u64), items].concat()
    };
    let mut map = head(5, tensors.len() as u64);
    for (name, shape, range) in tensors {
        map.extend(text(name));
        map.extend(head(5, 3));
        map.extend(
            [text("dtype"), text("F32"), text("shape"), list(shape), text("data_offsets"), list(range)].concat(),
        );
    }
    let metadata = [head(5, 1), text("tensors"), map].concat();
    let mut bytes = [b"NRUB\x01\0".to_vec(), (metadata.len() as u32).to_le_bytes().to_vec(), metadata].concat();
    bytes.resize(bytes.len().next_multiple_of(256), 0);
    bytes.extend(values);
    bytes
}

fn burn() -> Vec<Case> {
    let one = |shape: &[u64], range: [u64; 2]| burnpack(&[("fc.weight", shape, range)], &VALUES);
    let two = |a: [u64; 2], b: [u64; 2]| burnpack(&[("a", &[2], a), ("b", &[2], b)], &VALUES);
    let twice = [("fc.weight", &[4_u64][..], [0, 16]), ("fc.weight", &[2], [0, 8])];
    let shared = State::from([("a".to_owned(), vec![1.0, 2.0]), ("b".to_owned(), vec![2.0, 3.0])]);
    vec![
        Case::read("one.bpk", one(&[4], [0, 16]), state()),
        Case::read("overlapping.bpk", two([0, 8], [4, 12]), shared),
        Case::refused("reversed.bpk", one(&[4], [16, 0]), "burnpack"),
        Case::refused("beyond.bpk", one(&[4], [4, 20]), "burnpack"),
        Case::refused("most.bpk", one(&[4], [u64::MAX - 16, u64::MAX]), "burnpack"),
        Case::refused("shape.bpk", one(&[5], [0, 16]), "burnpack"),
        Case::refused("shape_to_zero.bpk", one(&[1 << 32, 1 << 32], [0, 0]), "burnpack"),
        Case::refused("twice.bpk", burnpack(&twice, &VALUES), "each name once, found `fc.weight` twice"),
        Case::refused("lengths.bpk", one(&vec![0; 100_000], [0, 0]), "at most 16 dimensions"),
        Case::refused("all_views.bpk", all_views(), "bytes in all"),
    ]
}

/// Many tensors of the same megabyte.
fn all_views() -> Vec<u8> {
    let names: Vec<String> = (0..200).map(|name| name.to_string()).collect();
    let tensors: Vec<(&str, &[u64], [u64; 2])> =
        names.iter().map(|name| (name.as_str(), &[1 << 18][..], [0, 1 << 20])).collect();
    burnpack(&tensors, &vec![0; 1 << 20])
}

/// All of them.
#[must_use]
pub fn cases() -> Vec<Case> {
    [layouts(), headers(), many(), burn()].into_iter().flatten().collect()
}
