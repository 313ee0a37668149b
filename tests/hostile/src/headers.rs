//! Safetensors and burnpack files that lie in their headers, and files that are no checkpoints.

use crate::case::Case;

fn safetensors(header: &str, values: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), values].concat()
}

/// One tensor of this type, shape and range.
fn tensor(dtype: &str, shape: &str, offsets: &str, values: &[u8]) -> Vec<u8> {
    safetensors(&format!(r#"{{"w":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#), values)
}

/// A burnpack file with these bytes of CBOR, whatever length its header claims.
fn burnpack(metadata: &[u8], claimed: u32) -> Vec<u8> {
    [b"NRUB\x01\0".as_slice(), &claimed.to_le_bytes(), metadata].concat()
}

fn safetensors_cases() -> Vec<Case> {
    let quiet = f32::NAN.to_le_bytes();
    let large = 1e300_f64.to_le_bytes();
    let two = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[RANGE]}}"#;
    let overlap = safetensors(&two.replace("RANGE", "0,4"), &[0; 4]);
    let gap = safetensors(&two.replace("RANGE", "8,12"), &[0; 12]);
    let deep = safetensors(&format!(r#"{{"__metadata__":{}"#, "[".repeat(100_000)), b"");
    let twice = safetensors(&two.replace("RANGE", "4,8").replace("\"b\"", "\"a\""), &[0; 8]);
    let lines = safetensors(r#"{"a\nb":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, &quiet);
    let burn = two.replacen('{', r#"{"__metadata__":{"producer":"burn"},"#, 1).replace("RANGE", "4,8");
    let burn = safetensors(&burn.replace("\"a\"", "\"bn.gamma\"").replace("\"b\"", "\"bn.weight\""), &[0; 8]);
    let name = "w".repeat(600);
    let long = tensor("F32", "[1]", "[0,4]", &[0; 4]);
    let long = String::from_utf8(long[8..].to_vec()).unwrap().replacen("\"w\"", &format!("\"{name}\""), 1);
    vec![
        Case::refused(
            "huge_header.safetensors",
            [&99_000_000_u64.to_le_bytes()[..], b"{}"].concat(),
            "a header of 99000000 bytes",
        ),
        Case::refused("not_json.safetensors", safetensors("{]", b""), "a JSON header"),
        Case::refused("deep.safetensors", deep, "a JSON header"),
        Case::refused("no_tensors.safetensors", safetensors("{}", b""), "found no tensor"),
        Case::refused(
            "trailing.safetensors",
            tensor("F32", "[1]", "[0,4]", &[0; 5]),
            "values up to the end of the file",
        ),
        Case::refused(
            "truncated.safetensors",
            tensor("F32", "[2]", "[0,8]", &[0; 4]),
            "values up to the end of the file",
        ),
        Case::refused("wrong_shape.safetensors", tensor("F32", "[3]", "[0,8]", &[0; 8]), "the bytes of its shape"),
        Case::refused("backwards.safetensors", tensor("F32", "[1]", "[8,4]", &[0; 8]), "tensor w"),
        Case::refused(
            "overflow.safetensors",
            tensor("F32", "[4294967296,4294967296,4]", "[0,4]", &[0; 4]),
            "the bytes of its shape",
        ),
        Case::refused("negative.safetensors", tensor("F32", "[-1]", "[0,4]", &[0; 4]), "a JSON header"),
        Case::refused("type.safetensors", tensor("F128", "[1]", "[0,16]", &[0; 16]), "a JSON header"),
        Case::refused(
            "whole_numbers.safetensors",
            tensor("I64", "[1]", "[0,8]", &[0; 8]),
            "found only tensors of type i64",
        ),
        Case::refused(
            "nan.safetensors",
            tensor("F32", "[1]", "[0,4]", &quiet),
            "tensor w: expected finite values, found NaN",
        ),
        Case::refused("range.safetensors", tensor("F64", "[1]", "[0,8]", &large), "within the range of f32"),
        Case::refused("eighths.safetensors", tensor("F8_E8M0", "[1]", "[0,1]", &[0]), "only tensors of type f8_e8m0"),
        Case::refused("far.safetensors", tensor("F32", "[1]", "[18446744073709551612,0]", &[0; 4]), ""),
        Case::refused("twice.safetensors", twice, ""),
        Case::refused("lines.safetensors", lines, "tensor a\\nb: expected finite values"),
        Case::refused("metadata.safetensors", safetensors(r#"{"__metadata__":{"a":1}}"#, b""), "a JSON header"),
        Case::refused("burn.safetensors", burn, "a name of its own, as Burn's bn.gamma is PyTorch's bn.weight"),
        Case::refused("overlap.safetensors", overlap, "a gap or an overlap"),
        Case::refused("gap.safetensors", gap, "a gap or an overlap"),
        Case::refused(
            "long_name.safetensors",
            safetensors(&long[..long.len() - 4], &[0; 4]),
            "a name of at most 512 bytes",
        ),
    ]
}

fn burnpack_cases() -> Vec<Case> {
    vec![
        Case::refused("empty.bpk", b"NRUB".to_vec(), "burnpack"),
        Case::refused("huge.bpk", burnpack(b"\xa0", u32::MAX), "burnpack"),
        Case::refused("claims.bpk", burnpack(b"\xa0", 50 << 20), "burnpack"),
        Case::refused("deep.bpk", burnpack(&[0x81; 4096], 4096), "burnpack"),
        Case::refused("long_text.bpk", burnpack(b"\x7b\x7f\xff\xff\xff\xff\xff\xff\xff", 9), "burnpack"),
        Case::refused("long_map.bpk", burnpack(b"\xa1\x67tensors\xbb\x7f\xff\xff\xff\xff\xff\xff\xff", 18), "burnpack"),
        Case::refused("version.bpk", b"NRUB\xff\xff\x01\0\0\0\xa0".to_vec(), "burnpack"),
        Case::refused("nothing.bpk", burnpack(b"\xa1\x67tensors\xa0", 10), "found no tensor"),
    ]
}

/// All of them.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = safetensors_cases();
    cases.extend(burnpack_cases());
    for (name, start, because) in [
        ("empty.pth", b"".as_slice(), "an empty file"),
        ("text.pth", b"hello, world", "12 bytes that begin with"),
        ("page.pth", b"<!DOCTYPE html>", "a web page"),
        ("image.pth", b"\x89PNG\r\n\x1a\n", "a PNG image"),
        ("array.npy", b"\x93NUMPY\x01\0", "an activation file"),
        ("keras.h5", b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        ("packed.pth.gz", b"\x1f\x8b\x08\0", "unpack it first"),
        ("pickle.pkl", b"\x80\x04\x95\x05\0\0\0\0\0\0\0}\x94.", "a plain pickle"),
        ("pointer.pth", b"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer"),
        ("zeros.pth", &[0; 4096], "4096 bytes that begin with 00"),
        ("ones.pth", &[0xff; 4096], "4096 bytes that begin with ff"),
    ] {
        cases.push(Case::refused(name, start, because));
    }
    cases
}
