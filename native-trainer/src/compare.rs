//! `compare`: how alike two or more networks are, layer by layer.

mod engine;
pub(crate) mod inputs;
mod options;
mod output;
pub(crate) mod probe;
mod progress;
mod readings;
mod source;
mod table;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use repgeo_core::activation::RowPolicy;
use repgeo_core::data::{NormalisationChoice, Subset};
use repgeo_core::inference::IntervalMethod;
use repgeo_core::study::{BootstrapSpec, Budget, LayerPlan, NullSpec, PairPlan, ProbeSpec, Study, StudySpec, bytes};

use crate::device::DeviceChoice;
use crate::files::OutputFolder;
use crate::terminal;

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Checkpoints, or files of activations, recognised by their content; a folder that holds one, or the shards of one.
    #[arg(required = true, num_args = 2.., value_name = "FILE")]
    inputs: Vec<PathBuf>,
    /// Which network of a file that holds several, as the load report names it: `ema`, `encoder_k`. Given once it is for all
    /// files; given as often as there are files, for each in their order, where an empty name leaves it to the file.
    #[arg(long, value_name = "NAME")]
    part: Vec<String>,
    /// What tensors leave open of a network, such as activation=gelu,pool=max:3:2: the keys and what was taken are listed in
    /// the report. One for all files, or one for each by repeating the option.
    #[arg(long, value_name = "KEY=VALUE,…")]
    architecture: Vec<String>,
    /// Images or vectors to run networks on: files of one data set, a folder of them with class folders at any depth, or the
    /// name of a bundled set (`fashion-mnist`).
    #[arg(long, num_args = 1.., value_name = "FILE|FOLDER|NAME")]
    probe: Vec<PathBuf>,
    #[command(flatten)]
    preparation: probe::PreparationArguments,
    /// How many images; all when the probe set has fewer and this is not given.
    #[arg(long, value_name = "N")]
    samples: Option<usize>,
    /// Which images: `first` in file order, also when this is not given, or `stratified:SEED`, as many of each class.
    #[arg(long, value_parser = parse_subset)]
    subset: Option<Subset>,
    /// How pixels are normalised: cifar, pytorch-cifar, cifar100, svhn, stl10, imagenet, fashion-mnist, mnist, half, none,
    /// means and standard deviations such as 0.4914,0.4822,0.4465/0.2023,0.1994,0.2010, or probe-set for the probe set's
    /// own statistics; without it, what each checkpoint's metadata says, else probe-set, and for vectors none.
    #[arg(long, value_name = "NAME|NUMBERS")]
    normalize: Option<String>,
    /// Ids of measures, separated by commas, or all for every one of two layers; `measures` lists them.
    #[arg(long, value_delimiter = ',', default_value = "cka-linear-debiased", value_name = "ID")]
    measure: Vec<String>,
    /// How often the samples of the second network are put in random order, to say what chance makes of each value.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    null: Option<u32>,
    /// Which random orders.
    #[arg(long, value_name = "SEED", default_value_t = 0, requires = "null")]
    null_seed: u64,
    /// The share of chance maps that may exceed the noise floor.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.05, requires = "null", value_parser = parse_level)]
    null_level: f64,
    /// How often as many samples are drawn anew with replacement, to say how much each value varies with the samples.
    #[arg(long, value_name = "B", value_parser = clap::value_parser!(u32).range(19..=100_000))]
    bootstrap: Option<u32>,
    /// Which samples are drawn.
    #[arg(long, value_name = "SEED", default_value_t = 0, requires = "bootstrap")]
    bootstrap_seed: u64,
    /// The level of the intervals.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95, requires = "bootstrap", value_parser = parse_level)]
    bootstrap_level: f64,
    /// How the intervals are made: bca, bias-corrected and accelerated, or percentile.
    #[arg(long, value_name = "METHOD", default_value = "bca", requires = "bootstrap", value_parser = parse_interval)]
    bootstrap_interval: IntervalMethod,
    /// How a network's feature map becomes a row: flatten, also when this is not given, average-pool,
    /// positions-as-samples, or units:COUNT:SEED.
    #[arg(long, value_parser = parse_rows)]
    rows: Option<RowPolicy>,
    /// Layers to compare, separated by commas; all of them when not given.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    layers: Vec<String>,
    /// The folder for report.json, comparison.csv and the figures.
    #[arg(long, default_value = "comparison", value_name = "DIR")]
    out: PathBuf,
    /// Threads of the processor; all of them when not given.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Where networks are run; on the processor when not given.
    #[arg(long)]
    device: Option<DeviceChoice>,
    /// Print the seconds that running the networks and computing the similarities took, and the memory that was planned for.
    #[arg(long)]
    timings: bool,
}

/// Images of a probe set when `--samples` is not given.
const USUAL_SAMPLES: usize = 512;

fn parse_level(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(level) if level > 0.0 && level < 1.0 => Ok(level),
        _ => Err(format!("expected a number between 0 and 1, found {text:?}")),
    }
}

fn parse_interval(text: &str) -> std::result::Result<IntervalMethod, String> {
    match text {
        "bca" => Ok(IntervalMethod::Bca),
        "percentile" => Ok(IntervalMethod::Percentile),
        _ => Err(format!("expected bca or percentile, found {text:?}")),
    }
}

