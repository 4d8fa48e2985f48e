//! What is tuned where nobody says what.

use crate::tiny;
use slovo_instruct::newest_base;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A run folder whose model was written so many seconds ago.
fn run(runs: &Path, name: &str, stage: &str, seconds: u64) {
    let model = runs.join(name).join("model");
    tiny::write(&model, 1, 256);
    let provenance = model.join("slovo.ron");
    let text = fs::read_to_string(&provenance).unwrap();
    assert!(text.contains("\"pretrain\""), "{text}");
    fs::write(
        &provenance,
        text.replace("\"pretrain\"", &format!("{stage:?}")),
    )
    .unwrap();
    let config = File::options().append(true).open(model.join("config.json"));
    let written = SystemTime::now() - Duration::from_secs(seconds);
    config.unwrap().set_modified(written).unwrap();
}

#[test]
fn the_newest_run_of_pretraining_is_the_base() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path();
    run(runs, "older", "pretrain", 300);
    run(runs, "newer", "pretrain", 200);
    run(runs, "oldest", "pretrain", 400);
    // What was tuned is no base, nor is a run that has only begun.
    run(runs, "tuned", "instruct", 100);
    fs::create_dir(runs.join("begun")).unwrap();
    fs::write(runs.join("note.txt"), "").unwrap();
    assert_eq!(newest_base(runs).unwrap(), runs.join("newer"));
    fs::remove_dir_all(runs.join("newer")).unwrap();
    assert_eq!(newest_base(runs).unwrap(), runs.join("older"));
}

#[test]
fn without_a_run_it_is_said_how_to_make_one() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "tuned", "instruct", 100);
    for runs in [folder.path().to_owned(), folder.path().join("none")] {
        let error = newest_base(&runs).unwrap_err();
        assert!(error.is_usage());
        let error = error.to_string();
        assert!(error.contains("`cargo xtask pretrain`"), "{error}");
        assert!(error.contains("--base DIR"), "{error}");
    }
}

#[cfg(feature = "flex")]
#[test]
fn the_program_names_its_base_or_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let record = r#"{"prompt": "q", "completion": "a"}"#;
    fs::write(folder.join("data.jsonl"), [record; 20].join("\n")).unwrap();
    let text = "(data: (name: \"q\", sources: [Records(paths: [\"data.jsonl\"])]), template: Plain,
                 split: Random(validation: 0.1, test: 0.1), max_tokens: 64, epochs: 1, batch: 4,
                 optimizer: AdamW((weight_decay: 0.0)), schedule: (peak: 1e-3, warmup: 1, shape: Linear))";
    fs::write(folder.join("recipe.ron"), text).unwrap();
    let instruct = |more: &[&str]| {
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_slovo-instruct"))
            .args(["instruct", "recipe.ron"])
            .args(more)
            .current_dir(folder)
            .output()
            .unwrap();
        let notes = String::from_utf8(done.stderr).unwrap();
        (done.status.code(), notes)
    };
    let (code, notes) = instruct(&["--dry-run"]);
    assert_eq!(code, Some(2), "{notes}");
    assert!(notes.contains("`cargo xtask pretrain`"), "{notes}");
    run(&folder.join("runs"), "older", "pretrain", 200);
    run(&folder.join("runs"), "newer", "pretrain", 100);
    let (code, notes) = instruct(&["--steps", "2"]);
    assert_eq!(code, Some(0), "{notes}");
    let newer = Path::new("runs").join("newer");
    assert!(notes.contains(newer.to_str().unwrap()), "{notes}");
    // What has begun goes on from the base that it began with.
    run(&folder.join("runs"), "newest", "pretrain", 50);
    let (code, notes) = instruct(&["--steps", "4", "--resume"]);
    assert_eq!(code, Some(0), "{notes}");
}
