//! Values of measures, for the tests of this module.

use crate::layer::{Layer, Reason, sample};
use crate::similarity::{Measure, Pair, Question, Samples, registry};
use crate::steps::finish;

pub(in crate::similarity) use crate::layer::sample::{generator, layer, normal};

/// Samples without labels.
pub(in crate::similarity) fn samples(rows: usize) -> Samples {
    let ids = sample::representation(rows, 1, crate::activation::Matrix::F64(Vec::new())).samples;
    Samples { ids, labels: None, classes: Vec::new() }
}

/// The measure's value for two layers.
pub(in crate::similarity) fn value(measure: &impl Pair, a: &Layer, b: &Layer) -> Result<f64, Reason> {
    let samples = samples(a.facts.samples);
    let prepare = |layer| finish(Pair::prepare(measure, layer, &samples));
    finish(Pair::compare(measure, &prepare(a)?, &prepare(b)?))
}

/// The value of a measure of the registry for two layers; one of single layers looks at the first.
pub(in crate::similarity) fn outcome(measure: &Measure, a: &Layer, b: &Layer) -> Result<f64, Reason> {
    measure.accept(a)?;
    measure.accept(b)?;
    let samples = samples(a.facts.samples);
    match &measure.question {
        Question::One(one) => one.describe(a, &samples),
        Question::Pair(pair) => {
            let prepare = |layer| finish(pair.prepare(layer, &samples));
            finish(pair.compare(&prepare(a)?, &prepare(b)?))
        }
        Question::Many(many) => {
            let prepare = |layer| finish(many.prepare(layer, &samples));
            let prepared = [prepare(a)?, prepare(b)?];
            finish(many.group(&prepared.iter().collect::<Vec<_>>())).map(|group| group.value)
        }
        Question::Outputs(_) => panic!("{} looks at logits, not at layers", measure.id),
    }
}

/// All measures, with their usual parameters.
pub(in crate::similarity) fn measures() -> Vec<Measure> {
    registry().iter().map(|entry| entry.usual().unwrap()).collect()
}

/// All measures of two layers, with their usual parameters.
pub(in crate::similarity) fn pairs() -> Vec<Measure> {
    measures().into_iter().filter(|measure| matches!(measure.question, Question::Pair(_))).collect()
}
