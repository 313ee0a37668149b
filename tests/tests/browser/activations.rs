//! Activation files are compared without any network.

use std::path::Path;

use anyhow::{Context as _, ensure};
use repgeo_tests::browser::{Options, visit};

use crate::steps::{SOON, Table, compare, listed, ready};

/// Writes one layer `[rows, columns]` as a safetensors file.
fn write(path: &Path, layer: &str, columns: usize, values: &[f64]) -> anyhow::Result<()> {
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let header = serde_json::json!({
        layer: { "dtype": "F64", "shape": [values.len() / columns, columns], "data_offsets": [0, data.len()] },
    })
    .to_string();
    let length = u64::try_from(header.len())?.to_le_bytes();
    Ok(std::fs::write(path, [&length, header.as_bytes(), &data].concat())?)
}

/// The matrices of the RNG-free fixture: 24 × 5 and 24 × 4.
fn fixture() -> (Vec<f64>, Vec<f64>) {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for i in 0..24_u32 {
        for j in 0..5_u32 {
            let value = (0.7 * f64::from((i + 1) * (j + 1))).sin() + 0.1 * f64::from((i * (j + 3)) % 7);
            a.push(value);
            if j < 4 {
                b.push((0.45 * f64::from((i + 2) * (j + 1))).cos() + 0.3 * value);
            }
        }
    }
    (a, b)
}

#[tokio::test]
async fn dropped_activations_give_the_value_of_the_reference() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let paths = [folder.path().join("first.safetensors"), folder.path().join("second.safetensors")];
    let (a, b) = fixture();
    write(&paths[0], "hidden", 5, &a)?;
    write(&paths[1], "output", 4, &b)?;
    visit("activations", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        page.drop_files(&[&paths[0], &paths[1]]).await?;
        for path in &paths {
            page.wait_for(&format!("{}[data-status=loaded]", listed(path)?), SOON).await?;
        }
        // Computed with NumPy in double precision from the formulas.
        for (measure, expected) in [("cka-linear-debiased", 0.055329202919), ("procrustes-angular", 1.113001874233)] {
            page.set("#measure", measure).await?;
            compare(page).await?;
            let value = Table::read(page).await?.value("hidden", "output").context("there is no value")?;
            ensure!((value - expected).abs() < 1e-9, "{measure}: expected {expected}, found {value}");
        }
        Ok(())
    })
    .await
}
