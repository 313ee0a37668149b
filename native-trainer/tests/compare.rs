//! `native-trainer compare`, run as a program.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

use common::{names, program, text, without_reader};
use repgeo_core::data::{Subset, read_probe_set};
use repgeo_core::file::NamedBytes;
use repgeo_core::study::{Cell, Comparison};
use serde_json::{Value, json};

fn compare(arguments: &[&str]) -> Output {
    program(&[&["compare"], arguments].concat()).output().unwrap()
}

fn refusal(arguments: &[&str]) -> String {
    common::refusal(&[&["compare"], arguments].concat())
}

/// Layers of 24 samples as safetensors: `value(layer, sample, feature)` of 3 features.
fn activations(folder: &Path, name: &str, layers: &[&str], value: impl Fn(usize, usize, usize) -> f64) -> String {
    activations_of(folder, name, None, layers, value)
}

/// The same for samples with these ids.
fn activations_of(
    folder: &Path,
    name: &str,
    ids: Option<&[String]>,
    layers: &[&str],
    value: impl Fn(usize, usize, usize) -> f64,
) -> String {
    let mut entries = Vec::new();
    if let Some(ids) = ids {
        let list = format!("[\"{}\"]", ids.join("\",\"")).replace('"', "\\\"");
        entries.push(format!("\"__metadata__\":{{\"sample_ids\":\"{list}\"}}"));
    }
    let mut data: Vec<u8> = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        let start = data.len();
        for sample in 0..24 {
            for feature in 0..3 {
                data.extend((value(index, sample, feature) as f32).to_le_bytes());
            }
        }
        entries.push(format!(
            "\"{layer}\":{{\"dtype\":\"F32\",\"shape\":[24,3],\"data_offsets\":[{start},{}]}}",
            data.len()
        ));
    }
    let mut header = format!("{{{}}}", entries.join(","));
    while header.len() % 8 != 0 {
        header.push(' ');
    }
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn wave(layer: usize, sample: usize, feature: usize) -> f64 {
    (0.7 * ((sample + 1) * (feature + 1 + layer)) as f64).sin()
}

/// Two files, of two and of three layers; `early` is the same in both, but for a factor and a shift.
fn two_files(folder: &Path) -> (String, String) {
    let first = activations(folder, "first.safetensors", &["early", "late"], wave);
    let second = activations(folder, "second.safetensors", &["early", "middle", "late"], |layer, sample, feature| {
        if layer == 0 { 3.0 * wave(0, sample, feature) + 1.0 } else { wave(2 * layer, sample, feature) }
    });
    (first, second)
}

