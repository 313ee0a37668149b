//! Every kind of the zoo is dropped on the page, said there what it is, and compared: the same cells as natively, which are held
//! to PyTorch's activations by the test `zoo`; or refused with the same sentence.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use repgeo_core::activation::{Engine, RowPolicy};
use repgeo_core::data::{ImageShape, Normalisation, ProbeSet, Subset, read_probe_set};
use repgeo_core::file::NamedBytes;
use repgeo_core::study::{self, Budget, Input, LayerPlan, PairPlan, ProbeSpec, StudySpec};
use repgeo_core::supervise::Unsupervised;
use repgeo_tests::browser::{Options, Page, visit};
use repgeo_tests::places;
use repgeo_tests::report::{cells, deviations};
use repgeo_tests::zoo::{Kind, Verdict, kinds, pixels};
use serde_json::{Value, json};

use crate::steps::{LATE, SOON, compare, listed, ready};

/// Images of a comparison.
const IMAGES: u64 = 12;
/// Networks that are compared with one another at a time.
const TOGETHER: usize = 6;
const MEASURE: &str = "cka-linear";
/// The page adds in another order than the native program: its vectors are shorter.
const TOLERANCE: f64 = 1e-4;

/// A kind, its file, and what is right for it.
struct Specimen {
    kind: Kind,
    path: PathBuf,
    /// What has to be said.
    choices: BTreeMap<String, String>,
    /// The network as it is read natively, or why it is refused.
    native: Result<Input, String>,
}

impl Specimen {
    fn new(kind: Kind, folder: &Path, probe: &ProbeSet) -> anyhow::Result<Self> {
        let file = kind.file()?;
        let path = folder.join(&file.name);
        std::fs::write(&path, &file.bytes)?;
        let (choices, read) = kind.said(&file, probe);
        let normalisation = Normalisation::preset("none", probe.shape.channels)?;
        let native = read.map(|network| Input::Network { name: kind.name.clone(), network, normalisation });
        ensure!(
            native.is_err() == (kind.verdict == Verdict::Refused),
            "{}: natively {:?}",
            kind.name,
            native.as_ref().err()
        );
        Ok(Self { kind, path, choices, native })
    }

    /// Says on the page what has to be said.
    async fn say(&self, page: &Page) -> anyhow::Result<()> {
        let item = listed(&self.path)?;
        for (key, value) in &self.choices {
            let field = format!("{item} input[data-assumption={key}]");
            let all = format!("{item} input.choices");
            let open = format!("document.querySelector({}) !== null", json!(field));
            if page.evaluate(&open).await? == json!(true) {
                page.set(&field, value).await?;
            } else {
                let said: Vec<String> = self.choices.iter().map(|(key, value)| format!("{key}={value}")).collect();
                ensure!(
                    page.evaluate(&format!("document.querySelector({}) !== null", json!(all))).await? == json!(true),
                    "{}: the form has no field for {key}",
                    self.kind.name
                );
                page.set(&all, &said.join(",")).await?;
            }
            settled(page, &item).await?;
        }
        Ok(())
    }
}

/// Waits until a file was read, or was not.
async fn settled(page: &Page, item: &str) -> anyhow::Result<String> {
    page.wait_for(&format!("{item}:not([data-status=reading])"), LATE).await?;
    page.attribute(item, "data-status").await?.context("a file without a status")
}

/// Takes all networks off the page.
async fn clear(page: &Page) -> anyhow::Result<()> {
    page.evaluate("document.querySelectorAll('#networks > li button.remove').forEach(button => button.click())")
        .await?;
    page.wait_until("document.querySelectorAll('#networks > li').length === 0", SOON).await
}

/// A NumPy file of images, or of vectors.
fn array(shape: ImageShape, count: u64) -> anyhow::Result<Vec<u8>> {
    let lengths = match shape {
        ImageShape { channels: 1, height: 1, width } => format!("({count}, {width})"),
        ImageShape { channels, height, width } => format!("({count}, {channels}, {height}, {width})"),
    };
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {lengths}, }}");
    // The values begin at a multiple of 64.
    let header = format!("{header:<width$}\n", width = (10 + header.len() + 1).next_multiple_of(64) - 11);
    let length = u16::try_from(header.len())?.to_le_bytes();
    let values: Vec<u8> = pixels(shape, count).into_iter().flat_map(f32::to_le_bytes).collect();
    Ok([b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), &values].concat())
}

