//! Every hostile file is dropped on the page: each is read or refused in one sentence, and the page goes on as before.
//!
//! One tab and one engine take them all, in batches. Behind each batch a network that the page ships is dropped: the engine
//! reads in order, so that all before it was read once it is there. Then the list is emptied.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use repgeo_core::data::read_probe_set;
use repgeo_core::file::NamedBytes;
use repgeo_core::study::{self, Opened};
use repgeo_hostile::{Case, Expected, Mutant, fault_of_refusal, large};
use repgeo_tests::browser::{Options, Page, visit};
use repgeo_tests::places;
use serde::Deserialize;

use crate::steps::{LATE, Material, SOON, Table, compare, listed, ready};

/// The most files of a batch.
const FILES: usize = 150;
/// The most bytes of a batch, unless it is a single file.
const BYTES: usize = 16 << 20;
/// Bytes of memory that the engine may take beyond the largest file, what is read of it, and what a comparison takes.
const BEYOND: usize = 64 << 20;

/// What the page says of itself and of the files that it lists, those of a refused probe set with them.
const SEEN: &str = "(() => {
    const text = (item, selector) => item.querySelector(selector)?.textContent ?? null;
    const all = (selector, seen) => [...document.querySelectorAll(selector)].map(seen);
    const networks = item => [item.dataset.file, { status: item.dataset.status, message: text(item, '.message') }];
    const probes = item => [text(item, '.name'), { status: 'refused', message: text(item, '.message') }];
    return {
        engine: document.documentElement.dataset.engine,
        notice: text(document, '#notice'),
        files: Object.fromEntries([...all('#networks > li', networks), ...all('#probe .refused', probes)]),
    };
})()";

#[derive(Deserialize)]
struct Seen {
    engine: String,
    notice: Option<String>,
    files: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    status: String,
    message: Option<String>,
}

/// A file that is dropped.
struct Hostile {
    /// Different from all others'.
    name: String,
    bytes: Vec<u8>,
    /// Whether it may not be read as a network.
    refused: bool,
}

impl Hostile {
    /// Pictures are dropped alone: the page takes those of a selection as one probe set, of which it says one thing.
    fn is_picture(&self) -> bool {
        [".png", ".jpg", ".jpeg"].iter().any(|ending| self.name.ends_with(ending))
    }
}

/// All files, those of many megabytes last; each is made when it is its turn.
fn all() -> impl Iterator<Item = Hostile> {
    let case = |Case { name, make, expected }: Case| (name, make(), matches!(expected, Expected::Refused(_)));
    let mutant = |Mutant { name, bytes }: Mutant| (name, bytes, false);
    let small = repgeo_hostile::cases().into_iter().map(case).chain(repgeo_hostile::mutants().into_iter().map(mutant));
    let all = small.chain(large::cases().into_iter().map(case)).enumerate();
    all.map(|(number, (name, bytes, refused))| Hostile { name: format!("{number:04}-{name}"), bytes, refused })
}

/// The next files that are dropped together.
fn batch(files: &mut Peekable<impl Iterator<Item = Hostile>>) -> Vec<Hostile> {
    let mut batch: Vec<Hostile> = files.next().into_iter().collect();
    let mut bytes: usize = batch.iter().map(|file| file.bytes.len()).sum();
    while let Some(file) = files.next_if(|file| {
        let fits = batch.len() < FILES && bytes + file.bytes.len() <= BYTES;
        fits && !file.is_picture() && !batch.iter().any(Hostile::is_picture)
    }) {
        bytes += file.bytes.len();
        batch.push(file);
    }
    batch
}

#[derive(Default)]
struct Tally {
    files: usize,
    largest: usize,
    /// How files ended, and how many.
    ends: BTreeMap<String, usize>,
    time: Duration,
    /// The most seconds a file of a batch, and the batch's first file.
    slowest: (f64, String),
}

impl Tally {
    /// Drops a batch, waits until the page has read it, checks what became of each file, and empties the list.
    async fn drop_on(&mut self, page: &Page, material: &Material, batch: &[Hostile]) -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let paths: Vec<PathBuf> = batch.iter().map(|file| folder.path().join(&file.name)).collect();
        for (path, file) in paths.iter().zip(batch) {
            std::fs::write(path, &file.bytes)?;
        }
        let last = &material.networks[0];
        let start = Instant::now();
        page.drop_files(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>()).await?;
        page.drop_files(&[last]).await?;
        page.wait_for(&format!("{}[data-status=loaded]", listed(last)?), LATE).await?;
        let time = start.elapsed();

