//! NumPy's `.npy` arrays, shared by probe sets and activation files.

mod header;
mod order;

pub(super) use header::is_npy;

use std::borrow::Cow;

use header::Header;
use order::row_major;

use super::error::DataError;

/// An array of a `.npy` file; its values are decoded when they are asked for.
#[derive(Debug)]
pub(crate) struct Array<'a> {
    file: String,
    header: Header,
    kind: u8,
    big_endian: bool,
    /// Bytes of one value.
    size: usize,
    values: Cow<'a, [u8]>,
}

/// Floating-point values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Floats {
    /// Values stored in half or single precision.
    F32(Vec<f32>),
    /// Values stored in double precision.
    F64(Vec<f64>),
}

impl<'a> Array<'a> {
    /// Reads the header and checks that the file holds exactly the values that it announces.
    ///
    /// # Errors
    /// [`DataError`] when the file is no `.npy` file, is truncated, or goes on after its last value.
    pub(crate) fn read(file: impl Into<String>, bytes: &'a [u8]) -> Result<Self, DataError> {
        let file = file.into();
        let header = Header::read(&file, bytes)?;
        let values = Cow::Borrowed(&bytes[header.data..]);
        Self::of(file, header, values)
    }

    /// An array whose values lie in another file than a `.npy` file, such as a pickle.
    ///
    /// # Errors
    /// [`DataError`] when there are more or fewer values than the shape and the type announce.
    pub(crate) fn from_parts(
        file: impl Into<String>,
        descr: impl Into<String>,
        shape: Vec<usize>,
        fortran_order: bool,
        values: Cow<'a, [u8]>,
    ) -> Result<Self, DataError> {
        Self::of(file.into(), Header { descr: descr.into(), fortran_order, shape, data: 0 }, values)
    }

    fn of(file: String, header: Header, values: Cow<'a, [u8]>) -> Result<Self, DataError> {
        let Some((big_endian, kind, size)) = parse_type(&header.descr) else {
            let expected = "an array of numbers or texts";
            return Err(DataError::mismatch(file, expected, format!("values of type `{}`", header.descr)));
        };
        let expected = header.shape.iter().try_fold(size, |bytes, &length| bytes.checked_mul(length));
        if expected != Some(values.len()) {
            let announced = format!("an array of shape {:?} and type `{}`", header.shape, header.descr);
            return Err(DataError::Malformed {
                file,
                offset: header.data,
                expected: expected.map_or(announced.clone(), |bytes| format!("{bytes} bytes, {announced}")),
                found: format!("{} bytes", values.len()),
            });
        }
        Ok(Self { file, header, kind, big_endian, size, values })
    }

    /// Length of each dimension.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    /// Whether the values are unsigned bytes.
    pub(crate) fn is_bytes(&self) -> bool {
        (self.kind, self.size) == (b'u', 1)
    }

