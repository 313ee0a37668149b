//! Zip archives, and so NumPy's `.npz`.

use std::borrow::Cow;
use std::io::{Cursor, Read as _};

use memchr::memmem;
use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

use super::allowance::{Allowance, most_of};
use super::error::{DataError, one_line, reason};

/// The shortest entry of a central directory.
const SHORTEST_ENTRY: usize = 46;
/// Signature of the end of central directory record.
const END: &[u8] = b"PK\x05\x06";
/// Signature of the ZIP64 end of central directory record.
const ZIP64_END: &[u8] = b"PK\x06\x06";

/// An opened zip archive.
pub(crate) struct Archive<'a> {
    file: &'a str,
    bytes: &'a [u8],
    zip: ZipArchive<Cursor<&'a [u8]>>,
    names: Vec<String>,
}

impl<'a> Archive<'a> {
    /// Whether the bytes begin like a zip archive, be it an empty one.
    pub(crate) fn is_zip(bytes: &[u8]) -> bool {
        bytes.starts_with(b"PK\x03\x04") || Self::is_empty_zip(bytes)
    }

    /// Whether a zip archive with entries stands behind other data.
    pub(crate) fn is_behind_other_data(bytes: &[u8]) -> bool {
        /// Bytes of the end record, and the longest comment behind it.
        const LAST: usize = 22 + 65_535;
        let last = bytes.get(bytes.len().saturating_sub(LAST)..).unwrap_or(bytes);
        memmem::rfind(last, END).is_some()
            && check_number_of_entries("", bytes).is_ok()
            && open(bytes).is_ok_and(|archive| !archive.is_empty())
    }

    /// Whether the bytes begin like a zip archive without entries.
    pub(crate) fn is_empty_zip(bytes: &[u8]) -> bool {
        bytes.starts_with(END)
    }

    /// Reads the list of entries.
    ///
    /// # Errors
    /// [`DataError`] when the list is broken, or names an entry twice.
    pub(crate) fn open(file: &'a str, bytes: &'a [u8]) -> Result<Self, DataError> {
        check_number_of_entries(file, bytes)?;
        let broken = |error: zip::result::ZipError| undecodable(file, &error);
        let mut zip = open(bytes).map_err(broken)?;
        if zip.has_duplicate_names() {
            return Err(DataError::mismatch(file, "each name once in the archive", "a name twice"));
        }
        let mut names = Vec::with_capacity(zip.len());
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index).map_err(broken)?;
            names.push(entry.name().map_err(broken)?.into_owned());
        }
        Ok(Self { file, bytes, zip, names })
    }

    /// The names of all entries in the order of the archive; those of folders end in `/`.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Refuses an archive whose entries claim to become more than may be unpacked, before any is.
    ///
    /// # Errors
    /// [`DataError::TooLarge`].
    pub(crate) fn check_size(&mut self, allowance: &Allowance) -> Result<(), DataError> {
        let mut total = Allowance { ..*allowance };
        for index in 0..self.zip.len() {
            let entry = self.zip.by_index_raw(index).map_err(|error| undecodable(self.file, &error))?;
            total.spend(self.file, usize::try_from(entry.size()).unwrap_or(usize::MAX))?;
        }
        Ok(())
    }

    /// What errors call this entry.
    pub(crate) fn path(&self, index: usize) -> String {
        const LONGEST: usize = 200;
        let name = self.names.get(index).map_or("", String::as_str);
        match name.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}/{}…", self.file, one_line(&name.get(..end).unwrap_or(name))),
            None => format!("{}/{}", self.file, one_line(&name)),
        }
    }

    /// The content of an entry, as [`Archive::content`].
    ///
    /// # Errors
    /// As there.
    pub(crate) fn read(&mut self, index: usize, allowance: &mut Allowance) -> Result<Vec<u8>, DataError> {
        self.content(index, allowance).map(Cow::into_owned)
    }

    /// The content of an entry: where it stands in the file, or unpacked to no more than it claims. Its checksum is checked.
    ///
    /// # Errors
    /// [`DataError`] when the entry is broken, encrypted, compressed by other than deflate, or larger than the allowance.
    pub(crate) fn content(&mut self, index: usize, allowance: &mut Allowance) -> Result<Cow<'a, [u8]>, DataError> {
        let path = self.path(index);
        let mut entry = self.zip.by_index(index).map_err(|error| undecodable(&path, &error))?;
        let claimed = usize::try_from(entry.size()).unwrap_or(usize::MAX);
        allowance.spend(&path, claimed)?;
        if entry.compression() == CompressionMethod::Stored && entry.compressed_size() == entry.size() {
            let start = entry.data_start().and_then(|start| usize::try_from(start).ok());
            let end = start.and_then(|start| start.checked_add(claimed));
            let content = start.zip(end).and_then(|(start, end)| self.bytes.get(start..end));
            let Some(content) = content else {
                let expected = format!("{claimed} bytes, as the archive claims");
                return Err(DataError::mismatch(path, expected, "the end of the file"));
            };
            if crc32fast::hash(content) != entry.crc32() {
                let expected = format!("the checksum {:08x}", entry.crc32());
                return Err(DataError::mismatch(path, expected, "another one: the file is damaged"));
            }
            return Ok(Cow::Borrowed(content));
        }
        let packed = usize::try_from(entry.compressed_size()).unwrap_or(usize::MAX).min(self.bytes.len());
        let mut unpacked = Vec::with_capacity(claimed.min(most_of(packed)));
        let mut read = || {
            entry.by_ref().take(claimed as u64).read_to_end(&mut unpacked)?;
            // At its end the checksum is looked at.
            entry.read(&mut [0])
        };
        let more = read().map_err(|error| undecodable(&path, &error))?;
        if more > 0 || unpacked.len() != claimed {
            let found = if more > 0 { "more".to_owned() } else { unpacked.len().to_string() };
            return Err(DataError::mismatch(path, format!("{claimed} bytes, as the archive claims"), found));
        }
        Ok(Cow::Owned(unpacked))
    }
}

