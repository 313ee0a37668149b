//! Finding a measure among many.

use repgeo_core::similarity::Card;

/// The measures of which each word is said: in the name, the id, the family or the summary. The chosen one is always listed.
#[must_use]
pub fn found(cards: &[&'static Card], words: &str, chosen: &str) -> Vec<&'static Card> {
    let words = words.to_lowercase();
    let says = |card: &Card| {
        let text = [card.name, card.id, card.family.title(), card.summary].join(" ").to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    };
    cards.iter().copied().filter(|card| card.id == chosen || says(card)).collect()
}

#[cfg(test)]
mod tests {
    use repgeo_core::similarity;

    use super::found;

    #[test]
    fn every_word_narrows_the_list_and_the_chosen_measure_stays() {
        let cards = similarity::cards();
        let ids = |words: &str| found(&cards, words, "cka-linear").iter().map(|card| card.id).collect::<Vec<_>>();
        assert_eq!(ids(" ").len(), cards.len());
        assert_eq!(ids("no measure says this"), ["cka-linear"]);
        let canonical = ids("Canonical");
        assert!(canonical.contains(&"cca-mean") && canonical.contains(&"svcca-99"), "{canonical:?}");
        assert_eq!(ids("canonical squared"), ["cka-linear", "cca-mean-squared"]);
        assert_eq!(ids("nbs"), ["cka-linear", "nbs"]);
    }
}
