//! What makes a sample the same sample: its shape and its pixels.

use std::collections::BTreeMap;

use super::pixels::{ImageShape, Pixels, SampleIds};
use crate::Sha256Digest;

/// Hexadecimal digits of a sample's digest in its id: 64 bits, so that among a million samples two different ones share
/// an id with probability 3e-8.
const ID_DIGITS: usize = 16;

/// The ids and the content hash of whole images.
///
/// A sample's id is the beginning of the SHA-256 of its shape, the kind of its values and the values themselves; the
/// second and later occurrences of an image get `-2`, `-3`, …. Ids depend on nothing but the images: not on the file,
/// its name or the labels.
pub(super) fn identify(shape: ImageShape, pixels: &Pixels) -> SampleIds {
    let digests = digests(shape, pixels);
    let mut occurrences = BTreeMap::new();
    let mut ids = Vec::with_capacity(digests.len());
    for digest in &digests {
        let prefix = &digest.as_str()[..ID_DIGITS];
        let occurrence = occurrences.entry(prefix).and_modify(|count| *count += 1).or_insert(1_usize);
        ids.push(if *occurrence == 1 { prefix.to_owned() } else { format!("{prefix}-{occurrence}") });
    }
    SampleIds { ids, content: content(&digests) }
}

/// The content hash of whole images: the SHA-256 over the samples' digests, in order.
pub(super) fn content_hash(shape: ImageShape, pixels: &Pixels) -> Sha256Digest {
    content(&digests(shape, pixels))
}

fn content(digests: &[Sha256Digest]) -> Sha256Digest {
    Sha256Digest::of(digests.iter().map(|digest| digest.as_str().as_bytes()))
}

/// One digest per image.
fn digests(shape: ImageShape, pixels: &Pixels) -> Vec<Sha256Digest> {
    let header = |kind: &str| format!("{kind} {}x{}x{}\n", shape.channels, shape.height, shape.width).into_bytes();
    let length = shape.len().max(1);
    match pixels {
        Pixels::U8(values) => {
            let header = header("u8");
            values.chunks_exact(length).map(|image| Sha256Digest::of([header.as_slice(), image])).collect()
        }
        Pixels::F32(values) => {
            let header = header("f32");
            let bytes = |image: &[f32]| image.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
            values.chunks_exact(length).map(|image| Sha256Digest::of([header.as_slice(), &bytes(image)])).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape { channels: 1, height: 1, width: 2 };

    #[test]
    fn ids_are_the_published_digest_of_header_and_pixels() {
        // python3: hashlib.sha256(b"u8 1x1x2\n" + bytes([0, 255])).hexdigest(), and so on.
        let samples = identify(SHAPE, &Pixels::U8(vec![0, 255, 7, 7, 0, 255]));
        assert_eq!(samples.ids, ["c734b71f14c7f29d", "a4c357667306fa8c", "c734b71f14c7f29d-2"]);
        assert_eq!(samples.content.as_str(), "73280b2689a193620ded3205270e46df0629ec1a58d71b809beb7c5f01410142");
    }

    #[test]
    fn shape_and_kind_of_value_are_part_of_the_identity() {
        let tall = ImageShape { channels: 1, height: 2, width: 1 };
        let ids = |shape, pixels| identify(shape, &pixels).ids;
        assert_ne!(ids(SHAPE, Pixels::U8(vec![0, 1])), ids(tall, Pixels::U8(vec![0, 1])));
        assert_ne!(ids(SHAPE, Pixels::U8(vec![0, 1])), ids(SHAPE, Pixels::F32(vec![0.0, 1.0])));
    }
}