/// Compares networks on the page and natively, and says how far the farthest cells are apart.
async fn compared(page: &Page, specimens: &[&Specimen], probe: &ProbeSet) -> anyhow::Result<f64> {
    let paths: Vec<&Path> = specimens.iter().map(|specimen| specimen.path.as_path()).collect();
    page.drop_files(&paths).await?;
    for specimen in specimens {
        settled(page, &listed(&specimen.path)?).await?;
        specimen.say(page).await?;
        let status = settled(page, &listed(&specimen.path)?).await?;
        ensure!(status == "loaded", "{}: {status}", specimen.kind.name);
    }
    compare(page)
        .await
        .with_context(|| format!("{:?}", paths.iter().map(|path| path.file_stem()).collect::<Vec<_>>()))?;
    page.click("#export-json").await?;
    let found: Value = serde_json::from_slice(&page.download("json").await?)?;
    clear(page).await?;

    let mut inputs = Vec::new();
    for specimen in specimens {
        let mut input = specimen.native.clone().map_err(anyhow::Error::msg)?;
        study::prepare(&mut input, Some(probe), &Unsupervised).await?;
        inputs.push(input);
    }
    let spec = StudySpec {
        inputs: Vec::new(),
        probe: Some(ProbeSpec { samples: probe.len(), subset: Subset::First }),
        questions: vec![MEASURE.to_owned()],
        pairs: PairPlan::All,
        layers: LayerPlan::All,
        rows: RowPolicy::Flatten,
        null: None,
        bootstrap: None,
    };
    let study = study::compare(&inputs, Some(probe), &spec, Budget::ONCE, &Engine::host(2), &Unsupervised).await?;
    let expected: Value = serde_json::from_str(&study.report()?.to_json()?)?;
    let architectures = |report: &Value| -> Vec<Value> {
        report["inputs"].as_array().into_iter().flatten().map(|input| input["architecture"].clone()).collect()
    };
    ensure!(architectures(&found) == architectures(&expected), "read as {:?}", architectures(&found));
    let deviations = deviations(&cells(&found)?, &cells(&expected)?)?;
    deviations.get(MEASURE).copied().context("no cell has a value")
}

/// Drops what is no network that is known, and checks that the page says why in the same words.
async fn refused(page: &Page, specimen: &Specimen) -> anyhow::Result<()> {
    let Err(reason) = &specimen.native else { return Ok(()) };
    let item = listed(&specimen.path)?;
    page.drop_files(&[&specimen.path]).await?;
    let mut status = settled(page, &item).await?;
    if !specimen.choices.is_empty() {
        specimen.say(page).await?;
        status = settled(page, &item).await?;
    }
    let said = if status == "loaded" {
        // Only images tell that it is none: two of them are compared.
        let twin = specimen.path.with_file_name("twin.pth");
        std::fs::copy(&specimen.path, &twin)?;
        page.drop_files(&[&twin]).await?;
        settled(page, &listed(&twin)?).await?;
        page.click("#compare:not([disabled])").await?;
        page.wait_for("#notice", LATE).await?;
        page.text("#notice").await?
    } else {
        page.text(&format!("{item} .message")).await?
    };
    ensure!(said.contains(reason.as_str()), "{}: expected `{reason}`, found `{said}`", specimen.kind.name);
    clear(page).await
}

#[tokio::test]
async fn every_kind_of_the_zoo_is_tried_in_the_page() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut groups: BTreeMap<[usize; 3], Vec<Kind>> = BTreeMap::new();
    for kind in kinds()? {
        groups.entry(kind.input).or_default().push(kind);
    }
    visit("zoo", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        page.set("#measure", MEASURE).await?;
        page.set("#normalization", "none").await?;
        page.set("#samples", &IMAGES.to_string()).await?;
        let (start, mut worst, mut run, mut refusals) = (Instant::now(), 0.0_f64, 0, 0);
        for (input, kinds) in groups {
            let [channels, height, width] = input;
            let shape = ImageShape { channels, height, width };
            let name = format!("noise-{channels}-{height}-{width}.npy");
            let bytes = array(shape, IMAGES)?;
            let path = folder.path().join(&name);
            std::fs::write(&path, &bytes)?;
            let probe = read_probe_set(&[NamedBytes { name, bytes }])?;
            // Chosen as images: dropped, stacked frames could be feature maps.
            page.element("#probe-input").await?.send_keys(&path.to_string_lossy()).await?;
            let ImageShape { channels, height, width } = probe.shape;
            let shown = format!("{channels} × {height} × {width}");
            let shown = format!("document.querySelector('#probe')?.textContent.includes('{shown}')");
            page.wait_until(&shown, SOON).await?;
            let specimens = kinds.into_iter().map(|kind| Specimen::new(kind, folder.path(), &probe));
            let specimens = specimens.collect::<anyhow::Result<Vec<_>>>()?;
            let (mut networks, others): (Vec<_>, Vec<_>) =
                specimens.into_iter().partition(|specimen| specimen.native.is_ok());
            if let [only] = &networks[..] {
                let mut again = only.kind.clone();
                again.name.push_str("-again");
                networks.push(Specimen::new(again, folder.path(), &probe)?);
            }
            for together in networks.chunks(TOGETHER) {
                let mut together: Vec<&Specimen> = together.iter().collect();
                if together.len() == 1 {
                    together.extend(networks.first());
                }
                worst = worst.max(compared(page, &together, &probe).await?);
                run += together.len();
            }
            for other in &others {
                refused(page, other).await?;
                refusals += 1;
            }
        }
        ensure!(worst < TOLERANCE, "cells are {worst} apart");
        places::measured(&format!(
            "zoo in the page: {run} networks compared, {refusals} refused, cells at most {worst:.1e} from the native ones, {:.0} s",
            start.elapsed().as_secs_f64()
        ));
        Ok(())
    })
    .await
}