    /// Whether the values are texts.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.kind, b'U' | b'S')
    }

    /// Whether the values are integers.
    pub(crate) fn is_integer(&self) -> bool {
        matches!(self.kind, b'i' | b'u')
    }

    /// Unsigned bytes, row-major.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, DataError> {
        if !self.is_bytes() {
            return Err(self.other_type("unsigned bytes"));
        }
        Ok(self.row_major(self.values.to_vec()))
    }

    /// Floating-point values, row-major. Half precision widens to single exactly.
    pub(crate) fn floats(&self) -> Result<Floats, DataError> {
        match (self.kind, self.size) {
            (b'f', 2) => Ok(Floats::F32(self.decode(|bytes| half::f16::from_le_bytes(bytes).to_f32()))),
            (b'f', 4) => Ok(Floats::F32(self.decode(f32::from_le_bytes))),
            (b'f', 8) => Ok(Floats::F64(self.decode(f64::from_le_bytes))),
            _ => Err(self.other_type("floating-point values of 2, 4 or 8 bytes")),
        }
    }

    /// Integers of any width, row-major.
    pub(crate) fn integers(&self) -> Result<Vec<i128>, DataError> {
        self.integers_as(|integer| integer)
    }

    /// What integers of any width become, row-major.
    pub(crate) fn integers_as<T: Clone>(&self, value: impl Fn(i128) -> T) -> Result<Vec<T>, DataError> {
        match (self.kind, self.size) {
            (b'u', 1) => Ok(self.decode(|bytes| value(u8::from_le_bytes(bytes).into()))),
            (b'u', 2) => Ok(self.decode(|bytes| value(u16::from_le_bytes(bytes).into()))),
            (b'u', 4) => Ok(self.decode(|bytes| value(u32::from_le_bytes(bytes).into()))),
            (b'u', 8) => Ok(self.decode(|bytes| value(u64::from_le_bytes(bytes).into()))),
            (b'i', 1) => Ok(self.decode(|bytes| value(i8::from_le_bytes(bytes).into()))),
            (b'i', 2) => Ok(self.decode(|bytes| value(i16::from_le_bytes(bytes).into()))),
            (b'i', 4) => Ok(self.decode(|bytes| value(i32::from_le_bytes(bytes).into()))),
            (b'i', 8) => Ok(self.decode(|bytes| value(i64::from_le_bytes(bytes).into()))),
            _ => Err(self.other_type("integers")),
        }
    }

    /// Texts, row-major, without the zeros that fill them up.
    pub(crate) fn texts(&self) -> Result<Vec<String>, DataError> {
        if !self.is_text() {
            return Err(self.other_type("texts"));
        }
        let texts = self.values.chunks_exact(self.size).map(|value| self.text(value));
        let texts = texts.collect::<Option<Vec<_>>>().ok_or_else(|| self.other_type("texts of valid characters"))?;
        Ok(self.row_major(texts))
    }

    fn text(&self, value: &[u8]) -> Option<String> {
        if self.kind == b'S' {
            return str::from_utf8(value).ok().map(|text| text.trim_end_matches('\0').to_owned());
        }
        let (characters, _) = value.as_chunks::<4>();
        let code = |&bytes| if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        let text = characters.iter().map(|bytes| char::from_u32(code(bytes))).collect::<Option<String>>()?;
        Some(text.trim_end_matches('\0').to_owned())
    }

    /// Decodes values of `N` bytes from their little-endian form.
    fn decode<const N: usize, T: Clone>(&self, from_le: impl Fn([u8; N]) -> T) -> Vec<T> {
        let (values, _) = self.values.as_chunks::<N>();
        let decoded = values.iter().map(|&value| {
            let mut bytes = value;
            if self.big_endian {
                bytes.reverse();
            }
            from_le(bytes)
        });
        self.row_major(decoded.collect())
    }

    fn row_major<T: Clone>(&self, values: Vec<T>) -> Vec<T> {
        if self.header.fortran_order { row_major(&values, &self.header.shape) } else { values }
    }

    fn other_type(&self, expected: &str) -> DataError {
        DataError::mismatch(&self.file, expected, format!("values of type `{}`", self.header.descr))
    }
}

/// Whether an array holds objects, truth values, dates or fields, none of which is read.
///
/// # Errors
/// [`DataError`] when its header is broken.
pub(crate) fn holds_no_numbers(file: &str, bytes: &[u8]) -> Result<bool, DataError> {
    let header = Header::read(file, bytes)?;
    let kind = header.descr.trim_start_matches(['<', '>', '|', '=']).bytes().next();
    Ok(matches!(kind, Some(b'O' | b'b' | b'?' | b'M' | b'm' | b'V')))
}

/// Byte order (whether big-endian), kind and size in bytes of a type such as `<f4`; absent for types of no size, which
/// would let a few bytes announce any number of values.
fn parse_type(descr: &str) -> Option<(bool, u8, usize)> {
    let (&[order @ (b'<' | b'>' | b'|'), kind], size) = descr.as_bytes().split_first_chunk::<2>()? else {
        return None;
    };
    let size = str::from_utf8(size).ok()?.parse::<usize>().ok()?;
    let size = if kind == b'U' { size.checked_mul(4)? } else { size };
    (size > 0 && matches!(kind, b'f' | b'i' | b'u' | b'U' | b'S')).then_some((order == b'>', kind, size))
}

#[cfg(test)]
mod tests;
