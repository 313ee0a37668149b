//! What names of modules say of their place in a network: which stand side by side, and which are networks of their own.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::TensorShapes;

/// Words of networks that are trained against each other, or one to judge the other.
const OPPOSED: [(&[&str], &[&str]); 2] = [
    (&["generator", "gen", "g"], &["discriminator", "discrim", "disc", "dis", "d", "critic"]),
    (&["actor", "policy", "pi"], &["critic", "value", "v", "vf", "q", "qf", "baseline"]),
];
/// Words of copies of a network, and of those that are copied.
const FOLLOWING: [&str; 8] = ["target", "targ", "tgt", "teacher", "ema", "momentum", "old", "frozen"];
const LEADING: [&str; 9] = ["online", "local", "main", "eval", "student", "current", "policy", "q", "net"];
/// Words of networks of which there may be several alike, told by a number or a letter.
const ALIKE: [&str; 18] = [
    "actor",
    "agent",
    "branch",
    "critic",
    "d",
    "discriminator",
    "expert",
    "g",
    "generator",
    "model",
    "net",
    "network",
    "policy",
    "q",
    "qf",
    "subnet",
    "tower",
    "vf",
];

/// The words of a module's name in lower case: `fc_logVar2` → fc, log, var, 2.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last: Option<char> = None;
    for letter in name.chars() {
        let starts = last.is_none_or(|last| {
            !last.is_ascii_alphanumeric()
                || last.is_ascii_digit() != letter.is_ascii_digit()
                || (last.is_ascii_lowercase() && letter.is_ascii_uppercase())
        });
        if letter.is_ascii_alphanumeric() {
            let small = letter.to_ascii_lowercase();
            match words.last_mut().filter(|_| !starts) {
                Some(word) => word.push(small),
                None => words.push(small.to_string()),
            }
        }
        last = Some(letter);
    }
    words
}

/// Whether any of the words is one of these.
pub(super) fn has(words: &[String], known: &[&str]) -> bool {
    words.iter().any(|word| known.contains(&word.as_str()))
}

/// Whether one has a word of the first list and none of the second, and the other the opposite.
pub(super) fn opposed(a: &[String], b: &[String], (first, second): (&[&str], &[&str])) -> bool {
    let is = |words: &[String], own: &[&str], other: &[&str]| has(words, own) && !has(words, other);
    (is(a, first, second) && is(b, second, first)) || (is(b, first, second) && is(a, second, first))
}

/// Whether names differ only in the number or the letter at their end.
pub(super) fn differ_at_end(a: &[String], b: &[String]) -> bool {
    let mark = |word: &String| word.len() == 1 || word.bytes().all(|byte| byte.is_ascii_digit());
    match (a.split_last(), b.split_last()) {
        (Some((a, a_stem)), Some((b, b_stem))) => {
            !a_stem.is_empty() && a_stem == b_stem && a != b && mark(a) && mark(b)
        }
        _ => false,
    }
}

/// Whether a module is called as copies are that follow another network: `actor_target`.
pub(crate) fn follows_another(module: &str) -> bool {
    has(&words(module), &FOLLOWING)
}

/// What the names of networks begin with that a file holds side by side, each of two layers or more, and nothing else:
/// `generator.` and `discriminator.`, `actor.` and `actor_target.`; none where it is one network by its names.
pub(crate) fn networks_side_by_side(shapes: &TensorShapes) -> Vec<String> {
    let layers: Vec<(&str, &[usize])> = shapes
        .iter()
        .filter(|(_, shape)| shape.len() > 1)
        .map(|(name, shape)| (name.as_str(), shape.as_slice()))
        .collect();
    let within = common_module(layers.iter().map(|(name, _)| *name));
    let mut modules: IndexMap<&str, Vec<(&str, &[usize])>> = IndexMap::new();
    for (name, shape) in layers {
        // A layer beside modules may belong to any of them.
        let Some((module, rest)) = name[within.len()..].split_once('.').filter(|(_, rest)| rest.contains('.')) else {
            return Vec::new();
        };
        modules.entry(module).or_default().push((rest, shape));
    }
    let of_its_own = |own: &str, layers: &[(&str, &[usize])]| {
        let others = modules.iter().filter(|(other, _)| **other != own);
        layers.len() > 1 && others.into_iter().any(|(other, others)| apart(own, other, layers == others))
    };
    if modules.len() < 2 || !modules.iter().all(|(own, layers)| of_its_own(own, layers)) {
        return Vec::new();
    }
    modules.keys().map(|module| format!("{within}{module}.")).collect()
}

