//! Real files with one thing changed: cut short, a bit flipped, a length replaced, blocks swapped, lost or repeated.

use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use burn_pack::{Bytes, DType, Scalar, Tensor, Writer};
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use zip::ZipArchive;

use crate::archives::zip;
use crate::others::gzip;

/// A changed file.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// What was changed, and the original's name; mutants of other groups may share it.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The fixtures of checkpoints.
const CHECKPOINTS: &str = "tests/fixtures/checkpoints";

/// A folder of fixtures, by its path in the workspace.
fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn files(path: &str, names: &[&str]) -> Vec<(String, Vec<u8>)> {
    let folder = folder(path);
    names.iter().map(|name| ((*name).to_owned(), std::fs::read(folder.join(name)).unwrap())).collect()
}

/// A burnpack file as Burn writes one: gamma and beta, a linear weight `[in, out]`.
fn burnpack() -> Vec<u8> {
    let tensor = |name: &str, shape: &[usize]| {
        let count: usize = shape.iter().product();
        let values = (0..count).flat_map(|value| (value as f32 / 8.0).to_le_bytes()).collect();
        Tensor::new(name.to_owned(), DType::F32, shape.to_vec(), Some(7), Bytes::from_bytes_vec(values))
    };
    let tensors =
        vec![tensor("bn.gamma", &[3]), tensor("bn.beta", &[3]), tensor("fc.weight", &[3, 2]), tensor("fc.bias", &[2])];
    let writer = Writer::new(tensors).with_metadata("dataset", "none").with_scalar("step", Scalar::UInt(12));
    writer.into_bytes().unwrap().to_vec()
}

/// Every fixture of checkpoints and a burnpack file.
///
/// # Panics
/// When the fixtures are not there.
#[must_use]
pub fn checkpoints() -> Vec<Mutant> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder(CHECKPOINTS)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|kind| kind != "py" && kind != "json"));
    paths.sort();
    let mut originals: Vec<(String, Vec<u8>)> = paths
        .iter()
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    originals.push(("burn.bpk".to_owned(), burnpack()));
    of(&originals, 20)
}

/// Mutants of these files, the same for the same seed.
fn of(originals: &[(String, Vec<u8>)], seed: u64) -> Vec<Mutant> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    originals.iter().flat_map(|(name, bytes)| mutants(name, bytes, &mut random)).collect()
}

/// Archives whose pickle is changed and packed anew, so that no checksum gives the change away.
///
/// # Panics
/// When the fixtures are not there.
#[must_use]
pub fn pickles() -> Vec<Mutant> {
    let names = ["zip.pth", "zip_protocol4.pth", "lightning.ckpt", "whole_module.pth", "strided.pth"];
    let mut random = ChaCha8Rng::seed_from_u64(21);
    let mut changed = Vec::new();
    for (name, archive) in files(CHECKPOINTS, &names) {
        let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
        let mut entries = Vec::new();
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            entries.push((entry.name().unwrap().into_owned(), content));
        }
        let pickle = entries.iter().position(|(name, _)| name.ends_with("/data.pkl")).unwrap();
        for Mutant { name, bytes } in mutants(&name, &entries[pickle].1.clone(), &mut random) {
            entries[pickle].1 = bytes;
            let entries: Vec<(&str, &[u8])> = entries.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
            changed.push(Mutant { name, bytes: zip(&entries, false) });
        }
    }
    changed
}

/// Activations.
///
/// # Panics
/// When the fixtures are not there.
#[must_use]
pub fn activations() -> Vec<Mutant> {
    let names = ["ordered.safetensors", "natural.safetensors", "layers.npz", "numbered.npz", "only.npy"];
    of(&files("core/src/activation/file/fixtures", &names), 23)
}

/// Images, of formats that the tests beside the code leave out.
///
/// # Panics
/// When the fixtures are not there.
#[must_use]
pub fn images() -> Vec<Mutant> {
    let mut originals = files("core/src/data/format/fixtures", &["nchw.npz", "grey.npz"]);
    let pixels: Vec<u8> = (0..2 * 3 * 96 * 96_u32).map(|place| (place * 37 % 251) as u8).collect();
    originals.push(("stl10.bin.gz".to_owned(), gzip(&pixels)));
    of(&originals, 24)
}

fn mutants(name: &str, original: &[u8], random: &mut ChaCha8Rng) -> Vec<Mutant> {
    let length = original.len();
    let mut mutants = Vec::new();
    let mut keep = |what: &str, bytes: Vec<u8>| {
        mutants.push(Mutant { name: format!("{what}{}.{name}", mutants.len()), bytes });
    };
    for _ in 0..8 {
        keep("truncated", original[..random.random_range(0..length)].to_vec());
    }
    keep("short", original[..length - 1].to_vec());
    keep("long", [original, &[0]].concat());
    for part in [4, 1] {
        for _ in 0..7 {
            let mut bytes = original.to_vec();
            bytes[random.random_range(0..length / part)] ^= 1 << random.random_range(0..8);
            keep("flipped", bytes);
        }
    }
    for value in [0, 1, 0x7fff_ffff, 0xffff_ffff, length as u64, 0x7fff_ffff_ffff_ffff, u64::MAX, random.next_u64()] {
        let mut bytes = original.to_vec();
        let at = random.random_range(0..length - 8);
        let width = if value > u64::from(u32::MAX) { 8 } else { 4 };
        bytes[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        keep("length", bytes);
    }
    for _ in 0..8 {
        let size = random.random_range(1..=length.min(64) / 2);
        let (from, to) = (random.random_range(0..length - size), random.random_range(0..length - size));
        let mut swapped = original.to_vec();
        (0..size).for_each(|offset| swapped.swap(from + offset, to + offset));
        keep("swapped", swapped);
        let mut lost = original.to_vec();
        lost.drain(from..from + size);
        keep("lost", lost);
        let block = original[from..from + size].to_vec();
        let mut repeated = original.to_vec();
        repeated.splice(to..to, block);
        keep("repeated", repeated);
    }
    mutants
}
