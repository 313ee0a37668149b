//! What chance makes of a map, asked for once the map is there.

use anyhow::{Context as _, ensure};
use repgeo_tests::browser::{Options, visit};
use serde_json::Value;

use crate::steps::{LATE, Material, SOON, Table, compare, ready};

const SAMPLES: &str = "128";
const ORDERS: &str = "99";
/// Of values between −1 and 1, in single precision that sums in another order.
const CLOSE: f64 = 1e-5;

/// What a null says of every cell.
fn numbers(report: &Value, what: &str) -> anyhow::Result<Vec<f64>> {
    let rows = report["measures"][0]["pairs"][0]["null"][what].as_array().with_context(|| format!("no {what}"))?;
    Ok(rows.iter().flat_map(|row| row.as_array().into_iter().flatten()).filter_map(Value::as_f64).collect())
}

fn ensure_close(what: &str, a: &[f64], b: &[f64], tolerance: f64) -> anyhow::Result<()> {
    ensure!(!a.is_empty() && a.len() == b.len(), "{what}: {} and {} values", a.len(), b.len());
    let farthest = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    ensure!(farthest <= tolerance, "{what}: the browser and the command line differ by {farthest}");
    Ok(())
}

#[tokio::test]
async fn the_noise_floor_of_a_map_is_that_of_the_command_line() -> anyhow::Result<()> {
    let Some(material) = Material::bundled()? else { return Ok(()) };
    visit("chance", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        material.drop_on(page).await?;
        page.set("#samples", SAMPLES).await?;
        page.set("#normalization", material.normalisation).await?;
        compare(page).await?;
        let values = Table::read(page).await?;
        ensure!(
            page.evaluate("document.querySelector('#quantity')").await?.is_null(),
            "scores are offered before there are some"
        );

        page.evaluate("document.querySelector('#more-settings').open = true").await?;
        page.click("#noise-floor").await?;
        page.wait_for("#quantity", LATE).await?;
        page.set("#orders", ORDERS).await?;
        let sentence =
            format!("document.querySelector('#sentence').textContent.includes('Against {ORDERS} random orders')");
        page.wait_until(&sentence, LATE).await?;
        page.wait_for("html[data-run=idle][data-map=computed]", SOON).await?;
        ensure!(page.evaluate("location.search").await?.as_str().is_some_and(|query| query.contains("null=99")));
        ensure!(Table::read(page).await? == values, "a noise floor changed the values");
        for part in ["floor", "score", "p", "q"] {
            let text = page.text(&format!("#cell-{part}")).await?;
            ensure!(text.chars().any(|one| one.is_ascii_digit()), "{part}: {text:?}");
        }

        page.click("#export-json").await?;
        let report: Value = serde_json::from_slice(&page.download("json").await?)?;
        page.set("#quantity", "score").await?;
        let shown: Vec<f64> = Table::read(page).await?.values.into_iter().flatten().flatten().collect();
        ensure!(shown == numbers(&report, "score")?, "the table does not show the calibrated scores");
        page.screenshot("chance").await?;

        let native = material.native_report_with(SAMPLES, "cka-linear-debiased", &["--null", ORDERS])?;
        for what in ["floor", "score"] {
            ensure_close(what, &numbers(&report, what)?, &numbers(&native, what)?, CLOSE)?;
        }
        // Two orders whose values are the same but for rounding may change places.
        let step = 1.0 / 100.0 + CLOSE;
        ensure_close("p", &numbers(&report, "p")?, &numbers(&native, "p")?, step)
    })
    .await
}

#[tokio::test]
async fn intervals_are_those_of_the_command_line() -> anyhow::Result<()> {
    let Some(material) = Material::bundled()? else { return Ok(()) };
    visit("intervals", Options::desktop("?engine=cpu&demo=none&bootstrap=199"), async |page| {
        ready(page).await?;
        material.drop_on(page).await?;
        page.set("#samples", SAMPLES).await?;
        page.set("#normalization", material.normalisation).await?;
        compare(page).await?;
        let text = page.text("#cell-interval").await?;
        ensure!(text.contains(" to "), "{text:?}");
        page.click("#export-json").await?;
        let report: Value = serde_json::from_slice(&page.download("json").await?)?;
        let native = material.native_report_with(SAMPLES, "cka-linear-debiased", &["--bootstrap", "199"])?;
        let ends = |report: &Value, end: &str| -> anyhow::Result<Vec<f64>> {
            let rows = report["measures"][0]["pairs"][0]["bootstrap"]["cells"].as_array().context("no intervals")?;
            Ok(rows
                .iter()
                .flat_map(|row| row.as_array().into_iter().flatten())
                .filter_map(|cell| cell[end].as_f64())
                .collect())
        };
        for end in ["low", "high", "standard_error"] {
            ensure_close(end, &ends(&report, end)?, &ends(&native, end)?, CLOSE)?;
        }
        page.screenshot("intervals").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_measure_is_found_by_what_is_said_of_it() -> anyhow::Result<()> {
    visit("measure-search", Options::desktop("?engine=cpu&demo=none"), async |page| {
        page.wait_for("html[data-app=ready]", SOON).await?;
        let ids = "[...document.querySelectorAll('#measure option')].map(option => option.value)";
        let all = page.evaluate(ids).await?;
        ensure!(all.as_array().is_some_and(|all| all.len() > 20), "{all}");
        page.set("#measure", "cka-linear").await?;
        page.element("#measure-search").await?.send_keys("canonical squared").await?;
        let expected = serde_json::json!(["cka-linear", "cca-mean-squared"]);
        page.wait_until(&format!("JSON.stringify({ids}) === '{expected}'"), SOON).await?;
        ensure!(page.evaluate("document.querySelector('#measure').value").await? == "cka-linear");
        page.set("#measure", "cca-mean-squared").await?;
        ensure!(page.text("#measure-summary").await?.len() > 20);
        ensure!(page.evaluate("document.querySelector('#measure').value").await? == "cca-mean-squared");
        Ok(())
    })
    .await
}
