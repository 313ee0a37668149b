//! Two real checkpoints and a probe file are dropped and compared; the command line says the same.

use anyhow::{Context as _, ensure};
use repgeo_tests::browser::{Options, visit};
use repgeo_tests::places;

use crate::steps::{Material, Table, compare, ready};

const MEASURE: &str = "cka-linear-debiased";
const SAMPLES: &str = "64";

#[tokio::test]
async fn dropped_checkpoints_give_the_values_of_the_command_line() -> anyhow::Result<()> {
    let Some(material) = Material::find()? else { return Ok(()) };
    visit("checkpoints", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        material.drop_on(page).await?;
        page.set("#samples", SAMPLES).await?;
        page.set("#normalization", material.normalisation).await?;
        page.set("#measure", MEASURE).await?;
        page.forget_long_tasks().await?;
        let time = compare(page).await?;
        let longest = page.longest_task().await?;
        places::measured(&format!(
            "comparison of two dropped networks on {SAMPLES} images: {:.1} s in the browser",
            time.as_secs_f64()
        ));
        places::measured(&format!("longest task of the interface meanwhile: {longest:?} ms (none under 50 ms)"));

        let shown = Table::read(page).await?;
        let report = material.native_report(SAMPLES, MEASURE)?;
        let remarks = report["warnings"].as_array().map_or(0, Vec::len);
        let listed = page.evaluate("document.querySelectorAll('#remarks li').length").await?;
        ensure!(listed == remarks, "the page lists {listed} remarks: {}", report["warnings"]);
        let native = Table::of_report(&report)?;
        let layer = shown.rows.get(shown.rows.len() / 2).context("the table has no rows")?;
        let (here, there) = (shown.value(layer, layer), native.value(layer, layer));
        let (here, there) = (here.context("the page shows no value")?, there.context("the report has no value")?);
        ensure!((here - there).abs() <= 1e-4, "{layer} × {layer}: the page says {here}, the command line {there}");
        shown.ensure_close(&native, 1e-4)
    })
    .await
}