/// Opens a zip archive, which begins with the first byte or behind other data.
///
/// The reader is told the former first. Left to find out, it takes the archive to begin later where ZIP64 records stand before
/// the end although nothing refers to them, as PyTorch writes them, and the first entry of the directory is as long as
/// these records: 76 bytes, which is a root folder of 21 letters.
///
/// # Errors
/// What the reader reports.
pub(crate) fn open(bytes: &[u8]) -> zip::result::ZipResult<ZipArchive<Cursor<&[u8]>>> {
    let begun_at =
        |archive_offset| ZipArchive::with_config(Config { archive_offset }, Cursor::new(bytes)).and_then(with_entries);
    if counts_from_elsewhere(bytes) {
        return begun_at(ArchiveOffset::Detect);
    }
    let first = begun_at(ArchiveOffset::Known(0));
    if first.is_ok() { first } else { begun_at(ArchiveOffset::Detect).or(first) }
}

/// Whether the last end record gives a place for the directory at which there is none: the reader would look for an earlier
/// archive, which stands before this one.
fn counts_from_elsewhere(bytes: &[u8]) -> bool {
    const DIRECTORY: &[u8] = b"PK";
    let place = memmem::rfind(bytes, END).and_then(|end| bytes.get(end + 16..)).and_then(|rest| rest.first_chunk());
    let place = place.map(|place| u32::from_le_bytes(*place)).filter(|&place| place != u32::MAX);
    place.is_some_and(|place| !bytes.get(place as usize..).is_some_and(|rest| rest.starts_with(DIRECTORY)))
}

/// The archive, when its first entry is where it is said to be.
fn with_entries(mut archive: ZipArchive<Cursor<&[u8]>>) -> zip::result::ZipResult<ZipArchive<Cursor<&[u8]>>> {
    if !archive.is_empty() {
        archive.by_index_raw(0)?;
    }
    Ok(archive)
}

/// The zip reader makes room for as many entries as a ZIP64 record declares: no record may declare more than fit in.
fn check_number_of_entries(file: &str, bytes: &[u8]) -> Result<(), DataError> {
    let most = bytes.len() / SHORTEST_ENTRY;
    for offset in memmem::find_iter(bytes, ZIP64_END) {
        let number = |at: usize| bytes.get(offset + at..)?.first_chunk().map(|field| u64::from_le_bytes(*field));
        let (Some(size), Some(entries)) = (number(4), number(32)) else { continue };
        // Compressed data may hold the signature by chance; a record's own size lies within the file.
        if size <= bytes.len() as u64 && entries > most as u64 {
            return Err(DataError::Malformed {
                file: file.to_owned(),
                offset: offset + 32,
                expected: format!("a number of entries that fit into the file, at most {most}"),
                found: entries.to_string(),
            });
        }
    }
    Ok(())
}

