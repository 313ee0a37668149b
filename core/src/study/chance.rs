//! What chance makes of a map, in plain words.

use super::{LayerMap, NullRecord, SearchRecord, number};

/// How many values are above their noise floor, and what was searched for against the floors of the same searches; nothing
/// where there is no null.
pub(super) fn sentence(map: &LayerMap) -> Option<String> {
    let null = map.null.as_ref()?;
    let known: Vec<_> = map.values().filter_map(|(row, column, _)| map.chance(row, column)).collect();
    if known.is_empty() {
        return None;
    }
    let NullRecord { spec, best, best_of_rows, diagonal_mean, .. } = null;
    let above = known.iter().filter(|chance| chance.score > 0.0).count();
    let found = known.iter().filter(|chance| chance.q <= spec.alpha).count();
    let level = spec.alpha;
    let mut sentences = vec![format!(
        "Against {} random orders of the samples, {above} of {} values are above their noise floor (α = {level}), {found} at a false \
         discovery rate of {level}.",
        spec.permutations,
        known.len(),
    )];
    let (higher, lower) = if map.higher_is_more_alike { ("up to", "reaches") } else { ("down to", "falls to") };
    let search = |what: &str, search: &SearchRecord| {
        let SearchRecord { value, p, floor, .. } = search;
        format!("{what} {lower} {}, chance alone {higher} {} (p = {})", number(*value), number(*floor), number(*p))
    };
    let searches: Vec<String> = [("the best pair", best), ("the mean of same-depth layers", diagonal_mean)]
        .into_iter()
        .filter_map(|(what, record)| record.as_ref().map(|record| search(what, record)))
        .collect();
    let rows: Vec<&SearchRecord> = best_of_rows.iter().flatten().collect();
    let rows_above = rows.iter().filter(|row| row.score > 0.0).count();
    let rows = (!rows.is_empty()).then(|| {
        format!(
            "the best match of {rows_above} of {} layers of {} is above what the best of as many reaches by chance",
            rows.len(),
            map.a
        )
    });
    let all: Vec<String> = searches.into_iter().chain(rows).collect();
    if !all.is_empty() {
        sentences.push(format!("Searched for: {}.", all.join("; ")));
    }
    Some(sentences.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::layer_map::tests::map;
    use crate::study::{NullSpec, sentence_of};

    fn with_null(higher: bool) -> LayerMap {
        let values: [&[Option<f64>]; 2] = [&[Some(0.9), Some(0.2)], &[Some(0.1), None]];
        let mut map = map(&values, higher);
        let search = |value, score| SearchRecord { value, p: 0.05, floor: 0.25, score };
        map.null = Some(NullRecord {
            spec: NullSpec { permutations: 19, seed: 0, alpha: 0.05 },
            p: vec![vec![Some(0.05), Some(0.3)], vec![Some(0.9), None]],
            q: vec![vec![Some(0.15), Some(0.45)], vec![Some(0.9), None]],
            floor: vec![vec![Some(0.25), Some(0.3)], vec![Some(0.2), None]],
            score: vec![vec![Some(0.866), Some(0.0)], vec![Some(0.0), None]],
            best: Some(search(0.9, 0.8)),
            best_of_rows: vec![Some(search(0.9, 0.8)), Some(search(0.1, 0.0))],
            diagonal_mean: None,
        });
        map
    }

    #[test]
    fn searches_stand_beside_the_floors_of_the_same_searches() {
        let text = sentence_of(&with_null(true));
        assert!(
            text.ends_with(
                "Against 19 random orders of the samples, 1 of 3 values are above their noise floor (α = 0.05), 0 at a false \
                 discovery rate of 0.05. Searched for: the best pair reaches 0.900, chance alone up to 0.250 (p = 0.050); the best \
                 match of 1 of 2 layers of A is above what the best of as many reaches by chance."
            ),
            "{text}"
        );
        assert!(sentence_of(&with_null(false)).contains("the best pair falls to 0.900, chance alone down to 0.250"));
    }

    #[test]
    fn scores_take_the_place_of_values() {
        let map = with_null(true);
        assert!(!map.is_chance(0, 0) && map.is_chance(0, 1) && !map.is_chance(1, 1));
        let scores = map.of_scores().unwrap();
        assert_eq!((scores.value(0, 0), scores.value(0, 1), scores.value(1, 1)), (Some(0.866), Some(0.0), None));
        assert!(scores.measure.ends_with("calibrated score"));
        assert_eq!(map.emptied().of_scores(), None);
    }
}
