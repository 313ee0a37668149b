//! The harness itself, on a page that does what a page should not: each check can fail.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use repgeo_tests::browser::{Options, Page, visit_site};

const SECONDS: Duration = Duration::from_secs(10);

fn site() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/page")
}

/// Opens the page and says with what the visit ended; nothing when it ended well.
async fn failure(name: &str, scenario: impl AsyncFnOnce(&Page) -> anyhow::Result<()>) -> Option<String> {
    visit_site(&site(), name, Options::desktop(""), scenario).await.err().map(|error| format!("{error:#}"))
}

#[tokio::test]
async fn files_are_dropped_and_saved_and_settings_are_set() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (first, second) = (folder.path().join("a.txt"), folder.path().join("b.txt"));
    std::fs::write(&first, "one")?;
    std::fs::write(&second, "two")?;
    visit_site(&site(), "harness", Options::desktop(""), async |page| {
        page.drop_files(&[&first, &second]).await?;
        page.wait_until("document.querySelector('#status').textContent === 'one|two'", SECONDS).await?;
        page.set("#samples", "64").await?;
        ensure!(page.text("#status").await? == "samples 64");
        page.click("#save").await?;
        ensure!(page.download("csv").await? == b"saved");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_request_to_another_origin_fails_the_visit() -> anyhow::Result<()> {
    let message = failure("harness-foreign", async |page| {
        // From a worker, whose requests no log of the page holds.
        page.evaluate(
            "new Worker(URL.createObjectURL(new Blob([\"fetch('http://repgeo.example/', { mode: 'no-cors' }).catch(() => {}).then(() => postMessage(1))\"])))
                .onmessage = () => document.body.dataset.asked = 'yes'",
        )
        .await?;
        page.wait_until("document.body.dataset.asked === 'yes'", SECONDS).await?;
        ensure!(page.foreign_requests() == ["GET http://repgeo.example/ HTTP/1.1"], "{:?}", page.foreign_requests());
        page.console_errors().await.map(|_| ())
    })
    .await
    .context("the visit ended well")?;
    ensure!(message.contains("requests to another origin"), "{message}");
    Ok(())
}

#[tokio::test]
async fn an_error_in_the_console_fails_the_visit() -> anyhow::Result<()> {
    let message = failure("harness-console", async |page| page.evaluate("console.error('broken')").await.map(|_| ()))
        .await
        .context("the visit ended well")?;
    ensure!(message.contains("broken"), "{message}");
    Ok(())
}

#[tokio::test]
async fn a_long_task_is_measured() -> anyhow::Result<()> {
    visit_site(&site(), "harness-long-task", Options::desktop(""), async |page| {
        // On a busy machine the page may have had others.
        page.forget_long_tasks().await?;
        page.evaluate("setTimeout(() => { const end = performance.now() + 120; while (performance.now() < end); }, 0)")
            .await?;
        page.wait_until("window.__longTasks.some(duration => duration >= 120)", SECONDS).await?;
        ensure!(page.longest_task().await?.is_some_and(|duration| duration >= 120.0));
        Ok(())
    })
    .await
}
