//! Values of measures, for the tests of this module.

use super::{AnyPair, Measure, Pair, Question, Samples, registry};
use crate::layer::{Layer, Reason, sample};

pub(super) use crate::layer::sample::{generator, layer, normal};

/// Samples without labels.
pub(super) fn samples(rows: usize) -> Samples {
    let ids = sample::representation(rows, 1, crate::activation::Matrix::F64(Vec::new())).samples;
    Samples { ids, labels: None, classes: Vec::new() }
}

/// The measure's value for two layers.
pub(super) fn value(measure: &impl Pair, a: &Layer, b: &Layer) -> Result<f64, Reason> {
    let samples = samples(a.facts.samples);
    Pair::compare(measure, &Pair::prepare(measure, a, &samples)?, &Pair::prepare(measure, b, &samples)?)
}

/// The value of a measure of the registry for two layers.
pub(super) fn outcome(measure: &Measure, a: &Layer, b: &Layer) -> Result<f64, Reason> {
    measure.accept(a)?;
    measure.accept(b)?;
    let (pair, samples) = (pair(measure), samples(a.facts.samples));
    pair.compare(&pair.prepare(a, &samples)?, &pair.prepare(b, &samples)?)
}

pub(super) fn pair(measure: &Measure) -> &dyn AnyPair {
    match &measure.question {
        Question::Pair(pair) => &**pair,
        _ => panic!("{} does not take two layers", measure.id),
    }
}

/// All measures of two layers, with their usual parameters.
pub(super) fn pairs() -> Vec<Measure> {
    let all = registry().iter().map(|entry| entry.usual().unwrap());
    all.filter(|measure| matches!(measure.question, Question::Pair(_))).collect()
}
