//! The bundled images: the first test images of each class, as two gzipped IDX files.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use flate2::{Compression, GzBuilder};
use repgeo_core::data::{Pixels, ProbeSet};

use crate::dataset::Splits;
use crate::files;
use crate::terminal;

/// How many images of each class.
const PER_CLASS: usize = 200;
/// The data set's licence, which its copies have to carry.
const LICENCE: &str = include_str!("fashion-mnist-licence.txt");

/// Writes the images, their labels and the licence.
pub(super) fn write(data: &Splits, folder: &Path) -> Result<()> {
    let chosen = data.test.keep(&first_of_each_class(&data.test, data.classes)?)?;
    let stem = format!("{}-test-{}", data.name, chosen.len());
    let (images, labels) = idx(&chosen)?;
    files::write(&folder.join(format!("{stem}-images-idx3-ubyte.gz")), &gzip(&images)?)?;
    files::write(&folder.join(format!("{stem}-labels-idx1-ubyte.gz")), &gzip(&labels)?)?;
    files::write(&folder.join("LICENCE-fashion-mnist.txt"), LICENCE.as_bytes())?;
    terminal::print_line(&format!("{}: {} images", folder.display(), chosen.len()))
}

/// The indices of the first images of each class, in file order.
fn first_of_each_class(set: &ProbeSet, classes: usize) -> Result<Vec<usize>> {
    let mut counts = vec![0; classes];
    let mut chosen = Vec::new();
    for (index, &label) in set.labels.iter().flatten().enumerate() {
        if let Some(count) = counts.get_mut(label as usize).filter(|count| **count < PER_CLASS) {
            *count += 1;
            chosen.push(index);
        }
    }
    ensure!(
        counts.iter().all(|&count| count == PER_CLASS),
        "{}: expected at least {PER_CLASS} images of each class, found {counts:?}",
        set.name
    );
    Ok(chosen)
}

/// Images and labels in the IDX format of MNIST: magic number, sizes in big-endian order, bytes.
fn idx(set: &ProbeSet) -> Result<(Vec<u8>, Vec<u8>)> {
    let (Pixels::U8(pixels), Some(labels)) = (&set.pixels, &set.labels) else {
        bail!("{}: expected bytes with labels", set.name);
    };
    ensure!(set.shape.channels == 1, "{}: expected one channel, found {}", set.name, set.shape.channels);
    let mut images = header(0x0803, &[set.len(), set.shape.height, set.shape.width])?;
    images.extend(pixels);
    let mut classes = header(0x0801, &[set.len()])?;
    for &label in labels {
        classes.push(u8::try_from(label).with_context(|| format!("{}: expected labels below 256", set.name))?);
    }
    Ok((images, classes))
}

fn header(magic: u32, sizes: &[usize]) -> Result<Vec<u8>> {
    let mut bytes = magic.to_be_bytes().to_vec();
    for &size in sizes {
        bytes.extend(u32::try_from(size)?.to_be_bytes());
    }
    Ok(bytes)
}

/// Without a name or time, so that the same images give the same bytes.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use repgeo_core::data::{ImageShape, read_probe_set};
    use repgeo_core::file::NamedBytes;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let shape = ImageShape { channels: 1, height: 2, width: 3 };
        let pixels = Pixels::U8((0..60).collect());
        let set = ProbeSet::new("test", shape, pixels.clone(), Some((0..10).collect()), vec![]).unwrap();
        let (images, labels) = idx(&set).unwrap();
        let file = |name: &str, bytes: &[u8]| NamedBytes { name: name.to_owned(), bytes: gzip(bytes).unwrap() };
        let files = [file("a-images-idx3-ubyte.gz", &images), file("a-labels-idx1-ubyte.gz", &labels)];
        let read = read_probe_set(&files).unwrap();
        assert_eq!((read.shape, read.pixels, read.labels), (shape, pixels, set.labels));
    }

    #[test]
    fn the_first_images_of_each_class_are_taken_in_file_order() {
        let shape = ImageShape { channels: 1, height: 1, width: 1 };
        let labels: Vec<u32> = (0..3 * PER_CLASS as u32).map(|i| u32::from(i % 3 == 0)).collect();
        let set = ProbeSet::new("test", shape, Pixels::U8(vec![0; labels.len()]), Some(labels), vec![]).unwrap();
        let chosen = first_of_each_class(&set, 2).unwrap();
        assert_eq!(chosen.len(), 2 * PER_CLASS);
        assert!(chosen.is_sorted());
        assert_eq!(chosen[..4], [0, 1, 2, 3]);
        assert!(first_of_each_class(&set, 3).is_err());
    }
}
