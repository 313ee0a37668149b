//! Which arrays of a file are layers.

use crate::activation::representation::Matrix;
use crate::file::{DataError, one_line};

/// What arrays of class labels are called.
const LABELS: [&str; 8] = ["class", "classes", "gt", "label", "labels", "target", "targets", "y"];

/// What an array holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    Floats,
    Integers,
    Texts,
    /// Truth values, dates, or any objects of Python.
    Others,
}

/// Why an array is no layer, in a word or two; nothing when it is one.
fn aside(name: &str, values: Values, dimensions: usize) -> Option<&'static str> {
    let last = name.rsplit(['.', '/']).next().unwrap_or(name).to_ascii_lowercase();
    match values {
        Values::Texts => Some("texts"),
        Values::Others => Some("values that are no numbers"),
        Values::Integers if dimensions == 1 && LABELS.contains(&last.as_str()) => Some("labels"),
        Values::Floats | Values::Integers if dimensions < 2 => Some("fewer than two dimensions"),
        Values::Floats | Values::Integers => None,
    }
}

/// An array that is no layer, with why; nothing when it is one.
pub(super) fn described(name: &str, values: Values, dimensions: usize) -> Option<String> {
    aside(name, values, dimensions).map(|why| format!("{} ({why})", one_line(&name)))
}

/// Integers as values in double precision, which [`integer::exact`] made of them.
///
/// # Errors
/// [`DataError::Mismatch`] where one was too large to be exact.
///
/// [`integer::exact`]: crate::file::integer::exact
pub(super) fn exact(file: &str, values: Vec<f64>) -> Result<Matrix, DataError> {
    if values.iter().any(|value| value.is_nan()) {
        return Err(DataError::mismatch(file, "integers up to 2⁵³ as values", "larger ones"));
    }
    Ok(Matrix::F64(values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::integer;

    #[test]
    fn layers_are_numbers_in_two_dimensions_or_more() {
        assert_eq!(aside("layer1", Values::Floats, 2), None);
        assert_eq!(aside("labels", Values::Floats, 2), None);
        assert_eq!(aside("tokens", Values::Integers, 2), None);
        assert_eq!(aside("data/Labels", Values::Integers, 1), Some("labels"));
        assert_eq!(aside("loss", Values::Floats, 1), Some("fewer than two dimensions"));
        assert_eq!(aside("epoch", Values::Integers, 0), Some("fewer than two dimensions"));
        assert_eq!(aside("paths", Values::Texts, 1), Some("texts"));
        assert_eq!(aside("config", Values::Others, 0), Some("values that are no numbers"));
    }

    #[test]
    fn integers_are_values_where_they_are_exact() {
        let values = exact("a", vec![integer::exact(-3), integer::exact(1 << 53)]).unwrap();
        assert!(matches!(values, Matrix::F64(values) if values == [-3.0, 9_007_199_254_740_992.0]));
        let error = exact("a", vec![integer::exact((1 << 53) + 1)]).unwrap_err().to_string();
        assert_eq!(error, "a: expected integers up to 2⁵³ as values, found larger ones");
    }
}
