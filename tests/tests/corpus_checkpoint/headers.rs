//! Safetensors and burnpack files that lie in their headers, and files that are no checkpoints.

use crate::Refused;

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

fn safetensors_cases() -> Vec<Refused> {
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
        Refused::new(
            "huge_header.safetensors",
            [&99_000_000_u64.to_le_bytes()[..], b"{}"].concat(),
            "a header of 99000000 bytes",
        ),
        Refused::new("not_json.safetensors", safetensors("{]", b""), "a JSON header"),
        Refused::new("deep.safetensors", deep, "a JSON header"),
        Refused::new("no_tensors.safetensors", safetensors("{}", b""), "found no tensor"),
        Refused::new(
            "trailing.safetensors",
            tensor("F32", "[1]", "[0,4]", &[0; 5]),
            "values up to the end of the file",
        ),
        Refused::new(
            "truncated.safetensors",
            tensor("F32", "[2]", "[0,8]", &[0; 4]),
            "values up to the end of the file",
        ),
        Refused::new("wrong_shape.safetensors", tensor("F32", "[3]", "[0,8]", &[0; 8]), "safetensors header"),
        Refused::new("backwards.safetensors", tensor("F32", "[1]", "[8,4]", &[0; 8]), "tensor w"),
        Refused::new(
            "overflow.safetensors",
            tensor("F32", "[4294967296,4294967296,4]", "[0,4]", &[0; 4]),
            "safetensors header",
        ),
        Refused::new("negative.safetensors", tensor("F32", "[-1]", "[0,4]", &[0; 4]), "a JSON header"),
        Refused::new("type.safetensors", tensor("F128", "[1]", "[0,16]", &[0; 16]), "a JSON header"),
        Refused::new(
            "whole_numbers.safetensors",
            tensor("I64", "[1]", "[0,8]", &[0; 8]),
            "found only tensors of type i64",
        ),
        Refused::new(
            "nan.safetensors",
            tensor("F32", "[1]", "[0,4]", &quiet),
            "tensor w: expected finite values, found NaN",
        ),
        Refused::new("range.safetensors", tensor("F64", "[1]", "[0,8]", &large), "within the range of f32"),
        Refused::new("eighths.safetensors", tensor("F8_E8M0", "[1]", "[0,1]", &[0]), "only tensors of type f8_e8m0"),
        Refused::new("far.safetensors", tensor("F32", "[1]", "[18446744073709551612,0]", &[0; 4]), ""),
        Refused::new("twice.safetensors", twice, ""),
        Refused::new("lines.safetensors", lines, "tensor a\\nb: expected finite values"),
        Refused::new("metadata.safetensors", safetensors(r#"{"__metadata__":{"a":1}}"#, b""), "a JSON header"),
        Refused::new("burn.safetensors", burn, "a name of its own, as Burn's bn.gamma is PyTorch's bn.weight"),
        Refused::new("overlap.safetensors", overlap, "a gap or an overlap"),
        Refused::new("gap.safetensors", gap, "a gap or an overlap"),
        Refused::new(
            "long_name.safetensors",
            safetensors(&long[..long.len() - 4], &[0; 4]),
            "a name of at most 512 bytes",
        ),
    ]
}

fn burnpack_cases() -> Vec<Refused> {
    vec![
        Refused::new("empty.bpk", b"NRUB".to_vec(), "burnpack"),
        Refused::new("huge.bpk", burnpack(b"\xa0", u32::MAX), "burnpack"),
        Refused::new("claims.bpk", burnpack(b"\xa0", 50 << 20), "burnpack"),
        Refused::new("deep.bpk", burnpack(&[0x81; 4096], 4096), "burnpack"),
        Refused::new("long_text.bpk", burnpack(b"\x7b\x7f\xff\xff\xff\xff\xff\xff\xff", 9), "burnpack"),
        Refused::new("long_map.bpk", burnpack(b"\xa1\x67tensors\xbb\x7f\xff\xff\xff\xff\xff\xff\xff", 18), "burnpack"),
        Refused::new("version.bpk", b"NRUB\xff\xff\x01\0\0\0\xa0".to_vec(), "burnpack"),
        Refused::new("nothing.bpk", burnpack(b"\xa1\x67tensors\xa0", 10), "found no tensor"),
    ]
}

/// All of them.
pub(crate) fn cases() -> Vec<Refused> {
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
        cases.push(Refused::new(name, start, because));
    }
    cases
}
