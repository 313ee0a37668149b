//! The measures themselves in the browser's engine and natively, on the same activations.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use repgeo_tests::browser::{Options, visit};
use repgeo_tests::report::{ReportCell, cells, deviations};
use repgeo_tests::{places, study};
use serde_json::Value;

use crate::steps::{SOON, compare, listed, ready};

/// Single precision goes through other kernels in WebAssembly, which sum in another order.
const SINGLE: f64 = 1e-6;
/// What remains in double precision: another order of summation and another library of functions.
const DOUBLE: f64 = 1e-9;

/// Layers of both precisions, with fewer features than samples and more, ties, and constant ones; see the generator.
fn files() -> [PathBuf; 2] {
    ["first", "second"]
        .map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/before/{name}.safetensors")))
}

/// The report of the command line.
fn native(files: &[PathBuf], measures: &str) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    let mut command = places::native_trainer()?;
    let output =
        command.arg("compare").args(files).args(["--measure", measures, "--out"]).arg(folder.path()).output()?;
    ensure!(output.status.success(), "native-trainer: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&std::fs::read(folder.path().join("report.json"))?)?)
}

/// In the order of the ids, as the page puts the chosen measure first.
fn sorted(report: &Value) -> anyhow::Result<Vec<ReportCell>> {
    let mut cells = cells(report)?;
    cells.sort_by(|a, b| a.measure.cmp(&b.measure));
    Ok(cells)
}

#[tokio::test]
async fn every_measure_has_the_same_values_in_the_browser_and_natively() -> anyhow::Result<()> {
    let files = files();
    visit("measures", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        page.drop_files(&[&files[0], &files[1]]).await?;
        for file in &files {
            page.wait_for(&format!("{}[data-status=loaded]", listed(file)?), SOON).await?;
        }
        page.evaluate("document.querySelector('#more-settings').open = true").await?;
        page.click("#all-measures").await?;
        compare(page).await?;
        page.click("#export-json").await?;
        let measures = study::all_measures();
        let browser = sorted(&serde_json::from_slice(&page.download("json").await?)?)?;
        let native = sorted(&native(&files, &measures.join(","))?)?;
        ensure!(browser.len() == 36 * measures.len(), "{} cells", browser.len());
        for (cell, native) in browser.iter().zip(&native) {
            if let (Err(reason), Err(expected)) = (&cell.value, &native.value) {
                ensure!(reason == expected, "{cell:?}: natively {expected}");
            }
        }
        // A cell is as precise as the less precise of its layers.
        let double = |cell: &&ReportCell| cell.a.ends_with("f64") && cell.b.ends_with("f64");
        let part = |cells: &[ReportCell], wanted: bool| -> Vec<ReportCell> {
            cells.iter().filter(|cell| double(cell) == wanted).cloned().collect()
        };
        for (name, wanted, bound) in [("double", true, DOUBLE), ("single", false, SINGLE)] {
            let deviations = deviations(&part(&browser, wanted), &part(&native, wanted))?;
            ensure!(deviations.len() == measures.len(), "{deviations:?}");
            for (measure, deviation) in deviations {
                places::measured(&format!("{measure}, {name} precision: browser and native differ by {deviation:.1e}"));
                ensure!(deviation <= bound, "{measure}, {name} precision: {deviation}");
            }
        }
        Ok(())
    })
    .await
}
