//! What the images say of how a file's tensors were read, as tables.

use leptos::prelude::*;
use repgeo_core::checkpoint::{Divergence, Evidence, ReadingEvidence};

use super::page::Page;
use crate::protocol::FileId;

/// Of the readings that the images of the last comparison were asked of, and of the normalisations.
pub(super) fn view(page: Page, id: FileId) -> AnyView {
    let evidence = page.part(move |state| state.evidence(id).cloned());
    (move || evidence.get().and_then(tables)).into_any()
}

fn tables(evidence: ReadingEvidence) -> Option<AnyView> {
    let ReadingEvidence { taken, alternatives, presets } = evidence;
    if alternatives.is_empty() && presets.is_empty() {
        return None;
    }
    let others = alternatives.into_iter().map(|other| (other.said, other.evidence));
    let rows: Vec<_> = [("as taken".to_owned(), taken)].into_iter().chain(others).collect();
    let readings = (rows.len() > 1).then(|| {
        let rows = rows.into_iter().map(|(said, evidence)| row(said, Some(accuracy(&evidence)), evidence.divergence));
        table(
            "readings",
            "Of this and of other readings of its tensors",
            &["Reading", "As labelled", "Divergence"],
            rows.collect(),
        )
    });
    let presets = (!presets.is_empty()).then(|| {
        let rows = presets.into_iter().map(|one| row(one.preset, None, Some(one.divergence)));
        table("presets", "Of how images are normalised", &["Normalisation", "Divergence"], rows.collect())
    });
    let all = view! {
        <details class="evidence">
            <summary>"What the images say"</summary>
            {readings}
            {presets}
        </details>
    };
    Some(all.into_any())
}

fn table(class: &'static str, caption: &'static str, columns: &[&'static str], rows: Vec<AnyView>) -> AnyView {
    let header = columns.iter().map(|name| view! { <th scope="col">{*name}</th> }).collect_view();
    let about =
        "Divergence: how unlike the training's the values are that batch normalisations see, the median over layers";
    view! {
        <table class=class title=about>
            <caption>{caption}</caption>
            <thead><tr>{header}</tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(name: String, accuracy: Option<String>, divergence: Option<Divergence>) -> AnyView {
    let divergence = divergence.map_or_else(|| "–".to_owned(), |found| format!("{:.3}", found.median));
    view! {
        <tr>
            <th scope="row">{name}</th>
            {accuracy.map(|accuracy| view! { <td>{accuracy}</td> })}
            <td>{divergence}</td>
        </tr>
    }
    .into_any()
}

fn accuracy(evidence: &Evidence) -> String {
    evidence.accuracy.map_or_else(|| "–".to_owned(), |share| format!("{:.0} % of {}", 100.0 * share, evidence.images))
}
