//! What tensors leave open: what is taken for granted, and what a user says instead.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::modules::{self, Modules};
use super::{Activation, InferenceError};
use crate::names;

/// What a user says of a network, by the keys of its assumptions: `activation` → `gelu`.
pub type Choices = BTreeMap<String, String>;

/// Something that names and shapes of tensors leave open, and what was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assumption {
    /// What a user calls it: `activation`.
    pub key: String,
    /// What was taken, in the form that is read: `relu`.
    pub value: String,
    /// Usual values, for a form; others may be read too.
    pub usual: Vec<String>,
    /// The same in words, one sentence.
    pub sentence: String,
}

impl Assumption {
    /// An assumption.
    pub(super) fn new(
        key: &str,
        value: impl ToString,
        usual: impl IntoIterator<Item = impl ToString>,
        sentence: impl Into<String>,
    ) -> Self {
        let usual = usual.into_iter().map(|value| value.to_string()).collect();
        Self { key: key.to_owned(), value: value.to_string(), usual, sentence: sentence.into() }
    }
}

/// What a user said, and which keys an inference asked for.
pub struct Said<'a> {
    choices: &'a Choices,
    modules: &'a Modules,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Said<'a> {
    /// What a user said, and what the file says of modules.
    #[must_use]
    pub fn new(choices: &'a Choices, modules: &'a Modules) -> Self {
        Self { choices, modules, asked: RefCell::new(BTreeSet::new()) }
    }

    /// What the file says of modules.
    pub(super) fn modules(&self) -> &'a Modules {
        self.modules
    }

    /// The activation that was said, else that of the file's modules.
    ///
    /// # Errors
    /// [`InferenceError::Choice`] when it cannot be read, and what modules that differ say.
    pub(super) fn activation(&self) -> Result<Option<Activation>, InferenceError> {
        let ids = format!("one of {}", Activation::ids().collect::<Vec<_>>().join(", "));
        self.of("activation", &ids)?.map_or_else(|| modules::activation(self.modules), |said| Ok(Some(said)))
    }

    /// What was said to be added to variances, else what the file's modules add.
    ///
    /// # Errors
    /// [`InferenceError::Choice`] when it cannot be read, and what modules that differ say.
    pub(super) fn epsilon(&self) -> Result<Option<f64>, InferenceError> {
        self.of("epsilon", "a number such as 1e-5")?
            .map_or_else(|| modules::epsilon(self.modules), |said| Ok(Some(said)))
    }

    /// Groups of normalisations that were said, else those of the file's modules.
    ///
    /// # Errors
    /// [`InferenceError::Choice`] when they cannot be read, and what modules that differ say.
    pub(super) fn groups(&self) -> Result<Option<usize>, InferenceError> {
        self.of("groups", "a number of groups such as 32")?
            .map_or_else(|| modules::groups(self.modules), |said| Ok(Some(said)))
    }

    /// Whether nothing was said, by the user or the file, that is not usual.
    pub(super) fn is_silent(&self) -> bool {
        let usual = |activation| matches!(activation, Ok(None | Some(Activation::Relu)));
        self.choices.is_empty() && !modules::say_numbers(self.modules) && usual(modules::activation(self.modules))
    }

    /// What was said of a key; nothing when nothing was.
    ///
    /// # Errors
    /// [`InferenceError::Choice`] when it cannot be read.
    pub(super) fn of<T: FromStr>(&self, key: &'static str, expected: &str) -> Result<Option<T>, InferenceError> {
        self.asked.borrow_mut().insert(key);
        let Some(text) = self.choices.get(key) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| InferenceError::Choice {
            key: key.to_owned(),
            expected: expected.to_owned(),
            found: text.clone(),
        })
    }

    /// What was said of each layer, joined by `+`.
    ///
    /// # Errors
    /// [`InferenceError::Choice`] when it cannot be read.
    pub(super) fn list<T: FromStr>(&self, key: &'static str, expected: &str) -> Result<Option<Vec<T>>, InferenceError> {
        let Some(text) = self.of::<String>(key, expected)? else { return Ok(None) };
        let items: Option<Vec<T>> = text.split('+').map(|item| item.trim().parse().ok()).collect();
        items.map(Some).ok_or_else(|| InferenceError::Choice {
            key: key.to_owned(),
            expected: expected.to_owned(),
            found: text,
        })
    }

    /// Whether every key was asked for.
    ///
    /// # Errors
    /// [`InferenceError::Choice`] naming the first that was not, and those that were.
    pub(super) fn check(&self) -> Result<(), InferenceError> {
        let asked = self.asked.borrow();
        let Some((key, value)) = self.choices.iter().find(|(key, _)| !asked.contains(key.as_str())) else {
            return Ok(());
        };
        let known: Vec<&str> = asked.iter().copied().collect();
        let known_keys = match known.is_empty() {
            true => "nothing, since its tensors leave nothing open".to_owned(),
            false => format!("one of {}", known.join(", ")),
        };
        let hint = names::hint(&names::nearest(key, known.iter().copied()));
        Err(InferenceError::UnknownChoice { known: known_keys, found: format!("{key}={value}"), hint })
    }
}

/// `KEY=VALUE,KEY=VALUE`, as the command line has it.
///
/// # Errors
/// The part that is no such pair.
pub fn parse_choices(text: &str) -> Result<Choices, String> {
    text.split(',')
        .map(|pair| match pair.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() && !value.trim().is_empty() => {
                Ok((key.trim().to_owned(), value.trim().to_owned()))
            }
            _ => Err(pair.to_owned()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_as_people_write_them() {
        let expected = [("activation", "gelu"), ("pool", "max:2+none")];
        let expected: Choices = expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        assert_eq!(parse_choices("activation=gelu, pool=max:2+none"), Ok(expected));
        assert_eq!(parse_choices("gelu"), Err("gelu".to_owned()));
        assert_eq!(parse_choices("a=b,=c"), Err("=c".to_owned()));
    }

    #[test]
    fn what_nothing_asked_for_is_refused_with_what_was_meant() {
        let choices = parse_choices("activtion=gelu").unwrap();
        let modules = Modules::new();
        let said = Said::new(&choices, &modules);
        assert_eq!(said.of::<usize>("activation", "a number"), Ok(None));
        let error = said.check().unwrap_err().to_string();
        assert_eq!(error, "architecture: expected one of activation, found `activtion=gelu`; did you mean activation?");
        let choices = parse_choices("depth=x").unwrap();
        let error = Said::new(&choices, &modules).of::<usize>("depth", "a number").unwrap_err().to_string();
        assert_eq!(error, "architecture depth: expected a number, found `x`");
        let choices = parse_choices("activation=tnh").unwrap();
        let error = Said::new(&choices, &modules).activation().unwrap_err().to_string();
        assert!(error.ends_with("found `tnh`; did you mean tanh?"), "{error}");
    }
}
