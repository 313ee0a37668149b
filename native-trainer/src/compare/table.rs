//! A comparison as text for the terminal.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use repgeo_core::inference::IntervalMethod;
use repgeo_core::study::{
    BootstrapSpec, Cell, Comparison, GroupRecord, IntervalRecord, LayerMap, MeasureRecord, NullRecord, NullSpec,
    OutputRecord, SearchRecord, number, sentence_of,
};

use super::readings;

/// What was compared, and for each measure and pair the values of each layer with its partner and the map in a sentence.
///
/// # Errors
/// When the report lacks an input of a pair.
pub(super) fn table(comparison: &Comparison) -> Result<String> {
    let mut text = String::new();
    for input in &comparison.inputs {
        let normalisation =
            input.normalisation.as_ref().map(|normalisation| format!("normalised by {}", normalisation.name));
        let parameters = input.parameters.map(|count| format!("{} parameters", grouped(count)));
        let what = input.architecture.clone().unwrap_or_else(|| "activations".to_owned());
        let parts: Vec<String> = [Some(what), parameters, normalisation].into_iter().flatten().collect();
        line(&mut text, &format!("{}: {}, sha256 {}", input.name, parts.join(", "), input.sha256.short()));
    }
    let probe = &comparison.probe;
    line(&mut text, &format!("{}: n = {}, sha256 {}", probe.name, probe.samples, probe.content.short()));
    line(&mut text, &format!("{}: {}", comparison.device.engine, comparison.device.description));
    for (index, measure) in comparison.measures.iter().enumerate() {
        if let Some(layers) = &measure.layers {
            text.push('\n');
            push_single(&mut text, comparison, measure, layers);
        }
        if let Some(groups) = &measure.groups {
            text.push('\n');
            push_groups(&mut text, comparison, measure, groups);
        }
        if let Some(outputs) = &measure.outputs {
            text.push('\n');
            push_outputs(&mut text, comparison, measure, outputs);
        }
        for pair in 0..measure.pairs.len() {
            let map = LayerMap::of(comparison, index, pair)
                .with_context(|| format!("{}: pair {pair} is of an input that is not in the report", measure.id))?;
            text.push('\n');
            push_map(&mut text, &measure.id, &map, measure.pairs[pair].null.as_ref());
        }
    }
    for input in &comparison.inputs {
        let lines = input.evidence.as_ref().map(|evidence| readings::table(&input.name, evidence));
        for (place, found) in lines.iter().flatten().enumerate() {
            if place == 0 {
                text.push('\n');
            }
            line(&mut text, found);
        }
    }
    if !comparison.warnings.is_empty() {
        text.push('\n');
    }
    for warning in &comparison.warnings {
        line(&mut text, &format!("note: {warning}"));
    }
    Ok(text)
}

/// The values of a measure of single layers.
fn push_single(text: &mut String, comparison: &Comparison, measure: &MeasureRecord, layers: &[Vec<Cell>]) {
    line(text, &measure.id);
    let names = comparison.inputs.iter().flat_map(|input| &input.layers).map(|layer| layer.name.chars().count());
    let width = names.max().unwrap_or(0);
    for (input, cells) in comparison.inputs.iter().zip(layers) {
        line(text, &format!("  {}", input.name));
        for (layer, cell) in input.layers.iter().zip(cells) {
            line(text, &format!("    {:width$}  {}", layer.name, in_words(cell)));
        }
    }
}

/// The values of a measure of all inputs at once, each with what it says of the members.
fn push_groups(text: &mut String, comparison: &Comparison, measure: &MeasureRecord, groups: &[GroupRecord]) {
    line(text, &format!("{}: of all inputs at once, and of each", measure.id));
    let names: Vec<Vec<(&str, &str)>> = groups.iter().map(|group| group.names(comparison)).collect();
    let first = |members: &[(&str, &str)]| members.first().map_or(0, |(_, layer)| layer.chars().count());
    let width = names.iter().map(|members| first(members)).max().unwrap_or(0);
    for (group, members) in groups.iter().zip(&names) {
        let Some((_, layer)) = members.first() else { continue };
        let each: Vec<String> =
            members.iter().zip(&group.each).map(|((input, _), value)| format!("{input} {}", number(*value))).collect();
        let value = match &group.value {
            Cell::Value(value) => format!("{}  ({})", number(*value), each.join(", ")),
            Cell::Absent { absent, .. } => absent.clone(),
        };
        line(text, &format!("  {layer:width$}  {value}"));
    }
}

/// The values of a measure of what two networks say of the samples.
fn push_outputs(text: &mut String, comparison: &Comparison, measure: &MeasureRecord, outputs: &[OutputRecord]) {
    line(text, &format!("{}: of the outputs of two networks", measure.id));
    for OutputRecord { a, b, value } in outputs {
        let (a, b) = (&comparison.inputs[*a], &comparison.inputs[*b]);
        line(text, &format!("  {} and {}  {}", a.name, b.name, in_words(value)));
    }
}

