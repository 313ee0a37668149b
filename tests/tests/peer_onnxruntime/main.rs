//! onnxruntime-web runs our networks in the same browser: its logits are those of our engine, and `cargo xtask bench`
//! prints its time beside ours. No time is asserted.

mod networks;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use repgeo_core::activation::{ActivationError, Engine, Job, Matrix, Representation, RowPolicy, represent};
use repgeo_core::data::{ImageShape, Normalisation, ProbeSet, Subset, read_probe_set};
use repgeo_core::file::NamedBytes;
use repgeo_core::model::{Graph, NodeId, StateDict};
use repgeo_core::study::{self, Opened};
use repgeo_core::supervise::Unsupervised;
use repgeo_tests::browser::{Options, Page, visit, visit_site};
use repgeo_tests::{onnx, places};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::networks::{architectures, none, random_images, random_state, tiny};

const MINUTES: Duration = Duration::from_secs(300);
/// Images of a comparison that lets go of kept layers.
const FEW: usize = 8;
/// Images of the comparison that is timed.
const IMAGES: usize = 512;
/// Images that onnxruntime-web takes at once.
const BATCH: usize = 32;
/// Of several runs the fastest counts: the others were disturbed.
const RUNS: usize = 3;
/// Both engines compute in single precision and add in another order.
const TOLERANCE: f64 = 1e-3;
/// The bundled images.
const PROBE: &str = "probes/fashion-mnist-test-2000-images-idx3-ubyte.gz";

#[tokio::test]
async fn every_operation_computes_the_same() -> anyhow::Result<()> {
    let Some(package) = package() else { return Ok(()) };
    let mut site = Site::new(&package)?;
    let mut cases = Vec::new();
    for (name, architecture, shape) in architectures() {
        let graph = architecture.graph(shape)?;
        let case =
            Case { state: random_state(&graph), probe: random_images(shape)?, normalisation: none(shape)?, graph };
        // The last batch is smaller: the batch dimension is free.
        site.add(name, &case, &[case.last()], 3, 1)?;
        cases.push((name, case));
    }
    let results = site.run("peer-operations").await?;
    for (name, case) in cases {
        let difference = largest_difference(&case.host_logits().await?, &results[name])?;
        ensure!(difference <= TOLERANCE, "{name}: the logits differ by {difference:e}");
    }
    Ok(())
}

#[tokio::test]
async fn speed_of_the_mlp() -> anyhow::Result<()> {
    speed("mlp").await
}

#[tokio::test]
async fn speed_of_the_narrow_resnet18() -> anyhow::Result<()> {
    speed("resnet18").await
}

/// Times both engines on two bundled networks of a kind.
async fn speed(kind: &str) -> anyhow::Result<()> {
    let Some(package) = package() else { return Ok(()) };
    let file = |seed: usize| places::bundled(&format!("networks/{kind}-seed{seed}.safetensors"));
    let (Some(first), Some(second), Some(probe)) = (file(0), file(1), places::bundled(PROBE)) else { return Ok(()) };

    let case = Case::read(&first, &probe)?;
    let taps: Vec<NodeId> = case.graph.taps.iter().map(|tap| tap.node).collect();
    let mut site = Site::new(&package)?;
    site.add("logits", &case, &[case.last()], BATCH, RUNS)?;
    site.add("layers", &case, &taps, BATCH, RUNS)?;
    let results = site.run(&format!("peer-{kind}")).await?;

    let host = case.host_logits().await?;
    for outputs in ["logits", "layers"] {
        let difference = largest_difference(&host, &results[outputs])?;
        ensure!(difference <= TOLERANCE, "{kind}: the logits differ by {difference:e}");
        if outputs == "logits" {
            places::measured(&format!("{kind}: largest difference of {IMAGES} images' logits {difference:.1e}"));
        }
    }
    let time = |outputs: &str| results[outputs]["milliseconds"].as_f64().context("the page measured nothing");
    let (logits, layers) = (time("logits")?, time("layers")?);
    let theirs = format!("onnxruntime-web {} in Chromium, one thread", version(&package)?);
    places::measured(&format!("{kind}: forward of {IMAGES} images, {theirs}: {logits:.1} ms"));
    places::measured(&format!("{kind}: the same with all {} layers as outputs: {layers:.1} ms", taps.len()));

    let ours = Ours::measure(kind, [&first, &second], taps.len(), case.probe.shape, &probe).await?;
    let Some(Ours { units, rest, comparison }) = ours else { return Ok(()) };
    let forward = (units - rest) / 2.0;
    let versus = if units > 2.0 * rest {
        format!(
            "{forward:.1} ms; onnxruntime-web takes {:.2} times as long for the logits, {:.2} times for all layers",
            logits / forward,
            layers / forward
        )
    } else {
        "too short to be told from the rest".to_owned()
    };
    places::measured(&format!(
        "{kind}: the same, all layers, our engine in Chromium, one thread: {versus} (two networks by one unit a layer \
         {units:.1} ms, of it all but the forwards {rest:.1} ms)"
    ));
    places::measured(&format!(
        "{kind}: whole comparison of two networks, debiased CKA of all layers, in our page: {comparison:.1} ms; two \
         forwards alone by onnxruntime-web: {:.1} ms ({:.2} times as long)",
        2.0 * logits,
        2.0 * logits / comparison
    ));
    Ok(())
}

