//! Which of a file's tensors are the network, where they are not all.

use std::collections::BTreeMap;

use crate::model::{Architecture, TensorShapes};

/// Levels of modules that are looked through.
const DEEPEST: usize = 6;
/// The most parts that are tried.
const MOST: usize = 64;
/// The least share of all values that a part under a name without a meaning has.
const SHARE: f64 = 0.4;

/// What modules that hold a whole network are called.
const HOLDERS: [&str; 24] = [
    "_orig_mod",
    "actor",
    "backbone",
    "base_encoder",
    "base_model",
    "base_network",
    "cnn",
    "critic",
    "discriminator",
    "encoder",
    "encoder_q",
    "feature_extractor",
    "features_extractor",
    "generator",
    "mlp",
    "model",
    "module",
    "net",
    "network",
    "online_encoder",
    "online_network",
    "policy",
    "q_network",
    "student",
];

/// What copies of a network are called that follow it, stand in for it, or attack it.
const COPIES: [&str; 22] = [
    "attacker",
    "averaged",
    "average_model",
    "ema",
    "ema_model",
    "ema_network",
    "encoder_k",
    "key_encoder",
    "model_ema",
    "momentum_encoder",
    "module_ema",
    "net_ema",
    "old",
    "previous",
    "shadow",
    "swa_model",
    "target",
    "target_encoder",
    "target_net",
    "target_network",
    "teacher",
    "teacher_model",
];

/// A part of a file that is a whole network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// What its names begin with, with the dot at the end; empty when the file is the network.
    pub(super) prefix: String,
    /// The other parts that are whole networks, as prefixes.
    pub(super) others: Vec<String>,
}

/// The part that is compared: the file itself when it is a network; else, of the parts that are, none within another: one
/// that is no copy of another by its name before one that is, then the one with the most values, then the first by
/// name. Nothing when there is none.
pub(super) fn choose(shapes: &TensorShapes, is_network: impl Fn(&TensorShapes) -> bool) -> Option<Part> {
    if is_network(shapes) {
        return Some(Part { prefix: String::new(), others: Vec::new() });
    }
    let all = values(shapes);
    let mut found: Vec<(String, usize)> = Vec::new();
    let likely = prefixes(shapes).into_iter().filter(|(prefix, values)| {
        let known = segments(prefix).last().is_some_and(is_known);
        known
            || (*values as f64 >= SHARE * all as f64
                && !shapes.iter().any(|(name, shape)| is_layer_beside(name, shape, prefix)))
    });
    for (prefix, values) in likely.take(MOST) {
        let within_another = found.iter().any(|(outer, _)| prefix.starts_with(outer));
        if !within_another && is_network(&below(shapes, &prefix)) {
            found.push((prefix, values));
        }
    }
    found.sort_by(|(a, values_a), (b, values_b)| {
        is_copy(a).cmp(&is_copy(b)).then(values_b.cmp(values_a)).then_with(|| a.cmp(b))
    });
    let mut prefixes = found.into_iter().map(|(prefix, _)| prefix);
    Some(Part { prefix: prefixes.next()?, others: prefixes.collect() })
}

/// Whether a tensor is the weight of a layer that lies beside a part, other than of what measures losses.
fn is_layer_beside(name: &str, shape: &[usize], part: &str) -> bool {
    const LOSSES: [&str; 5] = ["criterion", "loss", "loss_fn", "metric", "metrics"];
    shape.len() > 1
        && name.ends_with(".weight")
        && !name.starts_with(part)
        && !segments(name).any(|segment| LOSSES.contains(&segment) || is_known(segment))
}

fn is_known(segment: &str) -> bool {
    HOLDERS.contains(&segment) || COPIES.contains(&segment)
}

/// Whether an architecture finds all tensors that it needs.
pub(super) fn fits(architecture: &Architecture, shapes: &TensorShapes) -> bool {
    architecture.parameters().is_ok_and(|parameters| {
        parameters.iter().all(|parameter| shapes.get(&parameter.name) == Some(&parameter.shape))
    })
}

