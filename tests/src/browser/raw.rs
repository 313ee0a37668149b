//! Commands of Chromium's driver that are no part of the WebDriver standard.

use anyhow::Context as _;
use fantoccini::Client;
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A command below `/session/{id}/`.
#[derive(Debug)]
struct Raw {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Raw {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        // A session's command has no URL of its own.
        let session = session.ok_or(ParseError::RelativeUrlWithoutBase)?;
        base.join(&format!("session/{session}/{}", self.path))
    }

    fn method_and_body(&self, _url: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// Asks something of Chromium's developer tools protocol.
///
/// # Errors
/// When the browser refuses.
pub(super) async fn developer_tools(client: &Client, command: &str, parameters: Value) -> anyhow::Result<Value> {
    let body = json!({ "cmd": command, "params": parameters });
    client.issue_cmd(Raw { path: "goog/cdp/execute", body }).await.with_context(|| format!("{command} was refused"))
}

/// Takes the entries of a log (`browser`, `performance`) since it was last taken.
///
/// # Errors
/// When the driver keeps no such log.
pub(super) async fn log(client: &Client, kind: &str) -> anyhow::Result<Vec<Value>> {
    let entries = client.issue_cmd(Raw { path: "se/log", body: json!({ "type": kind }) }).await?;
    entries.as_array().cloned().with_context(|| format!("{kind}: expected a list of entries, found {entries}"))
}
