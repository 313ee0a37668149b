//! The linear layer behind the pooled features, where a checkpoint has one.

use super::TensorShapes;

/// What modules that end a network are called.
const NAMES: [&str; 7] = ["fc", "linear", "classifier", "head", "heads", "logits", "last_linear"];

/// A linear layer that yields the logits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundHead {
    pub(super) name: String,
    pub(super) classes: usize,
}

/// The only linear layer, with a bias, of the modules that end a network, reading this many features: `fc`, or
/// `classifier.1` behind a dropout. Nothing when there is none, or more than one, as in a projection head.
pub(super) fn find(shapes: &TensorShapes, features: usize) -> Option<FoundHead> {
    let in_head = |name: &&String| NAMES.iter().any(|head| name.split('.').next() == Some(*head));
    let mut weights = shapes.iter().filter(|(name, _)| in_head(name)).filter(|(name, _)| name.ends_with(".weight"));
    let (weight, shape) = weights.next().filter(|_| weights.next().is_none())?;
    let name = weight.strip_suffix(".weight")?;
    match shape[..] {
        [classes, inputs] if inputs == features && shapes.contains_key(&format!("{name}.bias")) => {
            Some(FoundHead { name: name.to_owned(), classes })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(tensors: &[(&str, &[usize])]) -> Option<FoundHead> {
        let shapes = tensors.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec())).collect();
        find(&shapes, 8)
    }

    #[test]
    fn a_head_is_the_only_linear_layer_at_the_end() {
        let head = |name: &str| Some(FoundHead { name: name.to_owned(), classes: 10 });
        assert_eq!(found(&[("fc.weight", &[10, 8]), ("fc.bias", &[10]), ("conv1.weight", &[8, 3, 3, 3])]), head("fc"));
        assert_eq!(found(&[("head.fc.weight", &[10, 8]), ("head.fc.bias", &[10])]), head("head.fc"));
        assert_eq!(found(&[("classifier.1.weight", &[10, 8]), ("classifier.1.bias", &[10])]), head("classifier.1"));
        assert_eq!(found(&[("conv1.weight", &[8, 3, 3, 3])]), None);
        assert_eq!(found(&[("fc.weight", &[10, 9]), ("fc.bias", &[10])]), None, "another number of features");
        let projection: &[(&str, &[usize])] =
            &[("fc.0.weight", &[8, 8]), ("fc.0.bias", &[8]), ("fc.2.weight", &[10, 8]), ("fc.2.bias", &[10])];
        assert_eq!(found(projection), None);
    }
}
