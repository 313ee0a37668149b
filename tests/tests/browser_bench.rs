//! Speed in a real browser: measured by `cargo xtask bench`, asserted nowhere.

use std::time::{Duration, Instant};

use repgeo_tests::browser::{Options, visit};
use repgeo_tests::places;

const MINUTES: Duration = Duration::from_secs(300);

#[tokio::test]
async fn the_bundled_comparison_on_the_processor() -> anyhow::Result<()> {
    visit("bench", Options::desktop("?engine=cpu"), async |page| {
        page.wait_for("html[data-run=running]", MINUTES).await?;
        let start = Instant::now();
        page.wait_for("html[data-run=idle][data-map=computed]", MINUTES).await?;
        let longest = page.longest_task().await?;
        places::measured(&format!(
            "bundled comparison in Chromium on the CPU engine: {:.2} s",
            start.elapsed().as_secs_f64()
        ));
        places::measured(&format!("longest task of the interface meanwhile: {longest:?} ms (none under 50 ms)"));
        Ok(())
    })
    .await
}
