//! Views of storages: which elements of which storage a tensor is.

use std::borrow::Cow;
use std::rc::Rc;

use super::super::error::Fault;
use super::super::tensor::{Element, Precision};

/// Where the elements of a tensor are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The storage's key.
    pub(super) storage: String,
    /// The type of the elements: the storage's class, or the name of a data type (`float32`) where the storage is untyped.
    pub(super) element: String,
}

/// Which elements of a storage a tensor has, counted in elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) offset: u64,
    pub(super) sizes: Vec<u64>,
    pub(super) strides: Vec<u64>,
}

impl Layout {
    /// One past the last element of the view, from the start of the storage; nothing beyond 2⁶⁴.
    fn end(&self) -> Option<u64> {
        if self.sizes.contains(&0) {
            return Some(0);
        }
        let last = self
            .sizes
            .iter()
            .zip(&self.strides)
            .try_fold(self.offset, |last, (size, stride)| last.checked_add((size - 1).checked_mul(*stride)?));
        last?.checked_add(1)
    }

    /// How many elements the tensor has; nothing beyond 2⁶⁴.
    pub(super) fn count(&self) -> Option<u64> {
        self.sizes.iter().try_fold(1_u64, |product, &size| product.checked_mul(size))
    }

    /// Whether the elements lie one after another, row-major.
    fn is_contiguous(&self) -> bool {
        let mut expected = 1_u64;
        for (&size, &stride) in self.sizes.iter().zip(&self.strides).rev() {
            if size != 1 && stride != expected {
                return false;
            }
            expected = expected.saturating_mul(size);
        }
        true
    }
}

/// The bytes of a storage.
#[derive(Debug, Clone)]
pub(crate) enum Storage<'a> {
    /// As they stand in the file.
    Plain(&'a [u8]),
    /// Unpacked.
    Unpacked(Rc<[u8]>),
}

impl Storage<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Plain(bytes) => bytes,
            Self::Unpacked(bytes) => bytes,
        }
    }
}

/// A tensor's elements in a storage, checked to lie within it.
#[derive(Debug, Clone)]
pub(crate) struct View<'a> {
    storage: Storage<'a>,
    layout: Layout,
    /// Bytes of an element.
    size: usize,
    big_endian: bool,
}

impl<'a> View<'a> {
    /// # Errors
    /// [`Fault::Malformed`] when sizes and strides do not match, or the tensor reaches beyond the storage.
    pub(super) fn new(
        tensor: &str,
        storage: Storage<'a>,
        layout: Layout,
        size: usize,
        big_endian: bool,
    ) -> Result<Self, Fault> {
        let part = || format!("tensor {tensor}");
        if layout.sizes.len() != layout.strides.len() {
            let expected = format!("{} strides", layout.sizes.len());
            return Err(Fault::malformed(part(), expected, layout.strides.len().to_string()));
        }
        let held = (storage.bytes().len() / size.max(1)) as u64;
        match layout.end() {
            Some(end) if end <= held => Ok(Self { storage, layout, size, big_endian }),
            end => {
                let expected = format!("a storage of {held} elements to be enough");
                let found = end.map_or("more than 2⁶⁴".to_owned(), |end| end.to_string());
                Err(Fault::malformed(part(), expected, format!("a tensor that reaches up to {found}")))
            }
        }
    }

    /// Bytes of the tensor.
    pub(super) fn length(&self) -> u64 {
        self.layout.count().unwrap_or(u64::MAX).saturating_mul(self.size as u64)
    }

    /// The elements, little-endian and row-major; without a copy where they stand like this in the file.
    pub(crate) fn bytes(&self) -> Cow<'_, [u8]> {
        let Self { storage, layout, size, big_endian } = self;
        let stored = storage.bytes();
        let count = layout.count().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        let mut bytes = if count == 0 {
            Cow::Borrowed(&[][..])
        } else if layout.is_contiguous() {
            let start = layout.offset as usize * size;
            stored.get(start..start + count * size).map_or(Cow::Borrowed(&[][..]), Cow::Borrowed)
        } else {
            Cow::Owned(gathered(stored, layout, *size, count))
        };
        if *big_endian && *size > 1 {
            bytes.to_mut().chunks_exact_mut(*size).for_each(<[u8]>::reverse);
        }
        bytes
    }
}

