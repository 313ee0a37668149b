//! What a visitor sees who touches nothing.

use anyhow::ensure;
use repgeo_tests::browser::{Options, Page, visit};
use repgeo_tests::places;

use crate::steps::{LATE, SOON, Table};

/// Whether the picture holds more than one colour.
async fn is_drawn(page: &Page) -> anyhow::Result<bool> {
    let colours = "(() => {
        const canvas = document.querySelector('#map canvas');
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        return new Set(new Uint32Array(pixels.buffer)).size;
    })()";
    Ok(page.evaluate(colours).await?.as_u64().unwrap_or(0) > 16)
}

#[tokio::test]
async fn the_bundled_comparison_is_drawn_at_once_and_then_computed_anew() -> anyhow::Result<()> {
    visit("first-visit", Options::desktop("?engine=cpu"), async |page| {
        page.wait_for("html[data-app=ready]:is([data-map=stored], [data-map=computed])", SOON).await?;
        ensure!(is_drawn(page).await?, "the map is empty");
        let sentence = page.text("#sentence").await?;
        ensure!(sentence.len() > 20 && sentence.ends_with('.'), "`{sentence}` says nothing");
        let stored = Table::read(page).await?;
        page.forget_long_tasks().await?;

        page.wait_for("html[data-run=idle][data-map=computed]", LATE).await?;
        let longest = page.longest_task().await?;
        places::measured(&format!(
            "longest task of the interface while the bundled comparison ran: {longest:?} ms (none under 50 ms)"
        ));
        Table::read(page).await?.ensure_close(&stored, 1e-3)
    })
    .await
}

#[tokio::test]
async fn the_theme_follows_the_system() -> anyhow::Result<()> {
    for (dark, theme) in [(false, "light"), (true, "dark")] {
        let options = Options { dark, ..Options::desktop("?engine=cpu&demo=stored") };
        visit(&format!("theme-{theme}"), options, async |page| {
            page.wait_for(&format!("html[data-theme={theme}][data-map=stored]"), SOON).await?;
            let background = page
                .evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).slice(0, 3).map(Number)")
                .await?;
            let lightness: f64 =
                background.as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64).sum();
            ensure!((lightness > 3.0 * 128.0) != dark, "the background of the {theme} theme is {background}");
            ensure!(is_drawn(page).await?, "the map is empty");
            Ok(())
        })
        .await?;
    }
    Ok(())
}
