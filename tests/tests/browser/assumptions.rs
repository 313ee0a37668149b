//! What tensors leave open is changed on the page, and pixels are normalised by numbers.

use anyhow::ensure;
use repgeo_tests::browser::{Options, visit};
use repgeo_tests::places;
use serde_json::Value;

use crate::parts::farthest;
use crate::states::write_checkpoint;
use crate::steps::{SOON, listed, ready};

#[tokio::test]
async fn assumptions_are_changed_and_a_gate_is_said() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let [first, second, gated] =
        ["a.safetensors", "b.safetensors", "gated.safetensors"].map(|name| folder.path().join(name));
    let perceptron: [(&str, &[usize]); 4] =
        [("fc1.weight", &[16, 784]), ("fc1.bias", &[16]), ("fc2.weight", &[10, 16]), ("fc2.bias", &[10])];
    write_checkpoint(&first, &perceptron)?;
    write_checkpoint(&second, &perceptron)?;
    let block: [(&str, &[usize]); 8] = [
        ("conv1.weight", &[4, 1, 3, 3]),
        ("layer1.0.conv1.weight", &[4, 4, 3, 3]),
        ("layer1.0.conv2.weight", &[4, 4, 3, 3]),
        ("layer1.0.se.fc.0.weight", &[2, 4]),
        ("layer1.0.se.fc.2.weight", &[4, 2]),
        ("layer1.0.downsample.0.weight", &[4, 4, 1, 1]),
        ("fc.weight", &[10, 4]),
        ("fc.bias", &[10]),
    ];
    write_checkpoint(&gated, &block)?;
    let [probe, labels] = ["images-idx3", "labels-idx1"]
        .map(|part| places::root().join(format!("static/probes/fashion-mnist-test-2000-{part}-ubyte.gz")));

    visit("assumptions", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        page.drop_files(&[&first, &second, &probe, &labels]).await?;
        let [a, b] = [listed(&first)?, listed(&second)?];
        page.wait_for(&format!("{b}[data-status=loaded]"), SOON).await?;
        page.set("#samples", "64").await?;
        page.set("#normalization", "numbers").await?;
        page.wait_for("#normalization-numbers", SOON).await?;
        page.set("#normalization-numbers", ".286/.353").await?;
        page.set("#measure", "procrustes-angular").await?;
        page.wait_for("#compare:not([disabled])", SOON).await?;
        let same = farthest(page).await?;
        page.click("#export-json").await?;
        let report: Value = serde_json::from_slice(&page.download("json").await?)?;
        let normalisation = &report["inputs"][0]["normalisation"];
        ensure!(normalisation["mean"][0] == 0.286 && normalisation["std"][0] == 0.353, "{normalisation}");

        // Labels say how each reading of the tensors classifies.
        page.click(&format!("{a} details.evidence summary")).await?;
        let readings = page.text(&format!("{a} table.readings")).await?;
        ensure!(readings.contains("as taken") && readings.contains("activation=tanh"), "the table is `{readings}`");
        page.screenshot("readings").await?;
        page.click(&format!("{b} details.assumptions summary")).await?;
        let field = format!("{b} input[data-assumption=activation]");
        page.set(&field, "tanh").await?;
        page.wait_until(&format!("document.querySelector('{b} .fact')?.textContent.includes('tanh')"), SOON).await?;
        page.wait_for("#compare:not([disabled])", SOON).await?;
        let other = farthest(page).await?;
        ensure!(same < 1e-6 && other > 1e-3, "the same network: {same}, with another activation: {other}");
        page.click(&format!("{a} details.assumptions summary")).await?;
        page.screenshot("assumptions").await?;

        page.drop_files(&[&gated]).await?;
        let item = listed(&gated)?;
        page.wait_for(&format!("{item}[data-status=architecture-unknown] .architecture"), SOON).await?;
        let message = page.text(&format!("{item} .message")).await?;
        ensure!(message.contains("layer1.0.se") && message.contains("gate=sigmoid"), "the message is `{message}`");
        page.set(&format!("{item} input.choices"), "gate=sigmoid").await?;
        page.wait_for(&format!("{item}[data-status=loaded]"), SOON).await?;
        let facts = page.text(&format!("{item} .fact")).await?;
        ensure!(facts.contains("SE-ResNet"), "it is read as `{facts}`");
        Ok(())
    })
    .await
}
