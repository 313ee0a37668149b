//! Which of several arrays are the images or vectors, and which the labels.

use super::NamedArray;
use crate::data::format::parts::Part;
use crate::file::DataError;
use crate::file::npy::Array;

/// Names of images and vectors, in lower case and without the part of the data set.
const IMAGES: [&str; 8] = ["x", "images", "image", "imgs", "data", "inputs", "input", "features"];
/// Names of labels.
const LABELS: [&str; 7] = ["y", "labels", "label", "targets", "target", "fine_labels", "classes"];

/// What is read of a file.
pub(super) struct Choice<'a> {
    /// Path and values of the images or vectors.
    pub(super) images: (&'a str, &'a Array<'a>),
    pub(super) labels: Option<&'a NamedArray<'a>>,
    pub(super) notes: Vec<String>,
}

/// What an array is called apart from its part: `X_test` is `x` of the test part.
struct Name {
    base: String,
    part: Option<Part>,
}

impl Name {
    fn of(name: &str) -> Self {
        let (mut part, mut base) = (None, Vec::new());
        for word in name.to_lowercase().split(['_', '-', '.']) {
            match Part::of_word(word) {
                Some(found) if part.is_none() => part = Some(found),
                _ => base.push(word.to_owned()),
            }
        }
        Self { base: base.join("_"), part }
    }

    fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.base.as_str())
    }
}

/// Chooses by name, and where no name tells by the number of dimensions: the only array of 3 or 4, else the only one of 2.
/// Of several parts of a data set it takes the first of: none named, test, validation, training.
pub(super) fn choose<'a>(file: &str, arrays: &'a [NamedArray<'a>]) -> Result<Choice<'a>, DataError> {
    let named = arrays.iter().map(|array| (Name::of(&array.name), array)).collect::<Vec<_>>();
    let mut parts =
        named.iter().filter(|(name, _)| name.is_one_of(&IMAGES)).map(|(name, _)| name.part).collect::<Vec<_>>();
    parts.sort_unstable();
    parts.dedup();
    let mut notes = Vec::new();
    let Some(&part) = parts.first() else {
        let images = only(file, arrays)?;
        let labels = labels(file, &named, None)?;
        return Ok(Choice { images, labels, notes });
    };
    if let (Some(taken), [_, rest @ ..]) = (part, parts.as_slice())
        && !rest.is_empty()
    {
        notes.push(taken.note());
    }
    let candidates = named.iter().filter(|(name, _)| name.part == part && name.is_one_of(&IMAGES));
    let candidates = candidates.map(|(_, array)| *array).collect::<Vec<_>>();
    let images = match candidates.as_slice() {
        [only] => *only,
        several => {
            let deep = |array: &&&NamedArray<'_>| matches!(dimensions(array), 3 | 4);
            match several.iter().filter(deep).collect::<Vec<_>>().as_slice() {
                [only] => **only,
                _ => return Err(both(file, &IMAGES, several)),
            }
        }
    };
    let array = images.array.as_ref().map_err(Clone::clone)?;
    Ok(Choice { images: (&images.path, array), labels: labels(file, &named, part)?, notes })
}

fn labels<'a>(
    file: &str,
    named: &[(Name, &'a NamedArray<'a>)],
    part: Option<Part>,
) -> Result<Option<&'a NamedArray<'a>>, DataError> {
    let found = named.iter().filter(|(name, _)| name.part == part && name.is_one_of(&LABELS));
    let found = found.map(|(_, array)| *array).collect::<Vec<_>>();
    match found.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        several => Err(both(file, &LABELS, several)),
    }
}

fn both(file: &str, names: &[&str], found: &[&NamedArray<'_>]) -> DataError {
    let found = found.iter().map(|array| array.name.as_str()).collect::<Vec<_>>().join(" and ");
    DataError::mismatch(file, format!("only one of the arrays {}", names.join(", ")), format!("both {found}"))
}

fn dimensions(array: &NamedArray<'_>) -> usize {
    array.array.as_ref().map_or(0, |array| array.shape().len())
}

/// The only array that can be images, else the only one that can be vectors, else the only one there is.
fn only<'a>(file: &str, arrays: &'a [NamedArray<'a>]) -> Result<(&'a str, &'a Array<'a>), DataError> {
    let of_dimensions = |wanted: &[usize]| {
        let readable = arrays.iter().filter_map(|entry| Some((entry, entry.array.as_ref().ok()?)));
        let fitting = readable.filter(|(entry, array)| {
            wanted.contains(&array.shape().len()) && !array.is_text() && !Name::of(&entry.name).is_one_of(&LABELS)
        });
        fitting.map(|(entry, array)| (entry.path.as_str(), array)).collect::<Vec<_>>()
    };
    let mut found = of_dimensions(&[3, 4]);
    if found.is_empty() {
        found = of_dimensions(&[2]);
    }
    if let ([], [alone]) = (found.as_slice(), arrays) {
        return Ok((&alone.path, alone.array.as_ref().map_err(Clone::clone)?));
    }
    if let [only] = found.as_slice() {
        return Ok(*only);
    }
    if let (true, Some(Err(error))) =
        (found.is_empty(), arrays.iter().map(|entry| &entry.array).find(|array| array.is_err()))
    {
        return Err(error.clone());
    }
    let names = arrays.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(", ");
    let expected = format!(
        "an array {}, or only one array of 3 or 4 dimensions (images), else only one of 2 (vectors)",
        IMAGES.join(", ")
    );
    Err(DataError::mismatch(file, expected, format!("{} such among {names}", found.len())))
}
