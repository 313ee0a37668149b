//! STL-10, binary version: red, green and blue planes, each column by column; labels 1 to 10 in a file of their own.

use super::class_names::STL10;
use super::recognise::Format;
use super::source::Source;
use crate::data::pixels::{ImageShape, Pixels};
use crate::data::probe_set::ProbeSet;
use crate::file::{DataError, counted};

const SIDE: usize = 96;
const SHAPE: ImageShape = ImageShape { channels: 3, height: SIDE, width: SIDE };
const IMAGE: usize = 3 * SIDE * SIDE;

/// Reads one file of images and at most one of labels.
pub(super) fn read(sources: &[Source<'_>]) -> Result<ProbeSet, DataError> {
    let (labels, images) = sources.iter().partition::<Vec<_>, _>(|source| source.format == Format::Stl10Labels);
    let (&[images], [] | [_]) = (images.as_slice(), labels.as_slice()) else {
        let found = format!("{} of images and {} of labels", images.len(), labels.len());
        return Err(DataError::mismatch("STL-10", "one file of images and at most one of labels", found));
    };
    let columns = images.bytes.chunks_exact(SIDE * SIDE);
    let pixels = columns.flat_map(|plane| (0..SIDE).flat_map(move |row| plane.iter().skip(row).step_by(SIDE).copied()));
    let labels = labels.first().map(|file| {
        let count = images.bytes.len() / IMAGE;
        if file.bytes.len() == count {
            return Ok(file.bytes.iter().map(|&label| u32::from(label) - 1).collect());
        }
        let expected = format!("{}, one for each image of {}", counted(count, "label"), images.name);
        Err(DataError::mismatch(&file.name, expected, counted(file.bytes.len(), "label")))
    });
    let names = if labels.is_some() { STL10.map(String::from).to_vec() } else { Vec::new() };
    ProbeSet::new(images.name.as_str(), SHAPE, Pixels::U8(pixels.collect()), labels.transpose()?, names)
}
