//! `cargo xtask bench`: speed, natively and in the browser, there also that of onnxruntime-web, and that of the similarity engine
//! beside its peers. No time is asserted.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};

use crate::{npm, process, test, workspace};

/// The bundled networks that are compared.
const PAIRS: [&str; 2] = ["mlp", "resnet18"];
/// The bundled images.
const PROBE: &str = "static/probes/fashion-mnist-test-2000-images-idx3-ubyte.gz";
/// How many of them.
const SAMPLES: &str = "512";
/// The bench of reading a checkpoint.
const READING: [&str; 4] = ["--features", "rayon", "--bench", "reading"];
/// Of several runs the fastest counts: the others were disturbed.
const RUNS: usize = 3;

/// What is measured.
#[derive(Clone, Copy, Default, clap::ValueEnum)]
pub(crate) enum What {
    /// Reading a checkpoint, and comparisons natively and in the browser.
    #[default]
    Comparison,
    /// The similarity engine beside its peers from PyPI, which are installed first.
    Similarity,
}

/// Measures speed.
///
/// # Errors
/// When something cannot be built or installed, or a comparison fails.
pub(crate) fn run(what: What) -> anyhow::Result<()> {
    match what {
        What::Comparison => comparison(),
        What::Similarity => similarity(),
    }
}

/// The similarity engine beside its peers, on the same activations and cores.
fn similarity() -> anyhow::Result<()> {
    let python = ["python3", "python"].into_iter().find_map(process::on_path);
    let python = python.context("Python, which the peers are written in, was not found; install Python 3")?;
    let program = native_trainer()?;
    let script = workspace::root().join("tests/peers/similarity.py");
    process::run(Command::new(python).arg(script).arg("--native-trainer").arg(program))
}

/// The release program, built.
fn native_trainer() -> anyhow::Result<PathBuf> {
    process::run(process::cargo().args(["build", "--release", "-p", "native-trainer"]))?;
    Ok(workspace::target()?.join("release").join(format!("native-trainer{}", std::env::consts::EXE_SUFFIX)))
}

/// Times reading a checkpoint, then the comparison of the bundled networks, on the command line and then in the browser.
///
/// # Errors
/// When something cannot be built, or a comparison fails.
fn comparison() -> anyhow::Result<()> {
    process::run(process::cargo().args(["bench", "-p", "repgeo-core", "--no-default-features"]).args(READING))?;
    let program = native_trainer()?;
    let scratch = workspace::target()?.join("bench");
    println!("comparison of two bundled networks, {SAMPLES} images, all layers, debiased CKA, fastest of {RUNS} runs");
    for kind in PAIRS {
        for threads in [Some("1"), None] {
            let seconds =
                (0..RUNS).map(|_| compare(&program, kind, threads, &scratch)).collect::<Result<Vec<_>, _>>()?;
            let fastest = seconds.into_iter().fold(f64::INFINITY, f64::min);
            println!("{kind:<10} native, {:<14} {fastest:>8.2} s", threads.map_or("all threads", |_| "one thread"));
        }
    }
    let onnxruntime_web = npm::onnxruntime_web();
    if let Err(error) = &onnxruntime_web {
        println!("SKIPPED: onnxruntime-web is not measured: {error:#}");
    }
    test::browser_bench(onnxruntime_web.ok().as_deref())
}

/// Compares two networks of a kind once; the seconds that it took, from start to end of the program.
fn compare(program: &Path, kind: &str, threads: Option<&str>, scratch: &Path) -> anyhow::Result<f64> {
    let mut command = Command::new(program);
    command.current_dir(workspace::root()).stdout(Stdio::null()).stderr(Stdio::null());
    command.arg("compare").args([0, 1].map(|seed| format!("static/networks/{kind}-seed{seed}.safetensors")));
    command.args(["--probe", PROBE, "--samples", SAMPLES, "--measure", "cka-linear-debiased", "--out"]).arg(scratch);
    if let Some(threads) = threads {
        command.args(["--threads", threads]);
    }
    let start = Instant::now();
    let status = command.status().with_context(|| format!("{} does not start", program.display()))?;
    ensure!(status.success(), "`{}` failed ({status})", process::described(&command));
    Ok(start.elapsed().as_secs_f64())
}
