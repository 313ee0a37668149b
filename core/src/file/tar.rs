//! Tar archives (POSIX.1-1988) of few plain files.

use super::error::PartFault;

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
