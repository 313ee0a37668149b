//! Linear layers and their normalisations, one after the other, as a checkpoint has them.

use super::layers::{FoundLinear, Layer, LayerKind, chain, inconsistent};
use super::modules;
use super::normalise::{LayerOrder, Norm, NormKind, epsilon};
use super::{Activation, Assumption, InferenceError, LinearLayer, Said};

const FAMILY: &str = "MLP";

/// Linear layers in order, each with the normalisation that belongs to it.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// Number of values that the first reads.
    pub(super) inputs: usize,
    pub(super) layers: Vec<LinearLayer>,
    /// What numbers in a sequence say of normalisations and activations.
    pub(super) order: Option<LayerOrder>,
    /// The normalisation before the first layer.
    pub(super) input_norm: Option<Norm>,
}

impl Chain {
    /// Puts linear layers in order: that of the file where each takes what the one before yields, else the only other one.
    ///
    /// # Errors
    /// [`InferenceError::Inconsistent`] when there is none, or a normalisation belongs to no layer.
    pub(super) fn of(layers: Vec<Layer>) -> Result<Self, InferenceError> {
        let (mut linear, mut norms) = (Vec::new(), Vec::new());
        for layer in layers {
            match norm_of(&layer) {
                // The linear layer before it in the file.
                Some((norm, features)) => {
                    norms.push(FoundNorm { norm, features, after: linear.len().checked_sub(1) });
                }
                None => linear.extend(layer.into_linear()),
            }
        }
        let names: Vec<String> = linear.iter().map(|layer: &FoundLinear| layer.name.clone()).collect();
        let apart = linear.array_windows().find(|[a, b]| a.outputs != b.inputs).map(|[a, b]| {
            let expected = format!("a layer that takes the {} values of {}", a.outputs, a.name);
            inconsistent(FAMILY, format!("{}.weight", b.name), expected, format!("one that takes {}", b.inputs))
        });
        let ordered = chain(linear);
        let Some(linear) = ordered.filter(|linear| !linear.is_empty()) else {
            let none = || inconsistent(FAMILY, "linear layers", "at least one", "none");
            return Err(apart.unwrap_or_else(none));
        };
        let mut chain = Self { inputs: linear[0].inputs, ..Self::default() };
        let unchanged = linear.iter().map(|layer| &layer.name).eq(&names);
        chain.layers = linear.into_iter().map(FoundLinear::into_layer).collect();
        chain.assign(norms, unchanged)?;
        chain.check_blocks()?;
        chain.leave_out_activations();
        Ok(chain)
    }

    /// Gives each normalisation to a layer.
    fn assign(&mut self, norms: Vec<FoundNorm>, in_file_order: bool) -> Result<(), InferenceError> {
        let layers: Vec<(&str, usize)> = self.layers.iter().map(|layer| (layer.name.as_str(), layer.width)).collect();
        let Assigned { of_layers, first, order } = assign(FAMILY, &layers, self.inputs, norms, in_file_order)?;
        self.layers.iter_mut().zip(of_layers).for_each(|(layer, norm)| layer.norm = norm);
        self.input_norm = first;
        self.order = order;
        Ok(())
    }

    /// Layers that follow at once in a sequence have no activation between them, nor has the last layer of an encoder.
    fn leave_out_activations(&mut self) {
        let names: Vec<&str> = self.layers.iter().map(|layer| layer.name.as_str()).collect();
        let normalised: Vec<bool> = self.layers.iter().map(|layer| layer.norm.is_some()).collect();
        let adjacent = adjacent(&names, &normalised);
        let top = |name: &str| name.split('.').next().map(str::to_owned);
        let bottleneck: Vec<bool> = names
            .array_windows()
            .map(|[a, b]| top(a).as_deref() == Some("encoder") && top(b).as_deref() == Some("decoder"))
            .collect();
        for (layer, (adjacent, bottleneck)) in self.layers.iter_mut().zip(adjacent.into_iter().zip(bottleneck)) {
            if adjacent || bottleneck {
                layer.activation = Some(Activation::Identity);
            }
        }
    }