fn undecodable(file: &str, error: &impl ToString) -> DataError {
    DataError::Undecodable { file: file.to_owned(), format: "zip", reason: reason(error) }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    pub(crate) fn packed(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn entries_are_read_in_order() {
        let bytes = packed(&[("b", b"one"), ("a/c", b"two")]);
        assert!(Archive::is_zip(&bytes) && Archive::is_zip(&packed(&[])));
        let mut archive = Archive::open("file.zip", &bytes).unwrap();
        assert_eq!(archive.names(), ["b", "a/c"]);
        let mut allowance = Allowance { limit: 6, left: 6 };
        assert_eq!(archive.read(1, &mut allowance).unwrap(), b"two");
        assert_eq!(archive.read(0, &mut allowance).unwrap(), b"one");
        assert!(archive.read(2, &mut allowance).is_err());
    }

    #[test]
    fn the_allowance_is_shared_by_the_entries() {
        let bytes = packed(&[("a", &[0; 1000]), ("b", &[0; 1000])]);
        let mut archive = Archive::open("file.zip", &bytes).unwrap();
        let mut allowance = Allowance { limit: 1999, left: 1999 };
        assert!(archive.read(0, &mut allowance).is_ok());
        let error = archive.read(1, &mut allowance).unwrap_err().to_string();
        assert_eq!(error, "file.zip/b: expected at most 1999 bytes once unpacked, found more; use a smaller file");
    }

    #[test]
    fn broken_archives_are_refused() {
        let bytes = packed(&[("a", b"something stored")]);
        assert!(Archive::open("file.zip", &bytes[..bytes.len() - 10]).is_err());
        let mut flipped = bytes.clone();
        let content = flipped.windows(4).position(|window| window == b"some").unwrap_or(32);
        flipped[content] ^= 1;
        let mut archive = Archive::open("file.zip", &flipped).unwrap();
        let error = archive.read(0, &mut Allowance::for_input(0)).unwrap_err().to_string();
        assert!(error.starts_with("file.zip/a: expected a readable zip file, but its decoder reports: "), "{error}");
    }

    #[test]
    fn a_record_that_declares_too_many_entries_is_refused() {
        let mut bytes = packed(&[("a", b"something")]);
        let mut record = [ZIP64_END, &44_u64.to_le_bytes(), &[0; 20], &(1_u64 << 40).to_le_bytes(), &[0; 16]].concat();
        bytes.append(&mut record);
        let error = Archive::open("file.zip", &bytes).err().unwrap().to_string();
        assert!(
            error.contains("a number of entries that fit into the file, at most 3, found 1099511627776"),
            "{error}"
        );
    }

    /// An archive with the ZIP64 records that PyTorch writes between the directory and its end.
    pub(crate) fn with_idle_records(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = packed(entries);
        let end = memmem::rfind(&bytes, END).unwrap();
        let field = |at: usize| u64::from(u32::from_le_bytes(bytes[end + at..end + at + 4].try_into().unwrap()));
        let (count, size, offset) = (entries.len() as u64, field(12), field(16));
        let record = [44_u64, 0x002d_002d, 0, count, count, size, offset];
        let record: Vec<u8> = record
            .iter()
            .enumerate()
            .flat_map(|(place, field)| {
                let field = field.to_le_bytes();
                // Versions take 4 bytes, disk numbers 4 each; all other fields take 8.
                if place == 1 { field[..4].to_vec() } else { field.to_vec() }
            })
            .collect();
        let locator = [b"PK\x06\x07".as_slice(), &[0; 4], &(end as u64).to_le_bytes(), &1_u32.to_le_bytes()].concat();
        let records = [ZIP64_END, &record, &locator].concat();
        assert_eq!(records.len(), 76);
        bytes.splice(end..end, records);
        bytes
    }

    #[test]
    fn a_first_entry_as_long_as_zip64_records_is_not_skipped() {
        let names: Vec<String> = (19..24).map(|letters| "r".repeat(letters)).collect();
        for root in &names {
            let (pickle, values) = (format!("{root}/data.pkl"), format!("{root}/data/0"));
            let bytes = with_idle_records(&[(pickle.as_str(), b"pickle"), (values.as_str(), b"values")]);
            let mut archive = Archive::open("a.pt", &bytes).unwrap();
            assert_eq!(archive.names(), [pickle.clone(), values.clone()]);
            assert_eq!(archive.read(0, &mut Allowance::for_input(0)).unwrap(), b"pickle");
        }
    }

    #[test]
    fn an_archive_may_stand_behind_other_data() {
        for plain in [packed(&[("a/data.pkl", b"pickle")]), with_idle_records(&[("a/data.pkl", b"pickle")])] {
            let bytes = [b"#!/bin/sh\nexit\n".as_slice(), &plain].concat();
            assert!(Archive::is_behind_other_data(&bytes) && !Archive::is_zip(&bytes));
            let mut archive = Archive::open("a.pt", &bytes).unwrap();
            assert_eq!(archive.read(0, &mut Allowance::for_input(0)).unwrap(), b"pickle");
        }
        assert!(!Archive::is_behind_other_data(b"PK\x05\x06 but no archive"));
    }

    #[test]
    fn the_readers_own_guess_skips_such_an_entry() {
        let root = "r".repeat(21);
        let (pickle, values) = (format!("{root}/data.pkl"), format!("{root}/data/0"));
        let bytes = with_idle_records(&[(pickle.as_str(), b"pickle"), (values.as_str(), b"values")]);
        // When this reads all of it, `open` need not try twice.
        assert!(ZipArchive::new(Cursor::new(bytes.as_slice())).map_or(true, |archive| archive.len() != 2));
    }
}
