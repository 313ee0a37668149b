//! Taking operands off the source of a pickle.

use std::ops::Range;

use memchr::memchr;

use super::arena::Node;
use crate::file::PartFault;

/// Where reading stands.
pub(super) struct Operands<'a> {
    pub(super) source: &'a [u8],
    pub(super) position: usize,
    /// Where reading ends: with the source, or with the frame that it is in.
    pub(super) end: usize,
    /// What is read, for messages.
    pub(super) part: &'a str,
}

impl<'a> Operands<'a> {
    /// At this byte of a source.
    pub(super) fn at(source: &'a [u8], position: usize, part: &'a str) -> Self {
        Self { source, position, end: source.len(), part }
    }

    /// Something is wrong at this byte.
    pub(super) fn fault(&self, expected: impl Into<String>, found: impl Into<String>) -> PartFault {
        PartFault::malformed(format!("{} at byte {}", self.part, self.position), expected, found)
    }

    /// The range of the next `length` bytes.
    pub(super) fn range(&mut self, length: u64) -> Result<Range<usize>, PartFault> {
        let end = usize::try_from(length)
            .ok()
            .and_then(|length| self.position.checked_add(length))
            .filter(|&end| end <= self.end);
        let Some(end) = end else { return Err(self.ended(length)) };
        let range = self.position..end;
        self.position = end;
        Ok(range)
    }

    fn ended(&self, length: u64) -> PartFault {
        let left = self.end.saturating_sub(self.position);
        self.fault(format!("{length} more bytes"), format!("the end after {left}"))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PartFault> {
        let bytes = self.source.get(self.position..self.end).and_then(|rest| rest.first_chunk());
        let Some(&bytes) = bytes else { return Err(self.ended(N as u64)) };
        self.position += N;
        Ok(bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8, PartFault> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, PartFault> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, PartFault> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, PartFault> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, PartFault> {
        self.array().map(i32::from_le_bytes)
    }

    /// A float of protocol 1 and later: big-endian.
    pub(super) fn f64(&mut self) -> Result<f64, PartFault> {
        self.array().map(f64::from_be_bytes)
    }

    /// The range of a line, without its end.
    pub(super) fn line(&mut self) -> Result<Range<usize>, PartFault> {
        let start = self.position;
        let Some(length) = self.source.get(start..self.end).and_then(|rest| memchr(b'\n', rest)) else {
            return Err(self.fault("a line", "the end"));
        };
        let end = start + length;
        self.position = end + 1;
        let has_return = self.source[start..end].ends_with(b"\r");
        Ok(start..if has_return { end - 1 } else { end })
    }

    /// The range of a line in quotes, without them. Escapes stay as they are written: names have none.
    pub(super) fn quoted_line(&mut self) -> Result<Range<usize>, PartFault> {
        let range = self.line()?;
        match &self.source[range.clone()] {
            [b'\'', .., b'\''] | [b'"', .., b'"'] => Ok(range.start + 1..range.end - 1),
            _ => Err(self.fault("a text in quotes", "a line without them")),
        }
    }

    /// A line as text.
    pub(super) fn text_line(&mut self) -> Result<&str, PartFault> {
        let range = self.line()?;
        let source = self.source;
        match source.get(range).map(std::str::from_utf8) {
            Some(Ok(text)) => Ok(text),
            _ => Err(self.fault("text", "bytes that are no UTF-8")),
        }
    }

    /// A number written as a line of decimal digits, or a truth value, as protocol 0 writes it: `00` or `01`.
    pub(super) fn decimal_line(&mut self) -> Result<Node, PartFault> {
        let range = self.line()?;
        let source = self.source;
        let digits = match &source[range] {
            b"00" => return Ok(Node::Bool(false)),
            b"01" => return Ok(Node::Bool(true)),
            digits => digits.strip_suffix(b"L").unwrap_or(digits),
        };
        let unsigned = digits.strip_prefix(b"-").unwrap_or(digits);
        if unsigned.is_empty() || !unsigned.iter().all(u8::is_ascii_digit) {
            let start = digits.get(..40).unwrap_or(digits);
            return Err(self.fault("a decimal number", String::from_utf8_lossy(start).into_owned()));
        }
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        Ok(number.map_or(Node::Opaque, Node::Integer))
    }

    /// An index of the memo, written as a line.
    pub(super) fn index_line(&mut self) -> Result<u32, PartFault> {
        match self.decimal_line()? {
            Node::Integer(index) => {
                u32::try_from(index).map_err(|_| self.fault("an index of 32 bits", index.to_string()))
            }
            // `00` and `01` are indices here.
            Node::Bool(index) => Ok(index.into()),
            _ => Err(self.fault("an index of 32 bits", "a larger number")),
        }
    }

    /// A little-endian number of so many bytes in two's complement; absent when it is too long for 64 bits.
    pub(super) fn long(&mut self, length: u64) -> Result<Option<i64>, PartFault> {
        let range = self.range(length)?;
        let bytes = &self.source[range];
        let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
        let mut number = [fill; 8];
        if bytes.len() > number.len() {
            return Ok(None);
        }
        number.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Ok(Some(i64::from_le_bytes(number)))
    }
}
