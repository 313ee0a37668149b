//! What follows hidden layers: what names say of it, what a user said, and how it is put into words.

use super::chain::gap;
use super::roles::{has, words};
use super::{Activation, Assumption, InferenceError, Said, modules};

/// The last layer of an encoder, which a decoder follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    /// Its place among the layers.
    pub(super) place: usize,
    /// Whether its activation is left out where nothing is said: the modules are called just encoder and decoder, and the
    /// encoder has other layers, without which it would be a product of matrices with the decoder's first.
    is_usually_plain: bool,
}

/// The code among these layers.
pub(super) fn code_of(names: &[&str]) -> Option<Code> {
    let sides = names.array_windows().map(|[a, b]| {
        let (mut a, mut b) = (a.split('.'), b.split('.'));
        let (a, b) = a.by_ref().zip(b.by_ref()).find(|(a, b)| a != b)?;
        let is_code = has(&words(a), &["encoder", "encode", "enc"]) && has(&words(b), &["decoder", "decode", "dec"]);
        is_code.then_some((a, b) == ("encoder", "decoder"))
    });
    let (place, plain) = sides.enumerate().find_map(|(place, side)| Some((place, side?)))?;
    Some(Code { place, is_usually_plain: plain && place > 0 })
}

/// Whether each layer but the last is followed by the next in the same sequence without room for an activation, where so many
/// modules stand between them anyway. Where that is so of all, they are a list, and what stands between them is not in it.
pub(super) fn without_room(names: &[&str], between: &[usize]) -> Vec<bool> {
    let room: Vec<Option<bool>> =
        names.array_windows().zip(between).map(|([a, b], between)| gap(a, b).map(|gap| gap > 1 + between)).collect();
    let is_list = !room.contains(&Some(true));
    room.into_iter().map(|room| room == Some(false) && !is_list).collect()
}

/// What follows all hidden layers that have nothing of their own, in the order of their `names`, by what was said: one for
/// all, or one for each, joined by `+`. One for all is not put where there is no room, which is where a layer has an identity
/// of its own, unless there is only that layer.
///
/// # Errors
/// [`InferenceError::Choice`] when it cannot be read, or there are as many as there are not layers.
pub(super) fn said_activation(
    mut hidden: Vec<&mut Option<Activation>>,
    code: Option<Code>,
    names: &[&str],
    said: &Said<'_>,
) -> Result<Activation, InferenceError> {
    let count = hidden.len();
    let ids = format!(
        "one of {}, or one for each of {count} hidden layers joined by +",
        Activation::ids().collect::<Vec<_>>().join(", ")
    );
    let usual = Activation::Relu;
    match said.list::<Activation>("activation", &ids)?.as_deref() {
        None => {
            let positions = modules::activations_after(said.modules(), names)?;
            if let Some(code) = code.filter(|code| code.is_usually_plain)
                && let Some(own) = hidden.get_mut(code.place)
            {
                **own = Some(Activation::Identity);
            }
            for (index, own) in hidden.iter_mut().enumerate() {
                **own = positions.noted(index, **own);
            }
            Ok(positions.usual.unwrap_or(usual))
        }
        Some([one]) => {
            if let [own] = &mut hidden[..] {
                **own = None;
            }
            Ok(*one)
        }
        Some(each) if each.len() == count => {
            hidden.iter_mut().zip(each).for_each(|(own, activation)| **own = Some(*activation));
            Ok(each.first().copied().unwrap_or(usual))
        }
        Some(each) => Err(InferenceError::Choice {
            key: "activation".to_owned(),
            expected: ids,
            found: format!("{} of them", each.len()),
        }),
    }
}

/// What is assumed of the activations after hidden layers, which are called `layers`: `hidden layer`.
pub(super) fn activation_assumption(hidden: &[Activation], code: Option<Code>, layers: &str) -> Assumption {
    let listed = |hidden: &[Activation]| hidden.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
    let mut usual: Vec<String> = Activation::ids().map(str::to_owned).collect();
    let (value, sentence) = match common(hidden.iter().copied()) {
        Some(one) => (one.to_string(), format!("the activation after each {layers} is {}", one.describe())),
        None => {
            let each = hidden.iter().map(|one| one.describe()).collect::<Vec<_>>().join(", ");
            (listed(hidden), format!("the activations after each {layers} are {each}"))
        }
    };
    // All alike is said by one of them; the code alone without is a list.
    if let Some(code) = code
        && hidden.len() > 1
    {
        let mut plain = hidden.to_vec();
        if let Some(own) = plain.get_mut(code.place) {
            *own = Activation::Identity;
        }
        usual.push(listed(&plain));
    }
    usual.dedup();
    Assumption::new("activation", value, usual, sentence)
}

