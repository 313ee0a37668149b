//! The same comparison on every engine of the browser.

use anyhow::{Context as _, ensure};
use repgeo_tests::browser::{Graphics, Options, Page, visit};
use repgeo_tests::places;
use serde_json::Value;

use crate::steps::{LATE, Material, SOON, Table, compare, ready};

const SAMPLES: &str = "16";

/// The report of all measures on this engine.
async fn report(page: &Page, material: &Material, engine: &str) -> anyhow::Result<Value> {
    ready(page).await?;
    page.wait_for(&format!("#engine-status[data-engine-id={engine}]"), LATE).await?;
    material.drop_on(page).await?;
    page.set("#samples", SAMPLES).await?;
    page.set("#normalization", material.normalisation).await?;
    page.evaluate("document.querySelector('#more-settings').open = true").await?;
    page.click("#all-measures").await?;
    let time = compare(page).await?;
    places::measured(&format!(
        "all measures of two small networks on {SAMPLES} images on {engine}: {:.1} s",
        time.as_secs_f64()
    ));
    page.click("#export-json").await?;
    Ok(serde_json::from_slice(&page.download("json").await?)?)
}

/// The ids of a report's measures.
fn measures(report: &Value) -> Vec<String> {
    let measures = report["measures"].as_array().into_iter().flatten();
    measures.filter_map(|measure| measure["id"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn every_measure_agrees_on_the_command_line_the_browsers_cpu_and_webgpu() -> anyhow::Result<()> {
    let Some(material) = Material::bundled()? else { return Ok(()) };
    let mut reports = Vec::new();
    for engine in ["cpu", "webgpu"] {
        let query = format!("?engine={engine}&demo=none");
        let options = Options { graphics: Graphics::SwiftShader, ..Options::desktop(&query) };
        visit(&format!("engine-{engine}"), options, async |page| {
            reports.push((engine, report(page, &material, engine).await?));
            Ok(())
        })
        .await?;
    }
    // Without a built page nothing was visited, and it said so.
    let Some((_, first)) = reports.first() else { return Ok(()) };
    let ids = measures(first);
    ensure!(ids.len() >= 8, "expected every measure, found {ids:?}");
    let native = material.native_report(SAMPLES, &ids.join(","))?;
    ensure!(measures(&native) == ids, "the command line has {:?}, the page {ids:?}", measures(&native));
    for (engine, report) in &reports {
        ensure!(report["device"]["engine"] == *engine, "expected {engine}, found {}", report["device"]);
        ensure!(measures(report) == ids, "{engine} has {:?}", measures(report));
        for (index, id) in ids.iter().enumerate() {
            let (own, expected) = (Table::of_measure(report, index)?, Table::of_measure(&native, index)?);
            own.ensure_close(&expected, 1e-3).with_context(|| format!("{id} on {engine}"))?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn without_webgpu_the_cpu_is_taken_and_the_page_says_why() -> anyhow::Result<()> {
    visit("engine-automatic", Options::desktop("?demo=none"), async |page| {
        ready(page).await?;
        page.wait_for("#engine-status[data-engine-id=cpu]", SOON).await?;
        let reason = page.evaluate("document.querySelector('#engine-reason').textContent").await?;
        ensure!(reason.as_str().is_some_and(|reason| reason.contains("WebGPU")), "the reason is {reason}");
        Ok(())
    })
    .await
}

/// Whether the page was sent a part of the WebGPU engine.
fn fetched_webgpu(page: &Page) -> bool {
    page.served().iter().any(|file| file.path.starts_with("engine-webgpu"))
}

#[tokio::test]
async fn the_webgpu_engine_is_fetched_only_where_it_is_asked_for_or_may_be_faster() -> anyhow::Result<()> {
    for (name, query, graphics, id) in [
        ("fetched-cpu", "?engine=cpu", Graphics::SwiftShader, "cpu"),
        ("fetched-no-adapter", "", Graphics::None, "cpu"),
        ("fetched-software", "", Graphics::SwiftShader, "cpu"),
        ("fetched-webgpu", "?engine=webgpu&demo=none", Graphics::SwiftShader, "webgpu"),
    ] {
        visit(name, Options { graphics, ..Options::desktop(query) }, async |page| {
            page.wait_for(&format!("#engine-status[data-engine-id={id}]"), LATE).await?;
            if id == "cpu" {
                page.wait_for("html[data-run=idle][data-map=computed]", LATE).await?;
            }
            ensure!(fetched_webgpu(page) == (id == "webgpu"), "{name}: the page was sent {:?}", page.served());
            Ok(())
        })
        .await?;
    }
    Ok(())
}
