//! What the page is told of the bundled files, and the comparison that it draws on the first visit.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use repgeo_core::activation::{Engine, RowPolicy};
use repgeo_core::data::{ProbeSet, Subset};
use repgeo_core::study::{self, Budget, Comparison, LayerPlan, PairPlan, ProbeSpec, Study, StudySpec};
use repgeo_core::supervise::Unsupervised;
use serde_json::{Value, json};

use super::networks::Bundled;
use crate::compare::{inputs, probe};
use crate::files;
use crate::terminal;

const MEASURE: &str = "cka-linear-debiased";
const SAMPLES: usize = 512;
const REPORT: &str = "demo/report.json";

/// Writes `demo/report.json`, the comparison of the first two networks of the last kind, and `catalogue.json`.
pub(super) fn write(out: &Path) -> Result<()> {
    let probes = probes(out)?;
    let networks = Bundled::all().map(|bundled| network(out, &bundled)).collect::<Result<Vec<_>>>()?;
    let demo: Vec<String> = Bundled::demo().map(|bundled| bundled.file()).collect();
    let probe = probe::read(&paths(out, &probes))?;
    files::write(&out.join(REPORT), compare(&paths(out, &demo), &probe)?.to_json()?.as_bytes())?;
    let name = format!("Fashion-MNIST test, {} images", probe.len());
    let catalogue = json!({
        "networks": networks,
        "probes": [{ "name": name, "files": probes }],
        "demo": { "report": REPORT, "networks": demo, "probe": name, "samples": SAMPLES, "measure": MEASURE },
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
fn network(out: &Path, bundled: &Bundled) -> Result<Value> {
    let file = bundled.file();
    let study::Opened::Network(network) = study::open(&inputs::read(&out.join(&file))?)? else {
        bail!("{file}: expected a network, found activations");
    };
    let accuracy =
        network.metadata.accuracy.with_context(|| format!("{file}: expected a test accuracy, found none"))?;
    let note = format!("{:.2} % test accuracy", 100.0 * accuracy);
    Ok(json!({ "name": bundled.title(), "file": file, "note": note }))
}

fn compare(networks: &[PathBuf], probe: &ProbeSet) -> Result<Comparison> {
    let files = inputs::Files::open(networks)?;
    let spec = StudySpec {
        inputs: files.names(),
        probe: Some(ProbeSpec { samples: SAMPLES, subset: Subset::First }),
        questions: vec![MEASURE.to_owned()],
        pairs: PairPlan::All,
        layers: LayerPlan::All,
        rows: RowPolicy::Flatten,
    };
    let mut study = Study::new(spec, Some(probe), Budget::ONCE)?;
    // One thread, as in a browser.
    pollster::block_on(files.add_to(&mut study, Some(probe), None, &Engine::host(1), &Unsupervised))?;
    Ok(study.report()?)
}

fn paths(out: &Path, files: &[String]) -> Vec<PathBuf> {
    files.iter().map(|file| out.join(file)).collect()
}
