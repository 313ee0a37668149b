//! The browser that the tests drive: Chromium or Chrome with its driver.

use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use crate::process;

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser and the driver that belongs to it.
pub(crate) struct Browser {
    /// The browser.
    pub(crate) program: PathBuf,
    /// Its driver.
    pub(crate) driver: PathBuf,
}

/// The machine's browser; installed from Debian's packages when it is missing and that is allowed.
///
/// # Errors
/// When it is missing and cannot be installed; the error says what to install.
pub(crate) fn ensure() -> anyhow::Result<Browser> {
    if let Some(browser) = find() {
        return Ok(browser);
    }
    println!("installing chromium and chromium-driver from the system's packages (about a minute)");
    if install().is_some()
        && let Some(browser) = find()
    {
        return Ok(browser);
    }
    bail!(
        "the browser tests need Chromium and its driver, and they could not be installed; install both first, on Debian \
         with `sudo apt-get install chromium chromium-driver`, elsewhere Chrome and the chromedriver of the same version"
    )
}

fn find() -> Option<Browser> {
    let program = BROWSERS.iter().find_map(|name| process::on_path(name))?;
    // GitHub's machines keep the driver off the search path and name its folder.
    let named = std::env::var_os("CHROMEWEBDRIVER").map(|folder| PathBuf::from(folder).join("chromedriver"));
    let driver = named.filter(|file| file.is_file()).or_else(|| process::on_path("chromedriver"))?;
    Some(Browser { program, driver })
}

/// Installs by apt-get, as root or by a sudo that asks nothing.
fn install() -> Option<()> {
    process::on_path("apt-get")?;
    let root = process::output(Command::new("id").arg("-u"))?.trim() == "0";
    for arguments in
        [&["update", "-q"][..], &["install", "-q", "-y", "--no-install-recommends", "chromium", "chromium-driver"]]
    {
        let mut command = if root { Command::new("apt-get") } else { Command::new("sudo") };
        if !root {
            command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        }
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        process::run(&mut command).ok()?;
    }
    Some(())
}
