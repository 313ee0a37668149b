//! Another measure is asked of the layers that the engine keeps, without a network run.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use repgeo_tests::browser::{Options, visit};
use repgeo_tests::places;
use serde_json::Value;

use crate::steps::{LATE, SOON, ready};

/// Writes down when a run begins and ends, in the page's own time.
const WATCH: &str = "(() => {
    window.runs = [];
    const note = () => window.runs.push([document.documentElement.dataset.run, performance.now()]);
    new MutationObserver(note).observe(document.documentElement, { attributes: true, attributeFilter: ['data-run'] });
})()";

#[tokio::test]
async fn a_chosen_measure_is_answered_without_pressing_compare() -> anyhow::Result<()> {
    let files = [
        "networks/resnet18-seed0.safetensors",
        "networks/resnet18-seed1.safetensors",
        "probes/fashion-mnist-test-2000-images-idx3-ubyte.gz",
    ];
    let files = files.map(|file| places::root().join("static").join(file));
    visit("kept", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        page.drop_files(&files.each_ref().map(PathBuf::as_path)).await?;
        page.wait_for("#compare:not([disabled])", SOON).await?;
        page.set("#samples", "512").await?;
        page.click("#compare:not([disabled])").await?;
        page.wait_for("html[data-run=idle][data-map=computed]", LATE).await?;
        page.evaluate(WATCH).await?;
        for measure in ["cka-linear", "cka-rbf"] {
            page.evaluate("window.runs.length = 0").await?;
            page.set("#measure", measure).await?;
            page.wait_until("window.runs.some(([state]) => state === 'idle')", SOON).await?;
            let runs = page.evaluate("window.runs.map(([, time]) => time)").await?;
            let times: Vec<f64> = runs.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
            let (first, last) = times.first().zip(times.last()).context("no run was seen")?;
            places::measured(&format!(
                "{measure} of kept layers of two narrow ResNet-18: {:.0} ms in the page (aim 100)",
                last - first
            ));
        }
        let report: Value = {
            page.click("#export-json").await?;
            serde_json::from_slice(&page.download("json").await?)?
        };
        let measures = report["measures"].as_array().context("no measures")?;
        let ids: Vec<&str> = measures.iter().filter_map(|measure| measure["id"].as_str()).collect();
        ensure!(ids == ["cka-linear-debiased", "cka-linear", "cka-rbf"], "{ids:?}");
        ensure!(report["spec"]["questions"] == serde_json::json!(ids), "{}", report["spec"]);
        Ok(())
    })
    .await
}
