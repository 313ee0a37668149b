//! MATLAB's `.mat` files of level 5 (MAT-File Format, MathWorks 2018): elements of a type and a length, each a matrix,
//! plain or packed with zlib.

use std::io::Read as _;

use std::borrow::Cow;

use flate2::read::ZlibDecoder;

use super::allowance::Allowance;
use super::error::{DataError, one_line, reason};
use super::npy::Array;

/// Bytes before the first element; the last two say the order of bytes.
const HEADER: usize = 128;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;

/// A matrix of plain numbers.
#[derive(Debug)]
pub(crate) struct Matrix {
    /// What it is called.
    pub(crate) name: String,
    /// Its values.
    pub(crate) array: Array<'static>,
}

/// The matrices of a file that hold real numbers; cells, structures, texts and sparse or complex matrices are passed over.
///
/// # Errors
/// [`DataError`] where the file breaks its format, or unpacks to more than the allowance.
pub(crate) fn read(file: &str, bytes: &[u8], allowance: &mut Allowance) -> Result<Vec<Matrix>, DataError> {
    let big_endian = match bytes.get(HEADER - 2..HEADER) {
        Some(b"IM") => false,
        Some(b"MI") => true,
        found => {
            let found = found.map_or("the end of the file".to_owned(), |found| format!("`{}`", found.escape_ascii()));
            return Err(malformed(file, HEADER - 2, "IM or MI, the order of bytes", found));
        }
    };
    let mut elements = Elements { file, bytes, offset: HEADER, big_endian };
    let mut matrices = Vec::new();
    while let Some(element) = elements.next_element()? {
        match element.kind {
            MATRIX => matrices.extend(matrix(file, element.content, big_endian, allowance)?),
            COMPRESSED => {
                let unpacked = unpack(file, element.content, allowance)?;
                let mut inner = Elements { file, bytes: &unpacked, offset: 0, big_endian };
                match inner.next_element()? {
                    Some(Element { kind: MATRIX, content }) => {
                        matrices.extend(matrix(file, content, big_endian, allowance)?);
                    }
                    _ => {
                        return Err(malformed(
                            file,
                            elements.offset,
                            "a matrix in a packed element",
                            "none".to_owned(),
                        ));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(matrices)
}

/// The bytes that a packed element unpacks to: counted before memory is taken for them.
fn unpack(file: &str, packed: &[u8], allowance: &mut Allowance) -> Result<Vec<u8>, DataError> {
    let broken = |error: std::io::Error| DataError::Undecodable {
        file: file.to_owned(),
        format: "zlib, within .mat,",
        reason: reason(&error),
    };
    let most = (allowance.left as u64).saturating_add(1);
    let size = std::io::copy(&mut ZlibDecoder::new(packed).take(most), &mut std::io::sink()).map_err(broken)?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    allowance.spend(file, size)?;
    let mut unpacked = Vec::with_capacity(size);
    ZlibDecoder::new(packed).read_to_end(&mut unpacked).map_err(broken)?;
    Ok(unpacked)
}

struct Element<'a> {
    kind: u32,
    content: &'a [u8],
}

struct Elements<'a> {
    file: &'a str,
    bytes: &'a [u8],
    offset: usize,
    big_endian: bool,
}

impl<'a> Elements<'a> {
    fn word(&self, at: usize) -> Option<u32> {
        let field = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) })
    }

    /// The next element, and nothing at the end.
    fn next_element(&mut self) -> Result<Option<Element<'a>>, DataError> {
        if self.offset >= self.bytes.len() {
            return Ok(None);
        }
        let at = self.offset;
        let cut = || malformed(self.file, at, "a whole element", "the end of the file".to_owned());
        let (Some(tag), Some(second)) = (self.word(at), self.word(at + 4)) else { return Err(cut()) };
        // Up to four bytes stand in the tag itself, whose upper half is their number.
        let (kind, start, length, next) = match tag >> 16 {
            0 => {
                let length = second as usize;
                // Packed elements are not filled up.
                let filled = if tag == COMPRESSED { length } else { length.next_multiple_of(8) };
                (tag, at + 8, length, (at + 8).saturating_add(filled))
            }
            length => (tag & 0xffff, at + 4, length as usize, at + 8),
        };
        let content = start.checked_add(length).and_then(|end| self.bytes.get(start..end)).ok_or_else(cut)?;
        self.offset = next;
        Ok(Some(Element { kind, content }))
    }

    fn expect(&mut self, what: &str) -> Result<Element<'a>, DataError> {
        let at = self.offset;
        self.next_element()?.ok_or_else(|| malformed(self.file, at, what, "the end of a matrix".to_owned()))
    }
}

