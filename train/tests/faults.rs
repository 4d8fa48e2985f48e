//! What bad input gets: exit code 1 or 2, one message that names the place, nothing lost.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use support::{Workshop, errors};

/// Asserts exit code and that the message has every part, and is no panic.
fn expect(output: &Output, code: i32, parts: &[&str]) {
    let text = errors(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn a_missing_recipe_or_text_is_named() {
    let workshop = Workshop::new();
    std::fs::remove_file(workshop.recipe()).unwrap();
    expect(&workshop.finish(&[]), 2, &["tiny.ron"]);

    let workshop = Workshop::new();
    std::fs::remove_file(workshop.path().join("text.txt")).unwrap();
    expect(&workshop.finish(&[]), 2, &["text.txt"]);
    assert!(!workshop.run_folder().exists());
}

#[test]
fn an_empty_corpus_is_refused() {
    let workshop = Workshop::new();
    std::fs::write(workshop.path().join("text.txt"), "").unwrap();
    expect(&workshop.finish(&[]), 2, &["empty"]);
}

#[test]
fn a_typo_is_shown_with_line_and_column() {
    let workshop = Workshop::new();
    let text = workshop.recipe_text().replace("n_layers", "n_layer");
    std::fs::write(workshop.recipe(), text).unwrap();
    expect(
        &workshop.finish(&[]),
        2,
        &["tiny.ron:11:", "n_layer", "n_layers"],
    );
    let workshop = Workshop::new();
    expect(
        &workshop.finish(&["--set", "schedule.peek=1"]),
        2,
        &["schedule", "peek", "peak"],
    );
}

#[test]
fn a_vocabulary_that_does_not_fit_is_refused() {
    let workshop = Workshop::new();
    let output = workshop.finish(&["--set", "model.vocab_size=5"]);
    expect(&output, 2, &["model.vocab_size is 5", "the tokenizer has"]);
}

#[test]
fn an_impossible_shape_names_field_and_cure() {
    let workshop = Workshop::new();
    let output = workshop.finish(&["--set", "model.n_heads=5"]);
    expect(&output, 2, &["n_heads", "is 5", "4 would do"]);
}

#[test]
fn a_context_longer_than_model_or_data_is_refused() {
    let workshop = Workshop::new();
    let output = workshop.finish(&["--set", "batch.context=33"]);
    expect(&output, 2, &["batch.context is 33", "from 1 to 32"]);

    std::fs::write(workshop.path().join("text.txt"), support::text(20)).unwrap();
    let output = workshop.finish(&["--set", "model.max_seq_len=4096"]);
    expect(
        &output,
        2,
        &["a context of 4096 tokens needs at least 4097"],
    );
}

#[test]
fn numbers_that_cannot_work_are_refused_before_any_work() {
    let workshop = Workshop::new();
    for (set, parts) in [
        (
            "evaluation.patience=0",
            ["evaluation.patience is 0", "1 or more"],
        ),
        (
            "batch.sequences=4611686018427387904",
            ["batch.sequences is", "would do"],
        ),
        ("steps=18446744073709551615", ["steps is", "fewer"]),
        ("clip=-1.0", ["clip is -1", "positive"]),
    ] {
        expect(&workshop.finish(&["--set", set]), 2, &parts);
        assert!(
            !workshop.path().join("runs").exists(),
            "{set}: text was prepared first"
        );
    }
}

#[test]
fn a_learning_rate_that_breaks_the_model_leaves_no_broken_checkpoint() {
    let workshop = Workshop::new();
    let sets = ["--set", "schedule.peak=1e39", "--set", "schedule.warmup=0"];
    let often = ["--set", "checkpoint.every=1", "--set", "evaluation.every=1"];
    let output = workshop.finish(&[sets, often].concat());
    expect(
        &output,
        1,
        &["a parameter is not finite", "there is no checkpoint yet"],
    );
    assert!(!workshop.run_folder().join("model").exists());
}

#[test]
fn a_run_is_never_overwritten() {
    let workshop = Workshop::new();
    assert!(workshop.finish(&[]).status.success());
    let before = workshop.weights();
    expect(
        &workshop.finish(&[]),
        2,
        &["already holds a run", "--resume"],
    );
    assert!(before == workshop.weights());
}

#[test]
fn a_damaged_best_checkpoint_is_said_and_not_measured() {
    let workshop = Workshop::new();
    // Nothing improves after the first evaluation.
    let frozen = ["--set", "schedule.peak=1e-30", "--set", "schedule.floor=0"];
    let flags = [&frozen[..], &["--steps", "60"]].concat();
    assert!(workshop.finish(&flags).status.success());
    halve(
        &workshop
            .run_folder()
            .join("checkpoints/step-00000020/model.bpk"),
    );
    let output = workshop.finish(&[&frozen[..], &["--resume", "--steps", "70"]].concat());
    expect(
        &output,
        0,
        &[
            "step-00000020/model.bpk",
            "measuring the last model, of step 70",
        ],
    );
}

#[test]
fn two_processes_never_train_in_one_folder() {
    let workshop = Workshop::new();
    assert!(workshop.finish(&[]).status.success());
    let more = ["--resume", "--steps", "1000000", "--progress", "json"];
    let mut first = workshop.pretrain(&more).spawn().unwrap();
    let mut lines = BufReader::new(first.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("\"loss\"")));
    std::thread::spawn(move || lines.count());
    let second = workshop.finish(&["--resume", "--steps", "1000000"]);
    first.kill().unwrap();
    first.wait().unwrap();
    expect(&second, 2, &["another process is training"]);
}

#[test]
fn a_run_that_is_longer_than_asked_for_is_left_as_it_is() {
    let workshop = Workshop::new();
    assert!(workshop.finish(&[]).status.success());
    let output = workshop.finish(&["--resume", "--steps", "30"]);
    expect(&output, 0, &["resuming at step 40"]);
    assert_eq!(workshop.losses().len(), 40);
}

#[test]
fn a_folder_that_is_no_run_is_refused() {
    let workshop = Workshop::new();
    expect(&workshop.finish(&["--resume"]), 2, &["holds no run"]);
    std::fs::create_dir(workshop.run_folder()).unwrap();
    std::fs::write(workshop.run_folder().join("letter.txt"), "dear").unwrap();
    expect(&workshop.finish(&[]), 2, &["other files"]);
    assert!(workshop.run_folder().join("letter.txt").exists());
}

#[test]
fn the_run_folder_of_another_model_is_refused_with_the_difference() {
    let workshop = Workshop::new();
    assert!(workshop.finish(&[]).status.success());
    for (set, parts) in [
        ("model.d_ff=96", ["model.d_ff: 64 → 96", "another run"]),
        (
            "batch.sequences=2",
            ["batch.sequences: 4 → 2", "another run"],
        ),
        ("optimizer.beta1=0.5", ["beta1: ", "another run"]),
        ("seed=8", ["seed: 7 → 8", "another run"]),
    ] {
        expect(&workshop.finish(&["--resume", "--set", set]), 2, &parts);
    }
    std::fs::write(workshop.path().join("text.txt"), support::text(3000)).unwrap();
    expect(
        &workshop.finish(&["--resume"]),
        2,
        &["validation text", "another run"],
    );
}

#[test]
fn a_damaged_checkpoint_is_passed_over_and_named() {
    let workshop = Workshop::new();
    assert!(workshop.finish(&[]).status.success());
    let checkpoints = workshop.run_folder().join("checkpoints");
    halve(&checkpoints.join("step-00000040/model.bpk"));
    let output = workshop.finish(&["--resume", "--steps", "50"]);
    expect(
        &output,
        0,
        &[
            "passed over",
            "step-00000040/model.bpk",
            "resuming at step 30",
        ],
    );
    assert_eq!(workshop.losses().len(), 50);
    // The run went over step 40 again; what was damaged is kept apart.
    assert!(checkpoints.join("step-00000040.damaged").exists());
    assert!(checkpoints.join("step-00000040/MANIFEST.json").exists());
}

#[test]
fn without_a_whole_checkpoint_nothing_is_touched() {
    let workshop = Workshop::new();
    assert!(workshop.finish(&[]).status.success());
    for bundle in std::fs::read_dir(workshop.run_folder().join("checkpoints")).unwrap() {
        halve(&bundle.unwrap().path().join("optimizer.bpk"));
    }
    let before = (workshop.losses(), workshop.weights());
    let output = workshop.finish(&["--resume", "--steps", "50"]);
    expect(
        &output,
        1,
        &["optimizer.bpk", "no checkpoint of this run is whole"],
    );
    assert!(before == (workshop.losses(), workshop.weights()));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let workshop = Workshop::new();
    // The kernel's own file system refuses, whoever asks.
    let place = "/proc/slovo-run";
    if !Path::new("/proc").exists() {
        eprintln!("skipped: this system has no /proc to refuse a folder");
        return;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_slovo-train"));
    let output = command
        .current_dir(workshop.path())
        .args(["pretrain", "tiny.ron", "--out", place])
        .output()
        .unwrap();
    let text = errors(&output);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{text}");
    assert!(text.contains(place) && !text.contains("panicked"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_full_disk_keeps_the_checkpoint_before() {
    let workshop = Workshop::new();
    assert!(workshop.finish(&[]).status.success());
    let before = workshop.weights();
    // A limit on the size of files stands for a full disk: the write fails the same way, once the
    // signal that comes with the limit is ignored.
    let output = Command::new("sh")
        .current_dir(workshop.path())
        .args(["-c", "trap '' XFSZ; ulimit -f 40; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_slovo-train"))
        .args([
            "pretrain", "tiny.ron", "--out", "run", "--resume", "--steps", "60",
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    expect(&output, 1, &["step-00000050"]);
    assert!(before == workshop.weights());
    let output = workshop.finish(&["--resume", "--steps", "60"]);
    expect(&output, 0, &["resuming at step 40"]);
}

fn halve(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}
