//! What scenarios have in common: loading, comparing, reading the table.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use repgeo_tests::browser::Page;
use repgeo_tests::places;
use serde_json::{Value, json};

/// For what answers at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// For what computes.
pub(crate) const LATE: Duration = Duration::from_secs(240);

/// Waits until the interface runs and the engine is there.
pub(crate) async fn ready(page: &Page) -> anyhow::Result<()> {
    page.wait_for("html[data-app=ready]", SOON).await?;
    page.wait_for("html[data-engine=ready]", LATE).await?;
    Ok(())
}

/// Two checkpoints of the same architecture and a probe file, with the normalisation that belongs to them.
pub(crate) struct Material {
    pub(crate) networks: [PathBuf; 2],
    pub(crate) probe: PathBuf,
    pub(crate) normalisation: &'static str,
}

impl Material {
    /// Real PyTorch checkpoints with CIFAR-10 where they are, else what the page ships.
    pub(crate) fn find() -> anyhow::Result<Option<Self>> {
        match Self::real() {
            Some(real) => Ok(Some(real)),
            None => Self::bundled(),
        }
    }

    fn real() -> Option<Self> {
        Some(Self {
            networks: [
                places::shared("resnet_cifar/resnet20-seed1.th")?,
                places::shared("resnet_cifar/resnet20-seed2.th")?,
            ],
            probe: places::shared("cifar10_first4000_lossless.bin.gz")?,
            normalisation: "imagenet",
        })
    }

    /// Small networks that the page ships.
    pub(crate) fn bundled() -> anyhow::Result<Option<Self>> {
        let Some(catalogue) = places::bundled("catalogue.json") else { return Ok(None) };
        let catalogue: Value = serde_json::from_slice(&std::fs::read(catalogue)?)?;
        let networks = catalogue["networks"].as_array().context("the catalogue lists no networks")?;
        let mut files = networks.iter().filter_map(|entry| entry["file"].as_str()).filter(|file| file.contains("mlp"));
        let mut network = || files.next().map(places::bundled).context("the catalogue lists fewer than two MLPs");
        let probe = catalogue["probes"][0]["files"][0].as_str().context("the catalogue lists no probe set")?;
        let (Some(first), Some(second), Some(probe)) = (network()?, network()?, places::bundled(probe)) else {
            return Ok(None);
        };
        Ok(Some(Self { networks: [first, second], probe, normalisation: "fashion-mnist" }))
    }

    /// Drops all files on the page at once and waits until they are loaded.
    pub(crate) async fn drop_on(&self, page: &Page) -> anyhow::Result<()> {
        page.drop_files(&[&self.networks[0], &self.networks[1], &self.probe]).await?;
        for network in &self.networks {
            page.wait_for(&format!("{}[data-status=loaded]", listed(network)?), SOON).await?;
        }
        page.wait_for("#probe[data-status=loaded]", SOON).await?;
        Ok(())
    }

    /// The report of the command line for the same settings as the page's.
    pub(crate) fn native_report(&self, samples: &str, measure: &str) -> anyhow::Result<Value> {
        self.native_report_with(samples, measure, &[])
    }

    /// With more settings.
    pub(crate) fn native_report_with(&self, samples: &str, measure: &str, more: &[&str]) -> anyhow::Result<Value> {
        let folder = tempfile::tempdir()?;
        let mut command = places::native_trainer()?;
        command.arg("compare").args(&self.networks).arg("--probe").arg(&self.probe);
        command
            .args(["--samples", samples, "--normalize", self.normalisation, "--measure", measure, "--out"])
            .arg(folder.path());
        let output = command.args(more).output()?;
        ensure!(output.status.success(), "native-trainer: {}", String::from_utf8_lossy(&output.stderr));
        let report = folder.path().join("report.json");
        let text = std::fs::read(&report).with_context(|| format!("{} was not written", report.display()))?;
        Ok(serde_json::from_slice(&text)?)
    }
}

/// The list's entry of a file.
pub(crate) fn listed(file: &Path) -> anyhow::Result<String> {
    let name = file.file_name().with_context(|| format!("{}: expected a file", file.display()))?;
    Ok(format!("#networks > li[data-file={}]", json!(name.to_string_lossy())))
}