/// All beginnings of names that more than one tensor has, from the outermost on, with the number of values below each.
fn prefixes(shapes: &TensorShapes) -> Vec<(String, usize)> {
    let mut below: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (name, shape) in shapes {
        for (end, _) in name.match_indices('.').take(DEEPEST) {
            let (tensors, values) = below.entry(&name[..=end]).or_insert((0, 0));
            *tensors += 1;
            *values = values.saturating_add(count(shape));
        }
    }
    let several = below.into_iter().filter(|&(_, (tensors, _))| tensors > 1);
    let mut prefixes: Vec<(String, usize)> = several.map(|(prefix, (_, values))| (prefix.to_owned(), values)).collect();
    prefixes.sort_by_key(|(prefix, _)| segments(prefix).count());
    prefixes
}

fn segments(prefix: &str) -> impl DoubleEndedIterator<Item = &str> {
    prefix.split('.').filter(|segment| !segment.is_empty())
}

fn below(shapes: &TensorShapes, prefix: &str) -> TensorShapes {
    let own = shapes.iter().filter_map(|(name, shape)| Some((name.strip_prefix(prefix)?.to_owned(), shape.clone())));
    own.collect()
}

fn values(shapes: &TensorShapes) -> usize {
    shapes.values().map(|shape| count(shape)).fold(0, usize::saturating_add)
}

fn count(shape: &[usize]) -> usize {
    shape.iter().fold(1, |product, &length| product.saturating_mul(length))
}

fn is_copy(prefix: &str) -> bool {
    segments(prefix).any(|segment| COPIES.contains(&segment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mlp, Resnet};

    /// The tensors of a network under a name.
    fn under(prefix: &str, architecture: &Architecture) -> TensorShapes {
        let parameters = architecture.parameters().unwrap();
        parameters.into_iter().map(|parameter| (format!("{prefix}{}", parameter.name), parameter.shape)).collect()
    }

    fn chosen(parts: &[TensorShapes]) -> Option<Part> {
        let shapes = parts.iter().flatten().map(|(name, shape)| (name.clone(), shape.clone())).collect();
        choose(&shapes, |shapes| Architecture::infer(shapes).is_ok_and(|architecture| fits(&architecture, shapes)))
    }

    fn part(prefix: &str, others: &[&str]) -> Option<Part> {
        Some(Part { prefix: prefix.to_owned(), others: others.iter().map(|&other| other.to_owned()).collect() })
    }

    #[test]
    fn what_holds_a_whole_network_is_looked_through_whatever_lies_beside_it() {
        let resnet = Resnet::resnet18_cifar(2, 3, 10).into();
        let beside = |name: &str| TensorShapes::from([(name.to_owned(), vec![10])]);
        assert_eq!(chosen(&[under("", &resnet), beside("queue")]), part("", &[]));
        assert_eq!(chosen(&[under("model.", &resnet), beside("criterion.weight")]), part("model.", &[]));
        assert_eq!(chosen(&[under("my.own.", &resnet), beside("loss")]), part("my.own.", &[]));
        assert_eq!(chosen(&[beside("a.b"), beside("a.c")]), None);
    }

    #[test]
    fn a_copy_is_chosen_only_when_there_is_nothing_else() {
        let resnet = Resnet::resnet18_cifar(2, 3, 10).into();
        let moco = [under("module.encoder_q.", &resnet), under("module.encoder_k.", &resnet)];
        assert_eq!(chosen(&moco), part("module.encoder_q.", &["module.encoder_k."]));
        let twice = [under("teacher.backbone.", &resnet), under("student.backbone.", &resnet)];
        assert_eq!(chosen(&twice), part("student.backbone.", &["teacher.backbone."]));
        assert_eq!(chosen(&[under("ema.", &resnet)]), part("ema.", &[]));
    }

    #[test]
    fn of_two_networks_the_larger_is_chosen() {
        let (small, large) = (Mlp::new(8, &[4], 2).into(), Mlp::new(8, &[16], 2).into());
        assert_eq!(chosen(&[under("actor.", &small), under("critic.", &large)]), part("critic.", &["actor."]));
    }

    #[test]
    fn a_small_part_under_a_name_without_a_meaning_is_no_network() {
        let head: Architecture = Mlp::new(4, &[], 2).into();
        let body = TensorShapes::from([("rnn.weight_hh_l0".to_owned(), vec![40, 40])]);
        assert_eq!(chosen(&[under("decision.", &head), body]), None);
    }
}
