//! CIFAR-10 and CIFAR-100, binary version (Krizhevsky 2009): records of one or two label bytes and 3 × 32 × 32 pixels as
//! red, green and blue planes.

use super::class_names::{CIFAR10, CIFAR100};
use super::{Source, group_name};
use crate::data::error::DataError;
use crate::data::probe_set::{ImageShape, Pixels, ProbeSet};

const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };
const PIXELS: usize = 3 * 32 * 32;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    /// One label of 10 classes.
    Cifar10,
    /// A coarse label of 20 classes, then a fine label of 100.
    Cifar100,
}

impl Variant {
    /// The number of classes of each label byte; the last is the label that is kept.
    fn classes(self) -> &'static [u8] {
        match self {
            Self::Cifar10 => &[10],
            Self::Cifar100 => &[20, 100],
        }
    }

    fn class_names(self) -> &'static [&'static str] {
        match self {
            Self::Cifar10 => &CIFAR10,
            Self::Cifar100 => &CIFAR100,
        }
    }

    fn record(self) -> usize {
        self.classes().len() + PIXELS
    }

    /// Whether a file of this length consists of whole records.
    pub(super) fn fits(self, length: usize) -> bool {
        length > 0 && length.is_multiple_of(self.record())
    }

    /// Offset, number of classes and value of the first label that is out of range.
    pub(super) fn wrong_label(self, bytes: &[u8]) -> Option<(usize, u8, u8)> {
        let records = bytes.chunks_exact(self.record()).enumerate();
        let labels = records.flat_map(|(index, record)| {
            let labels = record.iter().zip(self.classes()).enumerate();
            labels.map(move |(place, (&label, &classes))| (index * self.record() + place, classes, label))
        });
        labels.into_iter().find(|(_, classes, label)| label >= classes)
    }
}

/// Reads all batches, one after another.
pub(super) fn read(variant: Variant, sources: &[Source<'_>]) -> Result<ProbeSet, DataError> {
    let images = sources.iter().map(|source| source.bytes.len() / variant.record()).sum();
    let (mut pixels, mut labels) = (Vec::with_capacity(images * PIXELS), Vec::with_capacity(images));
    for source in sources {
        if let Some((offset, classes, label)) = variant.wrong_label(&source.bytes) {
            return Err(DataError::Malformed {
                file: source.name.to_owned(),
                offset,
                expected: format!("a label below {classes}"),
                found: label.to_string(),
            });
        }
        for record in source.bytes.chunks_exact(variant.record()) {
            let (label, image) = record.split_at(variant.classes().len());
            labels.extend(label.last().copied().map(u32::from));
            pixels.extend_from_slice(image);
        }
    }
    let names = variant.class_names().iter().map(|&name| name.to_owned()).collect();
    ProbeSet::new(group_name(sources), SHAPE, Pixels::U8(pixels), Some(labels), names)
}