    /// Refuses modules that hold two layers of equal width each: they are often added to what they read.
    fn check_blocks(&self) -> Result<(), InferenceError> {
        let module = |name: &str| name.rsplit_once('.').map(|(module, _)| module.to_owned());
        let numbered = |module: &str| module.rsplit('.').next().is_some_and(|last| last.parse::<usize>().is_ok());
        for [a, b] in self.layers.array_windows() {
            let (first, second) = (module(&a.name), module(&b.name));
            let in_sequence = place_in_sequence(&a.name).is_some();
            if let Some(block) = first.filter(|first| Some(first) == second.as_ref() && numbered(first))
                && a.width == b.width
                && !in_sequence
            {
                let expected = "layers of which each reads only what the one before yields";
                let found = "a block of two layers of equal width, which may be added to what it reads; compare layers exported \
                             as activations instead";
                return Err(inconsistent(FAMILY, block, expected, found));
            }
        }
        Ok(())
    }
}

/// Whether each layer but the last is followed by the next at once in the same sequence. Where all are, they are a list, and
/// what stands between them is not in it.
pub(super) fn adjacent(names: &[&str], normalised: &[bool]) -> Vec<bool> {
    let gaps: Vec<Option<bool>> = names
        .array_windows()
        .zip(normalised)
        .map(|([a, b], &normalised)| gap(a, b).map(|gap| gap == 1 + usize::from(normalised)))
        .collect();
    let is_list = !gaps.contains(&Some(false));
    gaps.into_iter().map(|adjacent| adjacent == Some(true) && !is_list).collect()
}

/// A normalisation of a file.
pub(super) struct FoundNorm {
    pub(super) norm: Norm,
    pub(super) features: usize,
    /// The layer with weights that comes before it in the file.
    pub(super) after: Option<usize>,
}

/// Which normalisation belongs to which layer.
pub(super) struct Assigned {
    pub(super) of_layers: Vec<Option<Norm>>,
    /// The one before the first layer.
    pub(super) first: Option<Norm>,
    /// What numbers in a sequence say of normalisations and activations.
    pub(super) order: Option<LayerOrder>,
}

/// Gives each normalisation to a layer, of which name and outputs are given: the one before it in the file, else the next
/// without one that has as many outputs.
///
/// # Errors
/// [`InferenceError::Inconsistent`] when one belongs to no layer, or something stands between.
pub(super) fn assign(
    family: &'static str,
    layers: &[(&str, usize)],
    inputs: usize,
    norms: Vec<FoundNorm>,
    in_file_order: bool,
) -> Result<Assigned, InferenceError> {
    let follows = |norm: &FoundNorm| match norm.after {
        Some(layer) => layers.get(layer).is_some_and(|(_, width)| *width == norm.features),
        None => norm.features == inputs,
    };
    let follow = in_file_order && norms.iter().all(follows) && norms.array_windows().all(|[a, b]| a.after != b.after);
    let mut assigned = Assigned { of_layers: vec![None; layers.len()], first: None, order: None };
    for FoundNorm { norm, features, after } in norms {
        let fits = |layer: &usize| assigned.of_layers[*layer].is_none() && layers[*layer].1 == features;
        match if follow { after } else { (0..layers.len()).find(fits) } {
            Some(layer) => {
                let order = match gap(layers[layer].0, &norm.name) {
                    None => None,
                    Some(1) => Some(LayerOrder::NormActivation),
                    Some(2) => Some(LayerOrder::ActivationNorm),
                    Some(_) => {
                        let expected = format!("a normalisation beside {} or after its activation", layers[layer].0);
                        return Err(inconsistent(family, norm.name, expected, "one after something else"));
                    }
                };
                assigned.order = assigned.order.or(order);
                assigned.of_layers[layer] = Some(norm);
            }
            None if features == inputs && assigned.first.is_none() => assigned.first = Some(norm),
            None => {
                let expected = format!("a layer with {features} outputs for this normalisation");
                return Err(inconsistent(family, norm.name, expected, "none"));
            }
        }
    }
    Ok(assigned)
}

