//! The list of all measures.

use super::{AngularProcrustes, AnyMeasure, Card, CorrelationRsa, DebiasedCka, LinearCka, Measure, RbfCka, Svcca};

/// Declares [`registry`] and [`cards`] from one list.
macro_rules! measures {
    ($($measure:expr),+ $(,)?) => {
        /// All measures, in the order in which people see them.
        #[must_use]
        pub fn registry() -> &'static [&'static dyn AnyMeasure] {
            &[$(&$measure),+]
        }

        /// What all measures say of themselves, in the same order. A program that only shows them does not carry their
        /// code.
        #[must_use]
        pub fn cards() -> Vec<&'static Card> {
            vec![$(Measure::card(&$measure)),+]
        }
    };
}

// To add a measure, add a line here.
measures![
    LinearCka,
    DebiasedCka,
    RbfCka::MEDIAN,
    RbfCka::HALF_MEDIAN,
    AngularProcrustes,
    Svcca::VARIANCE_99,
    CorrelationRsa::SPEARMAN,
    CorrelationRsa::PEARSON,
];

/// There is no measure with this id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("measure {id:?}: expected one of {known}{}", hint(.nearest))]
pub struct UnknownMeasure {
    /// What was asked for.
    pub id: String,
    /// Ids that are spelt alike, nearest first.
    pub nearest: Vec<&'static str>,
    /// All ids.
    pub known: String,
}

fn hint(nearest: &[&str]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(" or ")) }
}

/// The measure with this id.
///
/// # Errors
/// [`UnknownMeasure`], which lists ids that are spelt alike.
pub fn find(id: &str) -> Result<&'static dyn AnyMeasure, UnknownMeasure> {
    if let Some(measure) = registry().iter().find(|measure| measure.card().id == id) {
        return Ok(*measure);
    }
    let wanted = id.to_ascii_lowercase().replace(['_', ' '], "-");
    let ids: Vec<&'static str> = registry().iter().map(|measure| measure.card().id).collect();
    let mut nearest: Vec<(usize, &'static str)> = ids
        .iter()
        .map(|&known| (if known.starts_with(&wanted) { 0 } else { edit_distance(&wanted, known) }, known))
        .filter(|&(distance, _)| !wanted.is_empty() && distance <= 3)
        .collect();
    nearest.sort_by_key(|&(distance, _)| distance);
    let nearest = nearest.into_iter().map(|(_, known)| known).take(3).collect();
    Err(UnknownMeasure { id: id.to_owned(), nearest, known: ids.join(", ") })
}

/// How many letters have to be added, dropped or changed (Levenshtein 1966).
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut distances: Vec<usize> = (0..=b.len()).collect();
    for (row, x) in a.chars().enumerate() {
        let mut diagonal = row;
        let mut left = row + 1;
        for (y, above) in b.iter().zip(distances.iter_mut().skip(1)) {
            let value = (left + 1).min(*above + 1).min(diagonal + usize::from(x != *y));
            diagonal = *above;
            *above = value;
            left = value;
        }
        if let Some(first) = distances.first_mut() {
            *first = row + 1;
        }
    }
    distances.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_found() {
        for measure in registry() {
            let id = measure.card().id;
            assert!(std::ptr::eq(find(id).unwrap().card(), measure.card()), "{id}");
        }
    }

    #[test]
    fn a_misspelt_id_is_answered_with_near_ones() {
        assert_eq!(find("cka-linaer").err().unwrap().nearest, ["cka-linear"]);
        assert_eq!(find("CKA_linear_debiased").err().unwrap().nearest, ["cka-linear-debiased"]);
        assert!(find("entropy").err().unwrap().nearest.is_empty());
        let message = find("cka-linaer").err().unwrap().to_string();
        assert!(message.starts_with("measure \"cka-linaer\": expected one of cka-linear, "), "{message}");
        assert!(message.ends_with("did you mean cka-linear?"), "{message}");
    }

    #[test]
    fn edit_distance_counts_changes() {
        // The textbook example: kitten, sitten, sittin, sitting.
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
    }
}
