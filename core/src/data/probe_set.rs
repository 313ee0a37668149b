//! Images with labels and stable ids.

use std::sync::Arc;

use super::identity;
use super::pixels::{ImageShape, Pixels, SampleIds};
use crate::file::{DataError, counted};

/// Images with labels and stable ids. Vectors are images of one channel and one row.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeSet {
    /// What people call it.
    pub name: String,
    /// The shape of each image.
    pub shape: ImageShape,
    /// All images.
    pub pixels: Pixels,
    /// One class index per image, where known.
    pub labels: Option<Vec<u32>>,
    /// Names of the classes, where known.
    pub class_names: Vec<String>,
    /// One id per image and the content hash.
    pub samples: Arc<SampleIds>,
    /// What was chosen, changed or left out when the files were read, one sentence each.
    pub notes: Vec<String>,
}

/// The most images of a set: the ids of more would take far more memory than their pixels, when these are few.
const MOST_IMAGES: usize = 1 << 20;

impl ProbeSet {
    /// Images with labels; computes ids and content hash.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when there is no image or more than a million, when the number of values is no multiple of the shape, when the
    /// number of labels is another one than that of the images, or when a value is not finite.
    pub fn new(
        name: impl Into<String>,
        shape: ImageShape,
        pixels: Pixels,
        labels: Option<Vec<u32>>,
        class_names: Vec<String>,
    ) -> Result<Self, DataError> {
        let name = name.into();
        if shape.is_empty() || pixels.is_empty() {
            let found = format!("{} for images of shape {shape}", counted(pixels.len(), "value"));
            return Err(DataError::mismatch(name, "at least one image with at least one pixel", found));
        }
        if !pixels.len().is_multiple_of(shape.len()) {
            let expected = format!("a multiple of {} values, images of shape {shape}", shape.len());
            return Err(DataError::mismatch(name, expected, counted(pixels.len(), "value")));
        }
        let images = pixels.len() / shape.len();
        if images > MOST_IMAGES {
            let expected = format!("at most {MOST_IMAGES} images");
            return Err(DataError::mismatch(name, expected, images.to_string()));
        }
        if let Some(labels) = labels.as_ref().filter(|labels| labels.len() != images) {
            let expected = format!("as many labels as there are images, {images}");
            return Err(DataError::mismatch(name, expected, counted(labels.len(), "label")));
        }
        if let Some((index, value)) = pixels.first_not_finite() {
            let found = format!("{value} in image {}", index / shape.len());
            return Err(DataError::mismatch(name, "finite values", found));
        }
        let samples = Arc::new(identity::identify(shape, &pixels));
        Ok(Self { name, shape, pixels, labels, class_names, samples, notes: Vec::new() })
    }

    /// The same with what there is to say about how it was read.
    #[must_use]
    pub fn with_notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// Whether the samples are vectors: images of one channel and one row.
    #[must_use]
    pub fn holds_vectors(&self) -> bool {
        self.shape.channels == 1 && self.shape.height == 1
    }

    /// The samples at these indices, in this order, with the ids that they have here.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when there are no indices, or an index is not below the number of samples.
    pub fn keep(&self, indices: &[usize]) -> Result<Self, DataError> {
        if indices.is_empty() {
            return Err(DataError::mismatch(&self.name, "at least one sample to keep", "none"));
        }
        let taken = |index: &usize| self.samples.ids.get(*index).cloned().ok_or(*index);
        let ids = indices.iter().map(taken).collect::<Result<Vec<_>, _>>().map_err(|index| {
            DataError::mismatch(&self.name, format!("indices below {}", self.len()), index.to_string())
        })?;
        let pixels = match &self.pixels {
            Pixels::U8(values) => Pixels::U8(gather(values, self.shape.len(), indices)),
            Pixels::F32(values) => Pixels::F32(gather(values, self.shape.len(), indices)),
        };
        let content = identity::content_hash(self.shape, &pixels);
        Ok(Self {
            name: self.name.clone(),
            shape: self.shape,
            pixels,
            labels: self.labels.as_ref().map(|labels| gather(labels, 1, indices)),
            class_names: self.class_names.clone(),
            samples: Arc::new(SampleIds { ids, content }),
            notes: self.notes.clone(),
        })
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.ids.len()
    }

    /// Whether there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The rows of `length` values at these indices, none of which is beyond the end.
fn gather<T: Copy>(values: &[T], length: usize, indices: &[usize]) -> Vec<T> {
    indices.iter().flat_map(|&index| &values[index * length..(index + 1) * length]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape { channels: 1, height: 1, width: 2 };

    fn set(pixels: Pixels, labels: Option<Vec<u32>>) -> Result<ProbeSet, DataError> {
        ProbeSet::new("set", SHAPE, pixels, labels, Vec::new())
    }

    #[test]
    fn ids_are_stable_under_subsetting_and_reordering() {
        let whole = set(Pixels::U8(vec![1, 2, 3, 4, 1, 2, 5, 6]), Some(vec![0, 1, 2, 3])).unwrap();
        let part = whole.keep(&[3, 0, 2]).unwrap();
        let ids = &whole.samples.ids;
        assert_eq!(part.samples.ids, [ids[3].clone(), ids[0].clone(), ids[2].clone()]);
        assert_eq!(part.pixels, Pixels::U8(vec![5, 6, 1, 2, 1, 2]));
        assert_eq!(part.labels, Some(vec![3, 0, 2]));
        let rebuilt = set(part.pixels.clone(), None).unwrap();
        assert_eq!(rebuilt.samples, part.samples);
    }

    #[test]
    fn the_content_hash_depends_on_the_order_and_not_on_the_labels() {
        let content =
            |pixels: [u8; 4], labels| set(Pixels::U8(pixels.to_vec()), labels).unwrap().samples.content.clone();
        assert_eq!(content([1, 2, 3, 4], None), content([1, 2, 3, 4], Some(vec![5, 6])));
        assert_ne!(content([1, 2, 3, 4], None), content([3, 4, 1, 2], None));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let error = |pixels, labels| set(pixels, labels).unwrap_err().to_string();
        assert_eq!(
            error(Pixels::U8(vec![]), None),
            "set: expected at least one image with at least one pixel, found 0 values for images of shape 1×1×2"
        );
        assert_eq!(
            error(Pixels::U8(vec![1, 2, 3]), None),
            "set: expected a multiple of 2 values, images of shape 1×1×2, found 3 values"
        );
        assert_eq!(
            error(Pixels::U8(vec![1, 2]), Some(vec![])),
            "set: expected as many labels as there are images, 1, found 0 labels"
        );
        assert_eq!(
            error(Pixels::F32(vec![0.0, 1.0, 0.0, f32::NAN]), None),
            "set: expected finite values, found NaN in image 1"
        );
        let error = set(Pixels::U8(vec![1, 2]), None).unwrap().keep(&[0, 9]).unwrap_err().to_string();
        assert_eq!(error, "set: expected indices below 1, found 9");
    }
}
