//! The states of the page that other scenarios pass too quickly to see.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use repgeo_tests::browser::{Graphics, Options, Page, visit, visit_site};

use crate::steps::{LATE, Material, SOON, Table, compare, listed, ready};

/// Sends drag events that carry a file, as the browser does for a drag from the desktop.
async fn drag(page: &Page, kind: &str) -> anyhow::Result<()> {
    page.evaluate(&format!(
        "(() => {{
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File(['x'], 'a.pt'));
            document.body.dispatchEvent(new DragEvent('{kind}', {{ bubbles: true, cancelable: true, dataTransfer }}));
        }})()"
    ))
    .await?;
    Ok(())
}

/// Writes layers as a safetensors file, every value 0.01 × its place.
pub(crate) fn write_checkpoint(path: &Path, tensors: &[(&str, &[usize])]) -> anyhow::Result<()> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape) in tensors {
        let start = data.len();
        for place in 0..shape.iter().product::<usize>() {
            data.extend((0.01 * (place % 89) as f32 - 0.4).to_le_bytes());
        }
        let entry = serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, data.len()] });
        header.insert((*name).to_owned(), entry);
    }
    let header = serde_json::Value::Object(header).to_string();
    let length = u64::try_from(header.len())?.to_le_bytes();
    Ok(std::fs::write(path, [&length, header.as_bytes(), &data].concat())?)
}

/// A copy of the built page with something put before the code of one of its workers; nothing when there is no built page.
fn page_with_worker(folder: &Path, loader: &str, before: &str) -> anyhow::Result<Option<PathBuf>> {
    let Some(site) = copy_of_page(folder)? else { return Ok(None) };
    let loader = site.join(loader);
    let code = std::fs::read_to_string(&loader).with_context(|| format!("the page has no {}", loader.display()))?;
    std::fs::write(&loader, format!("{before}\n{code}"))?;
    Ok(Some(site))
}

/// A copy of the built page; nothing when there is no built page.
pub(crate) fn copy_of_page(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let Some(dist) = std::env::var_os("REPGEO_DIST").map(PathBuf::from) else { return Ok(None) };
    copy(&dist, folder)?;
    Ok(Some(folder.to_path_buf()))
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_drag_over_the_window_shows_what_can_be_dropped() -> anyhow::Result<()> {
    visit("dragging", Options::desktop("?engine=cpu&demo=stored"), async |page| {
        page.wait_for("html[data-map=stored]", SOON).await?;
        drag(page, "dragover").await?;
        page.wait_for("#drop-overlay:not([hidden])", SOON).await?;
        ensure!(page.text("#drop-overlay").await?.contains("safetensors"));
        page.screenshot("dragging-overlay").await?;
        drag(page, "dragleave").await?;
        page.wait_for("#drop-overlay[hidden]", SOON).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_unknown_architecture_is_asked_for_and_what_it_leaves_aside_is_reported() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("nameless.safetensors");
    // The last matrix fits no other.
    let tensors: [(&str, &[usize]); 5] = [
        ("alpha.weight", &[10, 16]),
        ("alpha.bias", &[10]),
        ("omega.weight", &[16, 784]),
        ("omega.bias", &[16]),
        ("zeta.weight", &[7, 33]),
    ];
    write_checkpoint(&path, &tensors)?;
    visit("architecture", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        page.drop_files(&[&path]).await?;
        let item = listed(&path)?;
        page.wait_for(&format!("{item}[data-status=architecture-unknown] .architecture"), SOON).await?;
        let message = page.text(&format!("{item} .message")).await?;
        ensure!(message.contains("nameless.safetensors"), "the message is `{message}`");
        page.screenshot("architecture-form").await?;
        page.set(&format!("{item} select.family"), "mlp").await?;
        let description = r#"{ "family": "mlp", "inputs": 784, "activation": "relu", "layers": [
            { "name": "omega", "width": 16, "bias": true }, { "name": "alpha", "width": 10, "bias": true } ] }"#;
        page.wait_for(&format!("{item} textarea"), SOON).await?;
        page.set(&format!("{item} textarea"), description).await?;
        page.click(&format!("{item} button.describe")).await?;
        page.wait_for(&format!("{item}[data-status=loaded] details.load-report[open]"), SOON).await?;
        let report = page.text(&format!("{item} details.load-report")).await?;
        ensure!(report.contains("zeta.weight"), "the load report is `{report}`");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_engine_that_cannot_start_leaves_a_page_that_says_so() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let broken = "throw new Error('no engine today');";
    let Some(site) = page_with_worker(folder.path(), "engine_loader.js", broken)? else {
        repgeo_tests::places::skipped("REPGEO_DIST names no built page");
        return Ok(());
    };
    visit_site(&site, "engine-gone", Options::desktop("?demo=stored"), async |page| {
        page.wait_for("html[data-app=ready][data-engine=gone]", SOON).await?;
        let status = page.text("#status").await?;
        ensure!(status.contains("no engine today"), "the status is `{status}`");
        // The stored comparison and the table still work.
        ensure!(Table::read(page).await?.values.len() > 3);
        // The broken worker's own complaints are what this scenario is about.
        page.console_errors().await.map(drop)
    })
    .await
}

#[tokio::test]
async fn a_lost_webgpu_device_falls_back_to_the_cpu_with_a_note() -> anyhow::Result<()> {
    let Some(material) = Material::bundled()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    // A device that is destroyed while it is in use, as when a driver restarts.
    let lose = "const request = GPUAdapter.prototype.requestDevice;
        GPUAdapter.prototype.requestDevice = async function (...options) {
            const device = await request.apply(this, options);
            const submit = device.queue.submit.bind(device.queue);
            let calls = 0;
            device.queue.submit = (...work) => { if (++calls === 3) device.destroy(); return submit(...work); };
            return device;
        };";
    let Some(site) = page_with_worker(folder.path(), "engine-webgpu_loader.js", lose)? else {
        repgeo_tests::places::skipped("REPGEO_DIST names no built page");
        return Ok(());
    };
    let options = Options { graphics: Graphics::SwiftShader, ..Options::desktop("?engine=webgpu&demo=none") };
    visit_site(&site, "webgpu-lost", options, async |page| {
        ready(page).await?;
        page.wait_for("#engine-status[data-engine-id=webgpu]", LATE).await?;
        material.drop_on(page).await?;
        page.set("#samples", "16").await?;
        compare(page).await?;
        page.wait_for("#engine-status[data-engine-id=cpu]", SOON).await?;
        let notice = page.text("#notice").await?;
        ensure!(notice.contains("WebGPU") && notice.contains("CPU"), "the notice is `{notice}`");
        ensure!(Table::read(page).await?.values.iter().flatten().all(Option::is_some), "a cell is missing");
        page.console_errors().await.map(drop)
    })
    .await
}
