//! Speed in a real browser: measured by `cargo xtask bench`, asserted nowhere.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use repgeo_core::checkpoint::{Metadata, Precision, save_safetensors};
use repgeo_core::data::ImageShape;
use repgeo_core::model::{Architecture, Resnet, initial_state};
use repgeo_tests::browser::{Options, Page, Served, visit};
use repgeo_tests::places;

const MINUTES: Duration = Duration::from_secs(300);
/// Images of a comparison.
const IMAGES: usize = 512;
/// The bundled images.
const PROBE: &str = "probes/fashion-mnist-test-2000-images-idx3-ubyte.gz";

#[tokio::test]
async fn two_bundled_networks_on_the_processor() -> anyhow::Result<()> {
    let bundled = ["networks/resnet18-seed0.safetensors", "networks/resnet18-seed1.safetensors", PROBE];
    let files = bundled.map(|file| places::root().join("static").join(file));
    visit("bench", Options::desktop("?engine=cpu&demo=none"), async |page| {
        load(page, &files).await?;
        page.forget_long_tasks().await?;
        let start = Instant::now();
        page.click("#compare:not([disabled])").await?;
        page.wait_for("html[data-run=idle][data-map=computed]", MINUTES).await?;
        let longest = page.longest_task().await?;
        places::measured(&format!(
            "two bundled ResNet-18 in Chromium on the CPU engine: {:.2} s",
            start.elapsed().as_secs_f64()
        ));
        places::measured(&format!("longest task of the interface meanwhile: {longest:?} ms (none under 50 ms)"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_first_visit_to_the_live_result() -> anyhow::Result<()> {
    visit("bench-first-visit", Options::desktop(""), async |page| {
        page.wait_for("html[data-run=idle][data-map=computed]", MINUTES).await?;
        let seconds = page.evaluate("performance.now() / 1000").await?.as_f64().context("no time")?;
        let site = std::env::var_os("REPGEO_DIST").map(PathBuf::from).context("REPGEO_DIST names no built page")?;
        let (mut code, mut data) = (0, 0);
        for Served { path, bytes } in page.served() {
            let path = if path.is_empty() { "index.html" } else { &path };
            if ["wasm", "js", "css", "html", "json", "svg"].iter().any(|ending| path.ends_with(ending)) {
                code += gzip_size(&std::fs::read(site.join(path))?)?;
            } else {
                data += bytes;
            }
        }
        places::measured(&format!(
            "first visit: {code} bytes of code after gzip, {data} bytes of networks and images, {seconds:.2} s to the live result"
        ));
        Ok(())
    })
    .await
}

/// The size after gzip at its best level, as hosts send text and code.
fn gzip_size(bytes: &[u8]) -> anyhow::Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

/// Drops two networks and their images on the page and chooses [`IMAGES`] of these.
async fn load(page: &Page, files: &[PathBuf; 3]) -> anyhow::Result<()> {
    page.wait_for("html[data-engine=ready]", MINUTES).await?;
    page.drop_files(&files.each_ref().map(PathBuf::as_path)).await?;
    page.wait_until("document.querySelectorAll('#networks > li[data-status=loaded]').length === 2", MINUTES).await?;
    page.wait_for("#probe[data-status=loaded]", MINUTES).await?;
    page.set("#samples", &IMAGES.to_string()).await
}

#[tokio::test]
async fn memory_of_two_full_resnets() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let files = [resnet18(folder.path(), 0)?, resnet18(folder.path(), 1)?, cifar(folder.path())?];
    visit("bench-memory", Options::desktop("?engine=cpu&demo=none"), async |page| {
        load(page, &files).await?;
        page.click("#compare:not([disabled])").await?;
        page.wait_for("html[data-run=running]", MINUTES).await?;
        page.wait_for("html[data-run=idle]", 2 * MINUTES).await?;
        let status = page.text("#status").await?;
        ensure!(status.contains("memory"), "the comparison did not end well: {status}");
        places::measured(&format!("two full ResNet-18, {IMAGES} images of 3 × 32 × 32, in Chromium: {status}"));
        Ok(())
    })
    .await
}

/// A ResNet-18 of full width before training.
fn resnet18(folder: &Path, seed: u64) -> anyhow::Result<PathBuf> {
    let architecture = Architecture::from(Resnet::resnet18_cifar(64, 3, 10));
    let graph = architecture.graph(ImageShape { channels: 3, height: 32, width: 32 })?;
    let bytes = save_safetensors(&architecture, &initial_state(&graph, seed), Precision::F32, &Metadata::default())?;
    let path = folder.join(format!("resnet18-{seed}.safetensors"));
    std::fs::write(&path, bytes)?;
    Ok(path)
}

/// Random images in the layout of CIFAR-10.
fn cifar(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut bytes = vec![0; IMAGES * 3073];
    ChaCha8Rng::seed_from_u64(0).fill_bytes(&mut bytes);
    for (index, record) in bytes.chunks_exact_mut(3073).enumerate() {
        record[0] = (index % 10) as u8;
    }
    let path = folder.join("random_batch.bin");
    std::fs::write(&path, bytes)?;
    Ok(path)
}
