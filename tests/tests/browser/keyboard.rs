//! The page without a pointer.

use anyhow::{Context as _, ensure};
use fantoccini::key::Key;
use repgeo_tests::browser::{Options, Page, visit};

use crate::steps::{SOON, Table};

/// Presses Tab until the element with this id has the focus.
async fn tab_to(page: &Page, id: &str) -> anyhow::Result<()> {
    for _ in 0..80 {
        if page.evaluate("document.activeElement.id").await? == id {
            return Ok(());
        }
        page.press(&Key::Tab.to_string()).await?;
    }
    anyhow::bail!("Tab does not reach #{id}")
}

/// Checks that the readout names this cell and says its value.
async fn ensure_reads(page: &Page, table: &Table, row: usize, column: usize) -> anyhow::Result<()> {
    let text = page.text("#readout").await?;
    let value = table.values[row][column].context("a cell of the bundled comparison has no value")?;
    for part in [&table.rows[row], &table.columns[column], &format!("{value:.3}")] {
        ensure!(text.contains(part), "the readout `{text}` lacks `{part}` of cell {row}, {column}");
    }
    Ok(())
}

#[tokio::test]
async fn the_map_is_read_with_the_keyboard_and_says_what_the_table_says() -> anyhow::Result<()> {
    visit("keyboard", Options::desktop("?engine=cpu&demo=stored"), async |page| {
        page.wait_for("html[data-map=stored]", SOON).await?;
        let table = Table::read(page).await?;
        let last = table.columns.len() - 1;
        page.evaluate("document.activeElement.blur()").await?;
        tab_to(page, "map").await?;
        let outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle").await?;
        ensure!(outline != "none", "the focus cannot be seen");

        page.press(&Key::Home.to_string()).await?;
        let steps = [
            (Key::Right, 0, 1),
            (Key::Down, 1, 1),
            (Key::End, 1, last),
            (Key::Home, 1, 0),
            (Key::Up, 0, 0),
            (Key::Up, 0, 0),
        ];
        let first_row = page.text("#readout").await?.contains(&table.rows[0]);
        ensure!(first_row, "the focus does not start in the first row");
        for (key, row, column) in steps {
            page.press(&key.to_string()).await?;
            ensure_reads(page, &table, row, column).await?;
        }

        page.press(&Key::Enter.to_string()).await?;
        page.press(&Key::Right.to_string()).await?;
        ensure_reads(page, &table, 0, 1).await?;
        page.wait_for("#cell[data-row='0'][data-column='0']", SOON).await?;
        page.press(&Key::Escape.to_string()).await?;
        page.wait_for("#cell[data-row='0'][data-column='1']", SOON).await?;

        page.press("?").await?;
        page.wait_for("dialog#keys[open]", SOON).await?;
        page.press(&Key::Escape.to_string()).await?;
        page.wait_for("dialog#keys:not([open])", SOON).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn every_control_is_reached_with_tab() -> anyhow::Result<()> {
    visit("tab-order", Options::desktop("?engine=cpu&demo=stored"), async |page| {
        page.wait_for("html[data-map=stored]", SOON).await?;
        let mut reached = Vec::new();
        for _ in 0..80 {
            page.press(&Key::Tab.to_string()).await?;
            let id = page.evaluate("document.activeElement.id").await?;
            reached.push(id.as_str().context("an id that is no text")?.to_owned());
        }
        let order = ["networks-input", "probe-input", "measure", "map", "export-csv"];
        let mut places = Vec::new();
        for id in order {
            places.push(
                reached
                    .iter()
                    .position(|found| found == id)
                    .with_context(|| format!("Tab does not reach #{id}: {reached:?}"))?,
            );
        }
        ensure!(places.is_sorted(), "{order:?} are reached in another order: {places:?}");
        Ok(())
    })
    .await
}
