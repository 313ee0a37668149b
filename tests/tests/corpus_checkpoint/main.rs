//! Broken and hostile files: each ends in an error of one sentence or in a correct load, and asks for no more memory
//! than its size warrants.

mod archives;
mod headers;
mod mutations;
mod others;
mod pickles;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use peak_alloc::PeakAlloc;
use repgeo_core::checkpoint::{self, Reading};
use repgeo_core::data::read_probe_set;
use repgeo_core::file::NamedBytes;
use repgeo_core::study::{self, Opened};

use crate::mutations::Mutant;

/// Counts what is asked for, whether it is ever written to or not.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A file that must be refused, and what the sentence must say.
pub(crate) struct Refused {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) because: &'static str,
}

impl Refused {
    pub(crate) fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>, because: &'static str) -> Self {
        Self { name: name.into(), bytes: bytes.into(), because }
    }
}

/// What reads a file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reader {
    /// As a checkpoint, and then as a network.
    Checkpoint,
    /// As whatever it is among the inputs of a study.
    Input,
    /// As images.
    Images,
}

/// Reads a file; absent when it loads, else the error's text.
///
/// # Panics
/// When a load is not whole, when an error is not one sentence that begins with the file's name, or when the memory that
/// was asked for is out of proportion.
fn outcome(reader: Reader, name: &str, bytes: &[u8]) -> Option<String> {
    let file = NamedBytes { name: name.to_owned(), bytes: bytes.to_vec() };
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let error = match reader {
        Reader::Checkpoint => read_checkpoint(&file),
        Reader::Input => open(&file),
        Reader::Images => read_images(&file),
    };
    let asked = MEMORY.peak_usage().saturating_sub(before);
    let warranted = warranted(bytes.len());
    assert!(asked <= warranted, "{asked} bytes of memory were asked for by {} bytes", bytes.len());
    if let Some(text) = &error {
        assert!(text.starts_with(name) && matches!(text.as_bytes().get(name.len()), Some(b':' | b'/')), "{text}");
        assert!(text.len() < 1500 && !text.chars().any(char::is_control), "{text:?}");
        // What is quoted from the file may hold anything.
        let own: String = text.split('`').step_by(2).collect();
        assert!(!own.ends_with('.') && !own.contains(". "), "more than one sentence: {text}");
    }
    error
}

/// What a file of so many bytes may ask for: a multiple of its size, and what the limits allow to any file, however small.
fn warranted(length: usize) -> usize {
    const ANY_FILE: usize = 256 << 20;
    const MULTIPLE: usize = 24;
    ANY_FILE + MULTIPLE * length
}

fn read_checkpoint(file: &NamedBytes) -> Option<String> {
    let checkpoint = match checkpoint::read(file) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return Some(error.to_string()),
    };
    assert!(!checkpoint.state.is_empty(), "loaded without a tensor");
    assert!(checkpoint.state.keys().eq(checkpoint.precisions.keys()), "tensors and precisions differ");
    for (key, tensor) in &checkpoint.state {
        assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>(), "{key}");
        assert!(tensor.values.iter().all(|value| value.is_finite()), "{key}");
    }
    // A network or a sentence: either is right here, since most of these files hold no known architecture.
    if let Err(error) = checkpoint::load(checkpoint, &Reading::default()) {
        let text = error.to_string();
        assert!(text.starts_with(&format!("{}: ", file.name)) && !text.contains('\n'), "{text}");
    }
    None
}

fn open(file: &NamedBytes) -> Option<String> {
    match study::open(file) {
        Err(error) => return Some(error.to_string()),
        Ok(Opened::Network(network)) => assert!(!network.state.is_empty()),
        Ok(Opened::Activations(activations)) => {
            assert!(!activations.representations.is_empty());
            for layer in &activations.representations {
                assert!(layer.rows > 0 && layer.features > 0 && layer.rows == layer.samples.ids.len());
            }
        }
    }
    None
}

fn read_images(file: &NamedBytes) -> Option<String> {
    match read_probe_set(std::slice::from_ref(file)) {
        Err(error) => Some(error.to_string()),
        Ok(set) => {
            assert!(!set.is_empty() && set.pixels.len() == set.len() * set.shape.len());
            None
        }
    }
}

