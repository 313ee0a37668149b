//! The result leaves the page as CSV, JSON, SVG and PNG, all saying the same.

use anyhow::{Context as _, ensure};
use repgeo_tests::browser::{Options, visit};
use serde_json::Value;

use crate::steps::{Material, Table, compare, ready};

#[tokio::test]
async fn exports_say_what_the_table_says() -> anyhow::Result<()> {
    let Some(material) = Material::find()? else { return Ok(()) };
    visit("exports", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        material.drop_on(page).await?;
        page.set("#samples", "16").await?;
        compare(page).await?;
        let shown = Table::read(page).await?;
        for id in ["json", "csv", "svg", "png"] {
            page.click(&format!("#export-{id}")).await?;
        }

        let report: Value = serde_json::from_slice(&page.download("json").await?)?;
        shown.ensure_close(&Table::of_report(&report)?, 0.0)?;
        ensure!(report["probe"]["samples"] == 16, "{}", report["probe"]);
        for (input, file) in report["inputs"].as_array().context("no inputs")?.iter().zip(&material.networks) {
            let name = input["file"].as_str().context("an input without a file")?;
            ensure!(file.ends_with(name), "{name} is not {}", file.display());
        }

        let csv = String::from_utf8(page.download("csv").await?)?;
        let values: Vec<f64> =
            csv.lines().skip(1).filter_map(|line| line.split(',').find_map(full_precision)).collect();
        let expected: Vec<f64> = shown.values.iter().flatten().copied().flatten().collect();
        ensure!(csv.lines().count() > expected.len(), "{} lines for {} cells", csv.lines().count(), expected.len());
        ensure!(expected.iter().all(|value| values.contains(value)), "the CSV lacks a value: {csv}");

        let svg = String::from_utf8(page.download("svg").await?)?;
        ensure!(svg.contains("<svg") && svg.contains(&shown.rows[1]), "the SVG lacks the layers' names");
        ensure!(page.download("png").await?.starts_with(b"\x89PNG\r\n\x1a\n"), "the PNG is none");
        Ok(())
    })
    .await
}

/// A field that is a number with a fraction.
fn full_precision(field: &str) -> Option<f64> {
    field.contains('.').then(|| field.parse().ok()).flatten()
}
