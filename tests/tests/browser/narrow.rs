//! The page on a telephone.

use anyhow::ensure;
use fantoccini::key::Key;
use repgeo_tests::browser::{Options, Page, visit};
use serde_json::{Value, json};

use crate::steps::SOON;

fn telephone(query: &str, dark: bool) -> Options {
    Options { viewport: (390, 844), dark, ..Options::desktop(query) }
}

/// Where elements start, from the top of the window.
async fn tops(page: &Page, selectors: &[&str]) -> anyhow::Result<Vec<f64>> {
    let tops = format!("{}.map(id => document.querySelector(id).getBoundingClientRect().top)", json!(selectors));
    Ok(page.evaluate(&tops).await?.as_array().into_iter().flatten().filter_map(Value::as_f64).collect())
}

/// Checks that elements follow each other from top to bottom.
async fn ensure_order(page: &Page, selectors: &[&str]) -> anyhow::Result<()> {
    let tops = tops(page, selectors).await?;
    ensure!(tops.len() == selectors.len() && tops.is_sorted(), "{selectors:?} start at {tops:?}");
    Ok(())
}

/// Checks that nothing is wider than the window, and that everything in the header stands side by side in one line.
async fn ensure_fits(page: &Page) -> anyhow::Result<()> {
    ensure!(page.evaluate("innerWidth").await? == 390, "the window is {} wide", page.evaluate("innerWidth").await?);
    let width = page.evaluate("document.documentElement.scrollWidth").await?;
    ensure!(width == 390, "the page is {width} pixels wide");
    let header = page
        .evaluate(
            "(() => {
                const seen = [...document.querySelectorAll('header > *')]
                    .map(element => element.getBoundingClientRect()).filter(rect => rect.width > 1);
                const apart = seen.every((rect, place) => place === 0 || rect.left >= seen[place - 1].right);
                const height = document.querySelector('header').getBoundingClientRect().height;
                return { count: seen.length, apart, height, right: seen.at(-1).right };
            })()",
        )
        .await?;
    let number = |name: &str| header[name].as_f64().unwrap_or(f64::NAN);
    ensure!(number("count") == 4.0 && header["apart"] == true, "the header's parts are not side by side: {header}");
    // Two lines of 2 rem would be 64 pixels.
    ensure!(number("height") < 60.0 && number("right") <= 390.0, "the header takes more than a line: {header}");
    Ok(())
}

/// Checks that the bar with the button and the status line lie below everything else at the end of the page.
async fn ensure_end_is_free(page: &Page) -> anyhow::Result<()> {
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)").await?;
    let places = page
        .evaluate(
            "(() => {
                const rect = element => element.getBoundingClientRect();
                const ends = [...document.querySelectorAll('main > section, main > section *')]
                    .filter(element => element.checkVisibility()).map(element => rect(element).bottom);
                const [bar, footer] = ['.action', 'footer'].map(one => rect(document.querySelector(one)));
                return { last: Math.max(...ends), bar: bar.top, end: bar.bottom, footer: footer.top, bottom: footer.bottom };
            })()",
        )
        .await?;
    let number = |name: &str| places[name].as_f64().unwrap_or(f64::NAN);
    ensure!(number("last") <= number("bar") + 0.5, "the bar covers the end of the page: {places}");
    ensure!(number("end") <= number("footer") + 0.5, "the status line covers the bar: {places}");
    ensure!((number("bottom") - 844.0).abs() <= 1.0, "the status line is not at the end of the window: {places}");
    Ok(())
}

/// Goes through all controls with Tab from the top; their ids in order. Each has to be seen when it has the focus.
async fn tab_through(page: &Page) -> anyhow::Result<Vec<String>> {
    page.evaluate("(() => { document.activeElement.blur(); scrollTo(0, 0); })()").await?;
    let mut reached = Vec::new();
    for _ in 0..60 {
        page.press(&Key::Tab.to_string()).await?;
        let focused = page
            .evaluate(
                "(() => {
                    const element = document.activeElement;
                    if (element === document.body) return null;
                    const { left, top, width, height } = element.getBoundingClientRect();
                    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
                    const seen = hit !== null && (element.contains(hit) || hit.contains(element));
                    return { name: element.id || element.outerHTML.slice(0, 60), seen, top };
                })()",
            )
            .await?;
        let Some(name) = focused["name"].as_str() else { break };
        ensure!(focused["seen"] == true, "what has the focus is covered: {focused}");
        reached.push(name.to_owned());
    }
    Ok(reached)
}

fn ensure_reached(reached: &[String], order: &[&str]) -> anyhow::Result<()> {
    let places: Vec<_> = order.iter().map(|id| reached.iter().position(|found| found == id)).collect();
    ensure!(places.iter().all(Option::is_some) && places.is_sorted(), "Tab reaches {reached:?}, not {order:?}");
    Ok(())
}

#[tokio::test]
async fn the_picture_comes_first_at_390_pixels_and_nothing_is_covered() -> anyhow::Result<()> {
    for (dark, theme) in [(false, "light"), (true, "dark")] {
        visit(&format!("narrow-{theme}"), telephone("?engine=cpu&demo=stored", dark), async |page| {
            // All files are read: the page grows no more.
            page.wait_for("html[data-map=stored] #compare:not([disabled])", SOON).await?;
            ensure_fits(page).await?;
            ensure_order(page, &["header", "#map", "#sentence", "#cell", "#networks", "#probe", "#measure"]).await?;
            let map = page.evaluate("document.querySelector('#map canvas').getBoundingClientRect().width").await?;
            ensure!(map.as_f64().is_some_and(|width| width >= 300.0), "the map is {map} pixels wide");
            page.screenshot(&format!("narrow-{theme}-top")).await?;
            ensure_end_is_free(page).await?;
            page.screenshot(&format!("narrow-{theme}-end")).await?;
            let reached = tab_through(page).await?;
            let order = ["theme", "help", "map", "export-csv", "networks-input", "probe-input", "measure", "compare"];
            ensure_reached(&reached, &order)
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_settings_come_first_at_390_pixels_until_compare_is_pressed() -> anyhow::Result<()> {
    for (dark, theme) in [(false, "light"), (true, "dark")] {
        visit(&format!("narrow-empty-{theme}"), telephone("?engine=cpu&demo=none", dark), async |page| {
            page.wait_for("html[data-engine=ready]", SOON).await?;
            ensure_fits(page).await?;
            ensure_order(page, &["header", "#networks", "#probe", "#measure", ".picture"]).await?;
            ensure_end_is_free(page).await?;
            let reached = tab_through(page).await?;
            ensure_reached(&reached, &["theme", "help", "networks-input", "probe-input", "measure", "view-map"])
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn compare_shows_the_picture_at_390_pixels() -> anyhow::Result<()> {
    visit("narrow-compare", telephone("?engine=cpu&demo=stored", false), async |page| {
        page.wait_for("#compare:not([disabled])", SOON).await?;
        page.set("#samples", "16").await?;
        ensure_end_is_free(page).await?;
        page.click("#compare:not([disabled])").await?;
        page.wait_for("html[data-run=idle][data-map=computed]", SOON).await?;
        let top = tops(page, &["#result"]).await?;
        ensure!(top.first().is_some_and(|top| (-1.0..200.0).contains(top)), "the picture is at {top:?}");
        ensure_order(page, &["#map", "#cell", "#networks"]).await
    })
    .await
}