        let Seen { engine, notice, mut files } = serde_json::from_value(page.evaluate(SEEN).await?)?;
        ensure!(engine == "ready" && notice.is_none(), "the engine is {engine}, the notice is {notice:?}");
        for file in batch {
            let end = check(file, files.remove(&file.name).as_ref()).with_context(|| file.name.clone())?;
            *self.ends.entry(end).or_insert(0) += 1;
            self.largest = self.largest.max(file.bytes.len());
        }
        ensure!(files.len() == 1, "expected {} to be left, found {:?}", last.display(), files.keys());
        empty(page).await?;

        self.files += batch.len();
        self.time += time;
        let each = time.as_secs_f64() / batch.len() as f64;
        if each > self.slowest.0 {
            self.slowest = (each, batch[0].name.clone());
        }
        Ok(())
    }
}

/// What became of a file, when it may have.
fn check(file: &Hostile, entry: Option<&Entry>) -> anyhow::Result<String> {
    let named = || NamedBytes { name: file.name.clone(), bytes: file.bytes.clone() };
    let Some(Entry { status, message }) = entry else {
        ensure!(read_probe_set(&[named()]).is_ok(), "it is no probe set, and the page has lost it");
        return Ok("probe set".to_owned());
    };
    match (status.as_str(), message) {
        ("loaded", _) => {
            let activations = || matches!(study::open(&named()), Ok(Opened::Activations(_)));
            ensure!(!file.refused || activations(), "it was read as a network");
        }
        ("refused" | "architecture-unknown", Some(message)) => {
            if let Some(fault) = fault_of_refusal(&file.name, message) {
                bail!("{fault}: `{message}`");
            }
        }
        _ => bail!("it is {status}, and the page says {message:?}"),
    }
    Ok(status.clone())
}

/// Removes every file that can be removed.
pub(crate) async fn empty(page: &Page) -> anyhow::Result<()> {
    page.evaluate("document.querySelectorAll('button.remove').forEach(button => button.click())").await?;
    page.wait_until("document.querySelector('#networks > li, #probe .refused') === null", SOON).await
}

/// Compares two networks: the table, and the bytes of memory that the engine has taken so far.
pub(crate) async fn compared(page: &Page, material: &Material) -> anyhow::Result<(Table, f64)> {
    material.drop_on(page).await?;
    // The images are listed among the networks until they have taken the place of those before.
    page.wait_until("document.querySelectorAll('#networks > li').length === 2", SOON).await?;
    page.set("#samples", "64").await?;
    compare(page).await?;
    let status = page.evaluate("document.querySelector('#status').textContent").await?;
    let status = status.as_str().context("no status")?;
    let mut words = status.split_once("took ").context("no memory in the status")?.1.split_whitespace();
    let number: f64 = words.next().context("no memory in the status")?.parse()?;
    let unit = if words.next() == Some("MB") { 1e6 } else { 1e3 };
    Ok((Table::read(page).await?, unit * number))
}

#[tokio::test]
async fn hostile_files_are_read_or_refused_and_the_page_goes_on() -> anyhow::Result<()> {
    let Some(material) = Material::bundled()? else { return Ok(()) };
    visit("hostile", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        let (table, undisturbed) = compared(page, &material).await?;
        empty(page).await?;

        let (mut tally, mut files) = (Tally::default(), all().peekable());
        while files.peek().is_some() {
            let batch = batch(&mut files);
            let from = || format!("of the files from {} on", batch[0].name);
            tally.drop_on(page, &material, &batch).await.with_context(from)?;
        }

        let (after, memory) = compared(page, &material).await?;
        table.ensure_close(&after, 0.0)?;
        // The file, and what is read of it.
        let most = undisturbed + (2 * tally.largest + BEYOND) as f64;
        ensure!(memory <= most, "the engine took {memory} bytes of memory: expected at most {most}");
        let Tally { files, ends, time, slowest: (each, first), .. } = tally;
        places::measured(&format!("{files} hostile files in Chromium: {:.0} s, {ends:?}", time.as_secs_f64()));
        places::measured(&format!("the slowest batch, from {first} on: {each:.3} s a file"));
        places::measured(&format!(
            "the engine's memory: {:.1} MB before, {:.1} MB after",
            undisturbed / 1e6,
            memory / 1e6
        ));
        Ok(())
    })
    .await
}
