//! Tar archives (POSIX.1-1988) of few plain files.

use super::error::PartFault;

const BLOCK: usize = 512;
/// What is read as a tar archive here has four entries.
const MOST_ENTRIES: usize = 100;

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
