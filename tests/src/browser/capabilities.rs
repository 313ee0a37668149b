//! How the browser is started.

use std::path::Path;

use serde_json::{Map, Value, json};

/// What draws and computes in the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Graphics {
    /// No WebGPU.
    #[default]
    None,
    /// WebGPU on SwiftShader, which needs no graphics card.
    SwiftShader,
}

/// What a scenario asks of the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What follows the page's address, such as `?engine=cpu`.
    pub query: String,
    /// Width and height of the page in pixels.
    pub viewport: (u32, u32),
    /// Whether there is WebGPU.
    pub graphics: Graphics,
    /// Whether the system asks for a dark theme.
    pub dark: bool,
}

impl Options {
    /// A desktop window without WebGPU.
    #[must_use]
    pub fn desktop(query: &str) -> Self {
        Self { query: query.to_owned(), viewport: (1280, 900), graphics: Graphics::None, dark: false }
    }
}

/// WebDriver's capabilities for these options: `downloads` takes the files that the page saves, and everything that is
/// not on this machine is asked of the proxy at `sink`.
pub(super) fn capabilities(
    options: &Options,
    program: Option<&str>,
    downloads: &Path,
    sink: &str,
) -> Map<String, Value> {
    let mut arguments: Vec<String> = [
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-default-apps",
        "--disable-extensions",
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!("--window-size={},{}", options.viewport.0, options.viewport.1));
    arguments.push(format!("--proxy-server={sink}"));
    match options.graphics {
        Graphics::None => arguments
            .push("--disable-features=WebGPU,AutofillServerCommunication,MediaRouter,OptimizationHints".to_owned()),
        Graphics::SwiftShader => {
            arguments.extend(
                [
                    "--disable-features=AutofillServerCommunication,MediaRouter,OptimizationHints",
                    "--enable-unsafe-webgpu",
                    "--use-webgpu-adapter=swiftshader",
                ]
                .map(str::to_owned),
            );
        }
    }
    if options.dark {
        arguments.push("--force-dark-mode".to_owned());
    }
    let mut chrome = json!({
        "args": arguments,
        "prefs": {
            "download.default_directory": downloads,
            "download.prompt_for_download": false,
            "profile.default_content_setting_values.automatic_downloads": 1,
        },
    });
    if let (Some(program), Some(chrome)) = (program, chrome.as_object_mut()) {
        chrome.insert("binary".to_owned(), json!(program));
    }
    let all = json!({
        "browserName": "chrome",
        "goog:chromeOptions": chrome,
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
    });
    match all {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
