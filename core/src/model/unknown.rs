//! What is said of tensors that no family knows.

use super::{InferenceError, TensorShapes};
use crate::names::natural_order;

/// How many tensors are named.
const NAMED: usize = 4;

/// What optimizers keep of each parameter.
const OPTIMIZER: [&str; 8] =
    ["exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "square_avg", "step", "sum", "acc_delta"];

/// That no family knows these tensors, with the first that no chain of layers has, where there is one.
pub(super) fn unknown(shapes: &TensorShapes, known: &[&str]) -> InferenceError {
    let own = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    if !shapes.is_empty() && shapes.keys().all(|name| OPTIMIZER.contains(&own(name).as_str())) {
        return InferenceError::Optimizer { seen: sample_of(shapes) };
    }
    let foreign = shapes.iter().find_map(|(name, shape)| Some((name, foreign(name, shape, shapes)?)));
    let foreign = foreign.map_or_else(String::new, |(name, what)| format!(", of which {name} is of {what}"));
    InferenceError::Unknown { seen: format!("{}{foreign}", sample_of(shapes)), known: known.join(", ") }
}

/// What kind of module a tensor is of that no network here has.
fn foreign(name: &str, shape: &[usize], shapes: &TensorShapes) -> Option<&'static str> {
    let (module, own) = name.rsplit_once('.').unwrap_or(("", name));
    let beside = |own: &str| shapes.contains_key(&format!("{module}.{own}"));
    let lower = module.to_ascii_lowercase();
    let last = lower.rsplit('.').next().unwrap_or("");
    Some(match (own, shape) {
        _ if own.starts_with("weight_ih_l") || own.starts_with("weight_hh_l") => "a recurrent layer",
        ("weight_ih" | "weight_hh", _) => "a recurrent cell",
        ("in_proj_weight", _) => "attention",
        _ if lower.split('.').any(|part| ["attn", "attention", "self_attn", "self_attention"].contains(&part)) => {
            "attention"
        }
        ("spline_weight" | "spline_scaler" | "grid", _) => "a layer of splines",
        ("weight_g" | "weight_v" | "weight_orig" | "weight_u", _) => "a reparametrised layer",
        _ if lower.split('.').any(|part| part == "parametrizations") => "a reparametrised layer",
        _ if name.contains("_packed_params") => "a quantised layer",
        ("weight", [_, _]) if !beside("bias") && (last.contains("emb") || last.contains("wte")) => "an embedding",
        ("weight", [_, _, _]) => "a one-dimensional convolution",
        ("weight", [_, _, _, _, _]) => "a three-dimensional convolution",
        ("weight", [_, _, rows, columns]) if rows != columns => "a convolution whose kernel is no square",
        _ => return None,
    })
}

/// The first tensors with their shapes, in the order in which people count.
fn sample_of(shapes: &TensorShapes) -> String {
    let mut names: Vec<_> = shapes.iter().collect();
    names.sort_by(|(a, _), (b, _)| natural_order(a, b));
    let named: Vec<String> = names.iter().take(NAMED).map(|(name, shape)| format!("{name} {shape:?}")).collect();
    match names.len().saturating_sub(named.len()) {
        0 if named.is_empty() => "none".to_owned(),
        0 => named.join(", "),
        rest => format!("{} and {rest} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(tensors: &[(&str, &[usize])]) -> String {
        let shapes = tensors.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec())).collect();
        unknown(&shapes, &["ResNet", "MLP"]).to_string()
    }

    #[test]
    fn the_module_that_is_not_known_is_named() {
        let recurrent = said(&[("emb.weight", &[9, 4]), ("rnn.weight_ih_l0", &[16, 4]), ("fc.weight", &[2, 4])]);
        assert_eq!(
            recurrent,
            "no known architecture has these tensors: found emb.weight [9, 4], fc.weight [2, 4], rnn.weight_ih_l0 [16, 4], of \
             which emb.weight is of an embedding; known are ResNet, MLP; compare its layers exported as activations instead"
        );
        assert!(said(&[("conv.weight", &[8, 4, 3])]).contains("conv.weight is of a one-dimensional convolution"));
        assert!(said(&[("lstm.weight_hh_l0", &[8, 4])]).contains("lstm.weight_hh_l0 is of a recurrent layer"));
        assert!(!said(&[("a.scale", &[8])]).contains("of which"));
    }

    #[test]
    fn an_optimizer_is_called_one() {
        let said = said(&[("0.step", &[]), ("0.exp_avg", &[8, 4]), ("0.exp_avg_sq", &[8, 4])]);
        assert!(said.starts_with("this is an optimizer's state without the weights of a network"), "{said}");
    }
}
