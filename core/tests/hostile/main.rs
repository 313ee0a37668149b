//! Broken and hostile files: each ends in an error of one sentence or in a right load, in two seconds and within 64 MiB of
//! memory beyond the file and what was read of it.

// Test code, which may panic and print.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod reader;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use peak_alloc::PeakAlloc;
use repgeo_core::checkpoint;
use repgeo_core::file::NamedBytes;
use repgeo_hostile::{
    Case, Expected, Mutant, archives, arrays, fault_of_refusal, headers, impossible, kinds, large, mutations, opcodes,
    others, pickles, polyglots, safetensors, shared, zips,
};

use crate::reader::{Read, Reader};

/// Counts what is asked for, whether it is ever written to or not.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes of memory that reading may take beyond the file and what was read.
const BEYOND: usize = 64 << 20;
/// The most that reading may take. Of several runs the fastest counts: the others were disturbed.
const SECONDS: f64 = 2.0;
const RUNS: usize = 3;

/// Reads a file within the bounds on time and memory; else the error's text.
///
/// # Panics
/// When reading is not within them, when a load is not whole, or when an error is not one sentence that begins with the
/// file's name.
fn outcome(reader: Reader, name: &str, bytes: Vec<u8>) -> Result<Read, String> {
    let file = NamedBytes { name: name.to_owned(), bytes };
    let (mut fastest, mut run) = (f64::INFINITY, 0);
    let read = loop {
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let start = clock();
        let read = reader.read(&file);
        fastest = (clock() - start).min(fastest);
        let asked = MEMORY.peak_usage().saturating_sub(before);
        let held = MEMORY.current_usage().saturating_sub(before);
        let most = file.bytes.len() + BEYOND + held;
        // The file itself was there before.
        let found = asked + file.bytes.len();
        let mebibytes = |bytes: usize| bytes as f64 / f64::from(1 << 20);
        assert!(
            found <= most,
            "{reader:?}: {:.1} MiB beyond the file of {:.1} MiB and the {:.1} MiB that were read",
            mebibytes(asked - held),
            mebibytes(file.bytes.len()),
            mebibytes(held)
        );
        run += 1;
        if fastest <= SECONDS || run == RUNS {
            break read;
        }
    };
    assert!(fastest <= SECONDS, "{reader:?}: {fastest:.1} s");
    match &read {
        Ok(read) => read.check(),
        Err(text) => assert_eq!(fault_of_refusal(name, text), None, "{text:?}"),
    }
    read
}

/// Seconds that this thread has worked, where the system says so; else those since the program began.
fn clock() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let worked = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let worked =
        worked.and_then(|text| text.split(' ').next()?.parse::<f64>().ok()).map(|nanoseconds| nanoseconds / 1e9);
    worked.unwrap_or_else(|| START.elapsed().as_secs_f64())
}

