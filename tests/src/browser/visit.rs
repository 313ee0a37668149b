//! One scenario in one browser, from its start to its end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::pin::pin;
use std::task::Poll;

use anyhow::{Context as _, ensure};
use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use super::capabilities::{Options, capabilities};
use super::driver::Driver;
use super::page::Page;
use super::raw;
use super::server::Server;
use super::sink::Sink;
use crate::places;

/// Notes the tasks of the interface's thread that take longer than 50 ms.
const OBSERVE_LONG_TASKS: &str = "window.__longTasks = [];
new PerformanceObserver(list => window.__longTasks.push(...list.getEntries().map(entry => entry.duration)))
    .observe({ type: 'longtask', buffered: true });";

const NO_PAGE: &str = "REPGEO_DIST names no built page; `cargo xtask test --only browser` builds one";

/// Opens the built page in a browser of its own and lets `scenario` act on it.
///
/// A screenshot of the end is kept as `NAME.png` in the target folder's `screenshots`, `NAME-failed.png` when it failed.
/// Without `REPGEO_DIST`, the folder of the built page, the test is skipped and says so.
///
/// # Errors
/// When the browser cannot be driven, the scenario fails, the console holds an error, or a request left for another
/// origin.
pub async fn visit(
    name: &str,
    options: Options,
    scenario: impl AsyncFnOnce(&Page) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    match std::env::var_os("REPGEO_DIST") {
        Some(site) => visit_site(Path::new(&site), name, options, scenario).await,
        None => {
            places::skipped(NO_PAGE);
            Ok(())
        }
    }
}

/// As [`visit`], with the page in another folder.
///
/// # Errors
/// As [`visit`].
pub async fn visit_site(
    site: &Path,
    name: &str,
    options: Options,
    scenario: impl AsyncFnOnce(&Page) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if std::env::var_os("REPGEO_DIST").is_none() {
        places::skipped(NO_PAGE);
        return Ok(());
    }
    ensure!(site.join("index.html").is_file(), "{}: expected a page, found no index.html", site.display());
    let page = open(name, &options, Server::start(site).await?).await?;
    let outcome = caught(scenario(&page)).await;
    let outcome = match outcome {
        Ok(Ok(())) => Ok(page.check_console_and_requests().await),
        other => other,
    };
    let failed = !matches!(outcome, Ok(Ok(())));
    let picture = page.screenshot(&if failed { format!("{name}-failed") } else { name.to_owned() }).await;
    let state = if failed { page.described().await } else { String::new() };
    page.close().await;
    match outcome {
        Ok(Ok(())) => picture.map(|_| ()),
        Ok(Err(error)) => Err(error.context(state)),
        Err(panic) => resume_unwind(panic),
    }
}

/// Starts everything and opens the page.
async fn open(name: &str, options: &Options, server: Server) -> anyhow::Result<Page> {
    let sink = Sink::start().await?;
    let driver = Driver::start().await?;
    let downloads = places::target()?.join("downloads").join(name);
    if downloads.exists() {
        std::fs::remove_dir_all(&downloads)?;
    }
    std::fs::create_dir_all(&downloads)?;
    let program = std::env::var("REPGEO_CHROMIUM").ok();
    let client = ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities(options, program.as_deref(), &downloads, sink.address()))
        .connect(driver.address())
        .await
        .context("the browser does not start")?;
    let (width, height) = options.viewport;
    raw::developer_tools(
        &client,
        "Emulation.setDeviceMetricsOverride",
        json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 }),
    )
    .await?;
    let theme = if options.dark { "dark" } else { "light" };
    raw::developer_tools(
        &client,
        "Emulation.setEmulatedMedia",
        json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] }),
    )
    .await?;
    raw::developer_tools(&client, "Page.addScriptToEvaluateOnNewDocument", json!({ "source": OBSERVE_LONG_TASKS }))
        .await?;
    client.goto(&format!("{}/{}", server.address(), options.query)).await?;
    Ok(Page::new(client, driver, server, sink, downloads))
}

/// Runs a future to its end or to its panic, so that the browser is closed either way.
async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}
