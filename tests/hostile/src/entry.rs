//! Zip archives written byte by byte, so that every field can lie: flags, names, sizes, checksums and places.

/// An entry as its two headers describe it.
#[derive(Clone)]
pub(crate) struct Entry {
    /// In the header before the content, and in the directory.
    pub(crate) names: [Vec<u8>; 2],
    pub(crate) flags: [u16; 2],
    pub(crate) method: u16,
    pub(crate) checksums: [u32; 2],
    /// Sizes as they are packed and unpacked.
    pub(crate) sizes: [u64; 2],
    /// Sizes in the fields of 64 bits.
    pub(crate) zip64: bool,
    pub(crate) packed: Vec<u8>,
    /// The place of the header, where that is not before the content.
    pub(crate) place: Option<u64>,
}

/// An entry as it is.
pub(crate) fn stored(name: &str, content: &[u8]) -> Entry {
    Entry {
        names: [name.as_bytes().to_vec(), name.as_bytes().to_vec()],
        flags: [0, 0],
        method: 0,
        checksums: [crc32fast::hash(content); 2],
        sizes: [content.len() as u64; 2],
        zip64: false,
        packed: content.to_vec(),
        place: None,
    }
}

fn number(value: u64) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes()
}

/// The header of an entry from its version on, as far as both headers are alike, with the name's length.
fn header(entry: &Entry, which: usize, extra: usize) -> Vec<u8> {
    let sizes = entry.sizes.map(|size| if entry.zip64 { u64::from(u32::MAX) } else { size });
    let mut header = 20_u16.to_le_bytes().to_vec();
    header.extend(entry.flags[which].to_le_bytes());
    header.extend(entry.method.to_le_bytes());
    header.extend([0; 4]);
    header.extend(entry.checksums[which].to_le_bytes());
    sizes.iter().for_each(|&size| header.extend(number(size)));
    header.extend(u16::try_from(entry.names[which].len()).unwrap().to_le_bytes());
    header.extend(u16::try_from(extra).unwrap().to_le_bytes());
    header
}

/// An archive of these entries behind other bytes, which its places count or do not.
pub(crate) fn archive_behind(before: &[u8], counted: bool, entries: &[Entry]) -> Vec<u8> {
    let origin = if counted { 0 } else { before.len() };
    let mut bytes = before.to_vec();
    let mut directory = Vec::new();
    for entry in entries {
        let place = entry.place.unwrap_or((bytes.len() - origin) as u64);
        let extra = |sizes: &[u64]| {
            let mut extra = 1_u16.to_le_bytes().to_vec();
            extra.extend(u16::try_from(8 * sizes.len()).unwrap().to_le_bytes());
            sizes.iter().for_each(|size| extra.extend(size.to_le_bytes()));
            if entry.zip64 { extra } else { Vec::new() }
        };
        let extra = extra(&[entry.sizes[1], entry.sizes[0]]);
        if entry.place.is_none() {
            bytes.extend(b"PK\x03\x04");
            bytes.extend(header(entry, 0, extra.len()));
            bytes.extend(&entry.names[0]);
            bytes.extend(&extra);
            bytes.extend(&entry.packed);
        }
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(header(entry, 1, extra.len()));
        directory.extend([0; 10]);
        directory.extend(number(place));
        directory.extend(&entry.names[1]);
        directory.extend(&extra);
    }
    let start = bytes.len() - origin;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    let count = u16::try_from(entries.len()).unwrap_or(u16::MAX).to_le_bytes();
    bytes.extend(count);
    bytes.extend(count);
    bytes.extend(number(directory.len() as u64));
    bytes.extend(number(start as u64));
    bytes.extend([0; 2]);
    bytes
}

/// An archive of these entries.
pub(crate) fn archive(entries: &[Entry]) -> Vec<u8> {
    archive_behind(b"", true, entries)
}
