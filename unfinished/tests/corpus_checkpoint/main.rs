//! Broken and hostile checkpoints: each ends in an error of one sentence or in a correct load.

mod archives;
mod headers;
mod mutations;
mod pickles;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;

use repgeo_core::checkpoint;
use repgeo_core::data::NamedBytes;

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

/// Reads a file; absent when it loads, else the error's text.
///
/// # Panics
/// When a load is not whole, or an error is not one sentence that begins with the file's name.
fn outcome(name: &str, bytes: &[u8]) -> Option<String> {
    match checkpoint::read(&NamedBytes { name: name.to_owned(), bytes: bytes.to_vec() }) {
        Ok(checkpoint) => {
            assert!(!checkpoint.state.is_empty(), "{name}: loaded without a tensor");
            for (key, tensor) in &checkpoint.state {
                assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>(), "{name}: {key}");
                assert!(tensor.values.iter().all(|value| value.is_finite()), "{name}: {key}");
            }
            None
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with(&format!("{name}: ")), "{text}");
            assert!(text.len() < 1000 && !text.contains('\n'), "{text}");
            Some(text)
        }
    }
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
                    failures.lock().unwrap().push(format!("{}: {}", name(case), text.unwrap_or_default()));
                }
            }
        };
        std::thread::Builder::new().stack_size(1 << 20).spawn_scoped(scope, run).unwrap().join().unwrap();
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} failed:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

/// The largest address space so far, in bytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmPeak:"))?;
    Some(kilobytes.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

fn check_refusals(cases: &[Refused]) {
    all(
        cases,
        |case| &case.name,
        |case| match outcome(&case.name, &case.bytes) {
            Some(error) => assert!(error.contains(case.because), "expected `{}` in: {error}", case.because),
            None => panic!("was loaded"),
        },
    );
}

#[test]
fn hostile_pickles_are_refused() {
    check_refusals(&pickles::cases());
}

#[test]
fn hostile_archives_are_refused() {
    check_refusals(&archives::cases());
}

#[test]
fn hostile_headers_and_other_files_are_refused() {
    check_refusals(&headers::cases());
}

#[test]
fn mutated_files_end_in_an_error_or_a_load() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checkpoints");
    let before = peak_memory();
    let cases = mutations::cases(&folder);
    assert!(cases.len() >= 300, "{}", cases.len());
    let loaded = Mutex::new(0_usize);
    all(
        &cases,
        |case| &case.name,
        |case| {
            if outcome(&case.name, &case.bytes).is_none() {
                *loaded.lock().unwrap() += 1;
            }
        },
    );
    let loaded = loaded.into_inner().unwrap();
    println!("{} mutated files: {loaded} loaded, {} refused", cases.len(), cases.len() - loaded);
    // Flips among the weights of formats without checksums load; anything else would say that reading checks nothing.
    assert!(loaded > 0 && loaded < cases.len() / 2, "{loaded} of {} loaded", cases.len());
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        assert!(after - before < 1 << 30, "{} bytes of address space", after - before);
    }
}
