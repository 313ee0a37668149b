//! CIFAR-10 and CIFAR-100, binary version: red, green and blue planes behind the labels of each record.

use super::class_names::{CIFAR10, CIFAR100};
use super::source::{Source, group_name};
use crate::data::pixels::{ImageShape, Pixels};
use crate::data::probe_set::ProbeSet;
use crate::file::DataError;
use crate::file::records::Records;

const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };
const PIXELS: usize = 3 * 32 * 32;

/// The names of the classes of the labels that are kept.
fn class_names(records: Records) -> &'static [&'static str] {
    match records {
        Records::Cifar10 => &CIFAR10,
        Records::Cifar100 => &CIFAR100,
    }
}

/// Reads all batches, one after another.
pub(super) fn read(records: Records, sources: &[Source<'_>]) -> Result<ProbeSet, DataError> {
    let images = sources.iter().map(|source| source.bytes.len() / records.length()).sum();
    let (mut pixels, mut labels) = (Vec::with_capacity(images * PIXELS), Vec::with_capacity(images));
    for source in sources {
        if let Some((offset, classes, label)) = records.wrong_label(&source.bytes) {
            return Err(DataError::Malformed {
                file: source.name.clone(),
                offset,
                expected: format!("a label below {classes}"),
                found: label.to_string(),
            });
        }
        for record in source.bytes.chunks_exact(records.length()) {
            let (label, image) = record.split_at(records.classes().len());
            labels.extend(label.last().copied().map(u32::from));
            pixels.extend_from_slice(image);
        }
    }
    let names = class_names(records).iter().map(|&name| name.to_owned()).collect();
    ProbeSet::new(group_name(sources), SHAPE, Pixels::U8(pixels), Some(labels), names)
}
