//! A link brings settings, and the address follows what is changed.

use anyhow::ensure;
use repgeo_tests::browser::{Options, Page, visit};
use serde_json::json;

use crate::states::write_checkpoint;
use crate::steps::{SOON, listed, ready};

/// Waits until the address has this value of a key, or none.
async fn address(page: &Page, key: &str, value: Option<&str>) -> anyhow::Result<()> {
    let expression = format!("new URLSearchParams(location.search).get({}) === {}", json!(key), json!(value));
    page.wait_until(&expression, SOON).await
}

/// Waits until a field has a value.
async fn field(page: &Page, selector: &str, value: &str) -> anyhow::Result<()> {
    page.wait_until(&format!("document.querySelector({})?.value === {}", json!(selector), json!(value)), SOON).await
}

#[tokio::test]
async fn a_link_sets_fields_and_the_address_follows_them() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let network = folder.path().join("a.safetensors");
    let perceptron: [(&str, &[usize]); 4] =
        [("fc1.weight", &[16, 784]), ("fc1.bias", &[16]), ("fc2.weight", &[10, 16]), ("fc2.bias", &[10])];
    write_checkpoint(&network, &perceptron)?;
    let query = "?engine=cpu&demo=none&samples=64&measure=procrustes-angular&normalize=mnist&resize=20&crop=16\
                 &architecture=activation=tanh";
    visit("links", Options::desktop(query), async |page| {
        ready(page).await?;
        for (selector, value) in [
            ("#samples", "64"),
            ("#measure", "procrustes-angular"),
            ("#normalization", "mnist"),
            ("#resize", "20"),
            ("#crop", "16"),
        ] {
            field(page, selector, value).await?;
        }
        let opened = page.evaluate("location.search").await?;
        ensure!(opened == query, "the address was changed to {opened} before anything else was");
        ensure!(page.evaluate("document.querySelector('#notice') === null").await? == true, "there is a notice");

        page.set("#samples", "128").await?;
        address(page, "samples", Some("128")).await?;
        page.set("#samples", "512").await?;
        address(page, "samples", None).await?;
        page.set("#crop", "").await?;
        address(page, "crop", None).await?;
        page.set("#normalization", "probe-set").await?;
        address(page, "normalize", Some("probe-set")).await?;
        for (key, value) in [
            ("engine", "cpu"),
            ("demo", "none"),
            ("resize", "20"),
            ("measure", "procrustes-angular"),
            ("architecture", "activation=tanh"),
        ] {
            address(page, key, Some(value)).await?;
        }

        page.drop_files(&[&network]).await?;
        let item = listed(&network)?;
        page.wait_for(&format!("{item}[data-status=loaded]"), SOON).await?;
        let activation = format!("{item} input[data-assumption=activation]");
        field(page, &activation, "tanh").await?;
        page.set(&activation, "gelu").await?;
        address(page, "architecture", Some("activation=gelu")).await?;

        // What is copied opens the same.
        page.client().refresh().await?;
        ready(page).await?;
        field(page, "#normalization", "probe-set").await?;
        field(page, "#resize", "20").await?;
        page.drop_files(&[&network]).await?;
        page.wait_for(&format!("{item}[data-status=loaded]"), SOON).await?;
        field(page, &activation, "gelu").await
    })
    .await
}

#[tokio::test]
async fn a_wrong_link_says_what_is_wrong() -> anyhow::Result<()> {
    visit("links-wrong", Options::desktop("?engine=cpu&demo=none&samples=many&measure=cka"), async |page| {
        ready(page).await?;
        page.wait_for("#notice", SOON).await?;
        let notice = page.text("#notice").await?;
        ensure!(notice.contains("samples=many") && notice.contains("measure=cka,"), "the notice is `{notice}`");
        field(page, "#samples", "512").await?;
        field(page, "#measure", "cka-linear-debiased").await
    })
    .await
}
