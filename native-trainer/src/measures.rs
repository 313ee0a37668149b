//! `measures`: what can be asked of networks, and what a measure says of itself.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use clap::Args;
use repgeo_core::similarity::{Arity, Entry, find, registry};

/// The options of `measures`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Ids of measures to print what they say of themselves; without, all are listed.
    #[arg(value_name = "ID")]
    ids: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let text = match arguments.ids.as_slice() {
        [] => list(),
        ids => ids.iter().map(|id| described(id)).collect::<Result<Vec<_>>>()?.join("\n"),
    };
    write!(std::io::stdout(), "{text}").context("writing to standard output")
}

/// All measures by what they look at, a line each.
fn list() -> String {
    let width = registry().iter().map(|entry| entry.card.id.len()).max().unwrap_or(0);
    let group = |entries: &[Entry]| {
        let line = |entry: &Entry| format!("  {:width$}  {}{}\n", entry.card.id, entry.card.name, taken(entry));
        format!("{}\n{}", entries[0].card.family.title(), entries.iter().map(line).collect::<String>())
    };
    let groups: Vec<String> = registry().chunk_by(|a, b| a.card.family == b.card.family).map(group).collect();
    format!("{}\n`measures ID` prints one, `compare --measure ID,ID` computes them.\n", groups.join("\n"))
}

/// The parameters of a measure and what it takes, where that is not two layers.
fn taken(entry: &Entry) -> String {
    let parameters: Vec<&str> = entry.parameters.iter().map(|parameter| parameter.name).collect();
    match (entry.card.arity, parameters.as_slice()) {
        (Arity::Pair, []) => String::new(),
        (Arity::Pair, parameters) => format!("; parameters: {}", parameters.join(", ")),
        (Arity::One, _) => "; of one layer".to_owned(),
        (Arity::Many, _) => "; of all networks".to_owned(),
        (Arity::Outputs, _) => "; of two networks".to_owned(),
    }
}

/// A card with its parameters.
fn described(id: &str) -> Result<String> {
    let card = find(id)?.card;
    let mut text = format!("{}\n{}\n{}\n", card.id, card.name, card.summary);
    for (term, fact) in card.facts() {
        text += &format!("  {term}: {fact}\n");
    }
    for parameter in registry().iter().filter(|entry| entry.card.id == card.id).flat_map(|entry| entry.parameters) {
        let usual = match parameter.default {
            Some(default) => format!("usually {default}, "),
            None => String::new(),
        };
        let (low, high) = parameter.range;
        text += &format!("  Parameter {}: {} ({usual}{low} to {high})\n", parameter.name, parameter.summary);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_is_listed_and_described() {
        let list = list();
        for entry in registry() {
            let id = entry.card.id;
            assert!(list.lines().any(|line| line.split_whitespace().next() == Some(id)), "{id}");
            assert!(described(id).unwrap().contains(entry.card.formula), "{id}");
        }
        assert!(described("svcca").unwrap().contains("Parameter variance: "));
        assert!(described("cka-linaer").unwrap_err().to_string().contains("did you mean cka-linear?"));
    }
}
