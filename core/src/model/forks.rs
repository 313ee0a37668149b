//! Layers whose widths would let them follow one another, and whose names say that they do not.

use std::collections::BTreeSet;

use super::layers::inconsistent;
use super::roles::{differ_at_end, has, listed, networks_side_by_side, opposed, words};
use super::{InferenceError, TensorShapes};

/// Words of layers that read the same values: mean and deviation, value and advantage, policy and value, keys and queries, the
/// gates of a recurrent cell, classes and domains, a gate and what it multiplies.
const SIDE_BY_SIDE: [(&[&str], &[&str]); 8] = [
    (&["mu", "mean", "means", "loc"], &["logvar", "logstd", "logsigma", "sigma", "std", "var", "variance", "scale"]),
    (&["value", "val", "v"], &["advantage", "adv", "a"]),
    (&["policy", "pi", "actor", "action", "actions"], &["value", "val", "v", "critic"]),
    (&["query", "queries", "q", "wq"], &["key", "keys", "k", "wk"]),
    (&["key", "keys", "k", "wk"], &["value", "values", "v", "wv"]),
    (&["class", "classes", "label", "task"], &["domain"]),
    (&["inverse"], &["forward"]),
    (&["decoder", "decode", "dec"], &["classifier", "classify", "clf", "cls", "discriminator", "regressor"]),
];
/// Letters at the end of the names of gates of one recurrent cell.
const CELLS: [(&[&str], &[&str]); 3] =
    [(&["z"], &["r", "h", "n"]), (&["r"], &["h", "n"]), (&["f"], &["i", "o", "g", "c"])];
/// Words of layers whose result is added to or multiplied with that of others.
const JOINED: [&str; 9] = ["gate", "gates", "gating", "highway", "skip", "shortcut", "residual", "bypass", "lora"];
/// Words of modules that read what others yield, each for itself.
const HEADS: [&str; 2] = ["head", "heads"];
/// The most layers with telling names that are held against each other.
const MOST: usize = 200;
/// Words of layers of which a second one is another's equal.
const EQUALS: [&str; 9] = ["branch", "classifier", "critic", "expert", "q", "qf", "stream", "tower", "vf"];

/// A layer with weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) name: &'a str,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

/// Refuses layers that are several networks, a fork, or joined otherwise than one after the other, by their names.
///
/// # Errors
/// [`InferenceError::Inconsistent`] naming the modules.
pub(super) fn check(family: &'static str, layers: &[Reader<'_>], shapes: &TensorShapes) -> Result<(), InferenceError> {
    let networks = networks_side_by_side(shapes);
    if !networks.is_empty() {
        let found = "networks of their own; choose one of them by --part NAME (Part on the page)";
        return Err(inconsistent(family, listed(&networks), "one network", found));
    }
    let expected = "layers of which each reads only what the one before yields";
    if let Some((a, b)) = fork(layers) {
        let found = format!("{a} and {b}, which by their names read the same; {EXPORT}");
        return Err(inconsistent(family, b, expected, found));
    }
    if let Some(name) = joined(layers) {
        let found = format!("one whose result by its name is joined with that of others; {EXPORT}");
        return Err(inconsistent(family, name, expected, found));
    }
    Ok(())
}

/// The way that is open to networks which cannot be run here.
pub(super) const EXPORT: &str = "compare layers exported as activations instead";

/// Two modules whose names say that they read the same.
fn fork(layers: &[Reader<'_>]) -> Option<(String, String)> {
    let telling = layers.iter().map(|layer| (layer, words(layer.name))).filter(|(_, words)| tells(words));
    let telling: Vec<_> = telling.take(MOST).collect();
    telling.iter().enumerate().find_map(|(place, (b, other))| {
        let a = telling[..place].iter().find(|(a, own)| {
            let pair = SIDE_BY_SIDE.into_iter().any(|pair| opposed(own, other, pair));
            pair || heads(a, b) || (a.inputs == b.inputs && equals(a, b, &telling))
        })?;
        Some(parted(a.0.name, b.name))
    })
}

/// Whether any of the words may say that a layer is one side of a fork.
fn tells(words: &[String]) -> bool {
    let pairs = SIDE_BY_SIDE.into_iter().chain(CELLS);
    has(words, &HEADS) || has(words, &EQUALS) || pairs.into_iter().any(|(a, b)| has(words, a) || has(words, b))
}

/// Whether two layers are heads of their own: modules beside each other that are called so.
fn heads(a: &Reader<'_>, b: &Reader<'_>) -> bool {
    let (a, b) = parted(a.name, b.name);
    let (a, b) = (last(&a), last(&b));
    let is_head = |name: &str| has(&words(name), &HEADS);
    a != b && is_head(a) && is_head(b)
}

/// Whether two layers that read equally many values are gates of a cell, or twins: `W_z` and `W_r`, `q1` and `q2`. More than
/// two may be the layers of one network.
fn equals(a: &Reader<'_>, b: &Reader<'_>, telling: &[(&Reader<'_>, Vec<String>)]) -> bool {
    let ends = |a: &Reader<'_>, b: &Reader<'_>| {
        let (own, other) = parted(a.name, b.name);
        let (own, other) = (words(last(&own)), words(last(&other)));
        differ_at_end(&own, &other).then_some((own, other))
    };
    let Some((own, other)) = ends(a, b) else { return false };
    let end = |words: &[String]| words.last().cloned().into_iter().collect::<Vec<_>>();
    let cell = CELLS.into_iter().any(|pair| opposed(&end(&own), &end(&other), pair));
    let third = || telling.iter().any(|(c, _)| ends(a, c).is_some_and(|(_, third)| third != other));
    cell || (a.outputs == b.outputs && has(&own, &EQUALS) && !third())
}

/// A layer whose name says that its result is joined with others, where not all are called so.
fn joined<'a>(layers: &[Reader<'a>]) -> Option<&'a str> {
    let is = |layer: &&Reader<'a>| has(&words(layer.name), &JOINED) || is_low_rank(layer.name, layers);
    let found = layers.iter().find(is)?;
    layers.iter().any(|layer| !is(&layer)).then_some(found.name)
}