/// The ids that were asked for, once each; `all` stands for the measures that lists show.
fn chosen_measures(given: &[String]) -> Vec<String> {
    let mut chosen: Vec<String> = Vec::new();
    for id in given.iter().map(|id| id.trim()) {
        let ids = match id {
            "all" => repgeo_core::similarity::cards().iter().map(|card| card.id.to_owned()).collect(),
            id => vec![id.to_owned()],
        };
        for id in ids {
            if !chosen.contains(&id) {
                chosen.push(id);
            }
        }
    }
    chosen
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let measures = chosen_measures(&arguments.measure);
    for id in &measures {
        repgeo_core::similarity::find(id)?;
    }
    let normalize = match &arguments.normalize {
        Some(text) => NormalisationChoice::parse(text).context("--normalize")?,
        None => NormalisationChoice::Automatic,
    };
    engine::start_threads(arguments.threads)?;
    let _folder = OutputFolder::open(&arguments.out)?;
    let progress = progress::Bar::new();
    progress.reading("networks");
    let files = inputs::Files::open(&arguments.inputs, &arguments.part, &arguments.architecture)?;
    options::check(arguments, files.networks)?;
    let engine = engine::open(arguments.device.unwrap_or(DeviceChoice::Cpu))?;
    let probe = match arguments.probe.as_slice() {
        [] if files.networks => {
            bail!(
                "networks need images to be run on: name a file or a bundled set with --probe, such as --probe fashion-mnist"
            )
        }
        [] => None,
        files => {
            progress.reading("probe set");
            Some(probe::read(files, &arguments.preparation)?)
        }
    };
    let subset = arguments.subset.unwrap_or(Subset::First);
    let spec = StudySpec {
        inputs: files.names(),
        probe: probe.as_ref().map(|probe| ProbeSpec {
            samples: arguments.samples.unwrap_or_else(|| probe.len().min(USUAL_SAMPLES)),
            subset,
        }),
        questions: measures,
        pairs: PairPlan::All,
        layers: if arguments.layers.is_empty() { LayerPlan::All } else { LayerPlan::Named(arguments.layers.clone()) },
        rows: arguments.rows.unwrap_or(RowPolicy::Flatten),
        null: arguments.null.map(|permutations| NullSpec {
            permutations: permutations as usize,
            seed: arguments.null_seed,
            alpha: arguments.null_level,
        }),
        bootstrap: arguments.bootstrap.map(|resamples| BootstrapSpec {
            resamples: resamples as usize,
            seed: arguments.bootstrap_seed,
            level: arguments.bootstrap_level,
            interval: arguments.bootstrap_interval,
        }),
    };
    let mut study = Study::new(spec, probe.as_ref(), Budget::ONCE)?;
    pollster::block_on(files.add_to(&mut study, probe.as_ref(), &normalize, &engine, &progress))?;
    let comparison = study.report()?;
    progress.finish();

    let written = output::write(&comparison, &arguments.out)?;
    terminal::print(&table::table(&comparison)?)?;
    if arguments.timings {
        terminal::print(&progress.timings())?;
        terminal::print_line(&format!("memory at most about {}", bytes(study.planned_bytes())))?;
    }
    for file in written {
        terminal::print_line(&format!("wrote {}", file.display()))?;
    }
    Ok(())
}

fn parse_subset(text: &str) -> Result<Subset, String> {
    match text.split_once(':') {
        None if text == "first" => Ok(Subset::First),
        Some(("stratified", seed)) => match seed.parse() {
            Ok(seed) => Ok(Subset::Stratified { seed }),
            Err(_) => Err(format!("expected a whole number as the seed of stratified:SEED, found `{seed}`")),
        },
        _ => Err(format!("expected first or stratified:SEED, found `{text}`")),
    }
}

fn parse_rows(text: &str) -> Result<RowPolicy, String> {
    let expected =
        || format!("expected flatten, average-pool, positions-as-samples or units:COUNT:SEED, found `{text}`");
    match text {
        "flatten" => Ok(RowPolicy::Flatten),
        "average-pool" => Ok(RowPolicy::AveragePool),
        "positions-as-samples" => Ok(RowPolicy::PositionsAsSamples),
        _ => {
            let rest = text.strip_prefix("units:").ok_or_else(expected)?;
            let (count, seed) = rest.split_once(':').ok_or_else(expected)?;
            match (count.parse(), seed.parse()) {
                (Ok(count), Ok(seed)) if count > 0 => Ok(RowPolicy::Units { count, seed }),
                _ => Err(expected()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsets_are_read() {
        assert_eq!(parse_subset("first"), Ok(Subset::First));
        assert_eq!(parse_subset("stratified:7"), Ok(Subset::Stratified { seed: 7 }));
        for text in ["", "stratified", "stratified:", "stratified:x", "last"] {
            assert!(parse_subset(text).is_err(), "{text}");
        }
    }

    #[test]
    fn row_policies_are_read() {
        assert_eq!(parse_rows("average-pool"), Ok(RowPolicy::AveragePool));
        assert_eq!(parse_rows("units:64:3"), Ok(RowPolicy::Units { count: 64, seed: 3 }));
        for text in ["", "units", "units:0:1", "units:5", "Flatten"] {
            assert!(parse_rows(text).is_err(), "{text}");
        }
    }
}
