//! What is done to images before they are a probe set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pixels::{ImageShape, Pixels};
use super::probe_set::ProbeSet;
use super::resample::resample;
use crate::file::{Allowance, DataError};

/// What is done to images as they are read: resized, then cropped, as torchvision's `Resize` and `CenterCrop` do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Preparation {
    /// The length that the shorter side is brought to, the longer one in proportion and rounded down; bilinear with
    /// antialiasing.
    #[serde(default)]
    pub resize: Option<usize>,
    /// The side of the square that is cut out of the middle.
    #[serde(default)]
    pub crop: Option<usize>,
    /// Whether images that cannot be read are left out and named, where there are others.
    #[serde(default)]
    pub skip_broken: bool,
}

impl Preparation {
    /// The longest side of an image, before and after.
    pub(super) const LONGEST_SIDE: usize = 8192;

    /// Whether images keep their size.
    #[must_use]
    pub fn keeps_sizes(self) -> bool {
        self.resize.is_none() && self.crop.is_none()
    }

    /// What is done to the size of images, in words; nothing when they keep it.
    #[must_use]
    pub fn describe(self) -> Option<String> {
        let resize =
            self.resize.map(|short| format!("resized to a shorter side of {short} pixels (bilinear, antialiased)"));
        let crop = self.crop.map(|side| format!("cropped to the {side}×{side} pixels in the middle"));
        let steps = [resize, crop].into_iter().flatten().collect::<Vec<_>>().join(" and ");
        (!steps.is_empty()).then(|| format!("the images were {steps}"))
    }

    /// # Errors
    /// [`DataError::Mismatch`] when a side is zero or longer than is read.
    pub(super) fn check(self) -> Result<(), DataError> {
        for (name, side) in [("resize", self.resize), ("crop", self.crop)] {
            if let Some(side) = side.filter(|side| !(1..=Self::LONGEST_SIDE).contains(side)) {
                let expected = format!("from 1 to {} pixels", Self::LONGEST_SIDE);
                return Err(DataError::mismatch(name, expected, side.to_string()));
            }
        }
        Ok(())
    }

    /// Height and width of an image after resizing.
    fn resized(self, height: usize, width: usize) -> (usize, usize) {
        let Some(short) = self.resize else { return (height, width) };
        let long = |long: usize, of: usize| short * long / of.max(1);
        if height <= width { (short, long(width, height)) } else { (long(height, width), short) }
    }

    /// Height and width of an image of this size afterwards.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when it is smaller than what is cut out of it, or becomes longer than what is read.
    pub(super) fn size(self, path: &str, height: usize, width: usize) -> Result<(usize, usize), DataError> {
        let (height, width) = self.resized(height, width);
        if height.max(width) > Self::LONGEST_SIDE {
            let expected = format!("at most {0}×{0} pixels", Self::LONGEST_SIDE);
            return Err(DataError::mismatch(path, expected, format!("{width}×{height} after resizing")));
        }
        match self.crop {
            Some(side) if side > height.min(width) => {
                let expected = format!("at least {side}×{side} pixels to crop; resize to {side} or more before");
                Err(DataError::mismatch(path, expected, format!("{width}×{height}")))
            }
            Some(side) => Ok((side, side)),
            None => Ok((height, width)),
        }
    }

    /// A plane of an image, resized and cropped; its size must have been checked by [`Preparation::size`].
    pub(super) fn apply(self, plane: &[u8], height: usize, width: usize) -> Vec<u8> {
        let (new_height, new_width) = self.resized(height, width);
        let plane = resample(plane, (height, width), (new_height, new_width));
        let Some(side) = self.crop else { return plane };
        let (top, left) = (middle(new_height, side), middle(new_width, side));
        let rows = plane.chunks_exact(new_width.max(1)).skip(top).take(side);
        rows.flat_map(|row| row.iter().skip(left).take(side).copied()).collect()
    }

    /// Resizes and crops the images of a set.
    pub(super) fn apply_to_set(self, set: ProbeSet) -> Result<ProbeSet, DataError> {
        if self.keeps_sizes() {
            return Ok(set);
        }
        let Pixels::U8(values) = &set.pixels else {
            let expected = "images of bytes from 0 to 255 to resize or crop";
            return Err(DataError::mismatch(set.name, expected, "other numbers; resize them where they were made"));
        };
        if set.holds_vectors() {
            return Err(DataError::mismatch(set.name, "images to resize or crop", "vectors"));
        }
        let ImageShape { channels, height, width } = set.shape;
        let (new_height, new_width) = self.size(&set.name, height, width)?;
        let shape = ImageShape { channels, height: new_height, width: new_width };
        let planes = set.len().saturating_mul(channels);
        let bytes = planes.saturating_mul(new_height * new_width);
        Allowance::for_input(values.len()).spend(&set.name, bytes)?;
        let mut pixels = Vec::with_capacity(bytes);
        for plane in values.chunks_exact(height * width) {
            pixels.extend(self.apply(plane, height, width));
        }
        let new = ProbeSet::new(set.name, shape, Pixels::U8(pixels), set.labels, set.class_names)?;
        Ok(new.with_notes(set.notes).with_notes(self.describe()))
    }
}

/// Where a piece of `side` begins that lies in the middle of `length`; a half is rounded to the even number, as Python does.
fn middle(length: usize, side: usize) -> usize {
    let margin = length - side.min(length);
    let half = margin / 2;
    half + usize::from(margin % 2 == 1 && half % 2 == 1)
}