/// Whether a layer is a factor of what is added to another: `fc2_A` and `fc2_B` beside `fc2`.
fn is_low_rank(name: &str, layers: &[Reader<'_>]) -> bool {
    let base = |name: &str| Some(name.strip_suffix("_A").or_else(|| name.strip_suffix("_B"))?.to_owned());
    base(name).is_some_and(|base| layers.iter().any(|layer| layer.name == base))
}

/// The names up to the first segment in which they differ.
fn parted(a: &str, b: &str) -> (String, String) {
    let (a_parts, b_parts): (Vec<&str>, Vec<&str>) = (a.split('.').collect(), b.split('.').collect());
    let same = a_parts.iter().zip(&b_parts).take_while(|(a, b)| a == b).count();
    let upto = |parts: &[&str]| parts[..parts.len().min(same + 1)].join(".");
    (upto(&a_parts), upto(&b_parts))
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Of layers in the order of the file the first that does not read what the one before yields, but what an earlier one
/// does: that one, the layer before, and the one that both read.
pub(super) fn common_source<'a>(layers: &[Reader<'a>]) -> Option<(&'a str, &'a str, &'a str)> {
    let broken = layers.array_windows().position(|[a, b]| a.outputs != b.inputs)? + 1;
    let source = layers[..broken - 1].iter().rposition(|layer| layer.outputs == layers[broken].inputs)?;
    let distinct: BTreeSet<&str> = [source, source + 1, broken].map(|index| layers[index].name).into();
    (distinct.len() == 3).then_some((layers[broken].name, layers[source + 1].name, layers[source].name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(layers: &[(&str, [usize; 2])]) -> Option<String> {
        let shapes = layers.iter().map(|(name, shape)| (format!("{name}.weight"), shape.to_vec())).collect();
        let readers: Vec<Reader<'_>> =
            layers.iter().map(|&(name, [outputs, inputs])| Reader { name, inputs, outputs }).collect();
        check("MLP", &readers, &shapes).err().map(|error| error.to_string())
    }

    #[test]
    fn names_of_forks_gates_and_sums_are_refused() {
        let square = |names: &[&str]| {
            let layers: Vec<(&str, [usize; 2])> = names.iter().map(|name| (*name, [8, 8])).collect();
            refused(&layers)
        };
        for names in [
            &["fc1", "fc_mu", "fc_logvar", "fc3"][..],
            &["encoder.0", "mean_layer", "log_var_layer", "decoder.0"],
            &["fc1", "value", "advantage"],
            &["shared", "policy_head", "value"],
            &["fc1", "W_q", "W_k", "W_v"],
            &["inp", "query", "key", "value"],
            &["W_z", "W_r", "W_h"],
            &["fc1", "transform", "gate", "fc2"],
            &["fc1", "fc2", "skip", "fc3"],
            &["fc1", "fc2", "fc2_A", "fc2_B"],
            &["shared", "head1", "head2"],
            &["fc1", "q1", "q2"],
            &["f.0", "class_classifier.0", "domain_classifier.0"],
            &["encoder.0", "decoder.0", "classifier"],
        ] {
            let sentence = square(names).unwrap_or_else(|| panic!("{names:?}"));
            assert!(sentence.ends_with(EXPORT), "{sentence}");
        }
        for names in [
            &["fc1", "fc2", "fc3"][..],
            &["in_proj", "trunk", "middle", "answer"],
            &["i", "h", "o"],
            &["encoder.0", "encoder.2", "projector.0", "predictor.0"],
            &["encoder.0", "decoder.0", "output"],
            &["f.0", "f.2", "g.0", "g.2"],
            &["head.0", "head.2"],
            &["value.0", "value.2", "value.4"],
            &["gate.0", "gate.2"],
        ] {
            assert_eq!(square(names), None, "{names:?}");
        }
    }

    #[test]
    fn sentences_name_what_stands_side_by_side() {
        let vae = [("fc1", [8, 4]), ("fc_mu", [8, 8]), ("fc_logvar", [8, 8])];
        assert_eq!(
            refused(&vae).unwrap(),
            "this looks like a MLP, but fc_logvar does not fit: expected layers of which each reads only what the one before \
             yields, found fc_mu and fc_logvar, which by their names read the same; compare layers exported as activations \
             instead"
        );
        let gan = [("gen.0", [8, 4]), ("gen.2", [9, 8]), ("dis.0", [8, 9]), ("dis.2", [1, 8])];
        let sentence = refused(&gan).unwrap();
        assert!(sentence.contains("gen and dis does not fit") && sentence.contains("--part NAME"), "{sentence}");
    }

    #[test]
    fn the_layer_that_two_read_is_found() {
        let layer = |name, inputs, outputs| Reader { name, inputs, outputs };
        let trunk = [layer("conv1", 3, 8), layer("conv2", 8, 16), layer("act", 16, 4), layer("val", 16, 2)];
        assert_eq!(common_source(&trunk), Some(("val", "act", "conv2")));
        assert_eq!(common_source(&trunk[..3]), None);
        assert_eq!(common_source(&[layer("a", 3, 8), layer("b", 4, 8)]), None);
    }
}
