//! Whether a JPEG file (ITU-T T.81, annex B) is whole: the decoder fills the missing part of a truncated one with grey.

use crate::file::DataError;

const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;

/// Walks from marker to marker up to the end of the image.
///
/// # Errors
/// [`DataError::Malformed`] when the file ends before the image does.
pub(super) fn check_whole(file: &str, bytes: &[u8]) -> Result<(), DataError> {
    let mut offset = 2;
    while let Some(marker) = next_marker(bytes, &mut offset) {
        if marker == END_OF_IMAGE {
            return Ok(());
        }
        let Some(&[high, low]) = bytes.get(offset..).and_then(|rest| rest.first_chunk::<2>()) else { break };
        offset += usize::from(u16::from_be_bytes([high, low]));
        if marker == START_OF_SCAN {
            skip_scan(bytes, &mut offset);
        }
    }
    Err(DataError::Malformed {
        file: file.to_owned(),
        offset: bytes.len(),
        expected: "the rest of the JPEG image".to_owned(),
        found: "the end of the file".to_owned(),
    })
}

/// Moves behind the next marker, which may be padded with further `ff`.
fn next_marker(bytes: &[u8], offset: &mut usize) -> Option<u8> {
    let rest = bytes.get(*offset..)?;
    let start = rest.iter().position(|&byte| byte == 0xff)?;
    let code = rest.get(start..)?.iter().position(|&byte| byte != 0xff)?;
    *offset += start + code + 1;
    rest.get(start + code).copied()
}

/// Moves to the marker that ends the compressed data: in it, `ff` is followed by `00`, and restart markers are part of it.
fn skip_scan(bytes: &[u8], offset: &mut usize) {
    // A header that claims to end behind the file leaves no marker to be found.
    let Some(rest) = bytes.get(*offset..) else { return };
    let end = rest.windows(2).position(|pair| matches!(pair, [0xff, code] if !matches!(code, 0 | 0xd0..=0xd7 | 0xff)));
    *offset += end.unwrap_or(rest.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marker_behind_the_scan_ends_the_image() {
        // A segment that holds an end marker, as embedded previews do; a scan with a stuffed byte and a restart marker.
        let segment = [0xff, 0xe1, 0, 6, 0xff, 0xd9, 0xff, 0xd9];
        let scan = [0xff, 0xda, 0, 4, 1, 2, 9, 0xff, 0, 0xff, 0xd0, 9, 0xff, 0xff, 0xd9];
        let whole = [&[0xff, 0xd8], segment.as_slice(), &scan].concat();
        assert_eq!(check_whole("a.jpg", &whole), Ok(()));
        assert_eq!(check_whole("a.jpg", &[whole.as_slice(), b"more"].concat()), Ok(()));
        for length in 0..whole.len() {
            assert!(check_whole("a.jpg", &whole[..length]).is_err(), "{length}");
        }
    }
}
