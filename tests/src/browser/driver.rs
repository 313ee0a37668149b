//! The browser's driver as a process of its own.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long the driver may take until it listens.
const START: Duration = Duration::from_secs(30);

/// A running driver; it ends when this is dropped.
pub(super) struct Driver {
    _process: Child,
    address: String,
}

impl Driver {
    /// Starts the driver on a free port.
    ///
    /// # Errors
    /// When it does not start, or does not say its port.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let program = std::env::var("REPGEO_CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let mut process = Command::new(&program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("`{program}` does not start; `cargo xtask test --only browser` installs it"))?;
        let stdout = process.stdout.take().context("the driver has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let port = tokio::time::timeout(START, async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    return Ok(port.trim_end_matches('.').to_owned());
                }
            }
            bail!("`{program}` ended before it listened")
        })
        .await
        .with_context(|| format!("`{program}` did not listen within {START:?}"))??;
        // The rest of its output is read and dropped, so that it never waits for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { _process: process, address: format!("http://127.0.0.1:{port}") })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &str {
        &self.address
    }
}
