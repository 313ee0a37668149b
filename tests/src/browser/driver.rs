//! The browser's driver as a process of its own.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long the driver may take until it listens.
const START: Duration = Duration::from_secs(30);

/// How often a driver that ended before it listened is started anew.
///
/// ChromeDriver takes a port that is free for IPv4 and ends when the same port is taken for IPv6, which it needs too.
const TRIES: usize = 10;

/// A running driver; it ends when this is dropped.
pub(super) struct Driver {
    _process: Child,
    address: String,
}

/// What became of one start.
enum Start {
    Listening(Driver),
    /// It ended; this is all that it said.
    Ended(Vec<String>),
}

impl Driver {
    /// Starts the driver on a free port.
    ///
    /// # Errors
    /// When it does not start, or does not say its port.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let program = std::env::var("REPGEO_CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let mut said = Vec::new();
        for _ in 0..TRIES {
            match tokio::time::timeout(START, Self::start_once(&program))
                .await
                .with_context(|| format!("`{program}` did not listen within {START:?}"))??
            {
                Start::Listening(driver) => return Ok(driver),
                Start::Ended(lines) => said = lines,
            }
        }
        anyhow::bail!("`{program}` ended {TRIES} times before it listened; it said last: {}", said.join(" / "))
    }

    async fn start_once(program: &str) -> anyhow::Result<Start> {
        let mut process = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("`{program}` does not start; `cargo xtask test --only browser` installs it"))?;
        let stdout = process.stdout.take().context("the driver has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut said = Vec::new();
        while let Some(line) = lines.next_line().await? {
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                let address = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
                // The rest of its output is read and dropped, so that it never waits for a reader.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Start::Listening(Self { _process: process, address }));
            }
            said.push(line);
        }
        Ok(Start::Ended(said))
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &str {
        &self.address
    }
}