/// Whether two modules are networks of their own by their names and by whether they hold the same layers.
fn apart(a: &str, b: &str, same: bool) -> bool {
    let (a, b) = (words(a), words(b));
    let copies = has(&a, &FOLLOWING) != has(&b, &FOLLOWING) && (same || has(&a, &LEADING) || has(&b, &LEADING));
    let alike = same && differ_at_end(&a, &b) && has(&a, &ALIKE);
    copies || alike || OPPOSED.into_iter().any(|pair| opposed(&a, &b, pair))
}

/// The module that holds all of these, with the dot at its end.
fn common_module<'a>(names: impl Iterator<Item = &'a str>) -> &'a str {
    let module = |name: &'a str| &name[..name.rfind('.').map_or(0, |end| end + 1)];
    let mut names = names;
    let Some(mut common) = names.next().map(module) else { return "" };
    for name in names {
        while !name.starts_with(common) {
            common = module(&common[..common.len().saturating_sub(1)]);
        }
    }
    common
}

/// The modules that are named, each once, for a sentence.
pub(super) fn listed(modules: &[String]) -> String {
    let names: BTreeSet<&str> = modules.iter().map(|module| module.trim_end_matches('.')).collect();
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| modules.iter().position(|module| module.trim_end_matches('.') == *name));
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side_by_side(layers: &[(&str, [usize; 2])]) -> Vec<String> {
        let shapes = layers.iter().map(|(name, shape)| (format!("{name}.weight"), shape.to_vec())).collect();
        networks_side_by_side(&shapes)
    }

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("fc_logVar2"), ["fc", "log", "var", "2"]);
        assert_eq!(words("netG"), ["net", "g"]);
        assert_eq!(words("DQN"), ["dqn"]);
        assert!(differ_at_end(&words("netA"), &words("netB")) && !differ_at_end(&words("a"), &words("b")));
    }

    #[test]
    fn networks_of_their_own_are_told_by_their_names() {
        let two = |a: &str, b: &str, last: [usize; 2]| {
            let name = |module: &str, layer: usize| format!("{module}.{layer}");
            let names = [name(a, 0), name(a, 2), name(b, 0), name(b, 2)];
            let shapes = [[8, 4], [4, 8], [8, 4], last];
            let layers: Vec<(&str, [usize; 2])> = names.iter().map(String::as_str).zip(shapes).collect();
            !side_by_side(&layers).is_empty()
        };
        for (a, b) in [("generator", "discriminator"), ("gen", "dis"), ("actor", "critic"), ("policy", "value_net")] {
            assert!(two(a, b, [1, 8]), "{a} {b}");
        }
        for (a, b) in [("netA", "netB"), ("actor", "actor_target"), ("online", "target"), ("q1", "q2")] {
            assert!(two(a, b, [4, 8]), "{a} {b}");
        }
        for (a, b) in [("encoder", "decoder"), ("features", "classifier"), ("backbone", "head"), ("block1", "block2")] {
            assert!(!two(a, b, [4, 8]), "{a} {b}");
        }
        let nested = [("m.actor.0", [8, 4]), ("m.actor.2", [4, 8]), ("m.critic.0", [8, 4]), ("m.critic.2", [1, 8])];
        assert_eq!(side_by_side(&nested), ["m.actor.", "m.critic."]);
        // Heads of a network that is shared.
        let shared = [&[("m.fc", [4, 4])], &nested[..]].concat();
        assert_eq!(side_by_side(&shared), Vec::<String>::new());
    }
}
