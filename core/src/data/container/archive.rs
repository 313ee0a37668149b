//! Zip archives, and so NumPy's `.npz`.

use std::io::Cursor;

use zip::ZipArchive;

use super::Allowance;
use crate::data::{DataError, one_line, reason};

/// The shortest entry of a central directory.
const SHORTEST_ENTRY: usize = 46;
/// Signature of the ZIP64 end of central directory record.
const ZIP64_END: &[u8] = b"PK\x06\x06";

/// An opened zip archive.
pub(crate) struct Archive<'a> {
    file: &'a str,
    zip: ZipArchive<Cursor<&'a [u8]>>,
    names: Vec<String>,
}

impl<'a> Archive<'a> {
    /// Whether the bytes begin like a zip archive, be it an empty one.
    pub(crate) fn is_zip(bytes: &[u8]) -> bool {
        bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
    }

    /// Reads the list of entries.
    ///
    /// # Errors
    /// [`DataError`] when the list is broken, or names an entry twice.
    pub(crate) fn open(file: &'a str, bytes: &'a [u8]) -> Result<Self, DataError> {
        check_number_of_entries(file, bytes)?;
        let broken = |error: zip::result::ZipError| undecodable(file, &error);
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
        if zip.has_duplicate_names() {
            return Err(DataError::mismatch(file, "each name once in the archive", "a name twice"));
        }
        let mut names = Vec::with_capacity(zip.len());
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index).map_err(broken)?;
            names.push(entry.name().map_err(broken)?.into_owned());
        }
        Ok(Self { file, zip, names })
    }

    /// The names of all entries in the order of the archive; those of folders end in `/`.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// What errors call this entry.
    pub(crate) fn path(&self, index: usize) -> String {
        format!("{}/{}", self.file, one_line(&self.names.get(index).map_or("", String::as_str)))
    }

    /// Unpacks one entry and checks its checksum.
    ///
    /// # Errors
    /// [`DataError`] when the entry is broken, encrypted, compressed by other than deflate, or larger than the allowance.
    pub(crate) fn read(&mut self, index: usize, allowance: &mut Allowance) -> Result<Vec<u8>, DataError> {
        let path = self.path(index);
        let entry = self.zip.by_index(index).map_err(|error| undecodable(&path, &error))?;
        let mut unpacked = Vec::new();
        allowance.read_to_end(&path, entry, &mut unpacked, |error| undecodable(&path, &error))?;
        Ok(unpacked)
    }
}

/// The zip reader makes room for as many entries as a ZIP64 record declares: no record may declare more than fit in.
fn check_number_of_entries(file: &str, bytes: &[u8]) -> Result<(), DataError> {
    let most = bytes.len() / SHORTEST_ENTRY;
    for (offset, record) in bytes.windows(40).enumerate().filter(|(_, record)| record.starts_with(ZIP64_END)) {
        let number =
            |at: usize| record.get(at..at + 8).and_then(|field| field.try_into().ok()).map_or(0, u64::from_le_bytes);
        let (size, entries) = (number(4), number(32));
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
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn packed(entries: &[(&str, &[u8])]) -> Vec<u8> {
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
}
