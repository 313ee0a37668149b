//! `cargo bench -p repgeo-core --features rayon --bench reading`: a checkpoint of 100 MB, by us and by the reader of safetensors.

// A program of measurements, which may stop where something is not as it should be.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::time::Instant;

use repgeo_core::Sha256Digest;
use repgeo_core::checkpoint;
use repgeo_core::file::NamedBytes;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Tensors of the file, and values of each.
const TENSORS: usize = 50;
const VALUES: usize = 500_000;
/// Of several runs the fastest counts: the others were disturbed.
const RUNS: usize = 9;

fn main() {
    let values: Vec<u8> = (0..TENSORS * VALUES).flat_map(|value| (value as f32).to_le_bytes()).collect();
    let names: Vec<String> = (0..TENSORS).map(|tensor| format!("layer{tensor}.weight")).collect();
    let files =
        [("safetensors", packed_safetensors(&names, &values)), ("PyTorch zip", packed_pytorch(&names, &values))];
    let of_safetensors = files[0].1.clone();
    let theirs = fastest(|| copied(&of_safetensors));
    let hash = fastest(|| Sha256Digest::of([values.as_slice()]));
    println!("a checkpoint of {} MB in memory, fastest of {RUNS} runs", values.len() / 1_000_000);
    let row = |what: &str, seconds: f64| {
        println!("{what:<52} {:>7.1} ms {:>6.2} × the first", 1e3 * seconds, seconds / theirs);
    };
    row("safetensors' own reader, values copied", theirs);
    row("SHA-256 of the file", hash);
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reading");
    std::fs::write(&path, &files[0].1).unwrap();
    let theirs_from_disk = fastest(|| copied(&std::fs::read(&path).unwrap()));
    row("safetensors' own reader, with reading the file", theirs_from_disk);
    for (kind, bytes) in files {
        std::fs::write(&path, &bytes).unwrap();
        let from_disk = fastest(|| {
            let bytes = std::fs::read(&path).unwrap();
            checkpoint::read(&NamedBytes { name: "file".to_owned(), bytes }).unwrap()
        });
        let what = format!("ours, {kind}, all threads, with reading the file");
        println!("{what:<52} {:>7.1} ms {:>6.2} × theirs with it", 1e3 * from_disk, from_disk / theirs_from_disk);
        let file = NamedBytes { name: "file".to_owned(), bytes };
        row(&format!("ours, {kind}, all threads"), fastest(|| checkpoint::read(&file).unwrap()));
        let ours = fastest(|| one_thread.install(|| checkpoint::read(&file).unwrap()));
        row(&format!("ours, {kind}, one thread"), ours);
        row(&format!("ours, {kind}, one thread, less the hash"), ours - hash);
    }
}

/// Seconds of the fastest run.
fn fastest<T>(run: impl Fn() -> T) -> f64 {
    let seconds = (0..RUNS).map(|_| {
        let start = Instant::now();
        let result = black_box(run());
        let seconds = start.elapsed().as_secs_f64();
        drop(result);
        seconds
    });
    seconds.fold(f64::INFINITY, f64::min)
}

/// What a reader of safetensors does that wants the values in its own memory.
fn copied(bytes: &[u8]) -> Vec<(String, Vec<f32>)> {
    let tensors = SafeTensors::deserialize(bytes).unwrap();
    let values =
        |view: &TensorView<'_>| view.data().as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect();
    tensors.iter().map(|(name, view)| (name.to_owned(), values(&view))).collect()
}

fn packed_safetensors(names: &[String], values: &[u8]) -> Vec<u8> {
    let views = names.iter().zip(values.chunks_exact(4 * VALUES));
    let views = views.map(|(name, values)| (name, TensorView::new(Dtype::F32, vec![VALUES], values).unwrap()));
    serialize(views, None).unwrap()
}

/// As `torch.save` writes it, with a storage for each tensor.
fn packed_pytorch(names: &[String], values: &[u8]) -> Vec<u8> {
    let text = |text: &str| [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    let number = |number: usize| [b"J", &(number as u32).to_le_bytes()[..]].concat();
    let mut pickle = b"\x80\x02}".to_vec();
    for (index, name) in names.iter().enumerate() {
        pickle.extend(text(name));
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        pickle.extend([text("storage"), b"ctorch\nFloatStorage\n".to_vec(), text(&index.to_string())].concat());
        pickle.extend([text("cpu"), number(VALUES), b"tQK\0".to_vec(), number(VALUES)].concat());
        pickle.extend(b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtRs");
    }
    pickle.push(b'.');
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("net/data.pkl", options).unwrap();
    writer.write_all(&pickle).unwrap();
    for (index, values) in values.chunks_exact(4 * VALUES).enumerate() {
        writer.start_file(format!("net/data/{index}"), options).unwrap();
        writer.write_all(values).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
