//! Which of a file's tensors are the network, where they are not all.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Architecture, TensorShapes, follows_another, holds_attention, networks_side_by_side};

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
    /// Tensors of the part, by their names in it, that belong to no module and that the network is whole without: a
    /// temperature, the deviation of an agent's actions.
    pub(super) own_aside: BTreeSet<String>,
}

/// The part that is compared: the file itself when it is a network; else, of the parts that are, none within another: one
/// that is no copy of another by its name before one that is, then the one with the most values, then the first by
/// name. Nothing when there is none.
pub(super) fn choose(shapes: &TensorShapes, is_network: impl Fn(&TensorShapes) -> bool) -> Option<Part> {
    if let Some(own_aside) = beside_network(shapes, &is_network) {
        return Some(Part { prefix: String::new(), others: Vec::new(), own_aside });
    }
    // The layers between attention are no network.
    if holds_attention(shapes) {
        return None;
    }
    let all = values(shapes);
    let side_by_side = networks_side_by_side(shapes);
    let mut found: Vec<(String, usize, BTreeSet<String>)> = Vec::new();
    let likely = prefixes(shapes).into_iter().filter(|(prefix, values)| {
        let known = side_by_side.contains(prefix) || segments(prefix).last().is_some_and(is_known);
        known
            || (*values as f64 >= SHARE * all as f64
                && !shapes.iter().any(|(name, shape)| is_layer_beside(name, shape, prefix)))
    });
    for (prefix, values) in likely.take(MOST) {
        let within_another = found.iter().any(|(outer, ..)| prefix.starts_with(outer));
        if !within_another && let Some(own_aside) = beside_network(&below(shapes, &prefix), &is_network) {
            found.push((prefix, values, own_aside));
        }
    }
    found.sort_by(|(a, values_a, _), (b, values_b, _)| {
        is_copy(a).cmp(&is_copy(b)).then(values_b.cmp(values_a)).then_with(|| a.cmp(b))
    });
    let mut found = found.into_iter();
    let (prefix, _, own_aside) = found.next()?;
    Some(Part { prefix, others: found.map(|(other, ..)| other).collect(), own_aside })
}

/// Of parts that all have the same tensors, as copies of one network do, the one that is no copy by its name, whether it is
/// known or not: what is wrong with it is wrong with each.
pub(super) fn of_copies(shapes: &TensorShapes) -> Option<Part> {
    let mut prefixes = networks_side_by_side(shapes);
    prefixes.sort_by_key(|prefix| is_copy(prefix));
    let (first, others) = prefixes.split_first()?;
    let own = below(shapes, first);
    let copies = others.iter().all(|other| below(shapes, other) == own);
    copies.then(|| Part { prefix: first.clone(), others: others.to_vec(), own_aside: BTreeSet::new() })
}

/// The part of this name, without a dot at its end, whatever it holds; nothing when no tensor's name begins like that. The
/// name may begin with the prefixes that were peeled off all names.
pub(super) fn named(
    shapes: &TensorShapes,
    name: &str,
    peeled: &[String],
    usual: Option<&Part>,
    is_network: impl Fn(&TensorShapes) -> bool,
) -> Option<Part> {
    let whole = format!("{name}.");
    let starts = (0..=peeled.len()).map(|from| peeled[from..].concat());
    let prefixes = starts.filter_map(|start| whole.strip_prefix(&start)).filter(|prefix| !prefix.is_empty());
    let prefix = prefixes.into_iter().find(|prefix| shapes.keys().any(|tensor| tensor.starts_with(prefix)))?.to_owned();
    let usual = usual.into_iter().flat_map(|part| [&part.prefix].into_iter().chain(&part.others));
    let others = usual.filter(|other| !other.is_empty() && **other != prefix).cloned().collect();
    let own_aside = beside_network(&below(shapes, &prefix), is_network).into_iter().flatten().collect();
    Some(Part { prefix, others, own_aside })
}

