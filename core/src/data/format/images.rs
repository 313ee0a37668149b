//! PNG and JPEG images of one size.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Cursor;

use image::{ColorType, DynamicImage, ImageDecoder, ImageReader, Limits};

use super::jpeg;
use crate::data::pixels::{ImageShape, Pixels};
use crate::data::probe_set::ProbeSet;
use crate::file::{Allowance, DataError, Kind, counted, reason, recognise};
use crate::names::natural_order;

/// The longest side of an image that is read.
const LONGEST_SIDE: u32 = 8192;
/// The most memory that decoding one image may take.
const DECODER_MEMORY: u64 = 512 << 20;

/// Paths and bytes of images.
type Files<'a> = Vec<(String, Cow<'a, [u8]>)>;

/// Reads images in natural order of their paths; several folders are classes.
pub(super) fn read(name: String, mut files: Files<'_>) -> Result<ProbeSet, DataError> {
    files.sort_by(|(a, _), (b, _)| natural_order(a, b));
    let shape = common_shape(&name, &files)?;
    let (labels, class_names) = classes(&files)?;
    let mut allowance = Allowance::for_input(files.iter().map(|(_, bytes)| bytes.len()).sum());
    let mut pixels = Vec::new();
    for (path, bytes) in &files {
        allowance.spend(path, shape.len())?;
        append_planes(&decode(path, bytes)?, shape, &mut pixels);
    }
    ProbeSet::new(name, shape, Pixels::U8(pixels), labels, class_names)
}

/// Height and width of the first image, which all must share, and one channel when all are grey.
fn common_shape(name: &str, files: &Files<'_>) -> Result<ImageShape, DataError> {
    let mut common = None;
    let mut all_grey = true;
    for (path, bytes) in files {
        let decoder = decoder(path, bytes)?;
        let size = decoder.dimensions();
        all_grey &= is_grey(decoder.color_type());
        let (first, (width, height)) = common.get_or_insert((path, size));
        if size != (*width, *height) {
            let expected = format!("{width}×{height} pixels, as in {first}");
            return Err(DataError::mismatch(path, expected, format!("{}×{}", size.0, size.1)));
        }
    }
    let Some((_, (width, height))) = common else {
        return Err(DataError::mismatch(name, "at least one PNG or JPEG image", "none"));
    };
    Ok(ImageShape { channels: if all_grey { 1 } else { 3 }, height: height as usize, width: width as usize })
}

fn is_grey(color: ColorType) -> bool {
    matches!(color, ColorType::L8 | ColorType::La8)
}

fn decoder<'a>(path: &str, bytes: &'a [u8]) -> Result<impl ImageDecoder + 'a, DataError> {
    let format = if recognise(bytes) == Kind::Jpeg { image::ImageFormat::Jpeg } else { image::ImageFormat::Png };
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(DECODER_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| undecodable(path, &error))?;
    match decoder.color_type() {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => Ok(decoder),
        other => {
            let bits = u32::from(other.bits_per_pixel()) / u32::from(other.channel_count()).max(1);
            Err(DataError::mismatch(path, "8 bits for each channel", bits.to_string()))
        }
    }
}

fn decode(path: &str, bytes: &[u8]) -> Result<DynamicImage, DataError> {
    if recognise(bytes) == Kind::Jpeg {
        jpeg::check_whole(path, bytes)?;
    }
    DynamicImage::from_decoder(decoder(path, bytes)?).map_err(|error| undecodable(path, &error))
}

fn undecodable(path: &str, error: &image::ImageError) -> DataError {
    if let image::ImageError::Limits(_) = error {
        return DataError::mismatch(path, format!("at most {LONGEST_SIDE}×{LONGEST_SIDE} pixels"), "more");
    }
    DataError::Undecodable { file: path.to_owned(), format: "image", reason: reason(error) }
}

/// Appends one plane for each channel of the shape. Opacity is dropped, and never blended in.
fn append_planes(image: &DynamicImage, shape: ImageShape, pixels: &mut Vec<u8>) {
    if shape.channels == 1 {
        pixels.extend_from_slice(image.to_luma8().as_raw());
        return;
    }
    let colours = image.to_rgb8();
    for channel in 0..shape.channels {
        pixels.extend(colours.as_raw().iter().skip(channel).step_by(shape.channels));
    }
}

/// Labels and class names, where the images lie in several folders: the class is the innermost folder.
fn classes(files: &Files<'_>) -> Result<(Option<Vec<u32>>, Vec<String>), DataError> {
    let folders = files.iter().map(|(path, _)| folder(path)).collect::<Vec<_>>();
    let mut names = folders.iter().copied().flatten().collect::<Vec<_>>();
    names.sort_by(|a, b| natural_order(a, b));
    names.dedup();
    let outside = files.iter().zip(&folders).find(|(_, folder)| folder.is_none());
    match (names.as_slice(), outside) {
        ([], _) | ([_], None) => Ok((None, Vec::new())),
        (_, Some(((path, _), _))) => {
            let found = "one outside of any folder";
            let expected = format!("images in class folders only, as there are {}", counted(names.len(), "folder"));
            Err(DataError::mismatch(path, expected, found))
        }
        (_, None) => {
            let label_of = names.iter().copied().zip(0_u32..).collect::<BTreeMap<_, _>>();
            let labels = folders.iter().flatten().map(|folder| label_of[folder]).collect();
            Ok((Some(labels), names.iter().map(|&name| name.to_owned()).collect()))
        }
    }
}

/// The innermost folder of a path.
fn folder(path: &str) -> Option<&str> {
    path.split(['/', '\\']).rev().nth(1).filter(|folder| !folder.is_empty())
}
