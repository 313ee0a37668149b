//! Whether a network computes what the modules of its file say.

use super::Modules;
use crate::model::{Choices, Graph, InferenceError, Operation};

/// Refuses a network whose layers are computed otherwise than the modules of the same names say, but for what a user said.
///
/// # Errors
/// [`InferenceError::Module`], naming the first that differs.
pub(in crate::model) fn agreement(modules: &Modules, graph: &Graph, choices: &Choices) -> Result<(), InferenceError> {
    let said = |key: &str| choices.keys().any(|own| own.contains(key));
    for node in &graph.nodes {
        let (name, attributes) = match &node.operation {
            Operation::Conv2d { name, stride, padding, dilation, groups, .. } => {
                let attributes =
                    [("stride", *stride), ("padding", *padding), ("dilation", *dilation), ("groups", *groups)];
                (name, attributes.map(|(attribute, number)| (attribute, number as f64)).to_vec())
            }
            Operation::BatchNorm { name, epsilon } => (name, vec![("epsilon", *epsilon)]),
            Operation::GroupNorm { name, groups, epsilon } => {
                let mut attributes = vec![("epsilon", *epsilon)];
                if modules.get(name).is_some_and(|module| module.class == "GroupNorm") {
                    attributes.push(("groups", *groups as f64));
                }
                (name, attributes)
            }
            _ => continue,
        };
        let Some(module) = modules.get(name) else { continue };
        for (attribute, number) in attributes.into_iter().filter(|(attribute, _)| !said(attribute)) {
            let (own, found) = match attribute {
                "padding" => (attribute, module.padding().map(|padding| padding as f64)),
                "epsilon" => ("eps", module.first("eps")),
                "groups" if module.class == "GroupNorm" => ("num_groups", module.first("num_groups")),
                _ => (attribute, module.first(attribute)),
            };
            if let Some(found) = found.filter(|found| *found != number) {
                return Err(InferenceError::Module {
                    part: name.clone(),
                    expected: format!("{own}={number} there"),
                    found: format!("{own}={found}"),
                });
            }
        }
    }
    Ok(())
}
