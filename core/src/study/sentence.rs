//! A layer map in plain words.

use super::layer_map::relative_depth;
use super::{Cell, Comparison, LayerMap, by_construction, chance, number};

/// A layer stands out when it is farther from the median of all same-depth pairs than this many standard deviations,
/// estimated from the median absolute deviation (Iglewicz and Hoaglin, 1993, recommend 3.5) …
const FAR: f64 = 3.5;
/// … and by at least this much.
const NOTABLE: f64 = 0.02;

/// What one map of a report shows, in plain words; empty when the report has no such measure or pair.
#[must_use]
pub fn sentence(comparison: &Comparison, measure: usize, pair: usize) -> String {
    LayerMap::of(comparison, measure, pair).map_or_else(String::new, |map| sentence_of(&map))
}

/// What a map shows, in plain words: whether layers of the same depth agree best, where agreement is highest and lowest,
/// which layer stands out, how many pairs have no value, and what chance makes of it, where that is known; before all else, how many values say nothing, because they follow
/// from the numbers of samples and features alone. Cells that are not computed yet are left out.
#[must_use]
pub fn sentence_of(map: &LayerMap) -> String {
    let mut sentences = Vec::new();
    let all: Vec<Place> = map.values().collect();
    sentences.extend(by_construction::sentence(map));
    // Of a map that says nothing, nothing else is said.
    if let Some((most, least)) = extremes(map, &all).filter(|_| map.forced() < all.len()) {
        if most.2 == least.2 && all.len() > 1 {
            sentences.push(format!("Every pair of layers has the same value, {}.", number(most.2)));
        } else {
            sentences.push(matches(map));
            sentences.push(ends(map, most, least));
            sentences.extend(outlier(map));
        }
    }
    sentences.extend(absences(map));
    sentences.extend(chance::sentence(map));
    sentences.join(" ")
}

/// A row, a column and the value there.
type Place = (usize, usize, f64);

/// The layer at the same depth: the same position in networks with as many layers, else the nearest in relative depth.
pub(crate) fn same_depth(row: usize, rows: usize, columns: usize) -> usize {
    if rows == columns { row } else { (relative_depth(row, rows) * columns.saturating_sub(1) as f64).round() as usize }
}

/// Whether the best match of each layer is the one at the same depth, and how agreement runs over depth.
fn matches(map: &LayerMap) -> String {
    let (rows, columns) = (map.rows.len(), map.columns.len());
    let found: Vec<(usize, usize)> =
        (0..rows).filter_map(|row| map.best_match(row).map(|(column, _)| (row, column))).collect();
    if rows != columns {
        let ordered = found.windows(2).all(|pair| matches!(pair, [(_, left), (_, right)] if left <= right));
        return if ordered {
            format!("The deeper a layer of {}, the deeper the layer of {} that agrees best with it.", map.a, map.b)
        } else {
            format!("The layers of {} that agree best with those of {} are not in the same order.", map.b, map.a)
        };
    }
    let same = found.iter().filter(|(row, column)| row == column).count();
    let statement = match same {
        same if same == found.len() => "Same-depth layers agree best".to_owned(),
        0 => format!("No layer of {} agrees best with the layer of {} at the same depth", map.a, map.b),
        same => format!(
            "For {same} of {} layers of {}, the layer of {} at the same depth agrees best",
            found.len(),
            map.a,
            map.b
        ),
    };
    let line: Vec<Place> = map.values().filter(|(row, column, _)| row == column).collect();
    match extremes(map, &line) {
        Some((most, least)) if most.0 != least.0 => format!(
            "{statement}; agreement at the same depth runs from {} ({}) to {} ({}).",
            number(most.2),
            row_name(map, most),
            number(least.2),
            row_name(map, least)
        ),
        _ => format!("{statement}."),
    }
}