#[test]
fn activation_files_are_compared_and_everything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = two_files(folder.path());
    let out = folder.path().join("out");
    let measures = "cka-linear-debiased,procrustes-angular";
    let output = compare(&[&first, &second, "--measure", measures, "--out", out.to_str().unwrap(), "--timings"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        names(&out),
        [
            "cka-linear-debiased.first.second.svg",
            "comparison.csv",
            "procrustes-angular.first.second.svg",
            "report.json"
        ]
    );
    let report = Comparison::from_json(&std::fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    let Cell::Value(value) = report.measures[0].pairs[0].cells[0][0] else { panic!("{report:?}") };
    assert!((value - 1.0).abs() < 1e-5, "{value}");
    let csv = std::fs::read_to_string(out.join("comparison.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 2 * 2 * 3);
    let printed = text(&output.stdout);
    for part in
        ["early", "1.000", "forward ", "similarity ", "report.json", "The most alike pair of all is early of both"]
    {
        assert!(printed.contains(part), "{part}: {printed}");
    }
}

#[test]
fn the_same_study_writes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = two_files(folder.path());
    let out = [folder.path().join("one"), folder.path().join("two")];
    for (out, threads) in out.iter().zip(["1", "2"]) {
        assert!(compare(&[&first, &second, "--threads", threads, "--out", out.to_str().unwrap()]).status.success());
    }
    for name in ["comparison.csv", "cka-linear-debiased.first.second.svg"] {
        assert_eq!(std::fs::read(out[0].join(name)).unwrap(), std::fs::read(out[1].join(name)).unwrap(), "{name}");
    }
}

#[test]
fn every_refusal_is_one_sentence_about_the_culprit() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = two_files(folder.path());
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();

    let absent = folder.path().join("absent.pt");
    assert!(refusal(&[&first, absent.to_str().unwrap(), "--out", out]).contains("absent.pt"));

    let noise = folder.path().join("noise.pt");
    std::fs::write(&noise, b"this is no checkpoint").unwrap();
    assert!(refusal(&[&first, noise.to_str().unwrap(), "--out", out]).contains("noise.pt: not a checkpoint"));

    let empty = folder.path().join("empty.pt");
    std::fs::write(&empty, b"").unwrap();
    assert!(refusal(&[&first, empty.to_str().unwrap(), "--out", out]).contains("empty.pt"));

    let cut = folder.path().join("cut.safetensors");
    let bytes = std::fs::read(&first).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() - 10]).unwrap();
    assert!(refusal(&[&second, cut.to_str().unwrap(), "--out", out]).contains("cut.safetensors"));

    let message = refusal(&[&first, &second, "--measure", "cka-liner", "--out", out]);
    assert!(message.contains("cka-liner") && message.contains("cka-linear"), "{message}");

    let few = activations(folder.path(), "few.safetensors", &["early"], |_, _, _| f64::NAN);
    assert!(refusal(&[&first, &few, "--out", out]).contains("few.safetensors"));

    for threads in ["0", "100000"] {
        let message = refusal(&[&first, &second, "--threads", threads, "--out", out]);
        assert!(message.contains("--threads") && message.contains(&format!("found {threads}")), "{message}");
    }
    assert!(!Path::new(out).exists(), "nothing is written for a refused comparison");

    // It is found before the inputs are read.
    let file = folder.path().join("a file");
    std::fs::write(&file, b"").unwrap();
    for file in [file.clone(), file.join("inner")] {
        let message = refusal(&[&first, noise.to_str().unwrap(), "--out", file.to_str().unwrap()]);
        assert!(message.contains("a file") && message.contains("no files can be written"), "{message}");
    }
}

#[test]
fn options_of_networks_are_refused_for_activations() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = two_files(folder.path());
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    for option in [
        ["--probe", "fashion-mnist"],
        ["--samples", "8"],
        ["--subset", "first"],
        ["--normalize", "none"],
        ["--part", "ema"],
        ["--device", "cpu"],
    ] {
        let message = refusal(&[&[first.as_str(), &second, "--out", out], option.as_slice()].concat());
        assert!(message.contains(option[0]) && message.contains("activations"), "{message}");
    }
    let message = refusal(&[&first, &second, "--samples", "8", "--device", "cpu", "--out", out]);
    assert!(message.contains("--samples, --device:"), "{message}");
    let message = refusal(&[&first, &second, "--normalize", "imagnet", "--out", out]);
    assert!(message.contains("did you mean imagenet?"), "{message}");
    assert!(!Path::new(out).exists());
}

