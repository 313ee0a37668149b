//! Gzip (RFC 1952).

use std::borrow::Cow;
use std::io::{ErrorKind, Read as _};

use flate2::bufread::GzDecoder;

use super::allowance::{Allowance, most_of};
use super::error::{DataError, reason};

const MAGIC: [u8; 2] = [0x1f, 0x8b];

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// What is in a gzip file; bytes that do not begin like one are returned as they are.
///
/// # Errors
/// [`DataError`] when the file is broken, truncated or larger than the allowance, or when something follows its end.
pub(crate) fn unpack<'a>(file: &str, bytes: &'a [u8], allowance: &mut Allowance) -> Result<Cow<'a, [u8]>, DataError> {
    if !is_gzip(bytes) {
        return Ok(Cow::Borrowed(bytes));
    }
    // The last bytes are the size of the last member, of which there is mostly one. Where it is not that of the whole, the
    // whole is counted before memory is taken for it.
    let claimed = bytes.last_chunk().map_or(0, |size| u32::from_le_bytes(*size) as usize);
    if claimed <= allowance.left.min(most_of(bytes.len()))
        && let Some(unpacked) = members(file, bytes, claimed)?
    {
        allowance.spend(file, unpacked.len())?;
        return Ok(Cow::Owned(unpacked));
    }
    let size = count(file, bytes, allowance)?;
    allowance.spend(file, size)?;
    members(file, bytes, size)?.map(Cow::Owned).ok_or_else(|| too_large(file, allowance))
}

fn too_large(file: &str, allowance: &Allowance) -> DataError {
    DataError::TooLarge { file: file.to_owned(), limit: allowance.limit }
}

/// All members, one after another; absent when they are more than `size` bytes.
fn members(file: &str, bytes: &[u8], size: usize) -> Result<Option<Vec<u8>>, DataError> {
    let mut unpacked = Vec::with_capacity(size);
    let fits = each(file, bytes, |member| {
        let left = (size - unpacked.len()) as u64;
        member.take(left).read_to_end(&mut unpacked)?;
        // At the end of a member its checksum is looked at.
        Ok(member.read(&mut [0])? == 0)
    })?;
    Ok(fits.then_some(unpacked))
}

/// Bytes of all members together.
fn count(file: &str, bytes: &[u8], allowance: &Allowance) -> Result<usize, DataError> {
    let mut left = allowance.left as u64;
    let fits = each(file, bytes, |member| {
        left -= std::io::copy(&mut member.take(left), &mut std::io::sink())?;
        Ok(member.read(&mut [0])? == 0)
    })?;
    if fits { Ok(allowance.left - left as usize) } else { Err(too_large(file, allowance)) }
}

/// Reads one member after another until one does not fit; whether all did.
fn each(
    file: &str,
    bytes: &[u8],
    mut read: impl FnMut(&mut GzDecoder<&[u8]>) -> std::io::Result<bool>,
) -> Result<bool, DataError> {
    let mut rest = bytes;
    while is_gzip(rest) {
        let mut member = GzDecoder::new(rest);
        if !read(&mut member).map_err(|error| broken(file, bytes.len(), &error))? {
            return Ok(false);
        }
        rest = member.into_inner();
    }
    if rest.is_empty() {
        return Ok(true);
    }
    Err(DataError::Malformed {
        file: file.to_owned(),
        offset: bytes.len() - rest.len(),
        expected: "the end of the gzip file".to_owned(),
        found: format!("{} more bytes", rest.len()),
    })
}

fn broken(file: &str, length: usize, error: &std::io::Error) -> DataError {
    if error.kind() == ErrorKind::UnexpectedEof {
        return DataError::Malformed {
            file: file.to_owned(),
            offset: length,
            expected: "the rest of the gzip file".to_owned(),
            found: "the end of the file".to_owned(),
        };
    }
    DataError::Undecodable { file: file.to_owned(), format: "gzip", reason: reason(error) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
        let mut allowance = Allowance { limit, left: limit };
        unpack("file", bytes, &mut allowance).map(Cow::into_owned).map_err(|error| error.to_string())
    }

    #[test]
    fn members_are_joined_and_plain_bytes_left_alone() {
        assert_eq!(unpacked(&[packed(b"one "), packed(b"two")].concat(), 7), Ok(b"one two".to_vec()));
        assert_eq!(unpacked(b"plain", 0), Ok(b"plain".to_vec()));
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = packed(&vec![0; 1 << 20]);
        assert!(unpacked(&bomb, 1 << 20).is_ok());
        let expected = "file: expected at most 1048575 bytes once unpacked, found more; use a smaller file";
        assert_eq!(unpacked(&bomb, (1 << 20) - 1), Err(expected.to_owned()));
        assert!(unpacked(&[packed(&[0; 60]), packed(&[0; 60])].concat(), 100).is_err());
    }

    #[test]
    fn truncation_and_trailing_bytes_are_found_where_they_are() {
        let whole = packed(b"something to unpack, and then something to unpack");
        for length in 2..whole.len() {
            let expected =
                format!("file: at byte {length}: expected the rest of the gzip file, found the end of the file");
            assert_eq!(unpacked(&whole[..length], 100), Err(expected));
        }
        let expected = format!("file: at byte {}: expected the end of the gzip file, found 2 more bytes", whole.len());
        assert_eq!(unpacked(&[whole.as_slice(), b"ab"].concat(), 100), Err(expected));
    }

    #[test]
    fn a_wrong_checksum_is_an_error() {
        let mut bytes = packed(b"something");
        let checksum = bytes.len() - 8;
        bytes[checksum] ^= 1;
        assert!(unpacked(&bytes, 100).unwrap_err().contains("gzip"));
    }
}
