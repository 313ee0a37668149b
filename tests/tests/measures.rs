//! `docs/measures.md`: what every measure says of itself, and what other programs have that these do not.

use std::fmt::Write as _;

use repgeo_core::similarity::{Entry, find, registry};
use repgeo_tests::places;
use serde::Deserialize;

/// A program that compares representations.
#[derive(Deserialize)]
struct Peer {
    name: String,
    measures: Vec<Theirs>,
}

/// One of its measures.
#[derive(Deserialize)]
struct Theirs {
    name: String,
    /// The ids of ours that compute it; none where there is none yet.
    ours: Vec<String>,
    /// What does the same here where it is no measure.
    otherwise: Option<String>,
}

const INTRODUCTION: &str = "# The measures

What every measure says of itself, as `native-trainer measures ID` and the page do. Those of two layers are held to values that NumPy
computes by the definition (`tests/fixtures/measures/oracle.py`), to 1e-9.

`REPGEO_UPDATE=1 cargo test -p repgeo-tests --test measures` writes this file from the registry.
";

#[test]
fn the_documentation_is_what_the_measures_say() {
    let mut text = INTRODUCTION.to_owned();
    for group in registry().chunk_by(|a, b| a.card.family == b.card.family) {
        writeln!(text, "\n## {}", group[0].card.family.title()).unwrap();
        group.iter().for_each(|entry| describe(entry, &mut text));
    }
    coverage(&mut text);
    let docs = places::root().join("docs/measures.md");
    if std::env::var_os("REPGEO_UPDATE").is_some() {
        std::fs::write(&docs, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&docs).unwrap_or_else(|_| "none".to_owned());
    assert!(
        committed == text,
        "docs/measures.md is not what the measures say: run REPGEO_UPDATE=1 cargo test -p repgeo-tests --test measures"
    );
}

fn describe(entry: &Entry, text: &mut String) {
    let card = entry.card;
    writeln!(text, "\n### {}\n\n`{}`. {}\n", card.name, card.id, card.summary).unwrap();
    for (term, fact) in card.facts() {
        let fact = if term == "Formula" { format!("`{fact}`") } else { fact };
        writeln!(text, "- {term}: {fact}").unwrap();
    }
    for parameter in entry.parameters {
        writeln!(text, "- Parameter `{}`: {}", parameter.name, parameter.summary).unwrap();
    }
}

/// What other programs have, beside ours.
fn coverage(text: &mut String) {
    let peers = std::fs::read_to_string(places::root().join("tests/fixtures/measures/peers.json")).unwrap();
    let peers: Vec<Peer> = serde_json::from_str(&peers).unwrap();
    text.push_str("\n## Beside other programs\n\n| program | its measure | here |\n|---|---|---|\n");
    for (peer, theirs) in peers.iter().flat_map(|peer| peer.measures.iter().map(move |theirs| (peer, theirs))) {
        let ids: Vec<String> = theirs.ours.iter().map(|id| format!("`{}`", find(id).unwrap().id)).collect();
        let here = match (&theirs.otherwise, ids.as_slice()) {
            (Some(otherwise), _) => otherwise.clone(),
            (None, []) => "not yet".to_owned(),
            (None, ids) => ids.join(", "),
        };
        writeln!(text, "| {} | {} | {here} |", peer.name, theirs.name).unwrap();
    }
    let measures: Vec<&Theirs> = peers.iter().flat_map(|peer| &peer.measures).collect();
    let covered = measures.iter().filter(|theirs| !theirs.ours.is_empty() || theirs.otherwise.is_some()).count();
    writeln!(text, "\n{covered} of {} are here.", measures.len()).unwrap();
}
