//! Weights that a module computes of other tensors before it runs: weight normalisation, spectral normalisation, pruning.
//!
//! Each is computed here as PyTorch's module does in evaluation, so that the network has the weights that it runs with.

use std::collections::{BTreeMap, BTreeSet};

use super::read::Checkpoint;
use crate::model::{StateDict, StateTensor};

/// How a weight is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// `g v / ‖v‖`, the norm over the axes where `g` has one value (Salimans and Kingma 2016).
    WeightNormalisation,
    /// `w / (u · W v)` with `W` the weight as a matrix of its first axis by the others (Miyato et al. 2018).
    SpectralNormalisation,
    /// `w · mask`.
    Pruning,
}

impl Kind {
    fn describe(self) -> &'static str {
        match self {
            Self::WeightNormalisation => "weight normalisation",
            Self::SpectralNormalisation => "spectral normalisation",
            Self::Pruning => "pruning",
        }
    }
}

/// The ends of the names of the tensors that a weight is made of, the first that of the weight's own shape; before them comes the
/// name of the weight, or, as PyTorch 2 has it, of its module, `.parametrizations.` and its own.
static FORMS: [(Kind, &[&str]); 5] = [
    (Kind::WeightNormalisation, &["_v", "_g"]),
    (Kind::SpectralNormalisation, &["_orig", "_u", "_v"]),
    (Kind::Pruning, &["_orig", "_mask"]),
    (Kind::WeightNormalisation, &[".original1", ".original0"]),
    (Kind::SpectralNormalisation, &[".original", ".0._u", ".0._v"]),
];
/// What stands between a module and its weight in PyTorch 2.
const PARAMETRISED: &str = "parametrizations.";
/// How many weights are named.
const NAMED: usize = 3;

/// Puts weights in the place of the tensors that they are made of, and says so, one sentence for each kind.
pub(super) fn compute_weights(checkpoint: &mut Checkpoint) -> Vec<String> {
    let mut made: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    let mut weight_of_source: BTreeMap<String, String> = BTreeMap::new();
    let Checkpoint { state, precisions, order, .. } = checkpoint;
    for (name, (kind, ends)) in order.iter().flat_map(|name| FORMS.iter().map(move |form| (name, form))) {
        let Some(start) = name.strip_suffix(ends[0]) else { continue };
        let Some(weight) = weight_of(start, ends[0]).filter(|weight| !state.contains_key(weight)) else { continue };
        let sources: Vec<String> = ends.iter().map(|end| format!("{start}{end}")).collect();
        let Some(tensor) = computed(*kind, state, start, &sources) else { continue };
        state.insert(weight.clone(), tensor);
        for source in sources {
            state.remove(&source);
            if let Some(precision) = precisions.remove(&source) {
                precisions.entry(weight.clone()).or_insert(precision);
            }
            weight_of_source.insert(source, weight.clone());
        }
        made.entry(*kind).or_default().push(weight);
    }
    if made.is_empty() {
        return Vec::new();
    }
    let mut placed = BTreeSet::new();
    let named = std::mem::take(order).into_iter().filter_map(|name| match weight_of_source.remove(&name) {
        None => Some(name),
        Some(weight) => placed.insert(weight.clone()).then_some(weight),
    });
    *order = named.collect();
    let sentence = |(kind, weights): (Kind, Vec<String>)| {
        let more = weights.len().saturating_sub(NAMED);
        let named = weights.get(..NAMED).unwrap_or(&weights).join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("computed {named}{more} by {}", kind.describe())
    };
    made.into_iter().map(sentence).collect()
}

/// The name of the weight that such a beginning of names is of: `fc.weight` of `fc.weight` and `fc.parametrizations.weight`.
fn weight_of(start: &str, end: &str) -> Option<String> {
    let (module, own) =
        start.rsplit_once('.').map_or((String::new(), start), |(module, own)| (format!("{module}."), own));
    if !matches!(own, "weight" | "bias") {
        return None;
    }
    match module.strip_suffix(PARAMETRISED) {
        Some(module) => end.starts_with('.').then(|| format!("{module}{own}")),
        None => end.starts_with('_').then(|| format!("{module}{own}")),
    }
}