/// A matrix of plain real numbers; nothing when it is another one.
fn matrix(file: &str, bytes: &[u8], big_endian: bool, allowance: &mut Allowance) -> Result<Option<Matrix>, DataError> {
    const COMPLEX: u32 = 0x0800;
    let mut parts = Elements { file, bytes, offset: 0, big_endian };
    let flags = parts.expect("the flags of a matrix")?;
    let flags = Elements { bytes: flags.content, ..parts }.word(0).unwrap_or(0);
    let class = flags & 0xff;
    if !(6..=15).contains(&class) || flags & COMPLEX != 0 {
        return Ok(None);
    }
    let dimensions = parts.expect("the dimensions of a matrix")?.content;
    let dimensions = Elements { bytes: dimensions, ..parts };
    let shape = (0..dimensions.bytes.len() / 4).filter_map(|at| dimensions.word(4 * at)).map(|length| length as usize);
    let shape = shape.collect::<Vec<_>>();
    let name = one_line(&String::from_utf8_lossy(parts.expect("the name of a matrix")?.content));
    let at = parts.offset;
    let values = parts.expect("the values of a matrix")?;
    let Some(stored) = stored_as(values.kind) else {
        return Err(malformed(file, at, "values of a known type", format!("the type {}", values.kind)));
    };
    let order = if big_endian { '>' } else { '<' };
    let path = format!("{file}/{name}");
    allowance.spend(&path, values.content.len())?;
    let array =
        Array::from_parts(&path, format!("{order}{stored}"), shape.clone(), true, Cow::Owned(values.content.to_vec()))?;
    // MATLAB stores floating-point values that are whole numbers in fewer bytes.
    let floating = matches!(class, 6 | 7) && array.is_integer();
    let array = if floating {
        let values = array.integers()?;
        allowance.spend(&path, values.len().saturating_mul(8))?;
        let values = values.into_iter().flat_map(|value| (value as f64).to_le_bytes()).collect();
        Array::from_parts(path, "<f8", shape, false, Cow::Owned(values))?
    } else {
        array
    };
    Ok(Some(Matrix { name, array }))
}

/// The type of stored values in NumPy's spelling.
fn stored_as(kind: u32) -> Option<&'static str> {
    Some(match kind {
        1 => "i1",
        2 => "u1",
        3 => "i2",
        4 => "u2",
        5 => "i4",
        6 => "u4",
        7 => "f4",
        9 => "f8",
        12 => "i8",
        13 => "u8",
        _ => return None,
    })
}

fn malformed(file: &str, offset: usize, expected: &str, found: String) -> DataError {
    DataError::Malformed { file: file.to_owned(), offset, expected: expected.to_owned(), found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(kind: u32, content: &[u8]) -> Vec<u8> {
        let mut bytes = [kind.to_le_bytes(), (content.len() as u32).to_le_bytes()].concat();
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    /// A matrix of this class of 2 rows and 3 columns, 0 to 5 down the columns as bytes.
    fn file(class: u8) -> Vec<u8> {
        let shape = [2_u32.to_le_bytes(), 3_u32.to_le_bytes()].concat();
        // The name in the short form: the type 1, the length 1, one letter.
        let parts = [element(6, &[class, 0, 0, 0, 0, 0, 0, 0]), element(5, &shape), vec![1, 0, 1, 0, b'x', 0, 0, 0]];
        let matrix = element(MATRIX, &[parts.concat(), element(2, &[0, 1, 2, 3, 4, 5])].concat());
        let mut header = b"MATLAB 5.0 MAT-file".to_vec();
        header.resize(HEADER - 4, b' ');
        [header.as_slice(), &[0, 1], b"IM", &matrix].concat()
    }

    fn only(bytes: &[u8]) -> Matrix {
        read("a.mat", bytes, &mut Allowance::for_input(0)).unwrap().pop().unwrap()
    }

    #[test]
    fn bytes_stay_bytes_and_doubles_stored_as_bytes_become_doubles() {
        let bytes = only(&file(9));
        assert_eq!((bytes.name.as_str(), bytes.array.shape()), ("x", [2, 3].as_slice()));
        assert_eq!(bytes.array.bytes().unwrap(), [0, 2, 4, 1, 3, 5]);
        let doubles = only(&file(6)).array;
        assert_eq!(doubles.floats().unwrap(), crate::file::npy::Floats::F64(vec![0.0, 2.0, 4.0, 1.0, 3.0, 5.0]));
        // A cell array.
        assert!(read("a.mat", &file(1), &mut Allowance::for_input(0)).unwrap().is_empty());
    }

    #[test]
    fn a_file_that_is_cut_off_is_refused() {
        let whole = file(9);
        for length in HEADER + 1..whole.len() {
            assert!(read("a.mat", &whole[..length], &mut Allowance::for_input(0)).is_err(), "{length}");
        }
        let error = read("a.mat", &whole[..100], &mut Allowance::for_input(0)).unwrap_err().to_string();
        assert_eq!(error, "a.mat: at byte 126: expected IM or MI, the order of bytes, found the end of the file");
    }
}