/// One test at a time: the memory that is counted is the whole program's.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs on a stack as small as a browser's, and collects what fails instead of stopping at the first.
fn all<T: Sync>(cases: &[T], name: impl Fn(&T) -> &str + Sync, check: impl Fn(&T) + Sync) {
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let run = || {
            for case in cases {
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(case))) {
                    let text = panic.downcast_ref::<String>().cloned();
                    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                    let text = text.unwrap_or_else(|| "a panic that says nothing".to_owned());
                    failures.lock().unwrap().push(format!("{}: {text}", name(case)));
                }
            }
        };
        std::thread::Builder::new().stack_size(1 << 20).spawn_scoped(scope, run).unwrap().join().unwrap();
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} failed:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn check_refusals(reader: Reader, cases: &[Refused]) {
    println!("{} hostile files", cases.len());
    all(
        cases,
        |case| &case.name,
        |case| match outcome(reader, &case.name, &case.bytes) {
            Some(error) => assert!(error.contains(case.because), "expected `{}` in: {error}", case.because),
            None => panic!("was loaded"),
        },
    );
}

/// Reads every mutant and returns how many loaded.
fn check_mutants(reader: Reader, cases: &[Mutant]) -> usize {
    let loaded = Mutex::new(0_usize);
    all(
        cases,
        |case| &case.name,
        |case| {
            if outcome(reader, &case.name, &case.bytes).is_none() {
                *loaded.lock().unwrap() += 1;
            }
        },
    );
    let loaded = loaded.into_inner().unwrap();
    println!("{} mutated files: {loaded} loaded, {} refused", cases.len(), cases.len() - loaded);
    // Flips among the values of formats without checksums load; anything else would say that reading checks nothing.
    assert!(loaded > 0 && loaded < cases.len() / 2, "{loaded} of {} loaded", cases.len());
    loaded
}

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checkpoints")
}

#[test]
fn hostile_pickles_are_refused() {
    let _alone = alone();
    check_refusals(Reader::Checkpoint, &pickles::cases());
}

#[test]
fn a_packed_storage_is_unpacked_once() {
    let _alone = alone();
    assert_eq!(outcome(Reader::Checkpoint, "packed_views.pth", &archives::packed_views()), None);
}

#[test]
fn hostile_archives_are_refused() {
    let _alone = alone();
    check_refusals(Reader::Checkpoint, &archives::cases());
}

#[test]
fn hostile_headers_and_other_files_are_refused() {
    let _alone = alone();
    check_refusals(Reader::Checkpoint, &headers::cases());
}

#[test]
fn hostile_activations_are_refused() {
    let _alone = alone();
    check_refusals(Reader::Input, &others::hostile_activations());
}

#[test]
fn hostile_images_are_refused() {
    let _alone = alone();
    check_refusals(Reader::Images, &others::hostile_images());
}

#[test]
fn mutated_checkpoints_end_in_an_error_or_a_load() {
    let _alone = alone();
    let cases = mutations::checkpoints(&fixtures());
    assert!(cases.len() >= 1000, "{}", cases.len());
    check_mutants(Reader::Checkpoint, &cases);
}

#[test]
fn mutated_pickles_with_right_checksums_end_in_an_error_or_a_load() {
    let _alone = alone();
    let cases = mutations::pickles(&fixtures());
    assert!(cases.len() >= 200, "{}", cases.len());
    check_mutants(Reader::Checkpoint, &cases);
}

#[test]
fn mutated_activations_end_in_an_error_or_a_load() {
    let _alone = alone();
    let cases = others::mutated_activations();
    assert!(cases.len() >= 200, "{}", cases.len());
    check_mutants(Reader::Input, &cases);
}

#[test]
fn mutated_images_end_in_an_error_or_a_load() {
    let _alone = alone();
    let cases = others::mutated_images();
    assert!(cases.len() >= 100, "{}", cases.len());
    check_mutants(Reader::Images, &cases);
}

#[test]
fn impossible_shapes_are_no_architecture() {
    let _alone = alone();
    let cases = others::impossible_shapes();
    assert!(cases.len() >= 300, "{}", cases.len());
    all(
        &cases,
        |case| &case.name,
        |case| {
            let error = outcome(Reader::Input, &case.name, &case.bytes);
            assert!(error.is_some(), "was loaded");
        },
    );
}
