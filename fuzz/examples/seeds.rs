//! `cargo run --example seeds`: writes the hostile files of the tests and the fixtures as seeds, to `corpus/` in this folder.

use std::io;
use std::path::{Path, PathBuf};

use repgeo_hostile::{
    Case, archives, arrays, headers, impossible, opcodes, others, pickles, polyglots, safetensors, zips,
};

/// Larger files make slow seeds.
const LARGEST: usize = 1 << 14;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = root.join("corpus");
    let checkpoints = files(&root.join("../tests/fixtures/checkpoints"))?;
    let arrays = files(&root.join("../core/src/activation/file/fixtures"))?;
    let images = files(&root.join("../core/src/data/format/fixtures"))?;
    let objects = opcodes::cases().into_iter().filter_map(|case| object(&made(case)));
    write(&corpus.join("pickle"), objects)?;
    let archives = [archives::cases(), zips::cases(), polyglots::cases()].into_iter().flatten().map(made);
    write(&corpus.join("pytorch_zip"), archives.chain(checkpoints.clone()))?;
    let legacy = [opcodes::cases(), pickles::cases(), archives::cases()].into_iter().flatten();
    let legacy = legacy.filter(|case| !case.name.contains(".zip.")).map(made);
    write(&corpus.join("pytorch_legacy"), legacy.chain(checkpoints.clone()))?;
    let headers = [safetensors::cases(), headers::cases()].into_iter().flatten().map(made);
    write(&corpus.join("safetensors"), headers.chain(checkpoints).chain(arrays.clone()))?;
    let numpy = [arrays::cases(), others::activations(), impossible::networks()].into_iter().flatten().map(made);
    write(&corpus.join("activations"), numpy.chain(arrays))?;
    write(&corpus.join("probe_set"), others::images().into_iter().map(made).chain(images))
}

fn made(case: Case) -> Vec<u8> {
    (case.make)()
}

/// The object of an archive that holds it as it is.
fn object(archive: &[u8]) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(io::Cursor::new(archive)).ok()?;
    let mut object = archive.by_name("archive/data.pkl").ok()?;
    let mut content = Vec::new();
    io::Read::read_to_end(&mut object, &mut content).ok()?;
    Some(content)
}

/// The contents of all files of a folder.
fn files(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    paths.sort();
    paths.into_iter().filter(|path| path.is_file()).map(std::fs::read).collect()
}

/// Writes seeds that are not too large, each under its number.
fn write(folder: &Path, seeds: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (number, seed) in seeds.filter(|seed| seed.len() <= LARGEST).enumerate() {
        std::fs::write(folder.join(format!("seed-{number:04}")), seed)?;
    }
    Ok(())
}
