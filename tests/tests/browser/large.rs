//! A checkpoint of 100 MB is read in the page: its bytes and its values are in memory, and no other copy.

use anyhow::ensure;
use repgeo_tests::browser::{Options, visit};
use repgeo_tests::places;
use repgeo_tests::pytorch::{Tensor, Values, archive};

use crate::hostile::{compared, empty};
use crate::steps::{LATE, Material, listed, ready};

/// Widths of the layers: 25 million values.
const WIDTHS: [usize; 4] = [784, 5_000, 4_000, 268];
/// Bytes beyond the file and its values.
const BEYOND: f64 = 16e6;

#[tokio::test]
async fn a_large_checkpoint_is_in_memory_once() -> anyhow::Result<()> {
    let Some(material) = Material::bundled()? else { return Ok(()) };
    let layers = WIDTHS.array_windows().enumerate().map(|(i, &[inputs, outputs])| Tensor {
        name: format!("fc{}.weight", i + 1),
        shape: vec![outputs, inputs],
        values: Values::Float((0..inputs * outputs).map(|value| (value % 1_000) as f32 / 1e3 - 0.5).collect()),
    });
    let bytes = archive(&layers.collect::<Vec<_>>())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("large.pth");
    std::fs::write(&path, &bytes)?;
    visit("large", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        let (_, before) = compared(page, &material).await?;
        empty(page).await?;
        page.drop_files(&[&path]).await?;
        let item = listed(&path)?;
        page.wait_for(&format!("{item}[data-status=loaded]"), LATE).await?;
        empty(page).await?;
        // The engine gives no memory back: what is said of a small comparison is the most that it ever had.
        let (_, after) = compared(page, &material).await?;
        let most = before + 2.0 * bytes.len() as f64 + BEYOND;
        places::measured(&format!(
            "a checkpoint of {:.1} MB in the page: memory {:.1} MB before, {:.1} MB after",
            bytes.len() as f64 / 1e6,
            before / 1e6,
            after / 1e6
        ));
        ensure!(after <= most, "the engine took {after} bytes of memory: expected at most {most}");
        Ok(())
    })
    .await
}
