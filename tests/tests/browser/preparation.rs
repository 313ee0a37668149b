//! Images of several sizes, one of them broken, are refused and become a probe set once the page is told how.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use image::{GrayImage, Luma};
use repgeo_tests::browser::{Options, visit};
use serde_json::Value;

use crate::states::write_checkpoint;
use crate::steps::{SOON, Table, compare, listed, ready};

/// Widths and heights of the images.
const SIZES: [(u32, u32); 5] = [(12, 10), (10, 16), (9, 9), (20, 8), (11, 13)];

/// Five images, and one that ends early.
fn write_images(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for (index, (width, height)) in (0..).zip(SIZES) {
        let path = folder.join(format!("image{index}.png"));
        let grey = |x, y| Luma([(37 * (index + 1) * (x + 1) + 11 * y * y) as u8]);
        GrayImage::from_fn(width, height, grey).save(&path)?;
        paths.push(path);
    }
    let broken = folder.join("image9.png");
    std::fs::write(&broken, &std::fs::read(&paths[0])?[..40])?;
    paths.push(broken);
    Ok(paths)
}

#[tokio::test]
async fn images_of_several_sizes_are_brought_to_one_and_broken_ones_left_out() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let images = write_images(folder.path())?;
    let networks = ["a.safetensors", "b.safetensors"].map(|name| folder.path().join(name));
    for (network, hidden) in networks.iter().zip([16, 24]) {
        let perceptron: [(&str, &[usize]); 4] = [
            ("fc1.weight", &[hidden, 64]),
            ("fc1.bias", &[hidden]),
            ("fc2.weight", &[10, hidden]),
            ("fc2.bias", &[10]),
        ];
        write_checkpoint(network, &perceptron)?;
    }

    visit("preparation", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        page.drop_files(&images.iter().chain(&networks).map(PathBuf::as_path).collect::<Vec<_>>()).await?;
        for network in &networks {
            page.wait_for(&format!("{}[data-status=loaded]", listed(network)?), SOON).await?;
        }
        page.wait_for("#probe[data-status=refused] .message", SOON).await?;
        let messages = "document.querySelectorAll('#probe .message').length";
        ensure!(page.evaluate(messages).await? == 1, "one refusal is told more than once");
        let message = page.text("#probe .message").await?;
        ensure!(message.contains("image9.png") && message.contains("Image size"), "the message is `{message}`");

        // The fields are there without a search; each change reads the same files again.
        page.wait_for("#preparation[open] #resize", SOON).await?;
        page.click("#skip-broken").await?;
        let told = |text: &str| format!("document.querySelector('#probe .message')?.textContent.includes('{text}')");
        page.wait_until(&told("bring all to one size"), SOON).await?;
        page.set("#crop", "100").await?;
        page.wait_until(&told("to crop"), SOON).await?;
        page.set("#resize", "8").await?;
        page.wait_until(&told("found 9×8"), SOON).await?;
        page.set("#crop", "8").await?;
        page.wait_for("#probe[data-status=loaded][data-count='5']", SOON).await?;
        let facts = page.text("#probe .fact").await?;
        ensure!(facts.contains("5 images of 1 × 8 × 8"), "the probe set is `{facts}`");

        // What is no number changes nothing and is said.
        page.set("#resize", "8.5").await?;
        page.wait_until("document.querySelector('#preparation-problem').textContent.includes('whole number')", SOON)
            .await?;
        page.set("#resize", "8").await?;
        page.wait_until("document.querySelector('#preparation-problem').textContent === ''", SOON).await?;
        page.wait_for("#probe[data-status=loaded][data-count='5']", SOON).await?;

        page.set("#samples", "5").await?;
        compare(page).await?;
        let shown = Table::read(page).await?;
        page.click("#export-json").await?;
        let report: Value = serde_json::from_slice(&page.download("json").await?)?;
        shown.ensure_close(&Table::of_report(&report)?, 0.0)?;
        let text = report.to_string();
        for note in [
            "resized to a shorter side of 8 pixels (bilinear, antialiased) and cropped to the 8×8 pixels in the middle",
            "1 file could not be read and was left out: image9.png",
        ] {
            ensure!(text.contains(note), "the report does not say `{note}`: {text}");
        }

        // Without a size they are refused again, and the result stays.
        page.set("#resize", "").await?;
        page.set("#crop", "").await?;
        page.wait_for("#probe[data-status=refused]", SOON).await?;
        shown.ensure_close(&Table::read(page).await?, 0.0)
    })
    .await
}