/// The value, or why there is none.
fn in_words(cell: &Cell) -> String {
    match cell {
        Cell::Value(value) => number(*value),
        Cell::Absent { absent, .. } => absent.clone(),
    }
}

fn push_map(text: &mut String, id: &str, map: &LayerMap, null: Option<&NullRecord>) {
    let more = if map.higher_is_more_alike { "higher is more alike" } else { "lower is more alike" };
    line(text, &format!("{id} ({more}): {} and {}", map.a, map.b));
    let square = map.rows.len() == map.columns.len();
    let same_names = map.rows == map.columns;
    let partner = if square { "same depth" } else { "best match" };
    let header = match same_names {
        true => ["layer".to_owned(), String::new(), "value".to_owned()],
        false => [format!("layer of {}", map.a), format!("{partner} in {}", map.b), "value".to_owned()],
    };
    let rows = map.rows.iter().enumerate().map(|(row, name)| {
        let column = if square { Some(row) } else { map.best_match(row).map(|(column, _)| column) };
        let partner = column.map_or_else(String::new, |column| map.columns[column].clone());
        let value = match column.and_then(|column| map.cell(row, column)) {
            Some(cell) => in_words(cell),
            None => "no value".to_owned(),
        };
        let chance = match (null, column) {
            (Some(null), Some(column)) => beside_chance(null, (row, column)),
            _ => String::new(),
        };
        let interval = column.and_then(|column| map.interval(row, column)).map_or_else(String::new, with_interval);
        [name.clone(), partner, format!("{value}{interval}{chance}")]
    });
    let rows: Vec<[String; 3]> = std::iter::once(header).chain(rows).collect();
    let longest = |field: fn(&[String; 3]) -> &String| rows.iter().map(|row| field(row).chars().count()).max();
    let (first, second) = (longest(|[layer, ..]| layer).unwrap_or(0), longest(|[_, partner, _]| partner).unwrap_or(0));
    for [layer, partner, value] in &rows {
        // Where the names agree, the second column would say what the first says.
        let partner = if same_names { String::new() } else { format!("  {partner:second$}") };
        line(text, &format!("  {layer:first$}{partner}  {value}"));
    }
    line(text, &sentence_of(map));
    if let Some(null) = null {
        line(text, &chance_of(null));
    }
    if let Some(bootstrap) = &map.bootstrap {
        let BootstrapSpec { resamples, level, interval, .. } = bootstrap.spec;
        let method = match interval {
            IntervalMethod::Bca => "BCa",
            IntervalMethod::Percentile => "percentile",
        };
        line(text, &format!("In brackets {method} intervals of level {level} from {resamples} bootstrap samples."));
        for absent in absent_intervals(map) {
            line(text, &absent);
        }
    }
}

/// The interval of a value.
fn with_interval(interval: &IntervalRecord) -> String {
    match interval {
        IntervalRecord::Known { low, high, .. } => format!("  [{}, {}]", number(*low), number(*high)),
        IntervalRecord::Absent { .. } => "  [no interval]".to_owned(),
    }
}

/// Why some values have no interval, each reason once.
fn absent_intervals(map: &LayerMap) -> Vec<String> {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for (row, column, _) in map.values() {
        let Some(IntervalRecord::Absent { absent }) = map.interval(row, column) else { continue };
        match reasons.iter_mut().find(|(reason, _)| reason == absent) {
            Some((_, count)) => *count += 1,
            None => reasons.push((absent, 1)),
        }
    }
    let cells = |count| if count == 1 { "1 value".to_owned() } else { format!("{count} values") };
    reasons.into_iter().map(|(reason, count)| format!("No interval for {}: {reason}.", cells(count))).collect()
}

/// The noise floor, p-value and q-value of a cell.
fn beside_chance(null: &NullRecord, (row, column): (usize, usize)) -> String {
    match (null.floor[row][column], null.p[row][column], null.q[row][column]) {
        (Some(floor), Some(p), Some(q)) => format!("  floor {}, p {p:.3}, q {q:.3}", number(floor)),
        _ => "  no null".to_owned(),
    }
}

/// What was searched for, beside what the same search finds by chance.
fn chance_of(null: &NullRecord) -> String {
    let found = |what: &str, search: Option<SearchRecord>| {
        let SearchRecord { value, p, floor, .. } = search?;
        Some(format!("{what} {} (floor {}, p {p:.3})", number(value), number(floor)))
    };
    let searches = [found("most alike pair", null.best), found("mean at the same depth", null.diagonal_mean)];
    let searches: Vec<String> = searches.into_iter().flatten().collect();
    let NullSpec { permutations, alpha, .. } = null.spec;
    format!("{permutations} random orders of the samples, level {alpha}: {}.", searches.join(", "))
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}", line.trim_end());
}

/// `11,173,962`.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([7, 999, 1000, 11_173_962].map(grouped), ["7", "999", "1,000", "11,173,962"]);
    }
}
