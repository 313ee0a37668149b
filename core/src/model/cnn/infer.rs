//! Which plain CNN has these tensors. They do not say where maps are padded and pooled, so every usual way that leaves
//! as many values as the first linear layer takes is a candidate.

use super::{Cnn, ConvBlock, Head, Pool};
use crate::data::ImageShape;
use crate::model::layers::{FoundLinear, LayerKind, Link, chain, inconsistent, layers_of};
use crate::model::{Activation, Architecture, InferenceError, TensorShapes};

const FAMILY: &str = "CNN";
/// Sides of the square images of common data sets with one channel.
const GREY_SIDES: &[usize] = &[28, 32];
/// Sides of the square images of common data sets with more channels.
const COLOUR_SIDES: &[usize] = &[32, 28, 64, 96, 224];
/// Larger kernels are usually strided, as AlexNet's first.
const LARGEST_KERNEL: usize = 5;
/// Side of the pooling windows.
const POOL_SIDE: usize = 2;

/// Recognises a plain CNN: nothing when there are other layers, or when they do not follow one another.
pub(super) fn infer(shapes: &TensorShapes) -> Option<Result<Cnn, InferenceError>> {
    Found::of(shapes).map(|found| found.member())
}

struct FoundConv {
    name: String,
    inputs: usize,
    outputs: usize,
    kernel: usize,
    bias: bool,
}

impl Link for FoundConv {
    fn ends(&self) -> (usize, usize) {
        (self.inputs, self.outputs)
    }
}

/// The layers of a plain CNN, in order; at least one convolution and one linear layer.
struct Found {
    convs: Vec<FoundConv>,
    /// The batch normalisation after each convolution.
    norms: Vec<Option<String>>,
    linear: Vec<FoundLinear>,
}

impl Found {
    fn of(shapes: &TensorShapes) -> Option<Self> {
        let (mut convs, mut norms, mut linear) = (Vec::new(), Vec::new(), Vec::new());
        for layer in layers_of(shapes) {
            let name = layer.name;
            match layer.kind {
                LayerKind::Conv { outputs, inputs, kernel, bias } => {
                    convs.push(FoundConv { name, inputs, outputs, kernel, bias });
                }
                LayerKind::Linear { outputs, inputs, bias } => {
                    linear.push(FoundLinear { name, inputs, outputs, bias });
                }
                LayerKind::BatchNorm { features } => norms.push((name, features)),
                LayerKind::Other => return None,
            }
        }
        let (convs, linear) = (chain(convs)?, chain(linear)?);
        if convs.is_empty() || linear.is_empty() {
            return None;
        }
        let norms = norms_after(&convs, norms)?;
        Some(Self { convs, norms, linear })
    }

    fn member(&self) -> Result<Cnn, InferenceError> {
        if let Some(FoundConv { name, kernel, .. }) = self.convs.iter().find(|conv| conv.kernel > LARGEST_KERNEL) {
            let expected = format!("kernels of at most {LARGEST_KERNEL} × {LARGEST_KERNEL}, which have a stride of 1");
            let found = format!("{kernel} × {kernel}, whose stride tensors do not tell");
            return Err(inconsistent(FAMILY, format!("{name}.weight"), expected, found));
        }
        let side = self.last_side()?;
        let patterns = self.pool_patterns();
        let mut candidates = Vec::new();
        for pooled in &patterns {
            for padded in [true, false] {
                let leaves = |&input: &usize| self.side_after(input, padded, pooled) == Some(side);
                if let Some(input) = self.usual_sides().iter().copied().find(leaves) {
                    push_new(&mut candidates, self.build(input, padded, pooled, Head::Flatten));
                }
            }
            if self.names_say_where_pooled() && !candidates.is_empty() {
                break;
            }
        }
        let settled = candidates.len() == 1 && self.names_say_where_pooled();
        if side == 1 && !settled {
            let input = self.usual_sides()[0];
            for pooled in &patterns {
                let before_mean = &pooled[..pooled.len() - 1];
                push_new(&mut candidates, self.build(input, true, before_mean, Head::GlobalAverage));
            }
        }
        if candidates.len() > 1 {
            let needed = "where its maps are padded and pooled".to_owned();
            let candidates = candidates.into_iter().map(Architecture::Cnn).collect();
            return Err(InferenceError::Ambiguous { family: FAMILY, needed, candidates });
        }
        candidates.pop().ok_or_else(|| {
            let sides: Vec<String> = self.usual_sides().iter().map(usize::to_string).collect();
            let expected = format!(
                "what square images of {} pixels leave after {} convolutions and 2 × 2 pooling",
                sides.join(", "),
                self.convs.len()
            );
            self.linear_error(expected, format!("{side} × {side} positions"))
        })
    }

    /// The side of the map that the first linear layer reads.
    fn last_side(&self) -> Result<usize, InferenceError> {
        let channels = self.convs[self.convs.len() - 1].outputs.max(1);
        let features = self.linear[0].inputs;
        let side = (features / channels).isqrt();
        if side == 0 || side * side * channels != features {
            let expected = format!("{channels} channels of a square map as inputs");
            return Err(self.linear_error(expected, format!("{features} inputs")));
        }
        Ok(side)
    }