#[test]
fn options_of_networks_are_for_the_networks_of_a_mixed_comparison() {
    let folder = tempfile::tempdir().unwrap();
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../static");
    let name = "probes/fashion-mnist-test-2000-images-idx3-ubyte.gz";
    let bytes = std::fs::read(bundled.join(name)).unwrap();
    let probe = read_probe_set(&[NamedBytes { name: name.to_owned(), bytes }]).unwrap();
    let ids = &probe.samples.ids[..24];
    let first = activations_of(folder.path(), "first.safetensors", Some(ids), &["early"], wave);
    let out = folder.path().join("out");
    let (network, probe) = (bundled.join("networks/mlp-seed0.safetensors"), bundled.join(name));
    let options = ["--samples", "24", "--subset", "first", "--normalize", "none", "--device", "cpu"];
    let network = network.to_str().unwrap();
    let options = [options.as_slice(), &["--measure", "cka-linear-debiased,disagreement"]].concat();
    let files = [network, network, &first, "--probe", probe.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let output = compare(&[files.as_slice(), &options].concat());
    assert!(output.status.success(), "{output:?}");
    let report = Comparison::from_json(&std::fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    assert_eq!((report.probe.samples, report.probe.subset), (24, Some(Subset::First)));
    assert_eq!(report.inputs[0].normalisation.as_ref().unwrap().name, "none");
    let printed = text(&output.stdout);
    let outputs = "disagreement: of the outputs of two networks\n  mlp-seed0 and mlp-seed0 (2)  0.000\n  \
                   mlp-seed0 and first  first: an activation file does not say which of its layers are the logits";
    assert!(printed.contains(outputs), "{printed}");
    let csv = std::fs::read_to_string(out.join("comparison.csv")).unwrap();
    assert!(csv.contains("\ndisagreement,mlp-seed0,,mlp-seed0 (2),,0.0,\r"), "{csv}");
}

#[test]
fn pixels_are_normalised_by_numbers_as_by_the_preset_of_these_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../static");
    let path = |name: &str| bundled.join(name).to_str().unwrap().to_owned();
    let networks = [path("networks/mlp-seed0.safetensors"), path("networks/mlp-seed1.safetensors")];
    let probe = path("probes/fashion-mnist-test-2000-images-idx3-ubyte.gz");
    let cells = |normalize: &str, out: &str| {
        let out = folder.path().join(out);
        let flags = ["--probe", &probe, "--samples", "24", "--normalize", normalize, "--out", out.to_str().unwrap()];
        let output = compare(&[&[networks[0].as_str(), &networks[1]], flags.as_slice()].concat());
        assert!(output.status.success(), "{output:?}");
        let report: Value = serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap();
        report["measures"][0]["pairs"][0]["cells"].clone()
    };
    let preset = cells("half", "preset");
    assert!(preset[0][0].is_number(), "{preset}");
    assert_eq!(preset, cells("0.5/0.5", "numbers"));
    assert_ne!(preset, cells("0.5/0.25", "others"));
}

#[test]
fn two_networks_of_one_file_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let static_files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../static");
    let bytes = std::fs::read(static_files.join("networks/mlp-seed0.safetensors")).unwrap();
    let twice = folder.path().join("twice.safetensors");
    std::fs::write(&twice, under_prefixes(&bytes, &["student.", "teacher."])).unwrap();
    let twice = twice.to_str().unwrap();
    let probe = static_files.join("probes/fashion-mnist-test-2000-images-idx3-ubyte.gz");
    let out = folder.path().join("out");
    let rest = ["--probe", probe.to_str().unwrap(), "--samples", "24", "--out", out.to_str().unwrap()];
    let run = |parts: &[&str]| compare(&[&[twice, twice][..], parts, &rest].concat());
    let output = run(&["--part", "student", "--part", "teacher."]);
    assert!(output.status.success(), "{output:?}");
    let report = Comparison::from_json(&std::fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    let inputs: Vec<_> = report.inputs.iter().map(|input| (input.name.as_str(), input.part.as_deref())).collect();
    assert_eq!(inputs, [("twice (student)", Some("student.")), ("twice (teacher)", Some("teacher."))]);
    let message = refusal(&[&[twice, twice][..], &["--part", "techer"], &rest].concat());
    assert!(
        message.contains("expected one of student., teacher., found no such part; did you mean teacher?"),
        "{message}"
    );
    let message = refusal(&[&[twice, twice, twice][..], &["--part", "a", "--part", "b"], &rest].concat());
    assert!(message.contains("--part: expected one for all files, or one for each of 3, found 2"), "{message}");
}

#[test]
fn a_folder_of_shards_is_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let static_files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../static");
    let whole = static_files.join("networks/mlp-seed0.safetensors");
    let tensors = tensors(&std::fs::read(&whole).unwrap());
    let (first, second) = tensors.split_at(3);
    let shards = folder.path().join("sharded");
    std::fs::create_dir(&shards).unwrap();
    let names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    let mut map = Vec::new();
    for (name, tensors) in names.iter().zip([first, second]) {
        std::fs::write(shards.join(name), safetensors(tensors)).unwrap();
        map.extend(tensors.iter().map(|(tensor, ..)| format!("\"{tensor}\":\"{name}\"")));
    }
    let index = shards.join("model.safetensors.index.json");
    std::fs::write(&index, format!("{{\"metadata\":{{}},\"weight_map\":{{{}}}}}", map.join(","))).unwrap();
    let probe = static_files.join("probes/fashion-mnist-test-2000-images-idx3-ubyte.gz");
    let out = folder.path().join("out");
    let rest = ["--probe", probe.to_str().unwrap(), "--samples", "24", "--out", out.to_str().unwrap()];
    let (sharded, whole) = (shards.to_str().unwrap(), whole.to_str().unwrap());
    let flags = ["--normalize", "none", "--measure", "procrustes-angular"];
    let output = compare(&[&[sharded, whole][..], &rest, &flags].concat());
    assert!(output.status.success(), "{output:?}");
    let report = Comparison::from_json(&std::fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    assert_eq!(report.inputs[0].name, "sharded");
    // The same network: each layer is at no distance from itself.
    let cells = &report.measures[0].pairs[0].cells;
    for (layer, row) in cells.iter().enumerate() {
        let Cell::Value(distance) = row[layer] else { panic!("{row:?}") };
        assert!(distance < 1e-6, "{distance}");
    }
    let message = refusal(&[&[shards.join(names[0]).to_str().unwrap(), whole][..], &rest].concat());
    assert!(message.contains("in shard 1 of 2; give all shards together, or their folder"), "{message}");
    std::fs::remove_file(shards.join(names[1])).unwrap();
    let message = refusal(&[&[sharded, whole][..], &rest].concat());
    assert!(message.contains("sharded/model.safetensors.index.json") && message.contains(names[1]), "{message}");
}

/// The tensors of a safetensors file: name, entry in the header, and values.
fn tensors(file: &[u8]) -> Vec<(String, Value, Vec<u8>)> {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
    let entries = header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__");
    let tensor = |(name, entry): (&String, &Value)| {
        let [start, end] = [0, 1].map(|at| entry["data_offsets"][at].as_u64().unwrap() as usize);
        (name.clone(), entry.clone(), file[8 + length + start..8 + length + end].to_vec())
    };
    entries.map(tensor).collect()
}

fn safetensors(tensors: &[(String, Value, Vec<u8>)]) -> Vec<u8> {
    let (mut header, mut values) = (serde_json::Map::new(), Vec::new());
    for (name, entry, bytes) in tensors {
        let mut entry = entry.clone();
        entry["data_offsets"] = json!([values.len(), values.len() + bytes.len()]);
        header.insert(name.clone(), entry);
        values.extend(bytes);
    }
    let header = Value::Object(header).to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &values].concat()
}

