//! Inputs at the edge: a value or a reason from every registered measure, never a number that is none.

use super::sample::{generator, layer as double, normal, outcome as value, pairs};
use crate::layer::sample::single;
use crate::layer::{Layer, Reason};
use crate::similarity::{Family, Invariance, Measure};

/// The values of two layers under a measure; checks that a value is finite and in range and a reason is given in words.
fn outcome(measure: &Measure, a: &Layer, b: &Layer) -> Result<f64, Reason> {
    let card = measure.card;
    let outcome = value(measure, a, b);
    match &outcome {
        Ok(value) => {
            assert!((card.range.low - 1e-9..=card.range.high + 1e-9).contains(value), "{}: {value}", card.id);
        }
        Err(reason) => assert!(reason.to_string().len() > 10, "{}: {reason}", card.id),
    }
    outcome
}

fn looks_past_scale(measure: &Measure) -> bool {
    measure.card.invariances.contains(&Invariance::IsotropicScaling)
}

#[test]
fn constant_layers_have_no_value() {
    let mut random = generator(1);
    let varied = double(&normal(&mut random, 60), 5);
    let mut row = normal(&mut random, 5);
    for constant in
        [double(&row.repeat(12), 5), single(&row.repeat(12), 5), double(&[0.0; 60], 5), double(&[0.3; 60], 5)]
    {
        assert_eq!(constant.facts.constant_features, 5);
        for measure in &pairs() {
            let reason = outcome(measure, &constant, &varied).unwrap_err().to_string();
            let expected = ["constant in every feature", "row 0 is constant", "equally dissimilar"];
            assert!(expected.iter().any(|text| reason.contains(text)), "{}: {reason}", measure.card.id);
        }
    }
    // One sample apart from all others is a geometry.
    row.iter_mut().for_each(|value| *value += 1.0);
    let mut values = row.repeat(12);
    values[7] += 0.5;
    for measure in &pairs() {
        let _ = outcome(measure, &double(&values, 5), &varied);
    }
}

#[test]
fn few_samples_are_refused_as_the_card_says() {
    let mut random = generator(2);
    for rows in 1..14 {
        let (a, b) = (double(&normal(&mut random, rows * 7), 7), double(&normal(&mut random, rows * 3), 3));
        for measure in &pairs() {
            let minimum = measure.card.minimum_samples;
            match outcome(measure, &a, &b) {
                Ok(_) => assert!(rows >= minimum),
                // As many features as samples span everything: all correlations are 1.
                Err(Reason::TiedCorrelations { .. }) => assert!(minimum <= rows && rows <= 7 + 3 + 1),
                Err(reason) => {
                    assert!(rows < minimum, "{} with {rows} rows: {reason}", measure.card.id);
                    assert_eq!(reason.to_string(), format!("needs at least {minimum} samples, got {rows}"));
                }
            }
        }
    }
}

#[test]
fn one_feature_and_many_features_work() {
    let mut random = generator(3);
    let narrow = double(&normal(&mut random, 40), 1);
    let wide = double(&normal(&mut random, 40 * 1000), 1000);
    for measure in &pairs() {
        let narrow_value = outcome(measure, &narrow, &wide);
        let id = measure.card.id;
        // Rows of one feature point in two directions: who is nearest is decided by ties.
        let undecided = matches!(narrow_value, Err(Reason::TiedNeighbours { .. }));
        assert_eq!(undecided, measure.card.family == Family::Neighbours, "{id}: {narrow_value:?}");
        assert_eq!(narrow_value.is_err(), undecided || id.starts_with("rsa-correlation"), "{id}");
        outcome(measure, &wide, &wide).unwrap();
    }
}

#[test]
fn duplicated_samples_and_features_work() {
    let mut random = generator(4);
    let values = normal(&mut random, 12 * 4);
    let doubled_rows: Vec<f64> = values.chunks(4).flat_map(|row| row.repeat(2)).collect();
    let doubled_features: Vec<f64> = values.chunks(4).flat_map(|row| row.repeat(2)).collect();
    let (rows, features) = (double(&doubled_rows, 4), double(&doubled_features, 8));
    let (other, twelve) = (double(&normal(&mut random, 96), 4), double(&normal(&mut random, 48), 4));
    for measure in &pairs() {
        outcome(measure, &rows, &other).unwrap();
        // A unit that is there twice can be matched twice.
        let matches = measure.card.family == Family::Units;
        if !looks_past_scale(measure) || matches {
            outcome(measure, &features, &twelve).unwrap();
            continue;
        }
        let doubled = outcome(measure, &features, &twelve).unwrap();
        // Twice the same features is a rotation of the features times √2, and the same correlations.
        let plain = outcome(measure, &double(&values, 4), &twelve).unwrap();
        assert!((doubled - plain).abs() < 1e-10, "{}: {doubled} {plain}", measure.card.id);
    }
}

#[test]
fn equally_distant_samples_have_a_value_or_a_reason() {
    // One-hot rows: the U-centred Gram matrix is zero, and all dissimilarities are equal.
    let values: Vec<f64> = (0..144).map(|index| if index % 13 == 0 { 1.0 } else { 0.0 }).collect();
    let other = double(&normal(&mut generator(5), 12 * 3), 3);
    for layer in [double(&values, 12), single(&values, 12)] {
        for measure in &pairs() {
            let outcome = outcome(measure, &layer, &other);
            let id = measure.card.id;
            let unbiased = ["cka-linear-debiased", "distance-correlation-bias-corrected"].contains(&id);
            let compares_differences = id.starts_with("rsa-") && !id.ends_with("cosine");
            let compares_neighbours = measure.card.family == Family::Neighbours;
            let expected = unbiased || compares_differences || compares_neighbours;
            assert_eq!(outcome.is_err(), expected, "{id}: {outcome:?}");
        }
    }
}

#[test]
fn scale_changes_nothing() {
    let mut random = generator(6);
    for features in [4, 40] {
        let (values, other) = (normal(&mut random, 14 * features), double(&normal(&mut random, 84), 6));
        for scale in [1e-100, 1e-30, 1e-6, 1e6, 1e30, 1e100] {
            let scaled: Vec<f64> = values.iter().map(|value| value * scale).collect();
            for measure in pairs().iter().filter(|measure| looks_past_scale(measure)) {
                let plain = outcome(measure, &double(&values, features), &other).unwrap();
                let found = outcome(measure, &double(&scaled, features), &other).unwrap();
                assert!((found - plain).abs() < 1e-9, "{} at {scale:e}: {found} {plain}", measure.card.id);
                if (1e-30..=1e30).contains(&scale) {
                    let found = outcome(measure, &single(&scaled, features), &other).unwrap();
                    // Rounding the data may exchange two ranks, of 91.
                    let ranks = ["spearman", "kendall"].iter().any(|kind| measure.card.id.contains(kind));
                    let tolerance = if ranks { 1e-3 } else { 1e-6 };
                    assert!((found - plain).abs() < tolerance, "{} at {scale:e}: {found} {plain}", measure.card.id);
                }
            }
        }
    }
}

#[test]
fn layers_of_different_height_do_not_compare() {
    let mut random = generator(7);
    let (short, tall) = (double(&normal(&mut random, 36), 3), double(&normal(&mut random, 39), 3));
    for measure in &pairs() {
        let reason = outcome(measure, &short, &tall).unwrap_err();
        assert_eq!(reason.to_string(), "the two layers have different numbers of rows");
    }
}
