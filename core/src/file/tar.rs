//! Tar archives (POSIX.1-1988, with the long names of POSIX.1-2001 and of GNU).

use super::error::{DataError, PartFault, one_line};

const BLOCK: usize = 512;
/// What is read as a tar archive here has four entries.
const MOST_ENTRIES: usize = 100;

/// Whether the bytes begin with the header of an entry: the signature, and the checksum, which is the sum of its bytes with
/// blanks in the checksum's own place.
pub(super) fn is_tar(bytes: &[u8]) -> bool {
    let Some(header) = bytes.first_chunk::<BLOCK>() else { return false };
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    let checksum = sum(&header[..148]) + 8 * u64::from(b' ') + sum(&header[156..]);
    header[257..].starts_with(b"ustar") && octal(&header[148..156]) == Some(checksum)
}

/// Names and contents of the entries: plain files only, each once, whose name and size are what their header says.
///
/// # Errors
/// [`PartFault::Malformed`], naming the entry.
pub(crate) fn entries(bytes: &[u8]) -> Result<Vec<(String, &[u8])>, PartFault> {
    const PREFIXED: &[u8] = b"ustar\0";
    let mut entries: Vec<(String, &[u8])> = Vec::new();
    let mut rest = bytes;
    while let Some((header, after)) = rest.split_first_chunk::<BLOCK>() {
        if header.iter().all(|&byte| byte == 0) {
            break;
        }
        let name = text(&header[..100]).trim_start_matches("./").to_owned();
        let part = || format!("tar entry {name}");
        let size = octal(&header[124..136])
            .ok_or_else(|| PartFault::malformed(part(), "an octal size", text(&header[124..136])))?;
        let content = usize::try_from(size).ok().and_then(|size| after.get(..size)).ok_or_else(|| {
            PartFault::malformed(part(), format!("{size} bytes"), format!("the end after {}", after.len()))
        })?;
        match header[156] {
            b'0' | 0 | b'5' => {
                let prefixed = &header[257..263] == PREFIXED && !text(&header[345..500]).is_empty();
                if prefixed || entries.iter().any(|(other, _)| *other == name) {
                    return Err(PartFault::malformed(part(), "each name once and whole", "another of that name"));
                }
                if entries.len() == MOST_ENTRIES {
                    let expected = format!("at most {} entries", MOST_ENTRIES);
                    return Err(PartFault::malformed("tar archive", expected, "more"));
                }
                entries.push((name, content));
            }
            // Times of modification, as Python's tarfile writes them.
            b'x' | b'g' if !changes_layout(content) => {}
            other => {
                let found = format!("an entry of type `{}`", other.escape_ascii());
                return Err(PartFault::malformed(part(), "a plain file", found));
            }
        }
        // An archive that ends within the padding of an entry has no further one.
        let Some(next) = after.get(content.len().next_multiple_of(BLOCK)..) else { break };
        rest = next;
    }
    Ok(entries)
}

/// Whether extended headers give the next entry another size, name or layout than its own header does.
fn changes_layout(records: &[u8]) -> bool {
    records.split(|&byte| byte == b'\n').filter(|record| !record.is_empty()).any(|record| {
        let keyword = record.splitn(2, |&byte| byte == b' ').nth(1).unwrap_or(record);
        !(keyword.starts_with(b"mtime=") || keyword.starts_with(b"atime=") || keyword.starts_with(b"ctime="))
    })
}

/// What is known of the next entry before its header.
#[derive(Default)]
struct Announced {
    name: Option<String>,
    size: Option<u64>,
}

