//! What every family of architectures can do.

use std::fmt;

use indexmap::IndexMap;

use super::{Assumption, Graph, ModelError, Said};
use crate::data::ImageShape;
use crate::names;

/// The shapes of a checkpoint's tensors, by name, in the order of the layers as far as the file tells it.
pub type TensorShapes = IndexMap<String, Vec<usize>>;

/// A family of architectures: one struct whose fields say which member.
pub trait Family {
    /// The network for images of this shape.
    ///
    /// # Errors
    /// [`ModelError`] when the architecture cannot be built, or not for such images.
    fn graph(&self, input: ImageShape) -> Result<Graph, ModelError>;

    /// The name that people use, such as `ResNet-18 (CIFAR stem, width 16)`.
    fn describe(&self) -> String;

    /// Number of classes; nothing where it yields no logits.
    fn classes(&self) -> Option<usize>;

    /// Which images it takes.
    fn expected_input(&self) -> ExpectedInput;

    /// An image shape that it takes; the tensors are the same for every other.
    fn canonical_input(&self) -> ImageShape;

    /// What the names and shapes of tensors leave open, and what was taken.
    fn assumptions(&self) -> Vec<Assumption>;

    /// How likely it is among the networks with these tensors: 2 where names or a well-known network say so, 1 where it is
    /// one of the usual ways, else 0.
    fn likelihood(&self) -> u8 {
        2
    }

    /// What the family is called, for messages.
    fn title() -> &'static str
    where
        Self: Sized;

    /// Recognises a checkpoint of this family: all members that have these tensors and are what the user said, the likeliest
    /// first; nothing when the tensors are not of this family at all.
    ///
    /// # Errors
    /// [`InferenceError`] when they are of this family, but no member has them.
    fn infer(shapes: &TensorShapes, said: &Said<'_>) -> Option<Result<Vec<Self>, InferenceError>>
    where
        Self: Sized;
}

/// Which images an architecture takes. What is absent may be anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExpectedInput {
    /// Number of channels.
    pub channels: Option<usize>,
    /// Rows of pixels.
    pub height: Option<usize>,
    /// Columns of pixels.
    pub width: Option<usize>,
    /// Number of values: channels × height × width.
    pub features: Option<usize>,
}

impl ExpectedInput {
    /// Whether images of this shape are taken.
    #[must_use]
    pub fn accepts(self, shape: ImageShape) -> bool {
        let fits = |expected: Option<usize>, found: usize| expected.is_none_or(|expected| expected == found);
        fits(self.channels, shape.channels)
            && fits(self.height, shape.height)
            && fits(self.width, shape.width)
            && fits(self.features, shape.len())
    }
}

impl fmt::Display for ExpectedInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        match *self {
            Self { channels: Some(channels), height: Some(height), width: Some(width), .. } => {
                write!(f, "images of {channels}×{height}×{width}")
            }
            Self { channels: Some(channels), .. } => {
                write!(f, "images of any size with {channels} channel{}", plural(channels))
            }
            Self { features: Some(features), .. } => {
                write!(f, "images or vectors of {features} value{}", plural(features))
            }
            _ => f.write_str("images of any shape"),
        }
    }
}

/// Why no architecture was inferred from names and shapes of tensors.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InferenceError {
    /// The tensors are of no known family.
    #[error(
        "no known architecture has these tensors: found {seen}; known are {known}; compare its layers exported as activations \
         instead"
    )]
    Unknown {
        /// Some of the tensors, and one that no known family has.
        seen: String,
        /// The known families.
        known: String,
    },
    /// The tensors are an optimizer's.
    #[error(
        "this is an optimizer's state without the weights of a network: found {seen}; choose the file that the network was \
         saved to"
    )]
    Optimizer {
        /// Some of the tensors.
        seen: String,
    },
    /// The tensors are of a known family, but one of them does not fit.
    #[error("this looks like a {family}, but {part} does not fit: expected {expected}, found {found}")]
    Inconsistent {
        /// The family.
        family: &'static str,
        /// The tensor or group of tensors.
        part: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The file says of a module that it is none that is computed here.
    #[error(
        "module {part}: expected {expected}, found {found}; compare what its layers yield, exported as activations, instead"
    )]
    Module {
        /// The module.
        part: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The file has several activations and does not say after which layer each stands.
    #[error(
        "activation: expected modules that say which one stands after which layer, found that {found}; say \
         activation=relu, or one for each hidden layer joined by +"
    )]
    Activations {
        /// The modules and their classes.
        found: String,
    },
    /// What a user said of something that the tensors leave open cannot be read.
    #[error("architecture {key}: expected {expected}, found `{found}`{}", meant(.found, .expected))]
    Choice {
        /// What was said something of.
        key: String,
        /// What can be said.
        expected: String,
        /// What was said.
        found: String,
    },
    /// A user said something of what the tensors do not leave open.
    #[error("architecture: expected {known}, found `{found}`{hint}")]
    UnknownChoice {
        /// What something can be said of.
        known: String,
        /// What was said.
        found: String,
        /// What was probably meant.
        hint: String,
    },
}

/// Which of the words of what can be said was probably meant.
fn meant(found: &str, expected: &str) -> String {
    let words = expected.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'));
    names::hint(&names::nearest(found, words.filter(|word| word.len() > 2)))
}

impl InferenceError {
    /// Whether the tensors are surely of the family, so that no part of them is to be looked for.
    pub(crate) fn is_decisive(&self) -> bool {
        match self {
            Self::Inconsistent { family, .. } => !matches!(*family, "CNN" | "MLP"),
            Self::Choice { .. } => true,
            Self::UnknownChoice { .. }
            | Self::Unknown { .. }
            | Self::Optimizer { .. }
            | Self::Module { .. }
            | Self::Activations { .. } => false,
        }
    }
}

/// `784-512-10`: numbers as descriptions list them. Of a long list, which only a hostile file has, the first are named.
pub(super) fn dashed(numbers: impl IntoIterator<Item = usize>) -> String {
    const MOST: usize = 40;
    let mut numbers = numbers.into_iter();
    let named: Vec<String> = numbers.by_ref().take(MOST).map(|number| number.to_string()).collect();
    let more = if numbers.next().is_some() { "-…" } else { "" };
    format!("{}{more}", named.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_parts_of_the_expected_input_accept_anything() {
        let any_size = ExpectedInput { channels: Some(3), ..ExpectedInput::default() };
        assert!(any_size.accepts(ImageShape { channels: 3, height: 5, width: 9 }));
        assert!(!any_size.accepts(ImageShape { channels: 1, height: 5, width: 9 }));
        let flat = ExpectedInput { features: Some(12), ..ExpectedInput::default() };
        assert!(flat.accepts(ImageShape { channels: 3, height: 2, width: 2 }));
        assert!(!flat.accepts(ImageShape { channels: 3, height: 2, width: 3 }));
        assert_eq!(any_size.to_string(), "images of any size with 3 channels");
        assert_eq!(flat.to_string(), "images or vectors of 12 values");
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(dashed([784, 512, 10]), "784-512-10");
        assert_eq!(dashed([1; 41]), format!("{}1-…", "1-".repeat(39)));
    }
}
