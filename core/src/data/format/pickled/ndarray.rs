//! NumPy's arrays in pickles, which Python would make by calls.

use std::borrow::Cow;

use crate::file::npy::Array;
use crate::file::pickle::{Node, NodeId, Pickle};
use crate::file::{Allowance, DataError};

/// The array that a value is; nothing when it is none.
pub(super) fn read<'a>(
    pickle: &Pickle<'a>,
    id: NodeId,
    path: &str,
    allowance: &mut Allowance,
) -> Option<Result<Array<'a>, DataError>> {
    let (module, name) = pickle.made_by(id)?;
    let numpy = matches!(module.split('.').next(), Some("numpy"));
    let (shape, descr, column_major, values) = match name {
        // `_reconstruct(ndarray, (0,), b'b')`, on which a state is set: version, shape, type, order, values.
        "_reconstruct" if numpy => {
            let state = pickle.items(*pickle.parts(id).get(2)?);
            let &[_, shape, dtype, order, values] = state else { return None };
            (shape, dtype, pickle.node(order) == Node::Bool(true) || pickle.integer(order) == Some(1), values)
        }
        // Protocol 5: `_frombuffer(values, type, shape, order)`.
        "_frombuffer" if numpy => {
            let &[values, dtype, shape, order] = pickle.arguments(id) else { return None };
            (shape, dtype, pickle.text(order) == Some("F"), values)
        }
        _ => return None,
    };
    let lengths = pickle.items(shape).iter().map(|&length| usize::try_from(pickle.integer(length)?).ok());
    let lengths = lengths.collect::<Option<Vec<_>>>()?;
    let (Some(descr), Some(values)) = (data_type(pickle, descr), bytes(pickle, values, path, allowance).transpose())
    else {
        return Some(Err(DataError::mismatch(path, "an array of numbers", "an array of objects")));
    };
    Some(values.and_then(|values| Array::from_parts(path, descr, lengths, column_major, values)))
}

/// The type in the spelling of `.npy`: `dtype('f8')`, on which the order of bytes is set.
fn data_type(pickle: &Pickle<'_>, id: NodeId) -> Option<String> {
    let (module, name) = pickle.made_by(id)?;
    if !module.starts_with("numpy") || name != "dtype" {
        return None;
    }
    let code = pickle.text(*pickle.arguments(id).first()?)?;
    let order = pickle.parts(id).get(2).and_then(|&state| pickle.text(*pickle.items(state).get(1)?)).unwrap_or("|");
    Some(format!("{order}{code}"))
}

/// The bytes of a value, which protocols before 3 write as text of Latin 1 in Python 3.
fn bytes<'a>(
    pickle: &Pickle<'a>,
    id: NodeId,
    path: &str,
    allowance: &mut Allowance,
) -> Result<Option<Cow<'a, [u8]>>, DataError> {
    if let Node::Bytes(span) | Node::Text(span) = pickle.node(id) {
        return Ok(Some(Cow::Borrowed(span.of_source(pickle.source))));
    }
    match (pickle.made_by(id), pickle.arguments(id)) {
        (Some(("_codecs", "encode")), &[text, ..]) => {
            let (Node::Text(span) | Node::Bytes(span)) = pickle.node(text) else { return Ok(None) };
            let Ok(text) = std::str::from_utf8(span.of_source(pickle.source)) else { return Ok(None) };
            allowance.spend(path, text.len())?;
            let encoded = text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect();
            Ok(Option::<Vec<u8>>::map(encoded, Cow::Owned))
        }
        (Some((_, "bytearray" | "bytes")), &[content, ..]) if content != id => {
            let Node::Bytes(span) = pickle.node(content) else { return Ok(None) };
            Ok(Some(Cow::Borrowed(span.of_source(pickle.source))))
        }
        _ => Ok(None),
    }
}
