//! `native-trainer train` and `assets`, run as programs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use common::{names, program, refusal, text, without_reader};

const COMPLETE: [&str; 3] = ["config.json", "final.safetensors", "metrics.jsonl"];

/// A data set in IDX files: `count` training images and 6 test images of `side` × `side` pixels in three classes.
fn data(folder: &Path, count: usize, side: usize) -> String {
    let path = folder.join(format!("data-{count}-{side}"));
    std::fs::create_dir(&path).unwrap();
    let length = |number: usize| u32::try_from(number).unwrap().to_be_bytes();
    for (name, count) in [("train", count), ("t10k", 6)] {
        let mut images = vec![0, 0, 8, 3];
        images.extend([count, side, side].map(length).concat());
        images.extend((0..count * side * side).map(|index| (index * index % 251) as u8));
        std::fs::write(path.join(format!("{name}-images-idx3-ubyte")), images).unwrap();
        let mut labels = vec![0, 0, 8, 1];
        labels.extend(length(count));
        labels.extend((0..count).map(|index| (index % 3) as u8));
        std::fs::write(path.join(format!("{name}-labels-idx1-ubyte")), labels).unwrap();
    }
    path.to_str().unwrap().to_owned()
}

/// Arguments that train an MLP in an instant.
fn mlp<'a>(data: &'a str, out: &'a Path) -> Vec<&'a str> {
    let out = out.to_str().unwrap();
    vec!["train", "--model", "mlp", "--hidden", "4", "--batch-size", "4", "--epochs", "1", "--data", data, "--out", out]
}

fn contents(folder: &Path) -> Vec<Vec<u8>> {
    COMPLETE.map(|name| std::fs::read(folder.join(name)).unwrap()).to_vec()
}

#[test]
fn a_finished_run_is_replaced_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path(), 12, 4);
    let out = folder.path().join("runs/first");
    let output = program(&mlp(&data, &out)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).ends_with("final.safetensors\n"), "{output:?}");
    assert_eq!(names(&out), COMPLETE);
    let first = contents(&out);

    // It is refused before the data are looked for.
    let absent = folder.path().join("absent");
    let message = refusal(&mlp(absent.to_str().unwrap(), &out));
    assert!(message.contains("runs/first") && message.contains("--overwrite"), "{message}");
    assert_eq!(contents(&out), first);

    let failed = [mlp(absent.to_str().unwrap(), &out), vec!["--overwrite"]].concat();
    assert!(!refusal(&failed).contains("--overwrite"));
    assert_eq!(contents(&out), first);

    let again = [mlp(&data, &out), vec!["--overwrite", "--seed", "1"]].concat();
    assert!(program(&again).output().unwrap().status.success());
    assert_eq!(names(&out), COMPLETE);
    assert_ne!(contents(&out)[1], first[1]);
}

#[test]
fn a_killed_run_leaves_the_earlier_one_and_nothing_half() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path(), 12, 4);
    let out = folder.path().join("run");
    assert!(program(&mlp(&data, &out)).output().unwrap().status.success());
    let first = contents(&out);

    for (out, earlier) in [(out.clone(), Some(&first)), (folder.path().join("fresh"), None)] {
        let mut endless = mlp(&data, &out);
        let epochs = endless.iter().position(|&word| word == "--epochs").unwrap() + 1;
        endless[epochs] = "1000000000";
        endless.push("--overwrite");
        let mut child = program(&endless).stdout(Stdio::null()).spawn().unwrap();
        while !out.join("unfinished/metrics.jsonl").exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        match earlier {
            Some(first) => assert_eq!(contents(&out), *first),
            None => assert_eq!(names(&out), ["unfinished"]),
        }
        // As if it had been killed while it wrote.
        std::fs::write(out.join("unfinished/.a1b2c3.tmp"), b"half").unwrap();
        // The next run takes the place of both.
        let next = [mlp(&data, &out), vec!["--overwrite", "--seed", "1"]].concat();
        assert!(program(&next).output().unwrap().status.success());
        assert_eq!(names(&out), COMPLETE);
        assert_ne!(contents(&out)[1], first[1]);
        let metrics = String::from_utf8(contents(&out)[2].clone()).unwrap();
        assert_eq!(metrics.lines().count(), 1, "{metrics}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_found_before_the_data_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    std::fs::write(&file, b"").unwrap();
    let absent = folder.path().join("absent");
    let absent = absent.to_str().unwrap();
    for out in [file.clone(), file.join("inner")] {
        let message = refusal(&mlp(absent, &out));
        assert!(message.contains("a file") && message.contains("no files can be written"), "{message}");
        let out = out.to_str().unwrap();
        for place in ["--out", "--runs"] {
            let other = if place == "--out" { "--runs" } else { "--out" };
            let elsewhere = folder.path().join("elsewhere");
            let places = [place, out, other, elsewhere.to_str().unwrap()];
            let message = refusal(&[vec!["assets", "--data", absent], places.to_vec()].concat());
            assert!(message.contains("a file") && message.contains("no files can be written"), "{message}");
        }
        let message = refusal(&["assets", "--only", "catalogue", "--out", out]);
        assert!(message.contains("a file") && message.contains("no files can be written"), "{message}");
    }
    assert_eq!(names(folder.path()), ["a file"]);
}

#[test]
fn options_that_do_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let resnet = ["train", "--model", "resnet18", "--data", "absent", "--out", out];
    let mlp = ["train", "--model", "mlp", "--data", "absent", "--out", out];
    for (arguments, options) in [
        (mlp.as_slice(), ["--width", "16"]),
        (&mlp, ["--halved", "0.5"]),
        (&resnet, ["--hidden", "16"]),
        (&resnet, ["--dropout", "0.5"]),
        (&["assets", "--only", "catalogue"], ["--data", "absent"]),
        (&["assets", "--only", "catalogue"], ["--runs", out]),
        (&["assets", "--only", "mlp-seed0"], ["--out", out]),
    ] {
        let message = refusal(&[arguments, options.as_slice()].concat());
        assert!(message.contains(options[0]) && message.contains("leave it out"), "{message}");
    }
    assert!(!Path::new(out).exists());
}

#[test]
fn a_last_step_without_a_variance_is_refused_before_training() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    // Of 8 × 8 pixels, the last stage of a ResNet-18 leaves one; 13 images are three steps of 4 and one of 1.
    let data = data(folder.path(), 13, 8);
    let flags = ["train", "--model", "resnet18", "--width", "1", "--batch-size", "4", "--epochs", "1"];
    let places = ["--data", &data, "--out", out.to_str().unwrap()];
    let message = refusal(&[flags.as_slice(), &places].concat());
    assert!(message.contains("--batch-size") && message.contains("13 training images"), "{message}");
    assert!(!out.exists());
}

#[test]
fn training_goes_on_when_nobody_reads_and_fails_in_a_sentence_on_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path(), 12, 4);
    let out = folder.path().join("unread");
    let output = without_reader(&mlp(&data, &out));
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(names(&out), COMPLETE);

    #[cfg(target_os = "linux")]
    {
        let message = common::failure(&common::on_a_full_disk(&mlp(&data, &folder.path().join("full"))));
        assert!(message.contains("standard output"), "{message}");
    }
}