/// A file that holds a network once under each prefix, without metadata.
fn under_prefixes(file: &[u8], prefixes: &[&str]) -> Vec<u8> {
    let own = tensors(file);
    let copies = prefixes.iter().flat_map(|prefix| {
        own.iter().map(move |(name, entry, values)| (format!("{prefix}{name}"), entry.clone(), values.clone()))
    });
    safetensors(&copies.collect::<Vec<_>>())
}

#[test]
fn output_that_nobody_reads_is_no_failure_and_a_full_disk_is_one_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = two_files(folder.path());
    let out = folder.path().join("out");
    let arguments = ["compare", &first, &second, "--timings", "--out", out.to_str().unwrap()];
    let output = without_reader(&arguments);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(names(&out).len(), 3);

    #[cfg(target_os = "linux")]
    {
        let message = common::failure(&common::on_a_full_disk(&arguments));
        assert!(message.contains("standard output: cannot be written"), "{message}");
    }
}

#[test]
fn wrong_flags_are_explained_by_the_usage() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = two_files(folder.path());
    for arguments in [
        vec![first.as_str()],
        vec![&first, &second, "--subset", "stratified:x"],
        vec![&first, &second, "--rows", "units:0:1"],
        vec![&first, &second, "--device", "abacus"],
    ] {
        let output = compare(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

/// The folder of real checkpoints, where it is there.
fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: ../shared/data not found");
    None
}

#[test]
fn two_seeds_of_a_resnet_20_have_the_published_diagonal() {
    let Some(shared) = shared() else { return };
    let path = |name: &str| shared.join(name).to_str().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let inputs = [path("resnet_cifar/resnet20-seed1.th"), path("resnet_cifar/resnet20-seed2.th")];
    let probe = path("cifar10_first4000_lossless.bin.gz");
    let flags = ["--probe", &probe, "--samples", "512", "--normalize", "imagenet", "--out", out];
    let output = compare(&[&[inputs[0].as_str(), &inputs[1]], flags.as_slice()].concat());
    assert!(output.status.success(), "{output:?}");
    let printed = text(&output.stdout);
    let values: Vec<&str> = printed
        .lines()
        .skip_while(|line| !line.trim_start().starts_with("layer "))
        .skip(1)
        .map_while(|line| line.starts_with("  ").then(|| line.split_whitespace().last().unwrap()))
        .collect();
    let expected =
        ["0.956", "0.943", "0.937", "0.936", "0.947", "0.919", "0.914", "0.898", "0.836", "0.874", "0.895", "0.915"];
    assert_eq!(values, expected, "{printed}");
    assert!(printed.contains("ResNet-20") && printed.contains("normalised by imagenet"), "{printed}");
}

#[test]
fn layers_are_chosen_and_single_layers_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = two_files(folder.path());
    let out = folder.path().join("out").to_str().unwrap().to_owned();
    let measures = "participation-ratio,svcca:directions=2,cka-linear,statis-compromise";
    let output = compare(&[&first, &second, "--measure", measures, "--layers", "late", "--out", &out]);
    assert!(output.status.success(), "{output:?}");
    let printed = text(&output.stdout);
    assert!(printed.contains("\nparticipation-ratio\n  first\n    late  "), "{printed}");
    assert!(printed.contains("svcca:directions=2 (higher is more alike): first and second"), "{printed}");
    assert!(!printed.contains("early") && !printed.contains("middle"), "{printed}");
    let csv = std::fs::read_to_string(Path::new(&out).join("comparison.csv")).unwrap();
    assert_eq!(csv.lines().filter(|line| line.starts_with("participation-ratio,")).count(), 2, "{csv}");
    // Of two networks, half of one and their CKA; each weighs half.
    let line = |start: &str| csv.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{csv}"));
    let value = |start: &str| line(start).split(',').nth(5).unwrap().parse::<f64>().unwrap();
    let (group, cka) = (value("statis-compromise,,late,,,"), value("cka-linear,first,late,second,late,"));
    assert!((group - (1.0 + cka) / 2.0).abs() < 1e-12, "{csv}");
    assert!((value("statis-compromise,second,late,,,") - 0.5).abs() < 1e-12, "{csv}");
    let expected = format!(
        "statis-compromise: of all inputs at once, and of each\n  late  {group:.3}  (first 0.500, second 0.500)"
    );
    assert!(printed.contains(&expected), "{printed}");

    let message = refusal(&[&first, &second, "--layers", "lat", "--out", &out]);
    assert!(message.contains("first: it has no layer \"lat\"; did you mean late?"), "{message}");
}
