//! The header of a `.npy` file (NumPy Enhancement Proposal 1).

use crate::file::error::DataError;

const MAGIC: &[u8] = b"\x93NUMPY";
/// NumPy's own limit on the number of dimensions.
const MOST_DIMENSIONS: usize = 64;

/// What a `.npy` file says about its values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Byte order, kind and size of a value, such as `<f4`.
    pub descr: String,
    /// Whether the first index runs fastest.
    pub fortran_order: bool,
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// Where the values begin.
    pub data: usize,
}

/// Whether the bytes begin like a `.npy` file.
pub(crate) fn is_npy(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

impl Header {
    /// Reads the header: magic, version, length, and a Python dictionary of three entries.
    pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Self, DataError> {
        let mut cursor = Cursor { file, bytes, offset: 0 };
        if !is_npy(bytes) {
            return Err(cursor.error("\\x93NUMPY, the beginning of a .npy file"));
        }
        cursor.offset = MAGIC.len();
        let length = match cursor.bytes.get(6..8) {
            Some([1, 0]) => 2,
            Some([2 | 3, 0]) => 4,
            _ => return Err(cursor.error("version 1.0, 2.0 or 3.0")),
        };
        cursor.offset += 2;
        let start = cursor.offset + length;
        let Some(field) = bytes.get(cursor.offset..start) else {
            return Err(cursor.error("the length of the header"));
        };
        let length = field.iter().rev().fold(0_usize, |number, &byte| number << 8 | usize::from(byte));
        let Some(text) = start.checked_add(length).and_then(|end| bytes.get(..end)) else {
            return Err(
                cursor.error(&format!("the length of a header that ends within the file, {} bytes", bytes.len()))
            );
        };
        let mut header = Cursor { file, bytes: text, offset: start };
        let (descr, fortran_order, shape) = header.dictionary()?;
        header.spaces();
        match header.peek() {
            None => Ok(Self { descr, fortran_order, shape, data: text.len() }),
            Some(_) => Err(header.error("spaces up to the end of the header")),
        }
    }
}

/// A place in the header's text. Nothing here calls itself, so that no nesting can exhaust the stack.
struct Cursor<'a> {
    file: &'a str,
    bytes: &'a [u8],
    offset: usize,
}

