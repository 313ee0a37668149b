//! A comparison is cancelled, and the page goes on.

use std::time::Instant;

use anyhow::ensure;
use repgeo_tests::browser::{Options, visit};
use repgeo_tests::places;

use crate::steps::{LATE, Material, SOON, Table, compare, ready};

#[tokio::test]
async fn cancelling_leaves_the_page_usable() -> anyhow::Result<()> {
    let Some(material) = Material::find()? else { return Ok(()) };
    visit("cancel", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        material.drop_on(page).await?;
        page.set("#samples", "2000").await?;
        page.click("#compare:not([disabled])").await?;
        page.wait_for("html[data-run=running] #cancel", SOON).await?;

        let start = Instant::now();
        page.click("#cancel").await?;
        page.wait_for("html[data-run=idle]", SOON).await?;
        places::measured(&format!("from pressing Cancel to an idle page: {:.2} s", start.elapsed().as_secs_f64()));
        ensure!(page.attribute("html", "data-map").await?.as_deref() != Some("computed"), "it was not cancelled");

        page.set("#samples", "16").await?;
        compare(page).await?;
        ensure!(Table::read(page).await?.values.iter().flatten().all(Option::is_some), "a cell is missing");
        page.wait_for("html[data-engine=ready]", LATE).await?;
        Ok(())
    })
    .await
}
