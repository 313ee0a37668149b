//! What a file that holds a whole module, not only its tensors, says of the modules in it.

mod activations;
mod agreement;
mod between;
mod pools;
mod uncomputable;

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::{Activation, InferenceError, Pool, PoolKind};

pub(super) use activations::{activation, activation_at_end, activations_after, order_of};
pub(super) use agreement::agreement;
pub(super) use pools::{Pools, averaged, pool_before_blocks, pools_after};
pub(super) use uncomputable::uncomputable;

/// The modules of a network by name, in the order in which they were registered, the outermost one under an empty name; none
/// where a file holds tensors only.
pub type Modules = IndexMap<String, Module>;

/// What is known of a module.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Module {
    /// The name of its class, without the package: `Conv2d`.
    pub class: String,
    /// The package: `torch.nn.modules.conv`.
    pub package: String,
    /// Its numbers, and pairs of them, by attribute: `stride` → 2, 2; what is true is 1.
    pub numbers: BTreeMap<String, Vec<f64>>,
    /// Its texts: `padding_mode` → `zeros`.
    pub texts: BTreeMap<String, String>,
    /// Whether it has a tensor of more than one dimension itself, as layers have.
    pub weighted: bool,
}

/// The classes of layers that are not PyTorch's own, each once, in order: whether they compute what those do is not told.
pub(crate) fn own_classes(modules: &Modules) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for module in modules.values().filter(|module| module.weighted && !module.package.is_empty()) {
        let own = !module.package.trim_start_matches("__torch__.").starts_with("torch.");
        if own && !found.contains(&module.class.as_str()) {
            found.push(&module.class);
        }
    }
    found
}

/// Whether any attribute is known, as where a whole module was pickled.
pub(super) fn say_numbers(modules: &Modules) -> bool {
    modules.values().any(|module| !module.numbers.is_empty())
}

/// What all normalisations add to variances; nothing where none says it.
///
/// # Errors
/// [`InferenceError::Module`] when they differ.
pub(super) fn epsilon(modules: &Modules) -> Result<Option<f64>, InferenceError> {
    of_all(modules, "eps", |module| module.class.contains("Norm"))
}

/// The groups of all group normalisations; nothing where none says them.
///
/// # Errors
/// [`InferenceError::Module`] when they differ.
pub(super) fn groups(modules: &Modules) -> Result<Option<usize>, InferenceError> {
    Ok(of_all(modules, "num_groups", |module| module.class == "GroupNorm")?.map(|groups| groups as usize))
}

/// The number that an attribute of all these modules is.
fn of_all(modules: &Modules, attribute: &str, wanted: fn(&Module) -> bool) -> Result<Option<f64>, InferenceError> {
    let mut found = modules
        .iter()
        .filter(|(_, module)| wanted(module))
        .filter_map(|(name, module)| Some((name, module.first(attribute)?)));
    let Some((first, number)) = found.next() else { return Ok(None) };
    match found.find(|(_, other)| *other != number) {
        Some((part, other)) => Err(InferenceError::Module {
            part: part.clone(),
            expected: format!("{attribute}={number} as {first} has"),
            found: format!("{attribute}={other}"),
        }),
        None => Ok(Some(number)),
    }
}

/// The attributes with numbers that say what is computed.
pub(crate) const ATTRIBUTES: [&str; 18] = [
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
    "eps",
    "negative_slope",
    "num_groups",
    "output_size",
    "ceil_mode",
    "count_include_pad",
    "divisor_override",
    "affine",
    "elementwise_affine",
    "track_running_stats",
    "alpha",
    "beta",
    "threshold",
];

/// Those with texts.
pub(crate) const TEXTS: [&str; 3] = ["padding", "padding_mode", "approximate"];

/// PyTorch's slope, where a file does not say it.
const LEAKY_SLOPE: f64 = 0.01;

impl Module {
    /// The first of an attribute's numbers.
    fn first(&self, attribute: &str) -> Option<f64> {
        self.numbers.get(attribute).and_then(|numbers| numbers.first()).copied()
    }

    /// Whether an attribute is this number, or not known.
    fn is_usual(&self, attribute: &str, number: f64) -> bool {
        self.first(attribute).is_none_or(|found| found == number)
    }

    /// A whole number, the same for both sides.
    pub(super) fn whole(&self, attribute: &str) -> Option<usize> {
        let numbers = self.numbers.get(attribute)?;
        let &first = numbers.first()?;
        let whole = first >= 0.0 && first.fract() == 0.0 && first < 1e6;
        (whole && numbers.iter().all(|&number| number == first)).then_some(first as usize)
    }

    /// How many zeros are added at each side.
    pub(super) fn padding(&self) -> Option<usize> {
        match self.texts.get("padding").map(String::as_str) {
            Some("valid") => Some(0),
            Some("same") => self.whole("kernel_size").filter(|kernel| kernel % 2 == 1).map(|kernel| kernel / 2),
            _ => self.whole("padding"),
        }
    }

    /// The activation that it is.
    pub(super) fn activation(&self) -> Option<Activation> {
        Some(match self.class.as_str() {
            "ReLU" => Activation::Relu,
            "Tanh" => Activation::Tanh,
            "Sigmoid" => Activation::Sigmoid,
            "LeakyReLU" => Activation::LeakyRelu(self.first("negative_slope").unwrap_or(LEAKY_SLOPE)),
            "GELU" if self.texts.get("approximate").is_none_or(|form| form == "none") => Activation::Gelu,
            "SiLU" | "Swish" => Activation::Silu,
            "ELU" if self.is_usual("alpha", 1.0) => Activation::Elu,
            "SELU" => Activation::Selu,
            "Hardswish" => Activation::Hardswish,
            "ReLU6" => Activation::Relu6,
            "Softplus" if self.is_usual("beta", 1.0) && self.is_usual("threshold", 20.0) => Activation::Softplus,
            _ => return None,
        })
    }

    /// The pooling that it is; windows of 2 × 2 where their side is not known, as in TorchScript.
    pub(super) fn pool(&self) -> Option<Pool> {
        let kind = match self.class.as_str() {
            "MaxPool2d" => PoolKind::Max,
            "AvgPool2d" => PoolKind::Average,
            _ => return None,
        };
        if !self.numbers.contains_key("kernel_size") {
            return Some(Pool { kind, ..Pool::max(2) });
        }
        let side = self.whole("kernel_size")?;
        let stride = self.whole("stride").unwrap_or(side);
        Some(Pool { kind, side, stride, padding: self.whole("padding").unwrap_or(0) })
    }

    /// Its class, and of its attributes those that make it another function.
    fn describe(&self) -> String {
        let numbers =
            ["alpha", "beta", "threshold"].iter().filter_map(|&name| Some(format!("{name}={}", self.first(name)?)));
        let texts =
            self.texts.iter().filter(|(name, _)| *name == "approximate").map(|(name, text)| format!("{name}={text}"));
        let attributes: Vec<String> = numbers.chain(texts).collect();
        match attributes.is_empty() {
            true => self.class.clone(),
            false => format!("{}({})", self.class, attributes.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests;
