//! What the images say of how tensors were read, as text for the terminal.

use repgeo_core::checkpoint::{Alternative, Divergence, Evidence, ReadingEvidence};

/// A table of the readings that the images were asked of, and one of the normalisations; nothing where there was one of each.
pub(super) fn table(input: &str, evidence: &ReadingEvidence) -> Vec<String> {
    let ReadingEvidence { taken, alternatives, presets } = evidence;
    let mut lines = Vec::new();
    if !alternatives.is_empty() {
        lines.push(format!("readings of the tensors of {input}, by what the images say"));
        let others = alternatives.iter().map(|Alternative { said, evidence }| row(said, evidence));
        let header = ["reading", "images", "as labelled", "divergence: median", "largest"].map(str::to_owned);
        let rows: Vec<_> = [header, row("as taken", taken)].into_iter().chain(others).collect();
        lines.extend(aligned(&rows));
    }
    if !presets.is_empty() {
        lines.push(format!("normalisations of the images for {input}, by what its batch normalisations see"));
        let header = ["normalisation", "divergence: median", "largest"].map(str::to_owned);
        let rows = presets.iter().map(|one| {
            let [median, largest] = divergence(Some(one.divergence));
            [one.preset.clone(), median, largest]
        });
        lines.extend(aligned(&std::iter::once(header).chain(rows).collect::<Vec<_>>()));
    }
    lines
}

fn row(said: &str, evidence: &Evidence) -> [String; 5] {
    let accuracy = evidence.accuracy.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share));
    let [median, largest] = divergence(evidence.divergence);
    [said.to_owned(), evidence.images.to_string(), accuracy, median, largest]
}

fn divergence(found: Option<Divergence>) -> [String; 2] {
    let number = |value: f64| if value < 1000.0 { format!("{value:.4}") } else { format!("{value:.1e}") };
    found.map_or_else(|| ["-", "-"].map(str::to_owned), |found| [number(found.median), number(found.largest)])
}

/// Rows with their columns below one another: the first to the left, numbers to the right.
fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let line = |row: &[String; COLUMNS]| {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (text, width))| match column {
            0 => format!("  {text:width$}"),
            _ => format!("  {text:>width$}"),
        });
        cells.collect::<String>()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use repgeo_core::checkpoint::PresetEvidence;

    use super::*;

    #[test]
    fn readings_and_normalisations_are_tables() {
        let divergence = Divergence { median: 0.0123, largest: 12_345.6 };
        let taken = Evidence { images: 256, accuracy: Some(0.625), divergence: Some(divergence) };
        let other = Evidence { accuracy: None, divergence: None, ..taken };
        let alternatives = vec![Alternative { said: "activation=tanh".to_owned(), evidence: other }];
        let presets = vec![PresetEvidence { preset: "half".to_owned(), divergence }];
        let evidence = ReadingEvidence { taken, alternatives, presets };
        assert_eq!(
            table("a", &evidence),
            [
                "readings of the tensors of a, by what the images say",
                "  reading          images  as labelled  divergence: median  largest",
                "  as taken            256       62.5 %              0.0123    1.2e4",
                "  activation=tanh     256            -                   -        -",
                "normalisations of the images for a, by what its batch normalisations see",
                "  normalisation  divergence: median  largest",
                "  half                       0.0123    1.2e4",
            ]
        );
        assert!(table("a", &ReadingEvidence { alternatives: Vec::new(), presets: Vec::new(), taken }).is_empty());
    }
}
