//! Remarks on how a comparison was computed: the first few at once, the rest on demand.

use std::path::Path;

use anyhow::{Context as _, ensure};
use fantoccini::key::Key;
use repgeo_tests::browser::{Options, Page, visit_site};
use serde_json::{Value, json};

use crate::states::copy_of_page;
use crate::steps::SOON;

/// Puts seven remarks, one of them of a kind that this version does not know, into the page's stored report.
fn write_remarks(site: &Path) -> anyhow::Result<()> {
    let path = site.join("static/demo/report.json");
    let text = std::fs::read(&path).with_context(|| format!("the page has no {}", path.display()))?;
    let mut report: Value = serde_json::from_slice(&text)?;
    let kinds = [
        "different-normalisation",
        "tensors-left-aside",
        "assumed-architecture",
        "quantised-weights",
        "dominant-sample",
        "constant-features",
        "wrappers",
    ];
    let remarks = kinds.map(|kind| json!({ "kind": kind, "message": format!("a remark on {kind}") }));
    report["schema_minor"] = json!(2);
    report["warnings"] = json!(remarks);
    Ok(std::fs::write(&path, report.to_string())?)
}

/// The remarks that can be seen.
async fn seen(page: &Page) -> anyhow::Result<Vec<String>> {
    let script = "[...document.querySelectorAll('#remarks li')]
        .filter(item => item.checkVisibility()).map(item => item.textContent)";
    Ok(serde_json::from_value(page.evaluate(script).await?)?)
}

#[tokio::test]
async fn what_matters_most_is_shown_and_the_rest_is_opened_with_the_keyboard() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(site) = copy_of_page(folder.path())? else {
        repgeo_tests::places::skipped("REPGEO_DIST names no built page");
        return Ok(());
    };
    write_remarks(&site)?;
    for (dark, theme) in [(false, "light"), (true, "dark")] {
        let options = Options { dark, ..Options::desktop("?engine=cpu&demo=stored") };
        visit_site(&site, &format!("remarks-{theme}"), options, async |page| {
            page.wait_for("html[data-map=stored] #remarks details", SOON).await?;
            let first = seen(page).await?;
            ensure!(first.len() == 5, "{} remarks are shown: {first:?}", first.len());
            ensure!(first[0] == "a remark on different-normalisation", "the first is `{}`", first[0]);
            ensure!(first[3] == "a remark on quantised-weights", "the fourth is `{}`", first[3]);
            let summary = page.text("#remarks summary").await?;
            ensure!(summary == "2 more remarks", "the summary is `{summary}`");
            page.screenshot(&format!("remarks-{theme}-closed")).await?;

            page.evaluate("document.activeElement.blur()").await?;
            let mut presses = 0;
            while page.evaluate("document.activeElement.closest('#remarks summary') === null").await? == true {
                presses += 1;
                ensure!(presses < 80, "Tab does not reach the rest of the remarks");
                page.press(&Key::Tab.to_string()).await?;
            }
            page.press(&Key::Enter.to_string()).await?;
            page.wait_for("#remarks details[open]", SOON).await?;
            let all = seen(page).await?;
            ensure!(all.len() == 7 && all[6] == "a remark on wrappers", "the remarks are {all:?}");
            let spare = "(() => {
                const sentence = document.querySelector('#sentence');
                const text = document.createRange();
                text.selectNodeContents(sentence);
                return document.querySelector('#remarks').getBoundingClientRect().top
                    - text.getBoundingClientRect().bottom;
            })()";
            let spare = page.evaluate(spare).await?.as_f64().context("no distance")?;
            ensure!(spare >= 0.0, "the remarks cover {} pixels of the sentence", -spare);
            Ok(())
        })
        .await?;
    }
    Ok(())
}
