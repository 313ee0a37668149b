//! The page on a telephone.

use anyhow::ensure;
use repgeo_tests::browser::{Options, visit};
use serde_json::Value;

use crate::steps::SOON;

#[tokio::test]
async fn everything_stacks_at_390_pixels() -> anyhow::Result<()> {
    let options = Options { viewport: (390, 844), ..Options::desktop("?engine=cpu&demo=stored") };
    visit("narrow", options, async |page| {
        page.wait_for("html[data-map=stored]", SOON).await?;
        ensure!(page.evaluate("innerWidth").await? == 390, "the window is {} pixels wide", page.evaluate("innerWidth").await?);
        let width = page.evaluate("document.documentElement.scrollWidth").await?;
        ensure!(width == 390, "the page is {width} pixels wide");
        let tops = page
            .evaluate("['#networks', '#probe', '#measure', '#map', '#cell'].map(id => document.querySelector(id).getBoundingClientRect().top)")
            .await?;
        let tops: Vec<f64> = tops.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        ensure!(tops.len() == 5 && tops.is_sorted(), "networks, probe set, measure, map and cell start at {tops:?}");
        let map = page.evaluate("document.querySelector('#map canvas').getBoundingClientRect().width").await?;
        ensure!(map.as_f64().is_some_and(|width| width >= 300.0), "the map is {map} pixels wide");
        page.screenshot("narrow-top").await?;
        page.evaluate("document.querySelector('#map').scrollIntoView()").await?;
        Ok(())
    })
    .await
}