/// The folder of the npm package.
fn package() -> Option<PathBuf> {
    let folder = std::env::var_os("REPGEO_ONNXRUNTIME_WEB").map(PathBuf::from);
    if folder.is_none() {
        places::skipped("REPGEO_ONNXRUNTIME_WEB names no folder of that npm package; `cargo xtask bench` installs it");
    }
    folder
}

/// The version of the npm package.
fn version(package: &Path) -> anyhow::Result<String> {
    let description: Value = serde_json::from_slice(&std::fs::read(package.join("package.json"))?)?;
    Ok(description["version"].as_str().context("package.json names no version")?.to_owned())
}

/// A network and images.
struct Case {
    graph: Graph,
    state: StateDict,
    probe: ProbeSet,
    normalisation: Normalisation,
}

impl Case {
    /// A bundled network and the first bundled images.
    fn read(network: &Path, probe: &Path) -> anyhow::Result<Self> {
        let probe = read_probe_set(&[named(probe)?])?.select(IMAGES, Subset::First)?;
        let Opened::Network(network) = study::open(&named(network)?)? else {
            bail!("{}: expected a network", network.display());
        };
        let normalisation = network.normalisation().map_or_else(|| probe.statistics(), Ok)?;
        Ok(Self { graph: network.architecture.graph(probe.shape)?, state: network.state, probe, normalisation })
    }

    /// The node of the logits.
    fn last(&self) -> NodeId {
        self.graph.nodes.len() - 1
    }

    /// The logits by our engine on the processor.
    async fn host_logits(&self) -> anyhow::Result<Vec<f32>> {
        let mut last = None;
        let keep = async |layer: Representation| -> Result<(), ActivationError> {
            last = Some(layer);
            Ok(())
        };
        let job = Job {
            network: "network",
            graph: &self.graph,
            state: &self.state,
            probe: &self.probe,
            normalisation: &self.normalisation,
            policy: RowPolicy::Flatten,
            portion: (0.0, 1.0),
        };
        represent(&Engine::host(2), &job, &Unsupervised, keep).await?;
        match last.context("the network has no layers")?.matrix {
            Matrix::F32(values) => Ok(values),
            other => bail!("expected values of the host engine, found {other:?}"),
        }
    }
}

fn named(path: &Path) -> anyhow::Result<NamedBytes> {
    let name = path.file_name().with_context(|| format!("{}: expected a file", path.display()))?;
    let name = name.to_string_lossy().into_owned();
    Ok(NamedBytes { name, bytes: std::fs::read(path)? })
}

/// A page that runs networks by onnxruntime-web.
struct Site {
    folder: TempDir,
    plans: Vec<Value>,
}

impl Site {
    fn new(package: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let page = places::root().join("tests/fixtures/onnxruntime");
        let runtime = package.join("dist");
        let files = [
            (&page, "index.html"),
            (&page, "worker.mjs"),
            (&runtime, "ort.wasm.min.mjs"),
            (&runtime, "ort-wasm-simd-threaded.mjs"),
            (&runtime, "ort-wasm-simd-threaded.wasm"),
        ];
        for (from, file) in files {
            let path = from.join(file);
            std::fs::copy(&path, folder.path().join(file)).with_context(|| format!("{} not found", path.display()))?;
        }
        Ok(Self { folder, plans: Vec::new() })
    }

    /// Adds a network with the values of these nodes, the last of them the logits, as outputs.
    fn add(&mut self, name: &str, case: &Case, outputs: &[NodeId], batch: usize, runs: usize) -> anyhow::Result<()> {
        let Case { graph, state, probe, normalisation } = case;
        ensure!(outputs.last() == Some(&case.last()), "{name}: the last output is not the logits");
        let (model, input) = (format!("{name}.onnx"), format!("{name}.f32"));
        std::fs::write(self.folder.path().join(&model), onnx::model(graph, state, outputs)?)?;
        let values = probe.batch(0..probe.len(), normalisation)?;
        let bytes: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
        std::fs::write(self.folder.path().join(&input), bytes)?;
        let ImageShape { channels, height, width } = probe.shape;
        self.plans.push(json!({
            "name": name, "model": model, "input": input, "images": probe.len(), "shape": [channels, height, width],
            "logits": onnx::value_name(graph, case.last()), "batch": batch, "runs": runs,
        }));
        Ok(())
    }

    /// By name, the logits and the milliseconds of the fastest run.
    async fn run(self, name: &str) -> anyhow::Result<Value> {
        std::fs::write(self.folder.path().join("plan.json"), Value::from(self.plans).to_string())?;
        let mut results = Value::Null;
        visit_site(self.folder.path(), name, Options::desktop(""), async |page| {
            page.wait_for("html:not([data-state=running])", 2 * MINUTES).await?;
            let state = page.attribute("html", "data-state").await?;
            ensure!(state.as_deref() == Some("done"), "onnxruntime-web: {}", page.text("#status").await?);
            results = page.evaluate("window.results").await?;
            Ok(())
        })
        .await?;
        Ok(results)
    }
}

