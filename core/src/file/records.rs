//! Formats without a signature: what their lengths and labels allow.
//!
//! CIFAR-10 and CIFAR-100, binary version (Krizhevsky 2009): records of one or two label bytes and 3 × 32 × 32 pixels.
//! STL-10, binary version (Coates, Ng and Lee 2011): images of 3 × 96 × 96 pixels; labels 1 to 10 in a file of their own.

/// Pixel bytes of a CIFAR image.
const CIFAR_PIXELS: usize = 3 * 32 * 32;
/// Pixel bytes of an STL-10 image.
const STL10_PIXELS: usize = 3 * 96 * 96;

/// Records of labels and pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Records {
    /// One label of 10 classes.
    Cifar10,
    /// A coarse label of 20 classes, then a fine label of 100.
    Cifar100,
}

impl Records {
    /// The number of classes of each label byte; the last is the label that is kept.
    pub(crate) fn classes(self) -> &'static [u8] {
        match self {
            Self::Cifar10 => &[10],
            Self::Cifar100 => &[20, 100],
        }
    }

    /// Bytes of one record.
    pub(crate) fn length(self) -> usize {
        self.classes().len() + CIFAR_PIXELS
    }

    /// Whether a file of this length consists of whole records.
    pub(crate) fn fits(self, length: usize) -> bool {
        length > 0 && length.is_multiple_of(self.length())
    }

    /// Offset, number of classes and value of the first label that is out of range.
    pub(crate) fn wrong_label(self, bytes: &[u8]) -> Option<(usize, u8, u8)> {
        let records = bytes.chunks_exact(self.length()).enumerate();
        let labels = records.flat_map(|(index, record)| {
            let labels = record.iter().zip(self.classes()).enumerate();
            labels.map(move |(place, (&label, &classes))| (index * self.length() + place, classes, label))
        });
        labels.into_iter().find(|(_, classes, label)| label >= classes)
    }
}

/// Whether a file of this length consists of whole STL-10 images.
pub(crate) fn are_stl10_images(length: usize) -> bool {
    length > 0 && length.is_multiple_of(STL10_PIXELS)
}

/// Whether all bytes are labels of STL-10.
pub(crate) fn are_stl10_labels(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| (1..=10).contains(byte))
}