    fn linear_error(&self, expected: String, found: String) -> InferenceError {
        inconsistent(FAMILY, format!("{}.weight", self.linear[0].name), expected, found)
    }

    fn usual_sides(&self) -> &'static [usize] {
        match self.convs.first() {
            Some(FoundConv { inputs: 1, .. }) => GREY_SIDES,
            _ => COLOUR_SIDES,
        }
    }

    /// The usual ways to pool: after each convolution, after every second, after the last, nowhere. Where numbers in a
    /// sequence's names say what stands between the convolutions, only the last is open, and first taken to be pooled
    /// when any other is.
    fn pool_patterns(&self) -> Vec<Vec<bool>> {
        let count = self.convs.len();
        let usual: [&dyn Fn(usize) -> bool; 4] = [&|_| true, &|i| i % 2 == 1, &|i| i + 1 == count, &|_| false];
        let mut patterns = Vec::new();
        for pooled in usual {
            let known = |i| self.pooled_by_name(i).unwrap_or_else(|| pooled(i));
            push_new(&mut patterns, (0..count).map(known).collect());
        }
        let pooled_before_last = (0..count).any(|i| self.pooled_by_name(i) == Some(true));
        if self.names_say_where_pooled() && !pooled_before_last {
            patterns.reverse();
        }
        patterns
    }

    fn names_say_where_pooled(&self) -> bool {
        self.convs.len() > 1 && (0..self.convs.len() - 1).all(|i| self.pooled_by_name(i).is_some())
    }

    /// Whether something stands between the activation after a convolution and the next one in the same sequence.
    fn pooled_by_name(&self, conv: usize) -> Option<bool> {
        let (sequence, index) = place_in_sequence(&self.convs.get(conv)?.name)?;
        let (next_sequence, next_index) = place_in_sequence(&self.convs.get(conv + 1)?.name)?;
        if sequence != next_sequence {
            return None;
        }
        let own = 2 + usize::from(self.norms.get(conv)?.is_some());
        next_index.checked_sub(index.saturating_add(own)).map(|others| others > 0)
    }

    /// The side that is left of an image's side.
    fn side_after(&self, input: usize, padded: bool, pooled: &[bool]) -> Option<usize> {
        self.convs.iter().zip(pooled).try_fold(input, |side, (conv, &pooled)| {
            let padding = if padded { conv.kernel / 2 } else { 0 };
            let convolved = padding.checked_mul(2)?.checked_add(side)?.checked_add(1)?.checked_sub(conv.kernel)?;
            let left = if pooled { convolved / POOL_SIDE } else { convolved };
            (left > 0).then_some(left)
        })
    }

    fn build(&self, side: usize, padded: bool, pooled: &[bool], head: Head) -> Cnn {
        let channels = self.convs[0].inputs;
        let block = |(i, (conv, norm)): (usize, (&FoundConv, &Option<String>))| ConvBlock {
            name: conv.name.clone(),
            channels: conv.outputs,
            kernel: conv.kernel,
            padding: if padded { conv.kernel / 2 } else { 0 },
            bias: conv.bias,
            batch_norm: norm.clone(),
            pool: pooled.get(i).copied().unwrap_or(false).then_some(Pool::Max(POOL_SIDE)),
        };
        Cnn {
            input: ImageShape { channels, height: side, width: side },
            blocks: self.convs.iter().zip(&self.norms).enumerate().map(block).collect(),
            head,
            linear: self.linear.iter().cloned().map(FoundLinear::into_layer).collect(),
            activation: Activation::Relu,
            dropout: 0.0,
        }
    }
}

/// The batch normalisation after each convolution: one each in order, or the next in the same sequence; nothing when
/// one belongs to no convolution.
fn norms_after(convs: &[FoundConv], norms: Vec<(String, usize)>) -> Option<Vec<Option<String>>> {
    let one_each =
        norms.len() == convs.len() && convs.iter().zip(&norms).all(|(conv, (_, features))| conv.outputs == *features);
    if one_each {
        return Some(norms.into_iter().map(|(name, _)| Some(name)).collect());
    }
    let follows = |conv: &FoundConv, norm: &str| {
        place_in_sequence(&conv.name)
            .is_some_and(|(sequence, index)| place_in_sequence(norm) == Some((sequence, index.saturating_add(1))))
    };
    let after = |conv: &FoundConv| norms.iter().find(|(norm, _)| follows(conv, norm)).map(|(norm, _)| norm.clone());
    let found: Vec<Option<String>> = convs.iter().map(after).collect();
    (found.iter().flatten().count() == norms.len()).then_some(found)
}

/// The sequence that a numbered layer is in, and its number there.
fn place_in_sequence(name: &str) -> Option<(&str, usize)> {
    let (sequence, index) = name.rsplit_once('.').unwrap_or(("", name));
    index.parse().ok().map(|index| (sequence, index))
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}
