//! Arrays as NumPy wrote them; `make_fixtures.py` makes the file.

use super::*;
use crate::file::Allowance;
use crate::file::zip::Archive;

fn with<R>(name: &str, use_bytes: impl FnOnce(&[u8]) -> R) -> R {
    let bytes = include_bytes!("fixtures.npz");
    let mut archive = Archive::open("fixtures.npz", bytes).unwrap();
    let index = archive.names().iter().position(|entry| *entry == format!("{name}.npy")).unwrap();
    use_bytes(&archive.read(index, &mut Allowance::for_input(bytes.len())).unwrap())
}

fn floats(name: &str) -> Floats {
    with(name, |bytes| Array::read(name, bytes).unwrap().floats().unwrap())
}

#[test]
fn floats_of_every_width_and_order() {
    let thirds = Floats::F32((0..24).map(|value| (f64::from(value) / 3.0) as f32).collect());
    assert_eq!(floats("half"), Floats::F32((0..24_u8).map(|value| f32::from(value) / 8.0).collect()));
    assert_eq!(floats("single"), thirds);
    assert_eq!(floats("single_big"), thirds);
    assert_eq!(floats("columns"), thirds);
    assert_eq!(floats("double"), Floats::F64((0..24).map(|value| f64::from(value) / 3.0).collect()));
    assert_eq!(floats("scalar"), Floats::F64(vec![1.5]));
    assert_eq!(floats("empty"), Floats::F32(Vec::new()));
    with("columns", |bytes| assert_eq!(Array::read("columns", bytes).unwrap().shape(), [2, 3, 4]));
}

#[test]
fn integers_of_every_width_and_order() {
    let integers = |name| with(name, |bytes| Array::read(name, bytes).unwrap().integers().unwrap());
    let centred = (-12..12).collect::<Vec<i128>>();
    assert_eq!(integers("short"), centred);
    assert_eq!(integers("long"), centred);
    assert_eq!(integers("byte"), (0..24).collect::<Vec<i128>>());
    assert_eq!(integers("unsigned"), [i128::from(u64::MAX)]);
    for name in ["byte", "columns_byte"] {
        with(name, |bytes| {
            let array = Array::read(name, bytes).unwrap();
            assert!(array.is_bytes());
            assert_eq!(array.bytes().unwrap(), (0..24).collect::<Vec<u8>>());
        });
    }
}

#[test]
fn texts() {
    let texts = |name| with(name, |bytes| Array::read(name, bytes).unwrap().texts().unwrap());
    assert_eq!(texts("text"), ["a", "bcd", "é"]);
    assert_eq!(texts("text_big"), ["a", "bcd", "é"]);
    assert_eq!(texts("bytes"), ["a", "bcd"]);
}

#[test]
fn other_types_are_refused_by_name() {
    let error = |name| with(name, |bytes| Array::read(name, bytes).unwrap_err().to_string());
    assert_eq!(error("object"), "object: expected an array of numbers or texts, found values of type `|O`");
    assert_eq!(error("truth"), "truth: expected an array of numbers or texts, found values of type `|b1`");
    assert!(error("record").contains("not a record"));
    let error = with("short", |bytes| Array::read("short", bytes).unwrap().floats().unwrap_err().to_string());
    assert_eq!(error, "short: expected floating-point values of 2, 4 or 8 bytes, found values of type `>i2`");
}

#[test]
fn a_file_of_another_length_than_announced_is_refused() {
    with("half", |bytes| {
        for length in 0..bytes.len() {
            assert!(Array::read("half", &bytes[..length]).is_err(), "{length}");
        }
        let longer = [bytes, &[0]].concat();
        assert_eq!(
            Array::read("half", &longer).unwrap_err().to_string(),
            "half: at byte 128: expected 48 bytes, an array of shape [2, 3, 4] and type `<f2`, found 49 bytes"
        );
    });
}

#[test]
fn no_header_can_announce_values_without_bytes() {
    assert_eq!(parse_type("<U0"), None);
    assert_eq!(parse_type("|S0"), None);
    assert_eq!(parse_type("<U18446744073709551615"), None);
    assert_eq!(parse_type("<f4"), Some((false, b'f', 4)));
    assert_eq!(parse_type(">U3"), Some((true, b'U', 12)));
}
