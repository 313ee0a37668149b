//! The segments between the markers of a JPEG file.

use image::metadata::Orientation;

use super::huffman::Table;
use super::{Fault, fault};
use crate::file::DataError;

/// From the order of the file to that of rows.
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// One component as the frame's header describes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Component {
    pub(super) id: u8,
    pub(super) horizontal: usize,
    pub(super) vertical: usize,
    pub(super) quantisation: usize,
}

/// What is said before the first scan.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Header {
    pub(in super::super) width: usize,
    pub(in super::super) height: usize,
    /// Whether a tag asks for the image to be turned or mirrored.
    pub(in super::super) turned: bool,
    pub(super) components: Vec<Component>,
    pub(super) progressive: bool,
    jfif: bool,
    adobe: Option<u8>,
}

/// What the components mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colours {
    Grey,
    Rgb,
    Ycbcr,
    /// Inverted, as Adobe's programs write it.
    Cmyk,
    /// The same with its first three components as YCbCr.
    Ycck,
}

impl Header {
    /// Whether it has one component.
    pub(in super::super) fn is_grey(&self) -> bool {
        self.components.len() == 1
    }

    /// What the components mean, by the rules of libjpeg.
    pub(super) fn colours(&self) -> Colours {
        match (self.components.len(), self.jfif, self.adobe) {
            (1, _, _) => Colours::Grey,
            (4, _, None | Some(0)) => Colours::Cmyk,
            (4, _, _) => Colours::Ycck,
            (_, false, Some(0)) => Colours::Rgb,
            (_, false, None) if self.components.iter().map(|component| component.id).eq(*b"RGB") => Colours::Rgb,
            _ => Colours::Ycbcr,
        }
    }
}

/// Size and components of an image.
///
/// # Errors
/// [`DataError`] when the file ends or breaks before its first scan, or is of another kind of JPEG.
pub(in super::super) fn header(path: &str, bytes: &[u8]) -> Result<Header, DataError> {
    let mut segments = Segments::new(bytes);
    segments
        .next_scan()
        .and_then(|_| segments.header().cloned())
        .map_err(|(offset, expected, found)| DataError::Malformed { file: path.to_owned(), offset, expected, found })
}

/// Tables that scans refer to, by their numbers.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) quantisation: [Option<[u16; 64]>; 4],
    pub(super) direct: [Option<Table>; 4],
    pub(super) alternating: [Option<Table>; 4],
    pub(super) restart_interval: usize,
}

/// The header of a scan: components with the numbers of their tables, which coefficients, which bits.
pub(super) struct Scan {
    /// Index of the component, number of its table of direct values, of alternating ones.
    pub(super) components: Vec<(usize, usize, usize)>,
    pub(super) first: usize,
    pub(super) last: usize,
    /// The bit above which earlier scans have given the coefficients; 0 when none has.
    pub(super) high: u32,
    pub(super) low: u32,
    /// Where its compressed data begin.
    pub(super) data: usize,
}

/// A walk over the segments.
pub(super) struct Segments<'a> {
    bytes: &'a [u8],
    offset: usize,
    header: Header,
    pub(super) tables: Tables,
}