/// Presses Compare and waits for the end; says how long it took.
pub(crate) async fn compare(page: &Page) -> anyhow::Result<Duration> {
    let start = Instant::now();
    page.click("#compare:not([disabled])").await?;
    page.wait_for("html[data-run=running], html[data-map=computed]", SOON).await?;
    page.wait_for("html[data-run=idle][data-map=computed]", LATE).await?;
    Ok(start.elapsed())
}

/// The table of the result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub(crate) rows: Vec<String>,
    pub(crate) columns: Vec<String>,
    /// Row by row, in full precision; nothing where there is no value.
    pub(crate) values: Vec<Vec<Option<f64>>>,
}

impl Table {
    /// Reads it from the page, the view being switched to it and back.
    pub(crate) async fn read(page: &Page) -> anyhow::Result<Self> {
        page.click("#view-table").await?;
        page.wait_for("#table td[data-value]", SOON).await?;
        let read = "(() => {
            const table = document.querySelector('#table');
            const texts = selector => [...table.querySelectorAll(selector)].map(element => element.textContent);
            const cell = element => element.dataset.value === undefined ? null : Number(element.dataset.value);
            const rows = [...table.querySelectorAll('tbody tr')].map(row => [...row.querySelectorAll('td')].map(cell));
            return { columns: texts('thead th'), rows: texts('tbody th'), values: rows };
        })()";
        let read = page.evaluate(read).await?;
        page.click("#view-map").await?;
        Ok(Self {
            rows: serde_json::from_value(read["rows"].clone())?,
            columns: serde_json::from_value(read["columns"].clone())?,
            values: serde_json::from_value(read["values"].clone())?,
        })
    }

    /// The table of the first pair and the first measure of a report.
    pub(crate) fn of_report(report: &Value) -> anyhow::Result<Self> {
        Self::of_measure(report, 0)
    }

    /// The table of the first pair and one of the measures of a report.
    pub(crate) fn of_measure(report: &Value, measure: usize) -> anyhow::Result<Self> {
        let layers = |input: usize| -> anyhow::Result<Vec<String>> {
            let layers = report["inputs"][input]["layers"].as_array().context("an input without layers")?;
            layers
                .iter()
                .map(|layer| Ok(layer["name"].as_str().context("a layer without a name")?.to_owned()))
                .collect()
        };
        let cells = report["measures"][measure]["pairs"][0]["cells"].as_array().context("the report has no cells")?;
        let row = |row: &Value| -> anyhow::Result<Vec<Option<f64>>> {
            Ok(row.as_array().context("a row that is no list")?.iter().map(Value::as_f64).collect())
        };
        let values = cells.iter().map(row).collect::<anyhow::Result<_>>()?;
        Ok(Self { rows: layers(0)?, columns: layers(1)?, values })
    }

    /// The cell of two layers.
    pub(crate) fn value(&self, row: &str, column: &str) -> Option<f64> {
        let row = self.rows.iter().position(|name| name == row)?;
        let column = self.columns.iter().position(|name| name == column)?;
        *self.values.get(row)?.get(column)?
    }

    /// Checks that another table has the same layers, and the same values within `tolerance`.
    pub(crate) fn ensure_close(&self, other: &Self, tolerance: f64) -> anyhow::Result<()> {
        ensure!(self.rows == other.rows && self.columns == other.columns, "different layers: {self:?} and {other:?}");
        ensure!(!self.values.is_empty() && self.values.len() == other.values.len(), "different sizes");
        for (row, name) in self.rows.iter().enumerate() {
            for (column, other_name) in self.columns.iter().enumerate() {
                let (a, b) = (self.values[row][column], other.values[row][column]);
                let close = match (a, b) {
                    (Some(a), Some(b)) => (a - b).abs() <= tolerance,
                    (None, None) => true,
                    _ => false,
                };
                ensure!(close, "{name} × {other_name}: {a:?} and {b:?} differ by more than {tolerance}");
            }
        }
        Ok(())
    }
}
