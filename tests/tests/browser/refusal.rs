//! Files that cannot be used are refused beside their names, and everything else stays.

use std::path::Path;

use anyhow::ensure;
use repgeo_tests::browser::{Options, visit};

use crate::steps::{Material, SOON, Table, compare, listed, ready};

/// A pickle that calls `os.system("true")`.
const CALLS_A_PROGRAM: &[u8] = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.";

#[tokio::test]
async fn a_bad_file_is_refused_in_one_sentence_and_the_rest_stays() -> anyhow::Result<()> {
    let Some(material) = Material::find()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let whole = std::fs::read(&material.networks[0])?;
    let files: [(&str, &[u8]); 4] = [
        ("truncated.pth", &whole[..whole.len() / 2]),
        ("empty.pth", b""),
        ("noise.ckpt", b"these bytes are no checkpoint of any kind, and there are more than a few of them"),
        ("hostile.pt", CALLS_A_PROGRAM),
    ];
    visit("refusal", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        material.drop_on(page).await?;
        page.set("#samples", "16").await?;
        compare(page).await?;
        let before = Table::read(page).await?;

        for (name, bytes) in files {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes)?;
            page.drop_files(&[&path]).await?;
            page.wait_for(&format!("{}[data-status=refused]", listed(&path)?), SOON).await?;
            let message = page.text(&format!("{} .message", listed(&path)?)).await?;
            ensure!(message.contains(name) && message.len() > name.len() + 20, "{name}: the message is `{message}`");
        }
        for network in &material.networks {
            page.wait_for(&format!("{}[data-status=loaded]", listed(network)?), SOON).await?;
        }
        before.ensure_close(&Table::read(page).await?, 0.0)?;

        page.click(&format!("{} button.remove", listed(Path::new("noise.ckpt"))?)).await?;
        page.wait_until("document.querySelectorAll('#networks > li').length === 5", SOON).await?;
        compare(page).await?;
        Ok(())
    })
    .await
}
