//! The same comparison on every engine of the browser.

use anyhow::ensure;
use repgeo_tests::browser::{Graphics, Options, Page, visit};
use repgeo_tests::places;

use crate::steps::{LATE, Material, SOON, Table, compare, ready};

async fn table(page: &Page, material: &Material, engine: &str) -> anyhow::Result<Table> {
    ready(page).await?;
    page.wait_for(&format!("#engine-status[data-engine-id={engine}]"), LATE).await?;
    material.drop_on(page).await?;
    page.set("#samples", "16").await?;
    page.set("#normalization", material.normalisation).await?;
    let time = compare(page).await?;
    places::measured(&format!(
        "comparison of two small networks on 16 images on {engine}: {:.1} s",
        time.as_secs_f64()
    ));
    Table::read(page).await
}

#[tokio::test]
async fn webgpu_agrees_with_the_cpu() -> anyhow::Result<()> {
    let Some(material) = Material::bundled() else { return Ok(()) };
    let mut tables = Vec::new();
    for engine in ["cpu", "webgpu"] {
        let query = format!("?engine={engine}&demo=none");
        let options = Options { graphics: Graphics::SwiftShader, ..Options::desktop(&query) };
        visit(&format!("engine-{engine}"), options, async |page| {
            tables.push(table(page, &material, engine).await?);
            Ok(())
        })
        .await?;
    }
    match tables.as_slice() {
        [cpu, webgpu] => cpu.ensure_close(webgpu, 1e-3),
        // Without a built page nothing was visited, and it said so.
        _ => Ok(()),
    }
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