/// Names and contents of all plain files of an archive, folders among their names. Folders and links are passed over.
///
/// # Errors
/// [`DataError::Malformed`] where a header is broken, or the archive ends within a file.
pub(crate) fn files<'a>(file: &str, bytes: &'a [u8]) -> Result<Vec<(String, &'a [u8])>, DataError> {
    let mut files = Vec::new();
    let mut offset = 0;
    let mut announced = Announced::default();
    while let Some((header, after)) = bytes.get(offset..).and_then(|rest| rest.split_first_chunk::<BLOCK>()) {
        if header.iter().all(|&byte| byte == 0) {
            break;
        }
        let malformed = |at: usize, expected: &str, found: String| DataError::Malformed {
            file: file.to_owned(),
            offset: offset + at,
            expected: expected.to_owned(),
            found,
        };
        if octal(&header[148..156]) != Some(checksum(header)) {
            return Err(malformed(148, "the checksum of a tar header", one_line(&text(&header[148..156]))));
        }
        let size = match announced.size.take() {
            Some(size) => size,
            None => number(&header[124..136])
                .ok_or_else(|| malformed(124, "the size of an entry", one_line(&text(&header[124..136]))))?,
        };
        let content = usize::try_from(size).ok().and_then(|size| after.get(..size));
        let Some(content) = content else {
            return Err(malformed(BLOCK, &format!("{size} bytes of an entry"), format!("{} bytes", after.len())));
        };
        match header[156] {
            b'0' | b'7' | 0 => files.push((announced.name.take().unwrap_or_else(|| name(header)), content)),
            b'L' => announced.name = Some(text(content)),
            b'x' => announced = extended(content),
            b'g' | b'K' => {}
            // The long name was that of a folder or link.
            _ => announced = Announced::default(),
        }
        offset = offset.saturating_add(BLOCK).saturating_add(content.len().next_multiple_of(BLOCK));
    }
    Ok(files)
}

/// The name in a header, behind its prefix.
fn name(header: &[u8; BLOCK]) -> String {
    let (name, prefix) = (text(&header[..100]), text(&header[345..500]));
    let prefixed = &header[257..263] == b"ustar\0" && !prefix.is_empty();
    if prefixed { format!("{prefix}/{name}") } else { name }
}

/// The sum of the bytes of a header, those of the checksum taken as spaces.
fn checksum(header: &[u8; BLOCK]) -> u64 {
    let bytes = header.iter().enumerate();
    bytes.map(|(at, &byte)| if (148..156).contains(&at) { 32 } else { u64::from(byte) }).sum()
}

/// Name and size of the next entry, from records such as `27 path=a/b` and an end of line.
fn extended(mut records: &[u8]) -> Announced {
    let mut announced = Announced::default();
    while let Some(space) = records.iter().position(|&byte| byte == b' ') {
        let length = str::from_utf8(&records[..space]).ok().and_then(|digits| digits.parse::<usize>().ok());
        let Some(record) = length.and_then(|length| records.get(space + 1..length)) else { break };
        let record = String::from_utf8_lossy(record);
        match record.trim_end_matches('\n').split_once('=') {
            Some(("path", path)) => announced.name = Some(path.to_owned()),
            Some(("size", size)) => announced.size = size.parse().ok(),
            _ => {}
        }
        records = length.and_then(|length| records.get(length..)).unwrap_or(&[]);
    }
    announced
}

/// A size in octal digits, or big-endian behind a set first bit, as GNU writes large ones.
fn number(field: &[u8]) -> Option<u64> {
    match field {
        [0x80, large @ ..] => {
            large.iter().try_fold(0_u64, |number, &byte| Some(number.checked_mul(256)? + u64::from(byte)))
        }
        _ => octal(field),
    }
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).trim().to_owned()
}

fn octal(field: &[u8]) -> Option<u64> {
    u64::from_str_radix(&text(field), 8).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The header of an entry without content.
    pub(crate) fn empty_entry(name: &str) -> Vec<u8> {
        let mut header = vec![0; BLOCK];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].fill(b'0');
        header[148..156].fill(b' ');
        header[257..263].copy_from_slice(b"ustar\0");
        let checksum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..155].copy_from_slice(format!("{checksum:06o}\0").as_bytes());
        header
    }

    #[test]
    fn a_header_has_its_checksum() {
        let mut header = empty_entry("pickle");
        assert!(is_tar(&header) && !is_tar(&header[..511]));
        assert_eq!(entries(&header).unwrap(), [("pickle".to_owned(), &[][..])]);
        header[0] ^= 1;
        assert!(!is_tar(&header));
    }
}
