//! The layers behind a checkpoint's tensors.

use std::collections::BTreeSet;

use indexmap::IndexSet;

use super::forks::Reader;
use super::{InferenceError, LinearLayer, TensorShapes};

/// What the tensors of a layer look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LayerKind {
    /// 2-D convolution with a square kernel, where each output reads so many inputs.
    Conv { outputs: usize, inputs: usize, kernel: usize, bias: bool },
    /// Linear layer.
    Linear { outputs: usize, inputs: usize, bias: bool },
    /// Batch normalisation with running statistics.
    BatchNorm { features: usize },
    /// Scale and shift: layer or group normalisation.
    Affine { features: usize },
    /// Anything else.
    Other,
}

/// A layer and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) kind: LayerKind,
}

impl Layer {
    /// The linear layer that it is.
    pub(super) fn into_linear(self) -> Option<FoundLinear> {
        match self.kind {
            LayerKind::Linear { outputs, inputs, bias } => Some(FoundLinear { name: self.name, inputs, outputs, bias }),
            _ => None,
        }
    }
}

/// What parts of attention are called: what reads them is no chain.
const ATTENTION: [&str; 9] =
    ["attention", "attn", "self_attn", "self_attention", "q_proj", "k_proj", "v_proj", "qkv", "in_proj_weight"];

/// Whether any of the tensors belongs to attention.
pub(crate) fn holds_attention(shapes: &TensorShapes) -> bool {
    shapes.keys().any(|name| name.split('.').any(|segment| ATTENTION.contains(&segment)))
}

/// The layers behind tensors, in the order of the first tensor of each.
pub(super) fn layers_of(shapes: &TensorShapes) -> Vec<Layer> {
    let names: IndexSet<&str> =
        shapes.keys().map(|tensor| tensor.rsplit_once('.').map_or(tensor.as_str(), |(layer, _)| layer)).collect();
    names.into_iter().map(|name| Layer { name: name.to_owned(), kind: kind_of(name, shapes) }).collect()
}

/// The shape of `layer.suffix`.
pub(super) fn shape_of<'a>(shapes: &'a TensorShapes, layer: &str, suffix: &str) -> Option<&'a [usize]> {
    shapes.get(&format!("{layer}.{suffix}")).map(Vec::as_slice)
}

fn kind_of(name: &str, shapes: &TensorShapes) -> LayerKind {
    let bias = shape_of(shapes, name, "bias").is_some();
    let normalised = shape_of(shapes, name, "running_mean").is_some();
    match shape_of(shapes, name, "weight") {
        Some(&[outputs, inputs, kernel, width]) if kernel == width => LayerKind::Conv { outputs, inputs, kernel, bias },
        // A table of vectors by index looks like a linear layer without bias.
        Some(&[_, _]) if !bias && name.to_ascii_lowercase().contains("emb") => LayerKind::Other,
        Some(&[outputs, inputs]) => LayerKind::Linear { outputs, inputs, bias },
        Some(&[features]) if normalised => LayerKind::BatchNorm { features },
        Some(&[features]) if shape_of(shapes, name, "bias") == Some(&[features]) => LayerKind::Affine { features },
        _ => LayerKind::Other,
    }
}

/// A step of a chain: what is read and what is yielded.
pub(super) trait Link {
    /// Number of inputs and outputs.
    fn ends(&self) -> (usize, usize);
}

/// Orders layers so that each reads what the one before yields: as they are when that already holds, else in the only
/// possible order; nothing when there is none or more than one.
pub(super) fn chain<L: Link>(mut layers: Vec<L>) -> Option<Vec<L>> {
    let joined = |layers: &[L]| layers.array_windows().all(|[a, b]| a.ends().1 == b.ends().0);
    if joined(&layers) {
        return Some(layers);
    }
    let first = only(layers.iter().map(|layer| layers.iter().all(|other| other.ends().1 != layer.ends().0)))?;
    let mut ordered = vec![layers.remove(first)];
    while !layers.is_empty() {
        let yielded = ordered.last()?.ends().1;
        let next = only(layers.iter().map(|layer| layer.ends().0 == yielded))?;
        ordered.push(layers.remove(next));
    }
    Some(ordered)
}

