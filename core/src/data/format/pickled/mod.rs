//! Python's pickles as probe sets: CIFAR's batches, and dictionaries, tuples and lists of NumPy arrays.

mod ndarray;

use std::borrow::Cow;

use super::arrays::{self, NamedArray, Writer};
use super::class_names::{CIFAR10, CIFAR100};
use super::source::{Source, group_name};
use crate::data::pixels::{ImageShape, Pixels};
use crate::data::probe_set::ProbeSet;
use crate::file::npy::Array;
use crate::file::pickle::{NodeId, Pickle, parse};
use crate::file::{Allowance, DataError, PartFault};

const CIFAR_SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };

/// Reads all batches, one after another, or one file of another kind.
pub(super) fn read(sources: &[Source<'_>], allowance: &mut Allowance) -> Result<ProbeSet, DataError> {
    let mut pickles = Vec::with_capacity(sources.len());
    for source in sources {
        let pickle = parse(&source.bytes, 0, "pickle").map_err(|fault| in_file(&source.name, fault))?;
        pickles.push((source.name.as_str(), pickle));
    }
    let mut batches = Vec::new();
    for (name, pickle) in &pickles {
        match Batch::of(name, pickle, allowance)? {
            Some(batch) => batches.push(batch),
            None if pickles.len() == 1 => {
                let arrays = named_arrays(name, pickle, allowance)?;
                return arrays::read(name, &arrays, Writer::Numpy);
            }
            None => {
                let expected = "one pickle at a time, or several of CIFAR's with `data` and `labels` or `fine_labels`";
                return Err(DataError::mismatch(*name, expected, "another among several"));
            }
        }
    }
    join(group_name(sources), batches)
}

fn in_file(file: &str, fault: PartFault) -> DataError {
    let PartFault::Malformed { part, expected, found } = fault;
    DataError::mismatch(format!("{file}: {part}"), expected, found)
}

/// A batch of CIFAR-10 or CIFAR-100, Python version: rows of red, green and blue planes.
struct Batch {
    pixels: Vec<u8>,
    labels: Vec<u32>,
    fine: bool,
}

impl Batch {
    fn of(file: &str, pickle: &Pickle<'_>, allowance: &mut Allowance) -> Result<Option<Self>, DataError> {
        let entry = |wanted: &str| {
            let mut entries = pickle.content(pickle.root).entries.iter().rev();
            entries.find(|[key, _]| key_of(pickle, *key).as_deref() == Some(wanted)).map(|[_, value]| *value)
        };
        let (labels, fine) = match (entry("fine_labels"), entry("labels")) {
            (Some(labels), _) => (labels, true),
            (None, Some(labels)) => (labels, false),
            (None, None) => return Ok(None),
        };
        let path = format!("{file}/data");
        let Some(Ok(data)) = entry("data").and_then(|data| ndarray::read(pickle, data, &path, allowance)) else {
            return Ok(None);
        };
        if !data.is_bytes() || !matches!(*data.shape(), [_, row] if row == CIFAR_SHAPE.len()) {
            return Ok(None);
        }
        let Some(labels) = integers(pickle, labels) else { return Ok(None) };
        let rows = data.shape()[0];
        let valid = |label: &i64| u32::try_from(*label).ok();
        match labels.iter().map(valid).collect::<Option<Vec<_>>>() {
            Some(labels) if labels.len() == rows => Ok(Some(Self { pixels: data.bytes()?, labels, fine })),
            _ => {
                let expected = format!("{rows} class indices in `labels`, one for each row of `data`");
                Err(DataError::mismatch(file, expected, format!("{}, or negative ones", labels.len())))
            }
        }
    }
}

fn join(name: String, batches: Vec<Batch>) -> Result<ProbeSet, DataError> {
    if batches.iter().any(|batch| batch.fine) && !batches.iter().all(|batch| batch.fine) {
        return Err(DataError::mismatch(name, "batches of CIFAR-10 or of CIFAR-100", "both"));
    }
    let fine = batches.iter().any(|batch| batch.fine);
    let classes: &[&str] = if fine { &CIFAR100 } else { &CIFAR10 };
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for batch in batches {
        pixels.extend(batch.pixels);
        labels.extend(batch.labels);
    }
    let known = labels.iter().all(|&label| (label as usize) < classes.len());
    let names = if known { classes.iter().map(|&name| name.to_owned()).collect() } else { Vec::new() };
    ProbeSet::new(name, CIFAR_SHAPE, Pixels::U8(pixels), Some(labels), names)
}

/// A key of a dictionary. Python 3 writes bytes in protocols before 3 as text that is to be encoded.
fn key_of(pickle: &Pickle<'_>, key: NodeId) -> Option<String> {
    let encoded = pickle.made_by(key) == Some(("_codecs", "encode"));
    pickle.key(if encoded { *pickle.arguments(key).first()? } else { key }).map(std::borrow::Cow::into_owned)
}

/// The values of a list of integers.
fn integers(pickle: &Pickle<'_>, list: NodeId) -> Option<Vec<i64>> {
    let items = pickle.items(list);
    let whole = !items.is_empty() && pickle.content(list).left_out == 0;
    if whole { items.iter().map(|&item| pickle.integer(item)).collect() } else { None }
}

/// The arrays of a dictionary by their keys; of a pair, images and labels; of two or three pairs, the parts of a data set
/// as Theano's and Keras's MNIST have them; or the array that is all there is.
fn named_arrays<'a>(
    file: &str,
    pickle: &Pickle<'a>,
    allowance: &mut Allowance,
) -> Result<Vec<NamedArray<'a>>, DataError> {
    let mut named: Vec<(String, NodeId)> = Vec::new();
    let root = pickle.root;
    let entries = &pickle.content(root).entries;
    let items = pickle.items(root);
    let pairs = items.iter().map(|&item| pickle.items(item)).collect::<Vec<_>>();
    if !entries.is_empty() {
        named.extend(entries.iter().filter_map(|&[key, value]| Some((key_of(pickle, key)?, value))));
    } else if matches!(items.len(), 2 | 3) && pairs.iter().all(|pair| pair.len() == 2) {
        let parts: &[&str] = if pairs.len() == 2 { &["train", "test"] } else { &["train", "val", "test"] };
        for (part, pair) in parts.iter().zip(pairs) {
            named.extend(["x", "y"].iter().zip(pair).map(|(name, &id)| (format!("{name}_{part}"), id)));
        }
    } else if items.len() == 2 {
        named.extend(["x", "y"].iter().zip(items).map(|(name, &id)| ((*name).to_owned(), id)));
    } else {
        named.push(("x".to_owned(), root));
    }
    let mut arrays = Vec::new();
    for (name, id) in named {
        let path = format!("{file}/{name}");
        let array = match ndarray::read(pickle, id, &path, allowance) {
            Some(array) => array,
            None => match integers(pickle, id) {
                Some(values) => of_integers(&path, &values),
                None => continue,
            },
        };
        arrays.push(NamedArray { name, path, array });
    }
    if arrays.is_empty() {
        let expected = "a pickle of NumPy arrays: an array, a dictionary, or a pair of images and labels";
        return Err(DataError::mismatch(file, expected, "none; save them with numpy.savez"));
    }
    Ok(arrays)
}

fn of_integers(path: &str, values: &[i64]) -> Result<Array<'static>, DataError> {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Array::from_parts(path, "<i8", vec![values.len()], false, Cow::Owned(bytes))
}
