//! Parameters of measures, as data.

use std::fmt::Write as _;

/// One parameter of a measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name in an id, such as `variance` of `svcca:variance=0.99`.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub summary: &'static str,
    /// What it is when it is not given; [`None`] leaves it open.
    pub default: Option<f64>,
    /// The smallest and the largest that make sense.
    pub range: (f64, f64),
    /// Whether it counts something.
    pub whole: bool,
}

/// The parameters of a measure as they were chosen, in the order of its list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chosen(Vec<Option<f64>>);

impl Chosen {
    /// The parameter at a place of the list.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<f64> {
        self.0.get(place).copied().flatten()
    }
}

/// Why parameters cannot be taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParameterError {
    /// The measure has no such parameter.
    #[error("measure {measure}: there is no parameter {name:?}; expected {expected}")]
    Unknown {
        /// The measure.
        measure: String,
        /// What was given.
        name: String,
        /// The names that there are.
        expected: String,
    },
    /// The text is no `name=value`, or its value is no number in range.
    #[error("measure {measure}: expected {name} as a {expected}, found {found:?}")]
    Value {
        /// The measure.
        measure: String,
        /// The parameter.
        name: String,
        /// What its value may be.
        expected: String,
        /// What was given.
        found: String,
    },
    /// Parameters that exclude each other.
    #[error("measure {measure}: {first} and {second} exclude each other; give one of them")]
    Exclusive {
        /// The measure.
        measure: String,
        /// One parameter.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
}

/// Reads `name=value,name=value`; what is not named has its default.
pub(super) fn read(measure: &str, parameters: &[Parameter], text: Option<&str>) -> Result<Chosen, ParameterError> {
    let mut given: Vec<Option<f64>> = vec![None; parameters.len()];
    for assignment in text.into_iter().flat_map(|text| text.split(',')) {
        let (name, value) = assignment.split_once('=').unwrap_or((assignment, ""));
        let (name, value) = (name.trim(), value.trim());
        let Some(place) = parameters.iter().position(|parameter| parameter.name == name) else {
            let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
            let expected = if names.is_empty() { "none".to_owned() } else { names.join(" or ") };
            return Err(ParameterError::Unknown { measure: measure.to_owned(), name: name.to_owned(), expected });
        };
        let Parameter { range: (low, high), whole, .. } = parameters[place];
        match value.parse::<f64>() {
            Ok(number) if (low..=high).contains(&number) && (!whole || number.fract() == 0.0) => {
                given[place] = Some(number);
            }
            _ => {
                let kind = if whole { "whole number" } else { "number" };
                let (measure, name, found) = (measure.to_owned(), name.to_owned(), value.to_owned());
                return Err(ParameterError::Value {
                    measure,
                    name,
                    expected: format!("{kind} from {low} to {high}"),
                    found,
                });
            }
        }
    }
    if given.iter().all(Option::is_none) {
        return Ok(Chosen(parameters.iter().map(|parameter| parameter.default).collect()));
    }
    // Alternatives have no default beside each other: what was given replaces all defaults that it excludes.
    let exclusive = parameters.iter().any(|parameter| parameter.default.is_none());
    if !exclusive {
        for (given, parameter) in given.iter_mut().zip(parameters) {
            *given = given.or(parameter.default);
        }
    }
    Ok(Chosen(given))
}

/// The chosen parameters as they stand in an id: empty where all have their defaults.
pub(super) fn written(parameters: &[Parameter], chosen: &Chosen) -> String {
    let mut text = String::new();
    let defaults = parameters.iter().enumerate().all(|(place, parameter)| chosen.get(place) == parameter.default);
    if defaults {
        return text;
    }
    for (place, parameter) in parameters.iter().enumerate() {
        if let Some(value) = chosen.get(place) {
            let separator = if text.is_empty() { ':' } else { ',' };
            // Writing to a string cannot fail.
            let _ = write!(text, "{separator}{}={value}", parameter.name);
        }
    }
    text
}
