//! The list of known architectures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::modules;
use super::unknown::unknown;
use super::{
    Assumption, Choices, CifarResnet, Cnn, DenseNet, ExpectedInput, Family, Graph, InferenceError, Mlp, ModelError,
    Modules, Parameter, Residual, Resnet, Said, TensorShapes,
};
use crate::data::ImageShape;

/// Declares [`Architecture`] with one variant per family, named like the family's struct.
macro_rules! families {
    ($($(#[$doc:meta])* $family:ident),+ $(,)?) => {
        /// A network's architecture; in JSON tagged by `family`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "family", rename_all = "kebab-case")]
        pub enum Architecture {
            $($(#[$doc])* $family($family),)+
        }

        $(impl From<$family> for Architecture {
            fn from(member: $family) -> Self {
                Self::$family(member)
            }
        })+

        impl Architecture {
            /// The member of the family that it is.
            fn member(&self) -> &dyn Family {
                match self {
                    $(Self::$family(member) => member,)+
                }
            }

            /// What each family is called.
            fn titles() -> Vec<&'static str> {
                vec![$($family::title(),)+]
            }

            /// The members of the first family that knows these tensors.
            fn recognise(shapes: &TensorShapes, said: &Said<'_>) -> Option<Result<Vec<Self>, InferenceError>> {
                None$(.or_else(|| {
                    let members = $family::infer(shapes, said)?;
                    Some(members.map(|members| members.into_iter().map(Self::$family).collect()))
                }))+
            }
        }
    };
}

families! {
    /// Residual network in torchvision's layout.
    Resnet,
    /// Residual network of the original paper's CIFAR experiments.
    CifarResnet,
    /// Residual network in general, layer by layer.
    Residual,
    /// Network of dense blocks.
    DenseNet,
    /// Convolutions one after another, then linear layers.
    Cnn,
    /// Linear layers one after another.
    Mlp,
}

impl Architecture {
    /// Infers the architecture from names and shapes of tensors, wrapper prefixes taken off: the likeliest of those that have
    /// them.
    ///
    /// # Errors
    /// [`InferenceError`] when no known architecture has these tensors.
    pub fn infer(shapes: &TensorShapes) -> Result<Self, InferenceError> {
        Ok(Self::readings(shapes, &Choices::new(), &Modules::new())?.swap_remove(0))
    }

    /// All architectures of the family that is recognised that have these tensors and are what a user said and what the file
    /// says of its modules, at least one, the likeliest first.
    ///
    /// # Errors
    /// [`InferenceError`] when there is none, or a choice is none.
    pub fn readings(shapes: &TensorShapes, choices: &Choices, modules: &Modules) -> Result<Vec<Self>, InferenceError> {
        modules::uncomputable(modules, choices.contains_key("pool"))?;
        let said = Said::new(choices, modules);
        let unknown = || Err(unknown(shapes, &Self::titles()));
        let readings = Self::recognise(shapes, &said).unwrap_or_else(unknown)?;
        said.check()?;
        if readings.is_empty() {
            return unknown();
        }
        if !modules::say_numbers(modules) {
            return Ok(readings);
        }
        let agrees = |reading: &Self| match reading.graph(reading.canonical_input()) {
            Ok(graph) => modules::agreement(modules, &graph, choices),
            Err(_) => Ok(()),
        };
        let first = agrees(&readings[0]);
        let agreeing: Vec<Self> = readings.into_iter().filter(|reading| agrees(reading).is_ok()).collect();
        if agreeing.is_empty() { first.map(|()| agreeing) } else { Ok(agreeing) }
    }

    /// The network for images of this shape.
    ///
    /// # Errors
    /// [`ModelError`] when the architecture cannot be built, or not for such images.
    pub fn graph(&self, input: ImageShape) -> Result<Graph, ModelError> {
        self.member().graph(input)
    }

    /// The tensors that it needs, in the order of the operations.
    ///
    /// # Errors
    /// [`ModelError`] when the architecture cannot be built.
    pub fn parameters(&self) -> Result<Vec<Parameter>, ModelError> {
        self.graph(self.canonical_input()).map(|graph| graph.parameters)
    }

    /// Number of trainable values.
    ///
    /// # Errors
    /// [`ModelError`] when the architecture cannot be built.
    pub fn trainable_parameters(&self) -> Result<usize, ModelError> {
        self.graph(self.canonical_input()).map(|graph| graph.trainable_parameters())
    }

    /// The name that people use, such as `ResNet-18 (CIFAR stem, width 16)`.
    #[must_use]
    pub fn describe(&self) -> String {
        self.member().describe()
    }

    /// Number of classes; nothing where it yields no logits.
    #[must_use]
    pub fn classes(&self) -> Option<usize> {
        self.member().classes()
    }

    /// Which images it takes.
    #[must_use]
    pub fn expected_input(&self) -> ExpectedInput {
        self.member().expected_input()
    }

    /// An image shape that it takes; the tensors are the same for every other.
    #[must_use]
    pub fn canonical_input(&self) -> ImageShape {
        self.member().canonical_input()
    }

    /// What the names and shapes of tensors leave open, and what was taken.
    #[must_use]
    pub fn assumptions(&self) -> Vec<Assumption> {
        self.member().assumptions()
    }

    /// How likely it is among the networks with these tensors: 2 where names or a well-known network say so, 1 where it is
    /// one of the usual ways, else 0.
    #[must_use]
    pub fn likelihood(&self) -> u8 {
        self.member().likelihood()
    }
}