impl<'a> Segments<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 2, header: Header::default(), tables: Tables::default() }
    }

    pub(super) fn header(&self) -> Result<&Header, Fault> {
        if self.header.components.is_empty() {
            return Err(fault(self.offset, "the size of the image before its scans", "none"));
        }
        Ok(&self.header)
    }

    /// Goes on behind compressed data.
    pub(super) fn resume_at(&mut self, offset: usize) {
        self.offset = offset;
    }

    /// Reads segments up to the next scan; nothing at the end of the image.
    pub(super) fn next_scan(&mut self) -> Result<Option<Scan>, Fault> {
        loop {
            let at = self.offset;
            let ended = || fault(at, "a marker", "the end of the file");
            let rest = self.bytes.get(at..).ok_or_else(ended)?;
            // Bytes between segments mean nothing.
            let start =
                rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff)).ok_or_else(ended)?;
            let marker = rest[start + 1];
            let begin = at + start + 2;
            self.offset = begin;
            if marker == 0xd9 {
                return Ok(None);
            }
            if matches!(marker, 0xd0..=0xd8 | 0x01) {
                continue;
            }
            let length = self.bytes.get(begin..).and_then(<[u8]>::first_chunk).map(|field| u16::from_be_bytes(*field));
            let content = length.and_then(|length| self.bytes.get(begin + 2..begin + usize::from(length)));
            let Some(content) = content else { return Err(fault(begin, "a whole segment", "the end of the file")) };
            self.offset = begin + 2 + content.len();
            if marker == 0xda {
                return self.scan(content, begin).map(Some);
            }
            self.segment(marker, content).map_err(|(expected, found)| fault(begin, expected, found))?;
        }
    }

    fn segment(&mut self, marker: u8, content: &[u8]) -> Result<(), (String, String)> {
        let broken = |what: &str| (format!("a whole {what}"), "a shorter one, or numbers out of range".to_owned());
        match marker {
            0xc0..=0xc2 => self.frame(marker, content),
            0xc4 => self.huffman_tables(content).ok_or_else(|| broken("Huffman table")),
            0xdb => self.quantisation_tables(content).ok_or_else(|| broken("quantisation table")),
            0xdd => {
                let interval = content.first_chunk().ok_or_else(|| broken("restart interval"))?;
                self.tables.restart_interval = u16::from_be_bytes(*interval).into();
                Ok(())
            }
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let kind = if marker > 0xc8 { "arithmetic" } else { "lossless or hierarchical" };
                Err(("a baseline or progressive JPEG; convert it to PNG".to_owned(), format!("{kind} coding")))
            }
            0xe0 if content.starts_with(b"JFIF\0") => {
                self.header.jfif = true;
                Ok(())
            }
            0xe1 => {
                let tag = content.strip_prefix(b"Exif\0\0").and_then(Orientation::from_exif_chunk);
                self.header.turned |= tag.is_some_and(|tag| tag != Orientation::NoTransforms);
                Ok(())
            }
            0xee => {
                if content.starts_with(b"Adobe") {
                    self.header.adobe = content.get(11).copied();
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn frame(&mut self, marker: u8, content: &[u8]) -> Result<(), (String, String)> {
        if !self.header.components.is_empty() {
            return Err(("one image in the file".to_owned(), "another frame".to_owned()));
        }
        let &[bits, h1, h0, w1, w0, count, ref components @ ..] = content else {
            return Err(("a whole frame header".to_owned(), "a shorter one".to_owned()));
        };
        if bits != 8 {
            return Err(("8 bits for each channel".to_owned(), bits.to_string()));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(("1, 3 or 4 components".to_owned(), count.to_string()));
        }
        let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
        let (fields, rest) = components.as_chunks::<3>();
        let described = fields.iter().map(|&[id, factors, quantisation]| Component {
            id,
            horizontal: usize::from(factors >> 4),
            vertical: usize::from(factors & 15),
            quantisation: quantisation.into(),
        });
        let described = described.collect::<Vec<_>>();
        let sound = |component: &Component| {
            (1..=4).contains(&component.horizontal)
                && (1..=4).contains(&component.vertical)
                && component.quantisation < 4
        };
        if width == 0
            || height == 0
            || fields.len() != usize::from(count)
            || !rest.is_empty()
            || !described.iter().all(sound)
        {
            return Err(("a size, and components with factors from 1 to 4".to_owned(), "others".to_owned()));
        }
        self.header.width = width.into();
        self.header.height = height.into();
        self.header.progressive = marker == 0xc2;
        self.header.components = described;
        Ok(())
    }

    fn quantisation_tables(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((&kind, rest)) = content.split_first() {
            let wide = kind >> 4 != 0;
            let (values, rest) = rest.split_at_checked(if wide { 128 } else { 64 })?;
            let mut table = [0; 64];
            for (at, place) in ZIGZAG.iter().enumerate() {
                table[usize::from(*place)] =
                    if wide { u16::from_be_bytes([values[2 * at], values[2 * at + 1]]) } else { values[at].into() };
            }
            *self.tables.quantisation.get_mut(usize::from(kind & 15))? = Some(table);
            content = rest;
        }
        Some(())
    }

    fn huffman_tables(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((&kind, rest)) = content.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let (symbols, rest) = rest.split_at_checked(counts.iter().map(|&count| usize::from(count)).sum())?;
            let table = Table::new(counts, symbols)?;
            let tables = if kind >> 4 == 0 { &mut self.tables.direct } else { &mut self.tables.alternating };
            *tables.get_mut(usize::from(kind & 15))? = Some(table);
            content = rest;
        }
        Some(())
    }

    fn scan(&self, content: &[u8], at: usize) -> Result<Scan, Fault> {
        let broken = || fault(at, "a scan of components of the frame", "others");
        let (&count, rest) = content.split_first().ok_or_else(broken)?;
        let (fields, rest) = rest.split_at_checked(2 * usize::from(count)).ok_or_else(broken)?;
        let &[first, last, bits] = rest else { return Err(broken()) };
        let mut components = Vec::new();
        for &[id, tables] in fields.as_chunks::<2>().0 {
            let index = self.header.components.iter().position(|component| component.id == id).ok_or_else(broken)?;
            if components.iter().any(|&(other, _, _)| other == index) || tables >> 4 > 3 || tables & 15 > 3 {
                return Err(broken());
            }
            components.push((index, usize::from(tables >> 4), usize::from(tables & 15)));
        }
        let (first, last) = if self.header.progressive { (first, last) } else { (0, 63) };
        let (high, low) = if self.header.progressive { (bits >> 4, bits & 15) } else { (0, 0) };
        let sound =
            first <= last && last < 64 && (first > 0 || last == 0 || !self.header.progressive) && low < 14 && high < 14;
        // Alternating values of a progressive image come for one component at a time.
        if components.is_empty() || !sound || (self.header.progressive && first > 0 && components.len() > 1) {
            return Err(broken());
        }
        Ok(Scan {
            components,
            first: first.into(),
            last: last.into(),
            high: high.into(),
            low: low.into(),
            data: self.offset,
        })
    }
}
