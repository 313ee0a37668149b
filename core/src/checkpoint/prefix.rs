//! Prefixes that wrappers of modules put before every name.

use super::tensor::Stored;

/// `DataParallel`, Lightning modules and others that hold the network as an attribute, `torch.compile`.
const PREFIXES: [&str; 7] = ["module.", "model.", "net.", "network.", "_orig_mod.", "encoder.", "backbone."];

/// Peels prefixes off that every tensor carries, as long as there are any. Returns them from the outermost on.
pub(super) fn peel(tensors: &mut [Stored<'_>]) -> Vec<String> {
    let mut peeled = Vec::new();
    while let Some(prefix) = PREFIXES.iter().find(|prefix| carried_by_all(tensors, prefix)) {
        for tensor in tensors.iter_mut() {
            tensor.name.drain(..prefix.len());
        }
        peeled.push((*prefix).to_owned());
    }
    peeled
}

fn carried_by_all(tensors: &[Stored<'_>], prefix: &str) -> bool {
    let carried = |tensor: &Stored<'_>| tensor.name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
    !tensors.is_empty() && tensors.iter().all(carried)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::super::tensor::{Element, Precision, Values};
    use super::*;

    fn peeled(names: &[&str]) -> (Vec<String>, Vec<String>) {
        let mut tensors: Vec<_> = names
            .iter()
            .map(|name| Stored {
                name: (*name).to_owned(),
                element: Element::Float(Precision::F32),
                shape: vec![],
                length: 4,
                values: Values::Here(Cow::Borrowed(&[0; 4])),
            })
            .collect();
        let prefixes = peel(&mut tensors);
        (prefixes, tensors.into_iter().map(|tensor| tensor.name).collect())
    }

    #[test]
    fn prefixes_of_all_names_are_peeled_repeatedly() {
        let (prefixes, names) = peeled(&["module._orig_mod.fc.bias", "module._orig_mod.fc.weight"]);
        assert_eq!(prefixes, ["module.", "_orig_mod."]);
        assert_eq!(names, ["fc.bias", "fc.weight"]);
    }

    #[test]
    fn a_prefix_of_some_names_stays() {
        let (prefixes, names) = peeled(&["model.fc.weight", "head.weight"]);
        assert!(prefixes.is_empty());
        assert_eq!(names, ["model.fc.weight", "head.weight"]);
        assert_eq!(peeled(&["modular.w"]).0, Vec::<String>::new());
        assert_eq!(peeled(&["model."]).0, Vec::<String>::new());
    }
}