/// Loads a checkpoint as a network or in vain: either is right here, since most of these files hold no known architecture.
fn load(name: &str, read: Read) {
    if let Read::Checkpoint(checkpoint) = read
        && let Err(error) = checkpoint::load(*checkpoint, &checkpoint::Reading::default())
    {
        let text = error.to_string();
        assert!(text.starts_with(&format!("{name}: ")) && !text.contains('\n'), "{text}");
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

/// Reads every file as what it claims to be, which has to end as expected, and by all other readers, which may end anyhow.
fn check(reader: Reader, cases: &[Case]) {
    check_with(reader, &[Reader::Checkpoint, Reader::Input, Reader::Images], cases);
}

/// The same by some other readers.
fn check_with(reader: Reader, others: &[Reader], cases: &[Case]) {
    println!("{} hostile files", cases.len());
    all(
        cases,
        |case| &case.name,
        |case| {
            let bytes = (case.make)();
            for &other in others {
                if other != reader {
                    drop(outcome(other, &case.name, bytes.clone()));
                }
            }
            match (outcome(reader, &case.name, bytes), &case.expected) {
                (Err(error), Expected::Refused(because)) => {
                    assert!(error.contains(because), "expected `{because}` in: {error}");
                }
                (Ok(_), Expected::Refused(_)) => panic!("was read"),
                (Err(error), Expected::Read(_)) => panic!("was refused: {error}"),
                (Ok(read), Expected::Read(expected)) => {
                    if let Some(expected) = expected {
                        assert_eq!(read.state().as_ref(), Some(expected));
                    }
                    load(&case.name, read);
                }
            }
        },
    );
}

/// Reads every mutant.
fn check_mutants(reader: Reader, cases: &[Mutant]) {
    let loaded = Mutex::new(0_usize);
    all(
        cases,
        |case| &case.name,
        |case| {
            if let Ok(read) = outcome(reader, &case.name, case.bytes.clone()) {
                load(&case.name, read);
                *loaded.lock().unwrap() += 1;
            }
        },
    );
    let loaded = loaded.into_inner().unwrap();
    println!("{} mutated files: {loaded} loaded, {} refused", cases.len(), cases.len() - loaded);
    // Flips among the values of formats without checksums load; anything else would say that reading checks nothing.
    assert!(loaded > 0 && loaded < cases.len() / 2, "{loaded} of {} loaded", cases.len());
}

#[test]
fn pickles_that_nest_multiply_or_lie() {
    let _alone = alone();
    check(Reader::Checkpoint, &pickles::cases());
}

#[test]
fn archives_that_swell_or_lie() {
    let _alone = alone();
    check(Reader::Checkpoint, &archives::cases());
}

#[test]
fn headers_that_lie_and_other_files() {
    let _alone = alone();
    check(Reader::Checkpoint, &headers::cases());
}

#[test]
fn operations_of_pickles() {
    let _alone = alone();
    check(Reader::Checkpoint, &opcodes::cases());
}

#[test]
fn values_that_everything_refers_to() {
    let _alone = alone();
    check(Reader::Checkpoint, &shared::cases());
}

#[test]
fn fields_of_zip_archives() {
    let _alone = alone();
    check(Reader::Checkpoint, &zips::cases());
}

#[test]
fn files_of_two_kinds_and_archives_in_archives() {
    let _alone = alone();
    check(Reader::Checkpoint, &polyglots::cases());
}

#[test]
fn headers_of_safetensors_and_burnpack() {
    let _alone = alone();
    check(Reader::Checkpoint, &safetensors::cases());
}

#[test]
fn headers_of_arrays() {
    let _alone = alone();
    check(Reader::Input, &arrays::cases());
}

#[test]
fn files_of_other_programs() {
    let _alone = alone();
    check(Reader::Input, &kinds::cases());
}

#[test]
fn large_files() {
    let _alone = alone();
    check_with(Reader::Checkpoint, &[], &large::cases());
}

#[test]
fn activations_that_lie() {
    let _alone = alone();
    check(Reader::Input, &others::activations());
}

#[test]
fn metadata_of_impossible_networks() {
    let _alone = alone();
    check(Reader::Input, &impossible::networks());
}

#[test]
fn images_that_lie() {
    let _alone = alone();
    check(Reader::Images, &others::images());
}

#[test]
fn mutated_checkpoints_end_in_an_error_or_a_load() {
    let _alone = alone();
    let cases = mutations::checkpoints();
    assert!(cases.len() >= 1000, "{}", cases.len());
    check_mutants(Reader::Checkpoint, &cases);
}

#[test]
fn mutated_pickles_with_right_checksums_end_in_an_error_or_a_load() {
    let _alone = alone();
    let cases = mutations::pickles();
    assert!(cases.len() >= 200, "{}", cases.len());
    check_mutants(Reader::Checkpoint, &cases);
}

#[test]
fn mutated_activations_end_in_an_error_or_a_load() {
    let _alone = alone();
    let cases = mutations::activations();
    assert!(cases.len() >= 200, "{}", cases.len());
    check_mutants(Reader::Input, &cases);
}

#[test]
fn mutated_images_end_in_an_error_or_a_load() {
    let _alone = alone();
    let cases = mutations::images();
    assert!(cases.len() >= 100, "{}", cases.len());
    check_mutants(Reader::Images, &cases);
}

#[test]
fn impossible_shapes_are_no_architecture() {
    let _alone = alone();
    let cases = impossible::shapes();
    assert!(cases.len() >= 300, "{}", cases.len());
    check(Reader::Input, &cases);
}