/// The most and the least alike of these.
fn extremes(map: &LayerMap, places: &[Place]) -> Option<(Place, Place)> {
    let first = *places.first()?;
    let extreme = |better: &dyn Fn(f64, f64) -> bool| {
        places.iter().fold(first, |best, place| if better(place.2, best.2) { *place } else { best })
    };
    Some((extreme(&|x, y| map.more_alike(x, y)), extreme(&|x, y| map.more_alike(y, x))))
}

/// The most and the least alike pair of all.
fn ends(map: &LayerMap, most: Place, least: Place) -> String {
    format!(
        "The most alike pair of all is {} ({}), the least alike {} ({}).",
        pair_name(map, most),
        number(most.2),
        pair_name(map, least),
        number(least.2)
    )
}

fn row_name(map: &LayerMap, (row, ..): Place) -> &str {
    &map.rows[row]
}

/// `layer1.0 of both`, or `layer1.0 of A with layer2.0 of B`.
fn pair_name(map: &LayerMap, place: Place) -> String {
    let left = row_name(map, place);
    let right = &map.columns[place.1];
    if left == right { format!("{left} of both") } else { format!("{left} of {} with {right} of {}", map.a, map.b) }
}

/// The layer whose agreement with its partner is far from that of the others. The partner is the layer at the same depth,
/// or the best match where the networks have different numbers of layers.
fn outlier(map: &LayerMap) -> Option<String> {
    let square = map.rows.len() == map.columns.len();
    let partnered = |row: usize| if square { map.value(row, row) } else { map.best_match(row).map(|(_, value)| value) };
    let line: Vec<(usize, f64)> =
        (0..map.rows.len()).filter_map(|row| partnered(row).map(|value| (row, value))).collect();
    if line.len() < 4 {
        return None;
    }
    let centre = median(line.iter().map(|(_, value)| *value).collect())?;
    let spread = median(line.iter().map(|(_, value)| (value - centre).abs()).collect())?;
    let (row, value) = line.into_iter().max_by(|(_, x), (_, y)| (x - centre).abs().total_cmp(&(y - centre).abs()))?;
    let distance = (value - centre).abs();
    // 1.4826 makes the median absolute deviation of a normal distribution its standard deviation.
    if distance < NOTABLE || distance < FAR * 1.4826 * spread {
        return None;
    }
    let relation = if map.more_alike(value, centre) { "more" } else { "less" };
    let partner = if square { "the same layer of" } else { "its best match in" };
    Some(format!(
        "{} of {} stands out: it is {relation} alike to {partner} {} ({}) than the other layers are (median {}).",
        map.rows[row],
        map.a,
        map.b,
        number(value),
        number(centre)
    ))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    values.get(values.len() / 2 - 1).map(|lower| (lower + upper) / 2.0)
}

