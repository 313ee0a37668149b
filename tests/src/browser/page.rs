//! The open page: what tests do with it and read from it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use super::driver::Driver;
use super::raw;
use super::server::{Served, Server};
use super::sink::Sink;
use crate::places;

/// How often a condition is looked at.
const PERIOD: Duration = Duration::from_millis(50);

/// The open page.
pub struct Page {
    client: Client,
    _driver: Driver,
    server: Server,
    sink: Sink,
    downloads: PathBuf,
}

impl Page {
    pub(super) fn new(client: Client, driver: Driver, server: Server, sink: Sink, downloads: PathBuf) -> Self {
        Self { client, _driver: driver, server, sink, downloads }
    }

    /// The driver's client, for what is not here.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The page's origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.server.address()
    }

    /// The value of a JavaScript expression.
    ///
    /// # Errors
    /// When it throws.
    pub async fn evaluate(&self, expression: &str) -> anyhow::Result<Value> {
        let script = format!("return ({expression});");
        self.client.execute(&script, Vec::new()).await.with_context(|| format!("`{expression}` failed"))
    }

    /// Waits until an element exists.
    ///
    /// # Errors
    /// When it does not within this time.
    pub async fn wait_for(&self, selector: &str, within: Duration) -> anyhow::Result<Element> {
        let expression = format!("document.querySelector({}) !== null", json!(selector));
        self.wait_until(&expression, within).await?;
        self.element(selector).await
    }

    /// Waits until a JavaScript expression is true.
    ///
    /// # Errors
    /// When it is not within this time.
    pub async fn wait_until(&self, expression: &str, within: Duration) -> anyhow::Result<()> {
        let start = Instant::now();
        while self.evaluate(expression).await? != Value::Bool(true) {
            ensure!(start.elapsed() < within, "`{expression}` did not become true within {within:?}");
            tokio::time::sleep(PERIOD).await;
        }
        Ok(())
    }

    /// The first element that matches.
    ///
    /// # Errors
    /// When there is none.
    pub async fn element(&self, selector: &str) -> anyhow::Result<Element> {
        self.client.find(Locator::Css(selector)).await.with_context(|| format!("no element matches `{selector}`"))
    }

    /// The text of the first element that matches, as it is seen.
    ///
    /// # Errors
    /// When there is none.
    pub async fn text(&self, selector: &str) -> anyhow::Result<String> {
        Ok(self.element(selector).await?.text().await?)
    }

    /// An attribute of the first element that matches.
    ///
    /// # Errors
    /// When there is no such element.
    pub async fn attribute(&self, selector: &str, name: &str) -> anyhow::Result<Option<String>> {
        Ok(self.element(selector).await?.attr(name).await?)
    }

    /// Clicks the first element that matches.
    ///
    /// # Errors
    /// When there is none, or it cannot be clicked.
    pub async fn click(&self, selector: &str) -> anyhow::Result<()> {
        let element = self.wait_for(selector, Duration::from_secs(5)).await?;
        // As a person who scrolls until nothing lies above it.
        let script = "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })";
        self.client.execute(script, vec![json!(selector)]).await?;
        element.click().await.with_context(|| format!("`{selector}` cannot be clicked"))
    }

    /// Sets an input or a choice as a person would, the page being told of it.
    ///
    /// # Errors
    /// When there is no such element, or it does not take the value.
    pub async fn set(&self, selector: &str, value: &str) -> anyhow::Result<()> {
        let script = "const element = document.querySelector(arguments[0]);
            element.value = arguments[1];
            element.dispatchEvent(new Event('input', { bubbles: true }));
            element.dispatchEvent(new Event('change', { bubbles: true }));
            return element.value;";
        let taken = self.client.execute(script, vec![json!(selector), json!(value)]).await?;
        ensure!(taken == json!(value), "`{selector}`: expected it to take {value}, found {taken}");
        Ok(())
    }

    /// Sends keys to whatever has the focus.
    ///
    /// # Errors
    /// When the browser does not take them.
    pub async fn press(&self, keys: &str) -> anyhow::Result<()> {
        // As from a keyboard: text that is sent to an element would be a path when that is a file input.
        let strokes = keys.chars().flat_map(|value| [KeyAction::Down { value }, KeyAction::Up { value }]);
        let actions = strokes.fold(KeyActions::new("keyboard".to_owned()), |actions, stroke| actions.then(stroke));
        Ok(self.client.perform_actions(actions).await?)
    }

    /// Drops files on the page: a file input takes them from the disk, and a drag carries them.
    ///
    /// # Errors
    /// When a file is not there, or the page throws.
    pub async fn drop_files(&self, files: &[&Path]) -> anyhow::Result<()> {
        let mut paths = Vec::new();
        for file in files {
            let path = file.canonicalize().with_context(|| format!("{} not found", file.display()))?;
            paths.push(path.to_string_lossy().into_owned());
        }
        let add = "const input = document.createElement('input');
            input.type = 'file';
            input.multiple = true;
            input.id = 'dropped-files';
            document.body.append(input);";
        self.client.execute(add, Vec::new()).await?;
        self.element("#dropped-files").await?.send_keys(&paths.join("\n")).await?;
        let drag = "const input = document.getElementById('dropped-files');
            const dataTransfer = new DataTransfer();
            for (const file of input.files) dataTransfer.items.add(file);
            input.remove();
            const count = dataTransfer.files.length;
            for (const type of ['dragenter', 'dragover', 'drop'])
                document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
            return count;";
        let count = self.client.execute(drag, Vec::new()).await?;
        ensure!(count == json!(files.len()), "expected {} dropped files, found {count}", files.len());
        Ok(())
    }

    /// Waits for a file that the page saves, reads it, and removes it, so that the next is another.
    ///
    /// # Errors
    /// When none with this ending arrives within ten seconds.
    pub async fn download(&self, ending: &str) -> anyhow::Result<Vec<u8>> {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            let entries = std::fs::read_dir(&self.downloads)?.collect::<Result<Vec<_>, _>>()?;
            let paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
            let has_ending = |path: &&PathBuf, ending: &str| path.extension().is_some_and(|found| found == ending);
            // The browser takes the name with an empty file before the content arrives.
            let arrived = !paths.iter().any(|path| has_ending(&path, "crdownload"));
            if let Some(path) = paths.iter().find(|path| has_ending(path, ending)).filter(|_| arrived) {
                let content = std::fs::read(path)?;
                if !content.is_empty() {
                    std::fs::remove_file(path)?;
                    return Ok(content);
                }
            }
            tokio::time::sleep(PERIOD).await;
        }
        bail!("no file with the ending .{ending} was saved in {}", self.downloads.display())
    }

    /// Keeps what the browser shows as `NAME.png`.
    ///
    /// # Errors
    /// When the browser shows nothing, or the file cannot be written.
    pub async fn screenshot(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = places::target()?.join("screenshots");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, self.client.screenshot().await?)?;
        Ok(path)
    }

    /// The longest task of the interface's thread so far, in milliseconds; nothing when none took 50 ms.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn longest_task(&self) -> anyhow::Result<Option<f64>> {
        Ok(self.evaluate("window.__longTasks.length ? Math.max(...window.__longTasks) : null").await?.as_f64())
    }

    /// Forgets the long tasks so far.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn forget_long_tasks(&self) -> anyhow::Result<()> {
        self.client.execute("window.__longTasks = [];", Vec::new()).await?;
        Ok(())
    }

    /// What the browser asked of other machines so far.
    #[must_use]
    pub fn foreign_requests(&self) -> Vec<String> {
        self.sink.requests()
    }

    /// The files that the page and its workers were sent so far.
    #[must_use]
    pub fn served(&self) -> Vec<Served> {
        self.server.served()
    }

    /// Errors in the browser's console since it was last looked at.
    ///
    /// # Errors
    /// When the driver keeps no console.
    pub async fn console_errors(&self) -> anyhow::Result<Vec<String>> {
        let entries = raw::log(&self.client, "browser").await?;
        let errors = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        errors.map(|entry| entry["message"].as_str().map(str::to_owned).context("an error without a message")).collect()
    }

    /// What must hold at the end of every scenario.
    pub(super) async fn check_console_and_requests(&self) -> anyhow::Result<()> {
        let errors = self.console_errors().await?;
        ensure!(errors.is_empty(), "errors in the console: {errors:#?}");
        let foreign = self.foreign_requests();
        ensure!(foreign.is_empty(), "requests to another origin: {foreign:#?}");
        let sent: Vec<String> =
            self.server.requests().into_iter().filter(|request| !request.starts_with("GET ")).collect();
        ensure!(sent.is_empty(), "requests that send something: {sent:#?}");
        Ok(())
    }

    /// What the page says of itself, for the message of a failed test.
    pub(super) async fn described(&self) -> String {
        let expression = "JSON.stringify({
            html: { ...document.documentElement.dataset },
            status: document.querySelector('#status')?.textContent,
            notice: document.querySelector('#notice')?.textContent,
            obstacle: document.querySelector('#obstacle')?.textContent,
            files: [...document.querySelectorAll('li[data-file]')].map(item => item.textContent),
        })";
        let state = self.evaluate(expression).await.map_or_else(|error| error.to_string(), |state| state.to_string());
        let errors = self.console_errors().await.map_or_else(|error| error.to_string(), |errors| format!("{errors:?}"));
        format!("the page says {state}; the console {errors}")
    }

    /// Ends the browser.
    pub(super) async fn close(self) {
        // The driver ends in any case.
        let _ = self.client.close().await;
    }
}
