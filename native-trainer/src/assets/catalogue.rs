//! What the page is told of the bundled files, and the comparison that it draws on the first visit.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use repgeo_core::activation::{Engine, RowPolicy};
use repgeo_core::data::{NormalisationChoice, ProbeSet, Subset};
use repgeo_core::study::{self, Budget, Comparison, LayerPlan, PairPlan, ProbeSpec, Study, StudySpec};
use repgeo_core::supervise::Unsupervised;
use serde_json::{Value, json};

use super::networks::Bundled;
use super::untrained;
use crate::compare::{inputs, probe};
use crate::files;
use crate::terminal;

const MEASURE: &str = "cka-linear-debiased";
const SAMPLES: usize = 512;
const REPORT: &str = "demo/report.json";

/// A network as the page lists it.
struct Listed {
    name: String,
    /// Relative to the folder of the catalogue.
    file: String,
}

impl Listed {
    fn trained(bundled: &Bundled) -> Self {
        Self { name: bundled.title(), file: bundled.file() }
    }

    fn untrained(bundled: &Bundled) -> Self {
        Self { name: untrained::title(bundled), file: untrained::file(bundled) }
    }
}

/// Writes `demo/report.json`, the comparison of a network with itself before training and with another seed, and
/// `catalogue.json`.
pub(super) fn write(out: &Path) -> Result<()> {
    let (first, second) = Bundled::demo()?;
    let listed = Bundled::all().map(|bundled| Listed::trained(&bundled)).chain([Listed::untrained(&first)]);
    let networks = listed.map(|listed| network(out, &listed)).collect::<Result<Vec<_>>>()?;
    let demo = [Listed::trained(&first), Listed::untrained(&first), Listed::trained(&second)];
    let files: Vec<&str> = demo.iter().map(|listed| listed.file.as_str()).collect();
    let probes = probes(out)?;
    let paths = |files: &[&str]| files.iter().map(|file| out.join(file)).collect::<Vec<_>>();
    let probe_files = paths(&probes.iter().map(String::as_str).collect::<Vec<_>>());
    let probe = probe::read(&probe_files, &probe::PreparationArguments::default())?;
    let names = demo.iter().map(|listed| listed.name.clone()).collect();
    let compared = compare(inputs::Files::open(&paths(&files), &[], &[])?.named(names), &probe)?;
    files::write(&out.join(REPORT), compared.to_json()?.as_bytes())?;
    let name = format!("Fashion-MNIST test, {} images", probe.len());
    let catalogue = json!({
        "networks": networks,
        "probes": [{ "name": name, "files": probes }],
        "demo": { "report": REPORT, "networks": files, "probe": name, "samples": SAMPLES, "measure": MEASURE },
    });
    let path = out.join("catalogue.json");
    files::write(&path, format!("{catalogue:#}\n").as_bytes())?;
    terminal::print_line(&path.display().to_string())
}

/// The files of the probe set, relative to the folder of the catalogue.
fn probes(out: &Path) -> Result<Vec<String>> {
    let folder = out.join("probes");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("{}: cannot be read", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with("-ubyte.gz") {
            names.push(format!("probes/{name}"));
        }
    }
    names.sort();
    Ok(names)
}

/// A bundled network as the page lists it.
fn network(out: &Path, Listed { name, file }: &Listed) -> Result<Value> {
    let study::Opened::Network(network) = study::open(&inputs::read(&out.join(file))?)? else {
        bail!("{file}: expected a network, found activations");
    };
    let note = match (network.metadata.accuracy, network.metadata.step) {
        (Some(accuracy), _) => format!("{:.2} % test accuracy", 100.0 * accuracy),
        (None, Some(0)) => String::new(),
        (None, _) => bail!("{file}: expected a test accuracy, found none"),
    };
    Ok(json!({ "name": name, "file": file, "note": note }))
}

fn compare(files: inputs::Files, probe: &ProbeSet) -> Result<Comparison> {
    let spec = StudySpec {
        inputs: files.names(),
        probe: Some(ProbeSpec { samples: SAMPLES, subset: Subset::First }),
        questions: vec![MEASURE.to_owned()],
        pairs: PairPlan::All,
        layers: LayerPlan::All,
        rows: RowPolicy::Flatten,
        null: None,
        bootstrap: None,
    };
    let mut study = Study::new(spec, Some(probe), Budget::ONCE)?;
    // One thread, as in a browser.
    pollster::block_on(files.add_to(
        &mut study,
        Some(probe),
        &NormalisationChoice::Automatic,
        &Engine::host(1),
        &Unsupervised,
    ))?;
    Ok(study.report()?)
}