/// The largest difference between the host's logits and the page's.
fn largest_difference(host: &[f32], result: &Value) -> anyhow::Result<f64> {
    let logits = result["logits"].as_array().context("the page has no logits")?;
    ensure!(!host.is_empty() && logits.len() == host.len(), "expected {} logits, found {}", host.len(), logits.len());
    let pairs = host.iter().zip(logits);
    let differences = pairs.map(|(host, logit)| Ok((f64::from(*host) - logit.as_f64().context("no number")?).abs()));
    let largest = differences.collect::<anyhow::Result<Vec<f64>>>()?.into_iter().fold(0.0, f64::max);
    // Logits that are nothing, or no numbers, would agree by themselves.
    let magnitude = host.iter().fold(0.0_f32, |magnitude, value| magnitude.max(value.abs()));
    ensure!(host.iter().all(|value| value.is_finite()) && magnitude > 0.1, "the host's logits are at most {magnitude}");
    Ok(largest)
}

/// Milliseconds of our page.
struct Ours {
    /// Comparing two networks by one unit of each layer.
    units: f64,
    /// The same without the forward passes: of networks of as many layers that have next to nothing to compute.
    rest: f64,
    /// A whole comparison of two networks.
    comparison: f64,
}

impl Ours {
    /// Nothing where the page was not built. The page does not time the forward passes apart from the similarities; the
    /// difference of the first two numbers does.
    async fn measure(
        kind: &str,
        networks: [&Path; 2],
        layers: usize,
        shape: ImageShape,
        probe: &Path,
    ) -> anyhow::Result<Option<Self>> {
        let dist = std::env::var_os("REPGEO_DIST").map(PathBuf::from);
        if dist.is_none_or(|dist| !dist.join("index.html").is_file()) {
            places::skipped("REPGEO_DIST holds no page; `cargo xtask bench` builds it");
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        let tiny = [tiny(folder.path(), layers, shape, 0)?, tiny(folder.path(), layers, shape, 1)?];
        let [rest, _] = in_our_page(&format!("peer-{kind}-rest"), [&tiny[0], &tiny[1]], probe).await?;
        let [units, comparison] = in_our_page(&format!("peer-{kind}-ours"), networks, probe).await?;
        Ok(Some(Self { units, rest, comparison }))
    }
}

/// Milliseconds of comparing two networks in our page, by one unit of each layer and by all.
async fn in_our_page(name: &str, networks: [&Path; 2], probe: &Path) -> anyhow::Result<[f64; 2]> {
    let mut measured = [f64::NAN; 2];
    visit(name, Options::desktop("?engine=cpu&demo=none"), async |page| {
        page.wait_for("html[data-engine=ready]", MINUTES).await?;
        page.drop_files(&[networks[0], networks[1], probe]).await?;
        page.wait_until("document.querySelectorAll('#networks > li[data-status=loaded]').length === 2", MINUTES)
            .await?;
        page.wait_for("#probe[data-status=loaded]", MINUTES).await?;
        page.set("#samples", &IMAGES.to_string()).await?;
        page.set("#subset", "first").await?;
        page.set("#measure", "cka-linear-debiased").await?;
        page.client().execute(STOPWATCH, Vec::new()).await?;
        let all = fastest(page).await?;
        page.set("#row-policy", "units").await?;
        page.wait_for("#units-count", MINUTES).await?;
        page.set("#units-count", "1").await?;
        measured = [fastest(page).await?, all];
        Ok(())
    })
    .await?;
    Ok(measured)
}

/// Keeps how long the page's last run took.
const STOPWATCH: &str = "let start = null;
new MutationObserver(() => {
    const { run } = document.documentElement.dataset;
    if (run === 'running') start ??= performance.now();
    if (run === 'idle' && start !== null) {
        window.__run = performance.now() - start;
        start = null;
    }
}).observe(document.documentElement, { attributes: true, attributeFilter: ['data-run'] });";

/// Milliseconds of the fastest of several runs. Between them other images are compared: a second run on the same ones would
/// be answered from kept layers.
async fn fastest(page: &Page) -> anyhow::Result<f64> {
    let mut fastest = f64::INFINITY;
    for _ in 0..RUNS {
        page.set("#samples", &FEW.to_string()).await?;
        run(page).await?;
        page.set("#samples", &IMAGES.to_string()).await?;
        fastest = fastest.min(run(page).await?);
    }
    Ok(fastest)
}

/// Milliseconds of one comparison.
async fn run(page: &Page) -> anyhow::Result<f64> {
    page.evaluate("window.__run = null").await?;
    page.click("#compare:not([disabled])").await?;
    page.wait_until("typeof window.__run === 'number'", MINUTES).await?;
    let status = page.text("#status").await?;
    ensure!(status.contains("memory"), "the comparison did not end well: {status}");
    page.evaluate("window.__run").await?.as_f64().context("no time")
}
