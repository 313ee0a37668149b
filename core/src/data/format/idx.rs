//! IDX files of images and of labels, as MNIST has them.

use super::parts;
use super::source::Source;
use crate::data::pixels::{ImageShape, Pixels};
use crate::data::probe_set::ProbeSet;
use crate::file::idx::{UNSIGNED_BYTE, dimensions};
use crate::file::{DataError, counted};

/// An IDX file of bytes.
enum Content<'a> {
    Images { shape: ImageShape, pixels: &'a [u8] },
    Labels(&'a [u8]),
}

/// Reads one file of images and at most one of labels. Of MNIST's four files it takes those for testing.
pub(super) fn read(sources: &[Source<'_>]) -> Result<ProbeSet, DataError> {
    let names = sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>();
    let folders = parts::common_folder(&names);
    let Some((part, kept)) = parts::by_name(&names, folders) else { return read_pair(sources.iter()) };
    let of_part = sources.iter().zip(kept).filter_map(|(source, kept)| kept.then_some(source));
    Ok(read_pair(of_part)?.with_notes([part.note()]))
}

fn read_pair<'a>(sources: impl Iterator<Item = &'a Source<'a>>) -> Result<ProbeSet, DataError> {
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for source in sources {
        match content(&source.name, &source.bytes)? {
            Content::Images { shape, pixels } => images.push((source.name.as_str(), shape, pixels)),
            Content::Labels(values) => labels.push((source.name.as_str(), values)),
        }
    }
    let (&[(name, shape, pixels)], [] | [_]) = (images.as_slice(), labels.as_slice()) else {
        let found = format!("{} of images and {} of labels", images.len(), labels.len());
        let first = images.first().map(|(name, ..)| *name).or(labels.first().map(|(name, _)| *name)).unwrap_or("IDX");
        return Err(DataError::mismatch(first, "one IDX file of images and at most one of labels", found));
    };
    let labels = labels.first().map(|&(file, values)| {
        let count = pixels.len() / shape.len().max(1);
        if values.len() == count {
            return Ok(values.iter().map(|&label| u32::from(label)).collect());
        }
        let expected = format!("{}, one for each image of {name}", counted(count, "label"));
        Err(DataError::mismatch(file, expected, counted(values.len(), "label")))
    });
    ProbeSet::new(name, shape, Pixels::U8(pixels.to_vec()), labels.transpose()?, Vec::new())
}

fn content<'a>(file: &str, bytes: &'a [u8]) -> Result<Content<'a>, DataError> {
    let malformed = |offset, expected: &str, found: String| {
        Err(DataError::Malformed { file: file.to_owned(), offset, expected: expected.to_owned(), found })
    };
    if let Some(kind) = bytes.get(2).filter(|kind| **kind != UNSIGNED_BYTE) {
        return malformed(2, "the type 0x08, unsigned bytes", format!("{kind:#04x}"));
    }
    let (lengths, values) = dimensions(file, bytes)?;
    match *lengths.as_slice() {
        [_] => Ok(Content::Labels(values)),
        [_, height, width] => Ok(Content::Images { shape: ImageShape { channels: 1, height, width }, pixels: values }),
        _ => malformed(3, "3 dimensions (images) or 1 (labels)", lengths.len().to_string()),
    }
}
