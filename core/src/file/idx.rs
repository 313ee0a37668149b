//! IDX (LeCun, Cortes and Burges 1998): two zeros, the type of the values, the number of dimensions, the length of each
//! as a big-endian 32-bit number, the values row-major.

use super::error::{DataError, counted};

/// The type of unsigned bytes.
pub(crate) const UNSIGNED_BYTE: u8 = 0x08;
const TYPES: [u8; 6] = [UNSIGNED_BYTE, 0x09, 0x0b, 0x0c, 0x0d, 0x0e];

/// Whether the first bytes are those of an IDX file.
pub(super) fn begins_like(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, kind, 1..=4, ..] if TYPES.contains(kind))
}

/// Whether the bytes are a whole IDX file of unsigned bytes.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    begins_like(bytes) && bytes.get(2) == Some(&UNSIGNED_BYTE) && dimensions("", bytes).is_ok()
}

/// The length of each dimension of a file of bytes, and as many values as they announce.
///
/// # Errors
/// [`DataError::Malformed`] when the header is cut off, or the file holds more or fewer values.
pub(crate) fn dimensions<'a>(file: &str, bytes: &'a [u8]) -> Result<(Vec<usize>, &'a [u8]), DataError> {
    let malformed =
        |offset, expected, found| Err(DataError::Malformed { file: file.to_owned(), offset, expected, found });
    let Some((&[_, _, _, count], rest)) = bytes.split_first_chunk() else {
        return malformed(3, "the number of dimensions".to_owned(), "the end of the file".to_owned());
    };
    let count = usize::from(count);
    let start = 4 + 4 * count;
    let Some((header, values)) = rest.split_at_checked(4 * count) else {
        return malformed(
            4,
            format!("the lengths of {}", counted(count, "dimension")),
            "the end of the file".to_owned(),
        );
    };
    let (fields, _) = header.as_chunks::<4>();
    let lengths = fields.iter().map(|&field| u32::from_be_bytes(field) as usize).collect::<Vec<_>>();
    let expected = lengths.iter().try_fold(1_usize, |product, &length| product.checked_mul(length));
    match expected {
        Some(expected) if expected == values.len() => Ok((lengths, values)),
        _ => {
            let announced =
                expected.map_or_else(|| "more bytes than can be".to_owned(), |bytes| format!("{bytes} bytes"));
            malformed(start, format!("{announced} of values, {lengths:?}"), format!("{} bytes", values.len()))
        }
    }
}