/// Elements that do not lie one after another.
fn gathered(stored: &[u8], layout: &Layout, size: usize, count: usize) -> Vec<u8> {
    let mut gathered = Vec::with_capacity(count * size);
    let mut index = vec![0_u64; layout.sizes.len()];
    for _ in 0..count {
        let steps = index.iter().zip(&layout.strides).map(|(index, stride)| index * stride);
        let start = (layout.offset + steps.sum::<u64>()) as usize * size;
        gathered.extend(stored.get(start..start + size).unwrap_or(&[]));
        for (index, &length) in index.iter_mut().zip(&layout.sizes).rev() {
            *index += 1;
            if *index < length {
                break;
            }
            *index = 0;
        }
    }
    gathered
}

/// The type and the bytes of an element, by the class of its storage or by its data type.
pub(super) fn element(name: &str) -> Option<(Element, usize)> {
    let float = |precision: Precision| Some((Element::Float(precision), precision.size()));
    let other = |name: &str, size| Some((Element::Other(name.to_owned()), size));
    match name {
        "DoubleStorage" | "float64" | "double" => float(Precision::F64),
        "FloatStorage" | "float32" | "float" => float(Precision::F32),
        "HalfStorage" | "float16" | "half" => float(Precision::F16),
        "BFloat16Storage" | "bfloat16" => float(Precision::Bf16),
        "float8_e4m3fn" => float(Precision::F8E4m3),
        "float8_e5m2" => float(Precision::F8E5m2),
        "LongStorage" | "int64" | "long" => other("i64", 8),
        "IntStorage" | "int32" | "int" => other("i32", 4),
        "ShortStorage" | "int16" | "short" => other("i16", 2),
        "CharStorage" | "int8" => other("i8", 1),
        "ByteStorage" | "UntypedStorage" | "uint8" => other("u8", 1),
        "BoolStorage" | "bool" => other("bool", 1),
        "uint16" => other("u16", 2),
        "uint32" => other("u32", 4),
        "uint64" => other("u64", 8),
        "ComplexFloatStorage" | "complex64" => other("complex64", 8),
        "ComplexDoubleStorage" | "complex128" => other("complex128", 16),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(offset: u64, sizes: &[u64], strides: &[u64]) -> Layout {
        Layout { offset, sizes: sizes.to_vec(), strides: strides.to_vec() }
    }

    #[test]
    fn views_end_behind_their_last_element() {
        let end = |sizes, strides| layout(0, sizes, strides).end();
        assert_eq!(end(&[], &[]), Some(1));
        assert_eq!(end(&[2, 3], &[3, 1]), Some(6));
        assert_eq!(end(&[3, 4], &[1, 0]), Some(3));
        assert_eq!(end(&[2], &[1000]), Some(1001));
        assert_eq!(end(&[5, 0], &[1, 1]), Some(0));
        assert_eq!(end(&[3, 3], &[u64::MAX, u64::MAX]), None);
    }

    #[test]
    fn views_are_read_row_major() {
        let stored: Vec<u8> = (0..12).collect();
        let bytes = |offset, sizes, strides| {
            let view = View::new("w", Storage::Plain(&stored), layout(offset, sizes, strides), 1, false).unwrap();
            view.bytes().into_owned()
        };
        assert_eq!(bytes(2, &[2, 3], &[3, 1]), [2, 3, 4, 5, 6, 7]);
        assert_eq!(bytes(0, &[3, 2], &[1, 6]), [0, 6, 1, 7, 2, 8]);
        assert_eq!(bytes(1, &[2, 1, 2], &[4, 99, 1]), [1, 2, 5, 6]);
        assert_eq!(bytes(5, &[], &[]), [5]);
        assert_eq!(bytes(3, &[2, 2], &[0, 1]), [3, 4, 3, 4]);
        assert_eq!(bytes(0, &[0, 9], &[9, 1]), [0_u8; 0]);
    }

    #[test]
    fn what_reaches_beyond_the_storage_is_refused() {
        let refused = |layout| View::new("w", Storage::Plain(&[0; 8]), layout, 4, false).unwrap_err().to_string();
        let expected = "tensor w: expected a storage of 2 elements to be enough, found a tensor that reaches up to 3";
        assert_eq!(refused(layout(1, &[2], &[1])), expected);
        assert!(refused(layout(u64::MAX, &[2], &[1])).ends_with("more than 2⁶⁴"));
        assert_eq!(refused(layout(0, &[2], &[])), "tensor w: expected 1 strides, found 0");
    }

    #[test]
    fn big_endian_elements_are_turned() {
        let view = View::new("w", Storage::Plain(&[1, 2, 3, 4]), layout(0, &[2], &[1]), 2, true).unwrap();
        assert_eq!(*view.bytes(), [2, 1, 4, 3]);
    }
}
