//! IDX (LeCun, Cortes and Burges 1998): two zeros, the type of the values, the number of dimensions, the length of each
//! as a big-endian 32-bit number, the values row-major.

use super::Source;
use crate::data::error::{DataError, counted};
use crate::data::probe_set::{ImageShape, Pixels, ProbeSet};

const UNSIGNED_BYTE: u8 = 0x08;
const TYPES: [u8; 6] = [UNSIGNED_BYTE, 0x09, 0x0b, 0x0c, 0x0d, 0x0e];

/// An IDX file of bytes.
enum Content<'a> {
    Images { shape: ImageShape, pixels: &'a [u8] },
    Labels(&'a [u8]),
}

/// Whether the first bytes are those of an IDX file.
pub(super) fn begins_like(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, kind, 1..=4, ..] if TYPES.contains(kind))
}

/// Whether the bytes are a whole IDX file of unsigned bytes.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    begins_like(bytes) && bytes.get(2) == Some(&UNSIGNED_BYTE) && dimensions("", bytes).is_ok()
}

/// Reads one file of images and at most one of labels.
pub(super) fn read(sources: &[Source<'_>]) -> Result<ProbeSet, DataError> {
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for source in sources {
        match content(source.name, &source.bytes)? {
            Content::Images { shape, pixels } => images.push((source.name, shape, pixels)),
            Content::Labels(values) => labels.push((source.name, values)),
        }
    }
    let (&[(name, shape, pixels)], [] | [_]) = (images.as_slice(), labels.as_slice()) else {
        let found = format!("{} of images and {} of labels", images.len(), labels.len());
        return Err(DataError::mismatch("IDX", "one file of images and at most one of labels", found));
    };
    let labels = labels.first().map(|&(file, values)| {
        let count = pixels.len() / shape.len().max(1);
        if values.len() == count {
            return Ok(values.iter().map(|&label| u32::from(label)).collect());
        }
        let expected = format!("{}, one for each image of {name}", counted(count, "label"));
        Err(DataError::mismatch(file, expected, counted(values.len(), "label")))
    });
    ProbeSet::new(name, shape, Pixels::U8(pixels.to_vec()), labels.transpose()?, Vec::new())
}

fn content<'a>(file: &str, bytes: &'a [u8]) -> Result<Content<'a>, DataError> {
    let malformed = |offset, expected: &str, found: String| {
        Err(DataError::Malformed { file: file.to_owned(), offset, expected: expected.to_owned(), found })
    };
    if let Some(kind) = bytes.get(2).filter(|kind| **kind != UNSIGNED_BYTE) {
        return malformed(2, "the type 0x08, unsigned bytes", format!("{kind:#04x}"));
    }
    let (lengths, values) = dimensions(file, bytes)?;
    match *lengths.as_slice() {
        [_] => Ok(Content::Labels(values)),
        [_, height, width] => Ok(Content::Images { shape: ImageShape { channels: 1, height, width }, pixels: values }),
        _ => malformed(3, "3 dimensions (images) or 1 (labels)", lengths.len().to_string()),
    }
}

/// The length of each dimension, and as many values as they announce.
fn dimensions<'a>(file: &str, bytes: &'a [u8]) -> Result<(Vec<usize>, &'a [u8]), DataError> {
    let malformed =
        |offset, expected, found| Err(DataError::Malformed { file: file.to_owned(), offset, expected, found });
    let count = usize::from(bytes.get(3).copied().unwrap_or_default());
    let start = 4 + 4 * count;
    let Some(header) = bytes.get(4..start) else {
        return malformed(
            4,
            format!("the lengths of {}", counted(count, "dimension")),
            "the end of the file".to_owned(),
        );
    };
    let (fields, _) = header.as_chunks::<4>();
    let lengths = fields.iter().map(|&field| u32::from_be_bytes(field) as usize).collect::<Vec<_>>();
    let expected = lengths.iter().try_fold(1_usize, |product, &length| product.checked_mul(length));
    let values = bytes.get(start..).unwrap_or_default();
    match expected {
        Some(expected) if expected == values.len() => Ok((lengths, values)),
        _ => {
            let announced =
                expected.map_or_else(|| "more bytes than can be".to_owned(), |bytes| format!("{bytes} bytes"));
            malformed(start, format!("{announced} of values, {lengths:?}"), format!("{} bytes", values.len()))
        }
    }
}