/// How many pairs have no value, and why the first of them has none.
fn absences(map: &LayerMap) -> Option<String> {
    let absent: Vec<&String> = map
        .cells
        .iter()
        .flatten()
        .filter_map(|cell| match cell {
            Some(Cell::Absent { absent, .. }) => Some(absent),
            _ => None,
        })
        .collect();
    let all: usize = map.rows.len() * map.columns.len();
    let (first, count) = (absent.first()?, absent.len());
    let others = if absent.iter().all(|reason| reason == first) { "" } else { ", among other reasons" };
    Some(if count == all {
        format!("No pair of layers has a value: {first}{others}.")
    } else if count == 1 {
        format!("One of {all} pairs has no value: {first}.")
    } else {
        format!("{count} of {all} pairs have no value: {first}{others}.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::layer_map::tests::map;

    #[test]
    fn same_depth_layers_that_agree_best_are_called_so() {
        let values: [&[Option<f64>]; 2] = [&[Some(0.9), Some(0.2)], &[Some(0.1), Some(0.8)]];
        assert_eq!(
            sentence_of(&map(&values, true)),
            "Same-depth layers agree best; agreement at the same depth runs from 0.900 (layer0) to 0.800 (layer1). \
             The most alike pair of all is layer0 of both (0.900), the least alike layer1 of A with layer0 of B (0.100)."
        );
    }

    #[test]
    fn a_smaller_distance_is_more_alike() {
        let values: [&[Option<f64>]; 2] = [&[Some(0.9), Some(0.2)], &[Some(0.1), Some(0.8)]];
        assert_eq!(
            sentence_of(&map(&values, false)),
            "No layer of A agrees best with the layer of B at the same depth; \
             agreement at the same depth runs from 0.800 (layer1) to 0.900 (layer0). \
             The most alike pair of all is layer1 of A with layer0 of B (0.100), the least alike layer0 of both (0.900)."
        );
    }

    #[test]
    fn some_matches_are_counted() {
        let values: [&[Option<f64>]; 2] = [&[Some(0.9), Some(0.2)], &[Some(0.8), Some(0.7)]];
        assert!(
            sentence_of(&map(&values, true)).starts_with("For 1 of 2 layers of A, the layer of B at the same depth")
        );
    }

    #[test]
    fn networks_of_other_depths_match_in_order_or_not() {
        let ordered: [&[Option<f64>]; 2] = [&[Some(0.9), Some(0.5), Some(0.1)], &[Some(0.1), Some(0.5), Some(0.9)]];
        assert!(sentence_of(&map(&ordered, true)).starts_with("The deeper a layer of A, the deeper the layer of B"));
        let swapped: [&[Option<f64>]; 2] = [&[Some(0.1), Some(0.5), Some(0.9)], &[Some(0.9), Some(0.5), Some(0.1)]];
        assert!(sentence_of(&map(&swapped, true)).contains("are not in the same order"));
    }

    #[test]
    fn absent_pairs_are_counted_with_their_reason() {
        let one: [&[Option<f64>]; 2] = [&[Some(0.9), None], &[Some(0.1), Some(0.8)]];
        assert!(sentence_of(&map(&one, true)).ends_with("One of 4 pairs has no value: constant in every feature."));
        let all: [&[Option<f64>]; 1] = [&[None, None]];
        assert_eq!(sentence_of(&map(&all, true)), "No pair of layers has a value: constant in every feature.");
        let mut mixed = map(&all, true);
        mixed.cells[0][1] = Some(Cell::Absent { absent: "too few samples".to_owned(), reason: None });
        assert!(sentence_of(&mixed).ends_with("constant in every feature, among other reasons."));
    }

    #[test]
    fn a_map_to_be_computed_says_nothing() {
        assert_eq!(sentence_of(&map(&[&[Some(0.1)]], true).emptied()), "");
    }

    #[test]
    fn a_layer_far_from_the_others_stands_out() {
        let line = |values: [f64; 6]| {
            let rows: Vec<Vec<Option<f64>>> =
                (0..6).map(|row| (0..6).map(|column| (row == column).then_some(values[row])).collect()).collect();
            let rows: Vec<&[Option<f64>]> = rows.iter().map(Vec::as_slice).collect();
            sentence_of(&map(&rows, true))
        };
        let text = line([0.90, 0.91, 0.92, 0.93, 0.94, 0.30]);
        // Median 0.915; median absolute deviation 0.015; 3.5 × 1.4826 × 0.015 = 0.078 < 0.615.
        assert!(text.contains("layer5 of A stands out: it is less alike to the same layer of B (0.300)"), "{text}");
        assert!(!line([0.90, 0.91, 0.92, 0.93, 0.94, 0.95]).contains("stands out"));
    }

    #[test]
    fn equal_values_are_called_equal() {
        let values: [&[Option<f64>]; 2] = [&[Some(0.5), Some(0.5)], &[Some(0.5), Some(0.5)]];
        assert_eq!(sentence_of(&map(&values, true)), "Every pair of layers has the same value, 0.500.");
    }

    #[test]
    fn relative_depth_pairs_first_with_first_and_last_with_last() {
        assert_eq!([0, 1, 2].map(|row| same_depth(row, 3, 5)), [0, 2, 4]);
        assert_eq!(same_depth(0, 1, 5), 0);
        assert_eq!(same_depth(2, 3, 0), 0);
    }
}
