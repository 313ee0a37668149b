//! What a file that holds a whole module, not only its tensors, says of the modules in it.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::{Activation, Pool, PoolKind};

/// The modules of a network by name, in their order; none where a file holds tensors only.
pub type Modules = IndexMap<String, Module>;

/// What is known of a module.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Module {
    /// The name of its class, without the package: `Conv2d`.
    pub class: String,
    /// Its numbers, and pairs of them, by attribute: `stride` → 2, 2.
    pub numbers: BTreeMap<String, Vec<f64>>,
}

/// The attributes that say what is computed.
pub(crate) const ATTRIBUTES: [&str; 9] =
    ["kernel_size", "stride", "padding", "dilation", "groups", "eps", "negative_slope", "num_groups", "output_size"];

impl Module {
    /// A whole number, the same for both sides.
    pub(super) fn whole(&self, attribute: &str) -> Option<usize> {
        let numbers = self.numbers.get(attribute)?;
        let &first = numbers.first()?;
        let whole = first >= 0.0 && first.fract() == 0.0 && first < 1e6;
        (whole && numbers.iter().all(|&number| number == first)).then_some(first as usize)
    }

    /// The activation that it is.
    pub(super) fn activation(&self) -> Option<Activation> {
        let first = |attribute: &str| self.numbers.get(attribute).and_then(|numbers| numbers.first()).copied();
        Some(match self.class.as_str() {
            "ReLU" => Activation::Relu,
            "Tanh" => Activation::Tanh,
            "Sigmoid" => Activation::Sigmoid,
            "LeakyReLU" => Activation::LeakyRelu(first("negative_slope")?),
            "GELU" => Activation::Gelu,
            "SiLU" | "Swish" => Activation::Silu,
            "ELU" => Activation::Elu,
            "SELU" => Activation::Selu,
            "Hardswish" => Activation::Hardswish,
            "ReLU6" => Activation::Relu6,
            "Softplus" => Activation::Softplus,
            _ => return None,
        })
    }

    /// The pooling that it is.
    pub(super) fn pool(&self) -> Option<Pool> {
        let kind = match self.class.as_str() {
            "MaxPool2d" => PoolKind::Max,
            "AvgPool2d" => PoolKind::Average,
            _ => return None,
        };
        let side = self.whole("kernel_size")?;
        let stride = self.whole("stride").unwrap_or(side);
        Some(Pool { kind, side, stride, padding: self.whole("padding").unwrap_or(0) })
    }
}

/// A convolution whose attributes no network here computes, its attribute, and what was found: sides that differ, or gaps in the
/// kernel.
pub(super) fn uncomputable(modules: &Modules) -> Option<(&str, &'static str, String)> {
    let convolutions = modules.iter().filter(|(_, module)| module.class == "Conv2d");
    convolutions.flat_map(|(name, module)| ["stride", "padding", "dilation"].map(|part| (name, module, part))).find_map(
        |(name, module, part)| {
            let numbers = module.numbers.get(part)?;
            let computed = match module.whole(part) {
                Some(whole) => part != "dilation" || whole == 1,
                None => false,
            };
            (!computed).then(|| (name.as_str(), part, format!("{numbers:?}")))
        },
    )
}

/// The activation of all modules that are one, but for a sigmoid beside another, which yields probabilities or gates; nothing
/// where they differ.
pub(super) fn activation(modules: &Modules) -> Option<Activation> {
    let mut found: Vec<Activation> = Vec::new();
    for activation in modules.values().filter_map(Module::activation) {
        if !found.contains(&activation) {
            found.push(activation);
        }
    }
    if found.len() > 1 {
        found.retain(|activation| *activation != Activation::Sigmoid);
    }
    match found[..] {
        [only] => Some(only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(class: &str, numbers: &[(&str, &[f64])]) -> Module {
        let numbers = numbers.iter().map(|(name, numbers)| ((*name).to_owned(), numbers.to_vec())).collect();
        Module { class: class.to_owned(), numbers }
    }

    #[test]
    fn attributes_say_what_is_computed() {
        let pool = module("MaxPool2d", &[("kernel_size", &[3.0]), ("stride", &[2.0]), ("padding", &[1.0])]);
        assert_eq!(pool.pool().unwrap().to_string(), "max:3:2:1");
        assert_eq!(module("Conv2d", &[("stride", &[2.0, 2.0])]).whole("stride"), Some(2));
        assert_eq!(module("Conv2d", &[("stride", &[2.0, 1.0])]).whole("stride"), None);
        assert_eq!(module("LeakyReLU", &[("negative_slope", &[0.2])]).activation(), Some(Activation::LeakyRelu(0.2)));
    }

    #[test]
    fn attributes_that_are_not_computed_are_found() {
        let modules = |stride: &[f64], dilation: f64| -> Modules {
            [("conv".to_owned(), module("Conv2d", &[("stride", stride), ("dilation", &[dilation, dilation])]))].into()
        };
        assert_eq!(uncomputable(&modules(&[2.0, 2.0], 1.0)), None);
        assert_eq!(uncomputable(&modules(&[2.0, 1.0], 1.0)), Some(("conv", "stride", "[2.0, 1.0]".to_owned())));
        assert_eq!(uncomputable(&modules(&[1.0, 1.0], 2.0)), Some(("conv", "dilation", "[2.0, 2.0]".to_owned())));
    }

    #[test]
    fn a_sigmoid_beside_another_activation_is_no_hidden_one() {
        let modules = |classes: &[&str]| -> Modules {
            classes.iter().enumerate().map(|(i, class)| (i.to_string(), module(class, &[]))).collect()
        };
        assert_eq!(activation(&modules(&["Linear", "GELU", "GELU", "Sigmoid"])), Some(Activation::Gelu));
        assert_eq!(activation(&modules(&["Linear", "Sigmoid"])), Some(Activation::Sigmoid));
        assert_eq!(activation(&modules(&["ReLU", "Tanh"])), None);
        assert_eq!(activation(&modules(&["Linear"])), None);
    }
}