/// The tensors without which these are a network: none, or those that belong to no module. Nothing when they are no network.
fn beside_network(shapes: &TensorShapes, is_network: impl Fn(&TensorShapes) -> bool) -> Option<BTreeSet<String>> {
    if is_network(shapes) {
        return Some(BTreeSet::new());
    }
    // What layers hold themselves where a module is one.
    let of_layer = |name: &str| ["weight", "bias", "running_"].iter().any(|start| name.starts_with(start));
    let (loose, rest): (TensorShapes, TensorShapes) =
        shapes.clone().into_iter().partition(|(name, _)| !name.contains('.') && !of_layer(name));
    (!loose.is_empty() && is_network(&rest)).then(|| loose.into_keys().collect())
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
    segments(prefix).any(|segment| COPIES.contains(&segment) || follows_another(segment))
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
        let others = others.iter().map(|&other| other.to_owned()).collect();
        Some(Part { prefix: prefix.to_owned(), others, own_aside: BTreeSet::new() })
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
    fn networks_side_by_side_are_parts_though_their_widths_follow_one_another() {
        let layer = |name: &str, shape: [usize; 2]| {
            let tensors = [("weight", shape.to_vec()), ("bias", vec![shape[0]])];
            tensors.map(|(tensor, shape)| (format!("{name}.{tensor}"), shape)).into_iter().collect::<TensorShapes>()
        };
        let two = |a: &str, b: &str, shapes: [[usize; 2]; 4]| {
            let names = [(a, 0), (a, 2), (b, 0), (b, 2)].map(|(module, place)| format!("{module}.{place}"));
            let layers: Vec<TensorShapes> = names.iter().zip(shapes).map(|(name, shape)| layer(name, shape)).collect();
            chosen(&layers)
        };
        let same = [[64, 4], [4, 64], [64, 4], [4, 64]];
        assert_eq!(two("gen", "dis", [[64, 16], [784, 64], [8, 784], [1, 8]]), part("gen.", &["dis."]));
        assert_eq!(two("actor_target", "actor", same), part("actor.", &["actor_target."]));
        assert_eq!(two("netA", "netB", same), part("netA.", &["netB."]));
        assert_eq!(two("features", "classifier", same), part("", &[]));
    }

    #[test]
    fn of_copies_that_are_no_network_that_is_known_the_error_is_of_one() {
        let conv = |name: &str| TensorShapes::from([(name.to_owned(), vec![4, 3, 6, 6])]);
        let names = ["target.0.weight", "target.2.weight", "online.0.weight", "online.2.weight"];
        let shapes: TensorShapes = names.into_iter().flat_map(conv).collect();
        assert_eq!(of_copies(&shapes), part("online.", &["target."]));
        assert_eq!(of_copies(&shapes.into_iter().chain(conv("head.weight")).collect()), None);
    }

    #[test]
    fn a_small_part_under_a_name_without_a_meaning_is_no_network() {
        let head: Architecture = Mlp::new(4, &[], 2).into();
        let body = TensorShapes::from([("rnn.weight_hh_l0".to_owned(), vec![40, 40])]);
        assert_eq!(chosen(&[under("decision.", &head), body]), None);
    }

    #[test]
    fn what_belongs_to_no_module_does_not_hide_a_network() {
        let agent = Mlp::new(4, &[8], 2).into();
        let loose = |name: &str| TensorShapes::from([(name.to_owned(), vec![2])]);
        let aside = |name: &str| BTreeSet::from([name.to_owned()]);
        assert!(Architecture::infer(&under("", &agent).into_iter().chain(loose("log_std")).collect()).is_err());
        let whole = chosen(&[under("", &agent), loose("log_std")]).unwrap();
        assert_eq!((whole.prefix.as_str(), whole.own_aside), ("", aside("log_std")));
        let within = chosen(&[under("actor.", &agent), loose("actor.log_std"), loose("other.gate")]).unwrap();
        assert_eq!((within.prefix.as_str(), within.own_aside), ("actor.", aside("log_std")));
        // What layers hold themselves is part of what is computed.
        assert_eq!(chosen(&[under("", &agent), loose("weight_ih_l0")]), None);
    }

    #[test]
    fn a_part_is_named_as_it_stands_or_as_it_was_before_peeling() {
        let resnet: Architecture = Resnet::resnet18_cifar(2, 3, 10).into();
        let moco = [under("encoder_q.", &resnet), under("encoder_k.", &resnet)];
        let shapes: TensorShapes = moco.into_iter().flatten().collect();
        let fits = |shapes: &TensorShapes| fits(&resnet, shapes);
        let usual = choose(&shapes, fits);
        let peeled = ["state_dict".to_owned(), "module.".to_owned()];
        let named = |name| named(&shapes, name, &peeled, usual.as_ref(), fits);
        assert_eq!(named("encoder_k"), part("encoder_k.", &["encoder_q."]));
        assert_eq!(named("module.encoder_k"), named("encoder_k"));
        assert_eq!(named("encoder_q"), part("encoder_q.", &["encoder_k."]));
        assert_eq!(named("encoder"), None);
        // A part that is no network by itself is taken all the same: what it lacks is said when it is loaded.
        assert_eq!(named("encoder_q.layer1").unwrap().prefix, "encoder_q.layer1.");
    }
}
