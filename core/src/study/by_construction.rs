//! Values that follow from the numbers of samples and features alone, so that random layers have them too.

use super::remarks::{About, Finding};
use super::{Cell, LayerMap, MeasureRecord, RemarkKind};

/// What such values are worth, and what helps.
const WORTH: &str = "from the numbers of samples and features alone: random layers have the same, so they say nothing about the \
                     networks; take more samples than a layer has features, or another measure";

/// What is to be said of a map before all else; nothing where no value follows from its size.
pub(super) fn sentence(map: &LayerMap) -> Option<String> {
    let all = map.values().count();
    Some(match map.forced() {
        0 => return None,
        forced if forced == all => format!("All values follow {WORTH}."),
        forced => format!("{forced} of {all} values follow {WORTH}."),
    })
}

/// One remark for each measure with such values.
pub(super) fn findings(measures: &[MeasureRecord]) -> impl Iterator<Item = Finding> {
    measures.iter().filter_map(|measure| {
        let forced = measure.pairs.iter().flat_map(|pair| &pair.by_construction).flatten().filter(|&&forced| forced);
        let forced = forced.count();
        let cells = measure.pairs.iter().flat_map(|pair| &pair.cells).flatten();
        let all = cells.filter(|cell| matches!(cell, Cell::Value(_))).count();
        (forced > 0).then(|| Finding {
            kind: RemarkKind::ByConstruction,
            about: About::All,
            text: format!("{}: {forced} of {all} values follow {WORTH}", measure.name),
            detail: None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::layer_map::tests::map;
    use crate::study::sentence_of;

    #[test]
    fn a_map_that_follows_from_its_size_is_called_so_and_nothing_else_is_said_of_it() {
        let values: [&[Option<f64>]; 2] = [&[Some(1.0), Some(1.0)], &[Some(1.0), None]];
        let mut map = map(&values, true);
        assert_eq!(sentence(&map), None);
        map.by_construction = vec![vec![true, true], vec![true, false]];
        let text = sentence_of(&map);
        assert!(text.starts_with("All values follow from the numbers of samples and features alone"), "{text}");
        assert!(!text.contains("the same value, 1") && text.contains("One of 4 pairs has no value"), "{text}");
        map.by_construction[0][0] = false;
        let text = sentence_of(&map);
        assert!(text.starts_with("2 of 3 values follow from"), "{text}");
        assert!(text.contains("Every pair of layers has the same value"), "{text}");
    }
}
