//! The bundled networks: three seeds of an MLP and of a narrow ResNet-18.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Parser;
use repgeo_core::checkpoint::{self, Reading};
use repgeo_core::file::NamedBytes;

use super::Places;
use crate::dataset::{self, Splits};
use crate::files;
use crate::terminal;
use crate::train::{self, Config, RunDirectory};

const SEEDS: [u64; 3] = [0, 1, 2];
/// The kinds of networks under their names in words, and the arguments of `train` that make them, but for `--seed`,
/// `--data` and `--out`.
const KINDS: [(&str, &str, &str); 2] = [
    ("mlp", "MLP", "--model mlp --hidden 256,128 --normalize fashion-mnist --epochs 10 --precision f16"),
    (
        "resnet18",
        "Narrow ResNet-18",
        "--model resnet18 --width 16 --normalize fashion-mnist --epochs 1 --halved 0.75 --augment none --precision f16",
    ),
];

/// One network that is bundled.
pub(super) struct Bundled {
    kind: &'static str,
    name: String,
    seed: u64,
    options: &'static str,
}

/// The command line of `train`, so that the file beside the networks names the very arguments that made them.
#[derive(Debug, Parser)]
struct TrainCommand {
    #[command(flatten)]
    arguments: train::Arguments,
}

impl Bundled {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        KINDS.into_iter().flat_map(|(name, kind, options)| {
            SEEDS.map(|seed| Self { kind, name: format!("{name}-seed{seed}"), seed, options })
        })
    }

    /// The two seeds that the page compares on the first visit.
    pub(super) fn demo() -> Result<(Self, Self)> {
        let mut seeds = Self::all().skip(SEEDS.len());
        seeds.next().zip(seeds.next()).context("the first comparison needs two seeds of the last kind")
    }

    /// What the page's list calls it.
    pub(super) fn title(&self) -> String {
        format!("{}, seed {}", self.kind, self.seed)
    }

    /// Its file, relative to the folder of all places.
    pub(super) fn file(&self) -> String {
        format!("networks/{}.safetensors", self.name)
    }

    fn arguments(&self, places: &Places) -> Result<train::Arguments> {
        let words = self.options.split(' ').map(str::to_owned).chain([format!("--seed={}", self.seed)]);
        let mut words: Vec<String> = ["train".to_owned()].into_iter().chain(words).collect();
        words.push(format!("--out={}", places.runs.join(&self.name).display()));
        words.extend(places.data.iter().map(|path| format!("--data={}", path.display())));
        Ok(TrainCommand::try_parse_from(words)?.arguments)
    }

    /// Refuses to train where a finished run with another configuration would be replaced unasked.
    fn check(&self, places: &Places, data: &Splits) -> Result<()> {
        let arguments = self.arguments(places)?;
        let config = Config::resolve(&arguments, data)?;
        if RunDirectory::finished(&arguments.out, &config).is_none() {
            drop(RunDirectory::open(&arguments.out, places.overwrite)?);
        }
        Ok(())
    }

    /// The checkpoint of the run: of a finished one, or trained now.
    fn checkpoint(&self, places: &Places, data: &Splits) -> Result<PathBuf> {
        self.check(places, data)?;
        let arguments = self.arguments(places)?;
        let config = Config::resolve(&arguments, data)?;
        match RunDirectory::finished(&arguments.out, &config) {
            Some(checkpoint) => Ok(checkpoint),
            None => train::train(&config, data, &arguments.device.open()?, &arguments.out),
        }
    }
}

/// Trains one of the bundled networks where its run is not finished yet.
pub(super) fn train_one(name: &str, places: &Places) -> Result<()> {
    let names = || Bundled::all().map(|bundled| bundled.name).collect::<Vec<_>>().join(", ");
    let bundled = Bundled::all().find(|bundled| bundled.name == name);
    let bundled = bundled.with_context(|| format!("--only: expected one of {}, found {name}", names()))?;
    let data = dataset::load(&places.data)?;
    terminal::print_line(&bundled.checkpoint(places, &data)?.display().to_string())
}

/// Refuses, before anything is trained, what [`write()`] would refuse.
pub(super) fn check(places: &Places, data: &Splits) -> Result<()> {
    Bundled::all().try_for_each(|bundled| bundled.check(places, data))
}

/// Writes all bundled networks and, after each, the file that says how those so far were made.
pub(super) fn write(places: &Places, data: &Splits) -> Result<()> {
    let folder = places.out.join("networks");
    let (mut table, mut commands) = (String::new(), String::new());
    for bundled in Bundled::all() {
        let path = bundled.checkpoint(places, data)?;
        let name = format!("{}.safetensors", bundled.name);
        let bytes = fs::read(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
        files::write(&folder.join(&name), &bytes)?;
        writeln!(table, "{}", row(&bundled, name, bytes, &places.runs.join(&bundled.name))?)?;
        let Bundled { name, seed, options, .. } = bundled;
        writeln!(commands, "native-trainer train {options} --seed {seed} --data DATA --out runs/assets/{name}")?;
        files::write(&folder.join("README.md"), readme(&data.name, &table, &commands).as_bytes())?;
    }
    terminal::print_line(&format!("{}: {} networks", folder.display(), Bundled::all().count()))
}

/// A row of the table: what the checkpoint says of itself.
fn row(bundled: &Bundled, name: String, bytes: Vec<u8>, run: &Path) -> Result<String> {
    let size = bytes.len();
    let network = checkpoint::load(checkpoint::read(&NamedBytes { name: name.clone(), bytes })?, &Reading::default())?;
    let accuracy = network.metadata.accuracy.with_context(|| format!("{name}: no accuracy in its metadata"))?;
    let seconds = RunDirectory::records(run)?.last().map_or(0.0, |record| record.seconds);
    Ok(format!(
        "| `{name}` | {} | {} | {} | {:.2} % | {size} | {seconds:.0} |",
        network.architecture.describe(),
        network.architecture.trainable_parameters()?,
        bundled.seed,
        100.0 * accuracy
    ))
}

fn readme(dataset: &str, table: &str, commands: &str) -> String {
    format!(
        "# Bundled networks\n\n\
         Trained by this project on the 60,000 training images of {dataset}, stored in half precision. The accuracy is that\n\
         of the stored file on the 10,000 test images. `cargo xtask assets` makes them again. A file that ends in `-untrained` has\n\
         the initial weights of the network of that name; `cargo xtask assets --only untrained` writes it.\n\n\
         | file | architecture | parameters | seed | test accuracy | bytes | seconds to train |\n\
         |---|---|---|---|---|---|---|\n\
         {table}\n\
         The commands, with `DATA` the folder of the data set; each begins with `cargo run --release -p`:\n\n\
         ```sh\n{commands}```\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_network_has_sound_arguments_and_a_name_of_its_own() {
        let places = Places {
            data: vec![PathBuf::from("data")],
            out: PathBuf::from("static"),
            runs: PathBuf::from("runs"),
            overwrite: false,
        };
        let mut names = Vec::new();
        for bundled in Bundled::all() {
            let arguments = bundled.arguments(&places).unwrap();
            assert_eq!(arguments.seed, bundled.seed);
            assert_eq!(arguments.out, PathBuf::from("runs").join(&bundled.name));
            names.push(bundled.name);
        }
        assert_eq!(names.len(), 6);
        names.dedup();
        assert_eq!(names.len(), 6);
    }
}
