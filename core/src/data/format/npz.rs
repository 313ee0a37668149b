//! NumPy's `.npz` as a probe set.

use crate::data::pixels::{ImageShape, Pixels};
use crate::data::probe_set::ProbeSet;
use crate::file::npy::{Array, Floats};
use crate::file::zip::Archive;
use crate::file::{Allowance, DataError, counted};

const IMAGES: [&str; 3] = ["x", "images", "data"];
const LABELS: [&str; 2] = ["y", "labels"];

/// An unpacked array: its name, its path for errors, its bytes.
struct Entry {
    name: String,
    path: String,
    bytes: Vec<u8>,
}

/// Where the channels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    ChannelsFirst,
    ChannelsLast,
}

/// Reads the array of images, and that of labels where there is one.
pub(super) fn read(file: &str, archive: &mut Archive<'_>, allowance: &mut Allowance) -> Result<ProbeSet, DataError> {
    let entries = entries(archive, allowance)?;
    let (path, images) = match named(file, &entries, &IMAGES)? {
        Some(entry) => (&entry.path, Array::read(&entry.path, &entry.bytes)?),
        None => only_array_of_images(file, &entries)?,
    };
    let (shape, layout) = layout(path, images.shape())?;
    let pixels = if images.is_bytes() {
        Pixels::U8(channels_first(images.bytes()?, shape, layout))
    } else {
        Pixels::F32(channels_first(single(path, images.floats()?)?, shape, layout))
    };
    let count = images.shape()[0];
    let labels = named(file, &entries, &LABELS)?.map(|entry| labels(entry, count)).transpose()?;
    ProbeSet::new(file, shape, pixels, labels, Vec::new())
}

fn entries(archive: &mut Archive<'_>, allowance: &mut Allowance) -> Result<Vec<Entry>, DataError> {
    let mut entries = Vec::new();
    for (index, name) in archive.names().to_vec().into_iter().enumerate() {
        if let Some(name) = name.strip_suffix(".npy") {
            let bytes = archive.read(index, allowance)?;
            entries.push(Entry { name: name.to_owned(), path: archive.path(index), bytes });
        }
    }
    Ok(entries)
}

/// The one entry that has one of these names.
fn named<'a>(file: &str, entries: &'a [Entry], names: &[&str]) -> Result<Option<&'a Entry>, DataError> {
    let mut found = entries.iter().filter(|entry| names.contains(&entry.name.as_str()));
    match (found.next(), found.next()) {
        (Some(a), Some(b)) => {
            let expected = format!("only one of the arrays {}", names.join(", "));
            Err(DataError::mismatch(file, expected, format!("both {} and {}", a.name, b.name)))
        }
        (entry, _) => Ok(entry),
    }
}

/// The only array of 3 or 4 dimensions. Arrays that cannot be read are no images, but say why where nothing else is there.
fn only_array_of_images<'a>(file: &str, entries: &'a [Entry]) -> Result<(&'a String, Array<'a>), DataError> {
    let (mut found, mut broken) = (Vec::new(), None);
    for entry in entries {
        match Array::read(&entry.path, &entry.bytes) {
            Ok(array) if matches!(array.shape().len(), 3 | 4) => found.push((&entry.path, array)),
            Ok(_) => {}
            Err(error) => broken = broken.or(Some(error)),
        }
    }
    match (found.len(), broken) {
        (0, Some(error)) => return Err(error),
        (1, _) => {}
        (count, _) => {
            let names = entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(", ");
            let expected = format!("an array {}, or only one array of 3 or 4 dimensions", IMAGES.join(", "));
            return Err(DataError::mismatch(file, expected, format!("{count} such among {names}")));
        }
    }
    let missing = || DataError::mismatch(file, "an array of images", "none");
    found.pop().ok_or_else(missing)
}

/// The shape of one image, and where its channels are.
fn layout(path: &str, shape: &[usize]) -> Result<(ImageShape, Layout), DataError> {
    let is_channels = |length| matches!(length, 1 | 3);
    let mismatch = |expected: &str| Err(DataError::mismatch(path, expected, format!("the shape {shape:?}")));
    match *shape {
        [_, height, width] => Ok((ImageShape { channels: 1, height, width }, Layout::ChannelsFirst)),
        [_, first, _, last] if is_channels(first) && is_channels(last) => {
            mismatch("1 or 3 channels in the second or in the last dimension, not in both")
        }
        [_, channels, height, width] if is_channels(channels) => {
            Ok((ImageShape { channels, height, width }, Layout::ChannelsFirst))
        }
        [_, height, width, channels] if is_channels(channels) => {
            Ok((ImageShape { channels, height, width }, Layout::ChannelsLast))
        }
        [_, _, _, _] => mismatch("1 or 3 channels in the second or in the last dimension"),
        _ => mismatch("N×H×W, N×H×W×C or N×C×H×W"),
    }
}

/// The values as images of channels × height × width.
fn channels_first<T: Copy>(values: Vec<T>, shape: ImageShape, layout: Layout) -> Vec<T> {
    if layout == Layout::ChannelsFirst || shape.channels == 1 || shape.is_empty() {
        return values;
    }
    let channel =
        |image: &[T], channel| image.iter().skip(channel).step_by(shape.channels).copied().collect::<Vec<_>>();
    let images = values.chunks_exact(shape.len());
    images.flat_map(|image| (0..shape.channels).flat_map(move |index| channel(image, index))).collect()
}

/// Single precision, as networks take it.
fn single(path: &str, floats: Floats) -> Result<Vec<f32>, DataError> {
    let values = match floats {
        Floats::F32(values) => return Ok(values),
        Floats::F64(values) => values,
    };
    let overflow = values.iter().enumerate().find(|(_, value)| value.is_finite() && !(**value as f32).is_finite());
    if let Some((index, value)) = overflow {
        let found = format!("{value:e} at index {index}");
        return Err(DataError::mismatch(path, "values within single precision", found));
    }
    Ok(values.into_iter().map(|value| value as f32).collect())
}

/// One label for each image, from an array of shape N or N×1.
fn labels(entry: &Entry, count: usize) -> Result<Vec<u32>, DataError> {
    let array = Array::read(&entry.path, &entry.bytes)?;
    if !matches!(*array.shape(), [length] | [length, 1] if length == count) {
        let expected = format!("{}, one for each image", counted(count, "label"));
        return Err(DataError::mismatch(&entry.path, expected, format!("the shape {:?}", array.shape())));
    }
    let out_of_range = |label: i128| {
        DataError::mismatch(&entry.path, format!("class indices from 0 to {}", u32::MAX), label.to_string())
    };
    array.integers()?.into_iter().map(|label| u32::try_from(label).map_err(|_| out_of_range(label))).collect()
}
