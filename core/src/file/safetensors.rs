//! The header of safetensors: an 8-byte length, then JSON that names each tensor with its type, lengths and place.

use std::fmt;
use std::ops::Range;

use ::safetensors::Dtype;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::bounded::{Entries, Lengths};
use super::error::{PartFault, one_line};
use super::limits;

const PART: &str = "safetensors header";

/// What a file of safetensors holds.
#[derive(Debug)]
pub(crate) struct Safetensors<'a> {
    /// Texts beside the tensors.
    pub(crate) metadata: Vec<(String, String)>,
    /// The tensors in the order of their values.
    pub(crate) tensors: Vec<Tensor<'a>>,
}

/// A tensor and its values, little-endian and row-major.
#[derive(Debug)]
pub(crate) struct Tensor<'a> {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: &'a [u8],
}

/// Reads a file. As the format has it, the values of all tensors follow one another from the header to the end of the file.
/// Zeros behind the header's JSON count as blanks: there are writers that pad with them.
///
/// # Errors
/// [`PartFault::Malformed`].
pub(crate) fn read(bytes: &[u8]) -> Result<Safetensors<'_>, PartFault> {
    let (header, values) = split(bytes)?;
    let text = header.trim_end_matches(['\0', ' ', '\t', '\r', '\n']);
    let Header { metadata, tensors, metadata_twice } =
        serde_json::from_str(text).map_err(|error| PartFault::malformed(PART, "a JSON header", error.to_string()))?;
    if tensors.more || metadata.more {
        let what = if tensors.more { "tensors" } else { "texts of metadata" };
        return Err(PartFault::malformed(PART, format!("at most {} {what}", limits::ENTRIES), "more"));
    }
    let twice = tensors.repeated().or(metadata_twice.then_some("__metadata__")).or_else(|| metadata.repeated());
    if let Some(name) = twice {
        return Err(PartFault::malformed(PART, "each name once", format!("`{}` twice", shown(name))));
    }
    let mut tensors = tensors.kept;
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    let (mut end, mut placed) = (0, Vec::with_capacity(tensors.len()));
    for (name, info) in tensors {
        placed.push(place(name, info, values, &mut end)?);
    }
    if end != values.len() as u64 {
        let found = format!("values up to byte {end} of {}", values.len());
        return Err(PartFault::malformed(PART, "values up to the end of the file", found));
    }
    Ok(Safetensors { metadata: metadata.kept, tensors: placed })
}

/// The header's text, and what follows it.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), PartFault> {
    let Some((length, rest)) = bytes.split_first_chunk() else {
        let found = format!("a file of {} bytes", bytes.len());
        return Err(PartFault::malformed(PART, "8 bytes with the length of the header", found));
    };
    let length = u64::from_le_bytes(*length);
    let Some((header, values)) = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length)) else {
        let found = format!("a file of {} bytes", bytes.len());
        return Err(PartFault::malformed(PART, format!("a header of {length} bytes"), found));
    };
    if header.len() > limits::HEADER {
        let expected = format!("a header of at most {} bytes", limits::HEADER);
        return Err(PartFault::malformed(PART, expected, format!("one of {length}")));
    }
    let text = str::from_utf8(header).map_err(|error| {
        PartFault::malformed(PART, "a header in UTF-8", format!("other bytes at {}", 8 + error.valid_up_to()))
    })?;
    Ok((text, values))
}

/// A tensor whose values follow those before, which end at `end`.
fn place<'a>(name: String, info: Info, values: &'a [u8], end: &mut u64) -> Result<Tensor<'a>, PartFault> {
    let part = || format!("tensor {}", shown(&name));
    let Info { dtype, shape: Lengths(lengths), data_offsets: (from, to) } = info;
    if lengths.len() > limits::RANK {
        return Err(PartFault::malformed(part(), format!("at most {} dimensions", limits::RANK), "more"));
    }
    if from != *end || to < from {
        return Err(PartFault::malformed(part(), "values that follow the tensor before", "a gap or an overlap"));
    }
    let bits = lengths.iter().try_fold(dtype.bitsize() as u64, |bits, &length| bits.checked_mul(length));
    if bits.is_none_or(|bits| !bits.is_multiple_of(8) || bits / 8 != to - from) {
        let expected = format!("the bytes of its shape {lengths:?} in {dtype:?}");
        return Err(PartFault::malformed(part(), expected, (to - from).to_string()));
    }
    *end = to;
    let range = |from: u64, to: u64| Some(Range { start: usize::try_from(from).ok()?, end: usize::try_from(to).ok()? });
    let shape = lengths.iter().map(|&length| usize::try_from(length)).collect::<Result<Vec<_>, _>>();
    match (range(from, to).and_then(|range| values.get(range)), shape) {
        (Some(values), Ok(shape)) => Ok(Tensor { name, dtype, shape, values }),
        _ => {
            let found = format!("values up to byte {to} of {}", values.len());
            Err(PartFault::malformed(part(), "values up to the end of the file", found))
        }
    }
}

fn shown(name: &str) -> String {
    const LONGEST: usize = 60;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", one_line(&name.get(..end).unwrap_or(name))),
        None => one_line(&name),
    }
}

/// What a header says of a tensor.
#[derive(Debug, serde::Deserialize)]
struct Info {
    dtype: Dtype,
    shape: Lengths,
    data_offsets: (u64, u64),
}

struct Header {
    metadata: Entries<String>,
    metadata_twice: bool,
    tensors: Entries<Info>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let (mut metadata, mut metadata_twice) = (None, false);
                let mut tensors = Entries::none();
                while let Some(key) = map.next_key::<String>()? {
                    if key == "__metadata__" {
                        let texts: Option<Entries<String>> = map.next_value()?;
                        metadata_twice |= metadata.is_some();
                        metadata = Some(texts.unwrap_or_else(Entries::none));
                    } else if tensors.more {
                        map.next_value::<IgnoredAny>()?;
                    } else {
                        tensors.keep(key, map.next_value()?);
                    }
                }
                Ok(Header { metadata: metadata.unwrap_or_else(Entries::none), metadata_twice, tensors })
            }
        }
        deserializer.deserialize_map(Map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_formats_own_library_writes_is_read_as_it_reads_it() {
        let values: Vec<u8> = (0..24).collect();
        let view = |dtype, shape: &[usize], range| {
            ::safetensors::tensor::TensorView::new(dtype, shape.to_vec(), &values[range]).unwrap()
        };
        let tensors = [
            ("b", view(Dtype::F32, &[2], 0..8)),
            ("a", view(Dtype::F16, &[2, 3], 8..20)),
            ("none", view(Dtype::F64, &[0, 7], 0..0)),
            ("bytes", view(Dtype::U8, &[4], 20..24)),
        ];
        let metadata = [("note".to_owned(), "a \"text\" ü".to_owned())].into();
        let bytes = ::safetensors::serialize(tensors, Some(metadata)).unwrap();
        let (_, expected) = ::safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let whole = ::safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let found = read(&bytes).unwrap();
        assert_eq!(found.metadata, [("note".to_owned(), "a \"text\" ü".to_owned())]);
        let names: Vec<&str> = found.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
        assert_eq!(names.len(), expected.tensors().len());
        for Tensor { name, dtype, shape, values } in found.tensors {
            let view = whole.tensor(&name).unwrap();
            assert_eq!((view.dtype(), view.shape(), view.data()), (dtype, shape.as_slice(), values), "{name}");
        }
    }
}
