//! The bits of compressed data.

use super::huffman::Table;
use super::{Fault, fault};

/// Bits from the highest of each byte on. In the data, the byte `ff` is followed by `00`, and markers end them.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    offset: usize,
    buffer: u64,
    /// Bits in the buffer, its lowest ones.
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset, buffer: 0, count: 0 }
    }

    fn fill(&mut self) {
        while self.count <= 48 {
            let Some(&byte) = self.bytes.get(self.offset) else { return };
            if byte == 0xff && self.bytes.get(self.offset + 1) != Some(&0) {
                return;
            }
            self.offset += if byte == 0xff { 2 } else { 1 };
            self.buffer = self.buffer << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    /// The next 16 bits without taking them, zeros behind the end.
    fn peek(&mut self) -> u32 {
        if self.count < 16 {
            self.fill();
        }
        let bits = if self.count >= 16 { self.buffer >> (self.count - 16) } else { self.buffer << (16 - self.count) };
        (bits & 0xffff) as u32
    }

    fn drop(&mut self, count: u32) -> Result<(), Fault> {
        self.count = self.count.checked_sub(count).ok_or_else(|| self.fault("more compressed data", "their end"))?;
        Ok(())
    }

    /// Up to 16 bits as a number.
    pub(super) fn take(&mut self, count: u32) -> Result<u32, Fault> {
        let bits = self.peek() >> (16 - count);
        self.drop(count)?;
        Ok(bits)
    }

    /// One bit.
    pub(super) fn bit(&mut self) -> Result<bool, Fault> {
        Ok(self.take(1)? == 1)
    }

    /// The next symbol.
    pub(super) fn symbol(&mut self, table: &Table) -> Result<u8, Fault> {
        let bits = self.peek();
        let Some((length, symbol)) = table.symbol(bits) else { return Err(self.fault("a Huffman code", "none")) };
        self.drop(length)?;
        Ok(symbol)
    }

    /// A number of `length` bits, the lower half of which stands for negative numbers.
    pub(super) fn signed(&mut self, length: u32) -> Result<i32, Fault> {
        if length == 0 {
            return Ok(0);
        }
        if length > 15 {
            return Err(self.fault("numbers of at most 15 bits", length.to_string()));
        }
        let value = self.take(length)? as i32;
        Ok(if value < 1 << (length - 1) { value - (1 << length) + 1 } else { value })
    }

    /// Passes over what fills up the last byte, and the restart marker of this number.
    pub(super) fn restart(&mut self, number: usize) -> Result<(), Fault> {
        self.fill();
        let marker = [0xff, 0xd0 + (number % 8) as u8];
        let rest = self.bytes.get(self.offset..).unwrap_or(&[]);
        let fill = rest.iter().take_while(|&&byte| byte == 0xff).count().saturating_sub(1);
        if self.count >= 8 || !rest.get(fill..).is_some_and(|rest| rest.starts_with(&marker)) {
            return Err(self.fault("a restart marker", "other bytes"));
        }
        self.offset += fill + 2;
        (self.buffer, self.count) = (0, 0);
        Ok(())
    }

    /// Where the data end: at the byte behind those that were taken.
    pub(super) fn end(&self) -> usize {
        self.offset
    }

    pub(super) fn fault(&self, expected: &str, found: impl Into<String>) -> Fault {
        fault(self.offset, expected, found)
    }
}