/// The activations after hidden layers in a few words: `ReLU`, `ReLU, code without activation`.
pub(super) fn describe_activations(hidden: &[Activation], code: Option<Code>) -> String {
    let [first, ..] = hidden else { return "linear".to_owned() };
    if hidden.iter().all(|other| other == first) {
        return first.describe();
    }
    let others =
        |place: usize| hidden.iter().enumerate().filter(move |(other, _)| *other != place).map(|(_, one)| *one);
    if let Some(Code { place, .. }) = code
        && let Some(rest) = common(others(place))
        && let Some(own) = hidden.get(place)
    {
        let own = if *own == Activation::Identity { "without activation".to_owned() } else { own.describe() };
        return format!("{}, code {own}", rest.describe());
    }
    let plain = hidden.iter().filter(|one| **one == Activation::Identity).count();
    match common(hidden.iter().copied().filter(|one| *one != Activation::Identity)) {
        Some(one) if plain > 0 => format!("{}, none after {plain} of {} layers", one.describe(), hidden.len()),
        _ => "mixed activations".to_owned(),
    }
}

/// The one that all of these are.
fn common(mut activations: impl Iterator<Item = Activation>) -> Option<Activation> {
    let first = activations.next()?;
    activations.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Choices, Modules};

    const RELU: Activation = Activation::Relu;
    const NONE: Activation = Activation::Identity;

    fn said_of(own: &mut [Option<Activation>], code: Option<Code>, text: &str) -> Result<Activation, InferenceError> {
        let choices: Choices = [("activation".to_owned(), text.to_owned())].into();
        let (choices, modules) = (if text.is_empty() { Choices::new() } else { choices }, Modules::new());
        said_activation(own.iter_mut().collect(), code, &[], &Said::new(&choices, &modules))
    }

    #[test]
    fn the_code_is_found_by_its_modules() {
        let place = |names: &[&str]| code_of(names).map(|code| (code.place, code.is_usually_plain));
        assert_eq!(place(&["encoder.0", "encoder.2", "decoder.0", "decoder.2"]), Some((1, true)));
        assert_eq!(place(&["encoder", "decoder"]), Some((0, false)));
        assert_eq!(place(&["enc1", "enc2", "dec1"]), Some((1, false)));
        assert_eq!(place(&["net.encoder.0", "net.encoder.1", "net.decoder.0"]), Some((1, true)));
        assert_eq!(place(&["fc1", "fc2"]), None);
    }

    #[test]
    fn what_is_said_holds_of_the_code_too() {
        let code = code_of(&["encoder.0", "encoder.2", "decoder.0", "decoder.2"]);
        let mut own = [None; 3];
        assert_eq!(said_of(&mut own, code, ""), Ok(RELU));
        assert_eq!(own, [None, Some(NONE), None]);
        let mut own = [None; 3];
        assert_eq!(said_of(&mut own, code, "tanh"), Ok(Activation::Tanh));
        assert_eq!(own, [None; 3]);
        assert_eq!(said_of(&mut own, code, "relu+identity+tanh"), Ok(RELU));
        assert_eq!(own, [Some(RELU), Some(NONE), Some(Activation::Tanh)]);
        let error = said_of(&mut own, code, "relu+relu").unwrap_err().to_string();
        assert!(error.contains("one for each of 3 hidden layers") && error.contains("2 of them"), "{error}");
    }

    #[test]
    fn one_for_all_is_not_put_where_there_is_no_room_but_for_the_only_layer() {
        let mut own = [None, Some(NONE)];
        assert_eq!(said_of(&mut own, None, "tanh"), Ok(Activation::Tanh));
        assert_eq!(own, [None, Some(NONE)]);
        let mut only = [Some(NONE)];
        assert_eq!(said_of(&mut only, None, "tanh"), Ok(Activation::Tanh));
        assert_eq!(only, [None]);
    }

    #[test]
    fn room_is_told_by_numbers_in_a_sequence() {
        assert_eq!(without_room(&["n.0", "n.2", "n.3"], &[0, 0]), [false, true]);
        assert_eq!(without_room(&["n.0", "n.3", "n.5", "n.8"], &[1, 1, 1]), [false, true, false]);
        // A list.
        assert_eq!(without_room(&["n.0", "n.1", "n.2"], &[0, 0]), [false, false]);
    }

    #[test]
    fn words_and_values_say_what_is_run() {
        let code = code_of(&["encoder.0", "encoder.2", "decoder.0", "decoder.2"]);
        let told = |hidden: &[Activation], code| {
            let assumption = activation_assumption(hidden, code, "hidden layer");
            (describe_activations(hidden, code), assumption.value, assumption.usual.last().cloned().unwrap())
        };
        let three = |text: &str, value: &str, usual: &str| (text.to_owned(), value.to_owned(), usual.to_owned());
        let list = "relu+identity+relu";
        assert_eq!(told(&[RELU, NONE, RELU], code), three("ReLU, code without activation", list, list));
        assert_eq!(told(&[RELU; 3], code), three("ReLU", "relu", list));
        assert_eq!(told(&[NONE], None), three("no activation", "identity", "identity"));
        let tanh = Activation::Tanh;
        assert_eq!(told(&[RELU, NONE, tanh], None).0, "mixed activations");
        assert_eq!(told(&[RELU, NONE, RELU], None).0, "ReLU, none after 1 of 3 layers");
        assert_eq!(describe_activations(&[], None), "linear");
    }
}