/// The weight that these tensors make; nothing where they are not all there, others stand beside them in a module of their own,
/// or they do not fit.
fn computed(kind: Kind, state: &StateDict, start: &str, sources: &[String]) -> Option<StateTensor> {
    let within = format!("{start}.");
    let beside =
        state.range(within.clone()..).take_while(|(name, _)| name.starts_with(&within)).take(sources.len() + 1);
    let beside = beside.count();
    if beside != 0 && beside != sources.len() {
        return None;
    }
    let tensors: Vec<&StateTensor> = sources.iter().map(|source| state.get(source)).collect::<Option<_>>()?;
    let values = match (kind, &tensors[..]) {
        (Kind::WeightNormalisation, [direction, length]) => normalised(direction, length)?,
        (Kind::SpectralNormalisation, [weight, left, right]) => {
            let sigma = bilinear(weight, &left.values, &right.values)?;
            weight.values.iter().map(|&value| (f64::from(value) / sigma) as f32).collect()
        }
        (Kind::Pruning, [weight, mask]) if weight.shape == mask.shape => {
            weight.values.iter().zip(&mask.values).map(|(&value, &mask)| value * mask).collect()
        }
        _ => return None,
    };
    let shape = tensors.first()?.shape.clone();
    values.iter().all(|value: &f32| value.is_finite()).then_some(StateTensor { shape, values })
}

/// `length · direction / ‖direction‖`.
fn normalised(direction: &StateTensor, length: &StateTensor) -> Option<Vec<f32>> {
    let shape = &direction.shape;
    let one_norm = length.values.len() == 1;
    let fits = length.shape.len() == shape.len()
        && length.shape.iter().zip(shape).all(|(&length, &own)| length == 1 || length == own);
    if !(one_norm || fits) {
        return None;
    }
    // For each value the place of its norm.
    let mut place_of: Vec<usize> = vec![0; direction.values.len()];
    if !one_norm {
        let (mut inner, mut step) = (1, 1);
        for (&own, &norms) in shape.iter().zip(&length.shape).rev() {
            for (index, place) in place_of.iter_mut().enumerate() {
                *place += (index / inner % own.max(1)).min(norms.saturating_sub(1)) * step;
            }
            (inner, step) = (inner * own, step * norms);
        }
    }
    let mut squares = vec![0.0_f64; length.values.len()];
    for (&value, &place) in direction.values.iter().zip(&place_of) {
        *squares.get_mut(place)? += f64::from(value).powi(2);
    }
    let factors: Vec<f64> =
        squares.iter().zip(&length.values).map(|(square, &length)| f64::from(length) / square.sqrt()).collect();
    let values = direction.values.iter().zip(place_of);
    values.map(|(&value, place)| Some((f64::from(value) * factors.get(place)?) as f32)).collect()
}

/// `left · W right`, with `W` the weight as a matrix of its first axis by the others.
fn bilinear(weight: &StateTensor, left: &[f32], right: &[f32]) -> Option<f64> {
    let rows = *weight.shape.first()?;
    if right.is_empty() || left.len() != rows || weight.values.len() != rows * right.len() {
        return None;
    }
    let row = |row: &[f32]| -> f64 { row.iter().zip(right).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum() };
    let rows = weight.values.chunks_exact(right.len());
    Some(rows.zip(left).map(|(values, &left)| f64::from(left) * row(values)).sum())
}

#[cfg(test)]
mod tests {
    use crate::checkpoint::{Network, Reading, load, read_as};
    use crate::file::NamedBytes;

    macro_rules! fixture {
        ($name:literal) => {
            ($name, &include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/checkpoints/", $name))[..])
        };
    }

    fn loaded((name, bytes): (&str, &[u8]), part: &str) -> Network {
        let file = NamedBytes { name: name.to_owned(), bytes: bytes.to_vec() };
        let reading = Reading { part: Some(part.to_owned()), ..Reading::default() };
        load(read_as(&file, &reading).unwrap(), &reading).unwrap()
    }

    #[test]
    fn weights_are_those_that_pytorch_computes() {
        let files = [
            (fixture!("reparametrised_weight.pth"), "computed 0.weight, 2.weight by weight normalisation"),
            (fixture!("reparametrised_weight_2.pth"), "computed 0.weight, 2.weight by weight normalisation"),
            (fixture!("reparametrised_spectral.pth"), "computed 0.weight by spectral normalisation"),
            (fixture!("reparametrised_spectral_2.pth"), "computed 0.weight by spectral normalisation"),
            (fixture!("reparametrised_pruned.pth"), "computed 0.weight, 0.bias by pruning"),
        ];
        for (file, sentence) in files {
            let (network, expected) = (loaded(file, "model"), loaded(file, "expected"));
            assert!(network.computed.contains(&sentence.to_owned()), "{}: {:?}", file.0, network.computed);
            assert_eq!(network.architecture, expected.architecture, "{}", file.0);
            assert!(network.report.unexpected.is_empty());
            for (tensor, expected) in &expected.state {
                let farthest = network.state[tensor].values.iter().zip(&expected.values).map(|(a, b)| (a - b).abs());
                let farthest = farthest.fold(0.0, f32::max);
                assert!(farthest < 1e-6, "{}: {tensor} is {farthest} off", file.0);
            }
        }
    }
}
