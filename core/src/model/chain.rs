//! Linear layers and their normalisations, one after the other, as a checkpoint has them.

use super::forks::{EXPORT, Reader, common_source};
use super::hidden::without_room;
use super::layers::{FoundLinear, Layer, LayerKind, chain, inconsistent};
use super::normalise::{LayerOrder, Norm, NormKind, epsilon};
use super::{Activation, InferenceError, LinearLayer, Said};

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
    /// Whether a normalisation fits other layers as well as its own.
    pub(super) norms_are_open: bool,
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
        let apart = broken(&linear);
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
        let Assigned { of_layers, first, order, open } = assign(FAMILY, &layers, self.inputs, norms, in_file_order)?;
        self.layers.iter_mut().zip(of_layers).for_each(|(layer, norm)| layer.norm = norm);
        self.input_norm = first;
        self.order = order;
        self.norms_are_open = open;
        Ok(())
    }

    /// Puts normalisations behind the layers that were said, where they fit several.
    ///
    /// # Errors
    /// [`InferenceError::Choice`] when those are not as many layers of their widths.
    pub(super) fn place_norms(&mut self, said: &Said<'_>) -> Result<(), InferenceError> {
        if !self.norms_are_open {
            return Ok(());
        }
        let norms: Vec<(Norm, usize)> =
            self.layers.iter().filter_map(|layer| Some((layer.norm.clone()?, layer.width))).collect();
        let expected = format!("the names of {} layers with as many values, joined by +", norms.len());
        let Some(names) = said.list::<String>("norms", &expected)? else { return Ok(()) };
        let place = |(name, (_, width)): (&String, &(Norm, usize))| {
            self.layers.iter().position(|layer| layer.name == *name && layer.width == *width)
        };
        let places: Vec<usize> = names.iter().zip(&norms).filter_map(place).collect();
        let rising = places.array_windows().all(|[a, b]| a < b);
        if places.len() != norms.len() || names.len() != norms.len() || !rising {
            let key = "norms".to_owned();
            return Err(InferenceError::Choice { key, expected, found: names.join("+") });
        }
        self.layers.iter_mut().for_each(|layer| layer.norm = None);
        places.into_iter().zip(norms).for_each(|(place, (norm, _))| self.layers[place].norm = Some(norm));
        Ok(())
    }

    /// Layers that follow at once in a sequence have no activation between them.
    fn leave_out_activations(&mut self) {
        let names: Vec<&str> = self.layers.iter().map(|layer| layer.name.as_str()).collect();
        let between: Vec<usize> = self.layers.iter().map(|layer| usize::from(layer.norm.is_some())).collect();
        let without_room = without_room(&names, &between);
        for (layer, _) in self.layers.iter_mut().zip(without_room).filter(|(_, without_room)| *without_room) {
            layer.activation = Some(Activation::Identity);
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
    /// Whether a normalisation fits other layers as well as its own: neither order nor numbers of all layers tell.
    pub(super) open: bool,
}

/// Gives each normalisation to a layer, of which name and outputs are given: the one before it in the file, else, of those
/// without one that have as many outputs, the one with its number, else the next.
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
    let of_width = |width: usize| {
        let layers = layers.iter().filter(|(_, outputs)| *outputs == width).count();
        (layers, norms.iter().filter(|norm| norm.features == width).count())
    };
    let is_open = |norm: &FoundNorm| of_width(norm.features).0 > of_width(norm.features).1;
    let open = !follow && norms.iter().any(is_open);
    let mut assigned = Assigned { of_layers: vec![None; layers.len()], first: None, order: None, open };
    for FoundNorm { norm, features, after } in norms {
        let fits = |layer: &usize| assigned.of_layers[*layer].is_none() && layers[*layer].1 == features;
        let numbered = |layer: &usize| fits(layer) && same_number(layers[*layer].0, &norm.name);
        let by_width = || (0..layers.len()).find(numbered).or_else(|| (0..layers.len()).find(fits));
        match if follow { after } else { by_width() } {
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

/// Whether two names have the same number at their ends, of names with letters before it: `fc2` and `bn2`.
fn same_number(a: &str, b: &str) -> bool {
    let number = |name: &str| {
        let last = name.rsplit('.').next().unwrap_or(name);
        let letters = last.trim_end_matches(|letter: char| letter.is_ascii_digit());
        (!letters.is_empty()).then(|| last[letters.len()..].parse::<usize>().ok()).flatten()
    };
    number(a).is_some_and(|own| number(b) == Some(own))
}

/// The first of these that does not read what the one before yields, and whether that reads the same as another.
fn broken(layers: &[FoundLinear]) -> Option<InferenceError> {
    let [a, b] = layers.array_windows().find(|[a, b]| a.outputs != b.inputs)?;
    let readers: Vec<Reader<'_>> = layers.iter().map(FoundLinear::reader).collect();
    let takes = format!("one that takes {}", b.inputs);
    let found = match common_source(&readers) {
        Some((_, other, source)) => format!("{takes}, those of {source}, which {other} takes too"),
        None if layers[0].inputs == b.inputs && layers[0].name != a.name => {
            format!("{takes}, as {}, the first, does", layers[0].name)
        }
        None => takes,
    };
    let expected = format!("a layer that takes the {} values of {}", a.outputs, a.name);
    Some(inconsistent(FAMILY, format!("{}.weight", b.name), expected, format!("{found}; {EXPORT}")))
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