/// The index of the only true value.
fn only(values: impl Iterator<Item = bool>) -> Option<usize> {
    let mut holds = values.enumerate().filter_map(|(i, value)| value.then_some(i));
    holds.next().filter(|_| holds.next().is_none())
}

/// A linear layer that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundLinear {
    pub(super) name: String,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) bias: bool,
}

impl FoundLinear {
    /// What it reads and yields, by its name.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { name: &self.name, inputs: self.inputs, outputs: self.outputs }
    }

    /// The layer of an architecture.
    pub(super) fn into_layer(self) -> LinearLayer {
        LinearLayer { name: self.name, width: self.outputs, bias: self.bias, norm: None, activation: None }
    }
}

impl Link for FoundLinear {
    fn ends(&self) -> (usize, usize) {
        (self.inputs, self.outputs)
    }
}

/// The shape of a tensor that a family needs, with this many dimensions.
pub(super) fn dimensions<const D: usize>(
    family: &'static str,
    shapes: &TensorShapes,
    tensor: &str,
) -> Result<[usize; D], InferenceError> {
    let found = shapes.get(tensor);
    found.and_then(|shape| <[usize; D]>::try_from(shape.as_slice()).ok()).ok_or_else(|| {
        let found = found.map_or("none".to_owned(), |shape| format!("the shape {shape:?}"));
        inconsistent(family, tensor, format!("a tensor with {D} dimensions"), found)
    })
}

/// [`InferenceError::Inconsistent`].
pub(super) fn inconsistent(
    family: &'static str,
    part: impl Into<String>,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> InferenceError {
    InferenceError::Inconsistent { family, part: part.into(), expected: expected.into(), found: found.into() }
}

/// How many blocks `layerS.B.` each stage of a residual network has.
pub(super) fn depths_of(shapes: &TensorShapes) -> Vec<usize> {
    let block = |name: &String| {
        let mut segments = name.strip_prefix("layer")?.split('.');
        let (stage, block) = (segments.next()?.parse().ok()?, segments.next()?.parse().ok()?);
        segments.next().map(|_| (stage, block))
    };
    let found: BTreeSet<(usize, usize)> = shapes.keys().filter_map(block).collect();
    (1..)
        .map(|stage| (0..).take_while(|&block| found.contains(&(stage, block))).count())
        .take_while(|&depth| depth > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Link for (usize, usize) {
        fn ends(&self) -> (usize, usize) {
            *self
        }
    }

    #[test]
    fn kinds_follow_from_names_and_shapes() {
        let shapes: TensorShapes = [
            ("a.10.weight", vec![4, 3, 5, 5]),
            ("a.2.weight", vec![7, 9]),
            ("a.2.bias", vec![7]),
            ("bn.weight", vec![3]),
            ("bn.running_mean", vec![3]),
            ("norm.weight", vec![3]),
            ("oblong.weight", vec![4, 3, 1, 5]),
            ("scale", vec![1]),
        ]
        .map(|(name, shape)| (name.to_owned(), shape))
        .into();
        let kinds: Vec<(String, LayerKind)> =
            layers_of(&shapes).into_iter().map(|layer| (layer.name, layer.kind)).collect();
        let expected = [
            ("a.10", LayerKind::Conv { outputs: 4, inputs: 3, kernel: 5, bias: false }),
            ("a.2", LayerKind::Linear { outputs: 7, inputs: 9, bias: true }),
            ("bn", LayerKind::BatchNorm { features: 3 }),
            ("norm", LayerKind::Other),
            ("oblong", LayerKind::Other),
            ("scale", LayerKind::Other),
        ];
        assert_eq!(kinds, expected.map(|(name, kind)| (name.to_owned(), kind)));
    }

    #[test]
    fn a_chain_keeps_a_fitting_order_and_finds_the_only_other_one() {
        assert_eq!(chain(vec![(5, 5), (5, 5), (5, 2)]), Some(vec![(5, 5), (5, 5), (5, 2)]));
        assert_eq!(chain(vec![(8, 4), (784, 8), (4, 10)]), Some(vec![(784, 8), (8, 4), (4, 10)]));
        assert_eq!(chain(vec![(8, 4), (784, 9)]), None);
        assert_eq!(chain(vec![(4, 5), (4, 5), (9, 4)]), None);
    }
}
