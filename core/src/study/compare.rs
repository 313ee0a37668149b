//! A study from beginning to end.

use super::{Budget, Input, InputSpec, Study, StudyError, StudySpec, Watcher};
use crate::activation::Engine;
use crate::data::ProbeSet;

/// Compares inputs that are all there, under their own names: checks all of them, then adds one after the other.
///
/// # Errors
/// [`StudyError`].
pub async fn compare(
    inputs: &[Input],
    probe: Option<&ProbeSet>,
    spec: &StudySpec,
    budget: Budget,
    engine: &Engine,
    watcher: &impl Watcher,
) -> Result<Study, StudyError> {
    let listed = inputs.iter().map(|input| InputSpec::named(input.name())).collect();
    let mut study = Study::new(StudySpec { inputs: listed, ..spec.clone() }, probe, budget)?;
    let mut layers = Vec::new();
    for input in inputs {
        layers.push(study.expect(input)?.iter().map(|layer| layer.name.clone()).collect::<Vec<_>>());
    }
    for (input, layers) in layers.iter().enumerate() {
        watcher.layers(input, layers);
    }
    for input in inputs {
        study.add(input, engine, watcher).await?;
    }
    Ok(study)
}
