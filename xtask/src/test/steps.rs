//! What each step does.
//!
//! Cargo compiles a crate again for each set of features and each profile, so all steps here ask for few of them: the
//! host's crates always as one selection in the development profile, the page always in the profile `web`.

use std::path::Path;

use anyhow::Context as _;

use crate::test::harness::{self, TestProgram};
use crate::test::{Counts, Step, readme};
use crate::{build, chromium, dist, process, tools, workspace};

/// The packages that are compiled and tested together on the host.
pub(crate) const HOST: [&str; 10] =
    ["-p", "repgeo-core", "-p", "native-trainer", "-p", "repgeo-app", "-p", "repgeo-tests", "-p", "repgeo-hostile"];

/// This package: apart, so that its own program is not replaced while it runs.
pub(crate) const OWN: [&str; 2] = ["-p", "xtask"];

/// The fuzz targets, without libFuzzer itself.
const FUZZ: [&str; 3] = ["-p", "repgeo-fuzz", "--no-default-features"];

/// The test program that drives a browser.
const BROWSER: &str = "browser";

/// The test programs that measure in a browser; the second needs onnxruntime-web.
const BENCHES: [&str; 2] = ["browser_bench", "peer_onnxruntime"];

/// Runs one step.
///
/// # Errors
/// When a check fails or a test cannot be run; a failed test is counted instead.
pub(crate) fn run(step: Step) -> anyhow::Result<Counts> {
    match step {
        Step::Format => format(),
        Step::Clippy => clippy(),
        Step::Docs => docs(),
        Step::Unit => tests(|program| program.kind != "test"),
        Step::Integration => tests(|program| {
            let name = program.name.as_str();
            program.kind == "test" && name != BROWSER && !BENCHES.contains(&name)
        }),
        Step::Dist => dist::run().map(|()| Counts::default()),
        Step::Browser => browser(),
        Step::Readme => readme::check(),
    }
}

fn format() -> anyhow::Result<Counts> {
    tools::ensure_components()?;
    process::run(process::cargo().args(["fmt", "--all", "--check"]))?;
    Ok(Counts::default())
}

fn clippy() -> anyhow::Result<Counts> {
    tools::ensure_components()?;
    tools::ensure_target()?;
    let deny = ["--", "-D", "warnings"];
    for packages in [&HOST[..], &OWN, &FUZZ] {
        process::run(process::cargo().arg("clippy").args(packages).arg("--all-targets").args(deny))?;
    }
    // The page's code may not open files, start threads, read clocks or block. The host engine is built without Burn.
    for features in ["interface,engine", "interface,webgpu"] {
        process::run(
            process::cargo()
                .args(["clippy", "-p", "repgeo-app", "--features", features, "--target", tools::WASM])
                .args(deny)
                .env("CLIPPY_CONF_DIR", workspace::root().join("clippy").join("wasm")),
        )?;
    }
    Ok(Counts::default())
}

fn docs() -> anyhow::Result<Counts> {
    process::run(process::cargo().args(["doc", "--no-deps"]).args(HOST).env("RUSTDOCFLAGS", "-D warnings"))?;
    process::run(process::cargo().args(["test", "--quiet", "--doc"]).args(HOST))?;
    Ok(Counts::default())
}

/// Builds the host's tests and runs those that are wanted.
fn tests(wanted: impl Fn(&TestProgram) -> bool) -> anyhow::Result<Counts> {
    let mut counts = Counts::default();
    for program in harness::build()?.into_iter().filter(&wanted) {
        counts.add(harness::run(&program, &[], &[])?);
    }
    Ok(counts)
}

/// Builds the page and runs the tests that drive a browser.
fn browser() -> anyhow::Result<Counts> {
    in_browser(&[BROWSER], None)
}

/// Builds the page and measures in the browser, us and, where its package's folder is given, onnxruntime-web.
///
/// # Errors
/// When the page cannot be built or there is no browser.
pub(crate) fn browser_bench(onnxruntime_web: Option<&Path>) -> anyhow::Result<Counts> {
    let programs = if onnxruntime_web.is_some() { &BENCHES[..] } else { &BENCHES[..1] };
    in_browser(programs, onnxruntime_web)
}

/// Runs the zoo and shows its table.
pub(crate) fn zoo() -> anyhow::Result<()> {
    let programs = harness::build()?;
    let zoo = programs.iter().find(|program| program.name == "zoo").context("there is no test program called zoo")?;
    harness::show(zoo)
}

/// Runs the tests of some programs with a browser and the page, one after another: each uses all cores.
fn in_browser(names: &[&str], onnxruntime_web: Option<&Path>) -> anyhow::Result<Counts> {
    let browser = chromium::ensure()?;
    let dist = build::page()?;
    let mut environment = vec![
        ("REPGEO_DIST", dist.as_os_str()),
        ("REPGEO_CHROMIUM", browser.program.as_os_str()),
        ("REPGEO_CHROMEDRIVER", browser.driver.as_os_str()),
    ];
    environment.extend(onnxruntime_web.map(|folder| ("REPGEO_ONNXRUNTIME_WEB", folder.as_os_str())));
    let mut counts = Counts::default();
    for program in harness::build()?.into_iter().filter(|program| names.contains(&program.name.as_str())) {
        counts.add(harness::run(&program, &["--test-threads=1"], &environment)?);
    }
    Ok(counts)
}
