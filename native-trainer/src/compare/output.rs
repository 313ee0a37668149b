//! The files that a comparison leaves.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use repgeo_core::figure::Heatmap;
use repgeo_core::study::Comparison;

use crate::files;

/// Writes `report.json`, `comparison.csv` and one SVG for each measure and pair. A file is complete or absent, even when
/// the program is killed.
///
/// # Errors
/// When the folder or a file cannot be written, or the report lacks an input of a pair.
pub(super) fn write(comparison: &Comparison, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = vec![
        write_file(folder, "report.json", &comparison.to_json()?)?,
        write_file(folder, "comparison.csv", &comparison.to_csv())?,
    ];
    let mut taken = BTreeSet::new();
    for (index, measure) in comparison.measures.iter().enumerate() {
        for (pair, record) in measure.pairs.iter().enumerate() {
            let figure = Heatmap::of(comparison, index, pair)
                .with_context(|| format!("{}: pair {pair} is of an input that is not in the report", measure.id))?;
            let name = |input: usize| comparison.inputs[input].name.as_str();
            let stem = file_stem(&format!("{}.{}.{}", measure.id, name(record.a), name(record.b)));
            let numbered = (2_usize..).map(|number| format!("{stem}-{number}"));
            let free = std::iter::once(stem.clone()).chain(numbered).find(|stem| taken.insert(stem.to_lowercase()));
            files.push(write_file(folder, &format!("{}.svg", free.unwrap_or(stem)), &figure.to_svg())?);
        }
    }
    Ok(files)
}

/// A name that every file system takes: letters, digits, dots, hyphens and underscores.
fn file_stem(name: &str) -> String {
    let allowed = |character: char| character.is_alphanumeric() || matches!(character, '.' | '-' | '_');
    name.chars().map(|character| if allowed(character) { character } else { '-' }).take(120).collect()
}

fn write_file(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    files::write(&path, text.as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_file_names() {
        assert_eq!(file_stem("cka.a/b: c (2).ä"), "cka.a-b--c--2-.ä");
    }
}