impl Cursor<'_> {
    fn dictionary(&mut self) -> Result<(String, bool, Vec<usize>), DataError> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.accept(b'}') {
            let key = self.text("a key: 'descr', 'fortran_order' or 'shape'")?;
            self.expect(b':')?;
            match key.as_str() {
                "descr" if descr.is_none() => descr = Some(self.text("a plain type such as '<f4', not a record")?),
                "fortran_order" if fortran_order.is_none() => fortran_order = Some(self.truth()?),
                "shape" if shape.is_none() => shape = Some(self.tuple()?),
                _ => return Err(self.error("one each of 'descr', 'fortran_order' and 'shape'")),
            }
            if !self.accept(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        match (descr, fortran_order, shape) {
            (Some(descr), Some(fortran_order), Some(shape)) => Ok((descr, fortran_order, shape)),
            _ => Err(self.error("one each of 'descr', 'fortran_order' and 'shape'")),
        }
    }

    /// A quoted text without escapes.
    fn text(&mut self, expected: &str) -> Result<String, DataError> {
        self.spaces();
        let [quote @ (b'\'' | b'"'), content @ ..] = self.rest() else {
            return Err(self.error(expected));
        };
        let end = content.iter().position(|byte| byte == quote);
        let text = end.and_then(|end| content.get(..end)).and_then(|text| str::from_utf8(text).ok()).map(str::to_owned);
        let Some(text) = text else { return Err(self.error(expected)) };
        self.offset += text.len() + 2;
        Ok(text)
    }

    fn truth(&mut self) -> Result<bool, DataError> {
        self.spaces();
        for (word, value) in [("True", true), ("False", false)] {
            if self.rest().starts_with(word.as_bytes()) {
                self.offset += word.len();
                return Ok(value);
            }
        }
        Err(self.error("True or False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, DataError> {
        let mut lengths = Vec::new();
        self.expect(b'(')?;
        while !self.accept(b')') {
            if lengths.len() == MOST_DIMENSIONS {
                return Err(self.error(&format!("at most {MOST_DIMENSIONS} dimensions")));
            }
            lengths.push(self.number()?);
            if !self.accept(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(lengths)
    }

    fn number(&mut self) -> Result<usize, DataError> {
        self.spaces();
        let rest = self.rest();
        let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        let number = str::from_utf8(&rest[..end]).ok().and_then(|digits| digits.parse().ok());
        let Some(number) = number else { return Err(self.error("the length of a dimension")) };
        self.offset += end;
        Ok(number)
    }

    fn expect(&mut self, byte: u8) -> Result<(), DataError> {
        if self.accept(byte) { Ok(()) } else { Err(self.error(&format!("`{}`", char::from(byte)))) }
    }

    fn accept(&mut self, byte: u8) -> bool {
        self.spaces();
        let found = self.peek() == Some(byte);
        self.offset += usize::from(found);
        found
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.offset += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.offset).copied()
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.offset..]
    }

    fn error(&self, expected: &str) -> DataError {
        let rest = self.rest();
        let found = match rest.get(..12).unwrap_or(rest) {
            [] => "the end".to_owned(),
            found => format!("`{}`", found.escape_ascii()),
        };
        DataError::Malformed { file: self.file.to_owned(), offset: self.offset, expected: expected.to_owned(), found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(version: &[u8; 2], text: &str) -> Result<Header, String> {
        let length = text.len() as u32;
        let length =
            if version[0] == 1 { (length as u16).to_le_bytes().to_vec() } else { length.to_le_bytes().to_vec() };
        let bytes = [MAGIC, version, &length, text.as_bytes(), b"values"].concat();
        Header::read("a.npy", &bytes).map_err(|error| error.to_string())
    }

    #[test]
    fn the_three_entries_come_in_any_order_and_spelling() {
        let header = |data| Header { descr: "<f4".into(), fortran_order: false, shape: vec![3, 4], data };
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }    \n";
        assert_eq!(read(&[1, 0], text), Ok(header(10 + text.len())));
        assert_eq!(read(&[3, 0], text), Ok(header(12 + text.len())));
        let text = "{\"shape\":(3,4,),\"fortran_order\":False,\"descr\":\"<f4\"}";
        assert_eq!(read(&[2, 0], text), Ok(header(12 + text.len())));
        assert_eq!(read(&[1, 0], "{'descr': '|u1', 'fortran_order': True, 'shape': ()}").unwrap().shape.len(), 0);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let error = |text: &str| read(&[1, 0], text).unwrap_err();
        assert_eq!(
            error("{'descr': [('x', '<f4')]}"),
            "a.npy: at byte 20: expected a plain type such as '<f4', not a record, found `[(\\'x\\', \\'<f4\\'`"
        );
        assert_eq!(error("{'shape': (3,"), "a.npy: at byte 23: expected the length of a dimension, found the end");
        assert_eq!(
            error("{'shape': (99999999999999999999,)}"),
            "a.npy: at byte 21: expected the length of a dimension, found `999999999999`"
        );
        assert!(error("{'descr': '<f4', 'fortran_order': False}").contains("one each of"));
        assert!(error("{'descr': '<f4', 'fortran_order': 0}").contains("True or False"));
        assert!(error(&format!("{{'shape': ({})}}", "1,".repeat(65))).contains("at most 64 dimensions"));
        assert!(error("{'descr': '<f4', 'fortran_order': False, 'shape': ()} x").contains("spaces up to the end"));
        assert_eq!(
            read(&[9, 0], "").unwrap_err(),
            "a.npy: at byte 6: expected version 1.0, 2.0 or 3.0, found `\\t\\x00\\x00\\x00\\x00\\x00values`"
        );
    }

    #[test]
    fn a_header_longer_than_the_file_is_refused() {
        let bytes = [MAGIC, &[2, 0, 255, 255, 255, 255], b"{"].concat();
        assert!(Header::read("a.npy", &bytes).is_err());
        for length in 0..bytes.len() {
            assert!(Header::read("a.npy", &bytes[..length]).is_err());
        }
    }
}