/// The normalisation that a layer is, and its features.
pub(super) fn norm_of(layer: &Layer) -> Option<(Norm, usize)> {
    match layer.kind {
        LayerKind::BatchNorm { features } => Some((Norm::batch(&layer.name), features)),
        LayerKind::Affine { features } => {
            Some((Norm { name: layer.name.clone(), kind: NormKind::Group(1), epsilon: epsilon() }, features))
        }
        _ => None,
    }
}

/// The sequence that a numbered layer is in, and its number there.
pub(super) fn place_in_sequence(name: &str) -> Option<(String, usize)> {
    let (sequence, index) = name.rsplit_once('.').unwrap_or(("", name));
    index.parse().ok().map(|index| (sequence.to_owned(), index))
}

/// How many places after the first the second stands in the same sequence.
pub(super) fn gap(first: &str, second: &str) -> Option<usize> {
    let ((a, from), (b, to)) = (place_in_sequence(first)?, place_in_sequence(second)?);
    if a == b { to.checked_sub(from) } else { None }
}

/// What was said of the activation after these layers: one for all, or one for each, joined by `+`.
///
/// # Errors
/// [`InferenceError::Choice`] when it cannot be read, or there are as many as there are not layers.
pub(super) fn said_activation(hidden: &mut [LinearLayer], said: &Said<'_>) -> Result<Activation, InferenceError> {
    let ids = format!(
        "one of {}, or one for each of {} layers joined by +",
        Activation::ids().collect::<Vec<_>>().join(", "),
        hidden.len()
    );
    let usual = Activation::Relu;
    match said.list::<Activation>("activation", &ids)?.as_deref() {
        None => Ok(modules::activation(said.modules()).unwrap_or(usual)),
        Some([one]) => Ok(*one),
        Some(each) if each.len() == hidden.len() => {
            hidden.iter_mut().zip(each).for_each(|(layer, activation)| layer.activation = Some(*activation));
            Ok(each[0])
        }
        Some(each) => Err(InferenceError::Choice {
            key: "activation".to_owned(),
            expected: ids,
            found: format!("{} of them", each.len()),
        }),
    }
}

/// What is assumed of the activation after these layers.
pub(super) fn activation_assumption(hidden: &[LinearLayer], usual: Activation) -> Assumption {
    let of_each: Vec<Activation> = hidden.iter().map(|layer| layer.activation.unwrap_or(usual)).collect();
    let differ = of_each.array_windows().any(|[a, b]| a != b);
    let joined = |text: &dyn Fn(&Activation) -> String, by: &str| of_each.iter().map(text).collect::<Vec<_>>().join(by);
    match (differ, of_each.first()) {
        (false, Some(one)) => {
            let sentence = format!("the activation after each hidden layer is {}", one.describe());
            Assumption::new("activation", one, Activation::ids(), sentence)
        }
        _ => {
            let sentence =
                format!("the activations after the hidden layers are {}", joined(&|one| one.describe(), ", "));
            Assumption::new("activation", joined(&ToString::to_string, "+"), Activation::ids(), sentence)
        }
    }
}

/// What was said of the epsilon of normalisations.
///
/// # Errors
/// [`InferenceError::Choice`] when it cannot be read.
pub(super) fn said_epsilon<'a>(
    norms: impl Iterator<Item = &'a mut Norm>,
    said: &Said<'_>,
) -> Result<(), InferenceError> {
    let norms: Vec<&mut Norm> = norms.collect();
    if norms.is_empty() {
        return Ok(());
    }
    if let Some(epsilon) = said.epsilon()? {
        norms.into_iter().for_each(|norm| norm.epsilon = epsilon);
    }
    Ok(())
}
