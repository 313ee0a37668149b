//! One PNG or JPEG image.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, Limits};

use super::jpeg;
use crate::data::preparation::Preparation;
use crate::file::{DataError, Kind, reason, recognise};

/// The most memory that decoding one image may take.
const DECODER_MEMORY: u64 = 512 << 20;

/// What an image says about itself.
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) grey: bool,
    /// Whether it has 16 bits for each channel.
    pub(super) deep: bool,
    /// Whether a tag asks for it to be turned or mirrored.
    pub(super) turned: bool,
}

/// Reads the header of an image.
///
/// # Errors
/// [`DataError`] when it is broken, or larger than what is read.
pub(super) fn header(path: &str, bytes: &[u8]) -> Result<Picture, DataError> {
    let picture = if recognise(bytes) == Kind::Jpeg {
        let header = jpeg::header(path, bytes)?;
        let (width, height, turned) = (header.width, header.height, header.turned);
        Picture { width, height, grey: header.is_grey(), deep: false, turned }
    } else {
        let mut decoder = png(path, bytes)?;
        let (width, height) = decoder.dimensions();
        let color = decoder.color_type();
        let turned = decoder.orientation().is_ok_and(|orientation| orientation != Orientation::NoTransforms);
        Picture {
            width: width as usize,
            height: height as usize,
            grey: matches!(color, ColorType::L8 | ColorType::La8 | ColorType::L16 | ColorType::La16),
            deep: u32::from(color.bits_per_pixel()) / u32::from(color.channel_count()).max(1) > 8,
            turned,
        }
    };
    if picture.width.max(picture.height) > Preparation::LONGEST_SIDE { Err(too_large(path)) } else { Ok(picture) }
}

/// One plane when one channel is asked for, which only grey images can give, else three. Opacity is dropped, and never
/// blended in; of 16 bits, the higher 8 are taken.
///
/// # Errors
/// [`DataError`] when the image is broken.
pub(super) fn planes(path: &str, bytes: &[u8], channels: usize) -> Result<Vec<u8>, DataError> {
    let mut planes = if recognise(bytes) == Kind::Jpeg {
        jpeg::decode(path, bytes)?
    } else {
        let decoder = png(path, bytes)?;
        let image = DynamicImage::from_decoder(decoder).map_err(|error| undecodable(path, &error))?;
        planes_of(&image)
    };
    if let (3, [grey]) = (channels, planes.as_slice()) {
        planes = vec![grey.clone(); 3];
    }
    Ok(planes.concat())
}

fn planes_of(image: &DynamicImage) -> Vec<Vec<u8>> {
    let channels = usize::from(image.color().channel_count());
    // The last of two or four channels is the opacity.
    let colours = if channels < 3 { 1 } else { 3 };
    let plane = |channel: usize| match image {
        DynamicImage::ImageLuma16(_)
        | DynamicImage::ImageLumaA16(_)
        | DynamicImage::ImageRgb16(_)
        | DynamicImage::ImageRgba16(_) => {
            let samples = image.as_bytes().as_chunks::<2>().0.iter().map(|&sample| u16::from_ne_bytes(sample));
            samples.skip(channel).step_by(channels).map(|sample| (sample >> 8) as u8).collect()
        }
        _ => image.as_bytes().iter().skip(channel).step_by(channels).copied().collect(),
    };
    (0..colours).map(plane).collect()
}

fn png<'a>(path: &str, bytes: &'a [u8]) -> Result<PngDecoder<Cursor<&'a [u8]>>, DataError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(Preparation::LONGEST_SIDE as u32);
    limits.max_image_height = Some(Preparation::LONGEST_SIDE as u32);
    limits.max_alloc = Some(DECODER_MEMORY);
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits.clone());
    let checked = decoder.and_then(|mut decoder| decoder.set_limits(limits).map(|()| decoder));
    checked.map_err(|error| undecodable(path, &error))
}

fn too_large(path: &str) -> DataError {
    DataError::mismatch(path, format!("at most {0}×{0} pixels", Preparation::LONGEST_SIDE), "more")
}

fn undecodable(path: &str, error: &image::ImageError) -> DataError {
    if let image::ImageError::Limits(_) = error {
        return too_large(path);
    }
    DataError::Undecodable { file: path.to_owned(), format: "image", reason: reason(error) }
}
