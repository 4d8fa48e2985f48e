//! A recipe to a tuned model, and what is refused on the way.

use crate::tiny;
use clap::Parser;
use slovo_args::{Cli, Command, InstructCommand, TuneArgs};
use slovo_data::stop::Stop;
use slovo_instruct::report::Report;
use slovo_instruct::tuning::Tuning;
use slovo_instruct::{Error, command};
use std::fs;
use std::path::Path;

/// Questions with one answer each.
fn records(path: &Path, count: usize) {
    let record = |i: usize| {
        let (word, sound) = [("cat", "meow"), ("dog", "woof"), ("cow", "moo")][i % 3];
        serde_json::json!({"instruction": format!("What does a {word} say?"), "output": sound})
    };
    let all: Vec<_> = (0..count).map(record).collect();
    fs::write(path, serde_json::to_string(&all).unwrap()).unwrap();
}

fn recipe(folder: &Path, data: &str, more: &str) -> std::path::PathBuf {
    let path = folder.join("recipe.ron");
    let text = format!(
        "(data: (name: \"sounds\", sources: [Records(paths: [{data:?}])]),
          split: Random(validation: 0.1, test: 0.1), template: Plain, max_tokens: 128,
          batch: 8, optimizer: AdamW((weight_decay: 0.0)),
          schedule: (peak: 1e-2, warmup: 5, shape: Linear), judge: (max_new: 8), {more})"
    );
    fs::write(&path, text).unwrap();
    path
}

pub fn run(folder: &Path, recipe: &Path, base: &Path, more: &[&str]) -> Result<Report, Error> {
    let args = tune_args(folder, recipe, base, more);
    let stop = Stop::new();
    let tuning = Tuning::prepare(&args, &stop)?.unwrap();
    Ok(tuning.run(&args.training, &stop)?.unwrap())
}

pub fn tune_args(folder: &Path, recipe: &Path, base: &Path, more: &[&str]) -> TuneArgs {
    let out = folder.join("run");
    let line = [
        "xtask",
        "instruct",
        recipe.to_str().unwrap(),
        "--base",
        base.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
        "--progress",
        "none",
    ];
    let cli = Cli::try_parse_from(line.iter().chain(more)).unwrap();
    let Command::Instruct(args) = cli.command else {
        panic!("another command");
    };
    args.tune
}

fn merge(adapter: &Path, base: &Path, out: &Path, more: &[&str]) -> Result<u8, Error> {
    let line = [
        "xtask",
        "instruct",
        "merge",
        adapter.to_str().unwrap(),
        "--base",
        base.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let cli = Cli::try_parse_from(line.iter().chain(more)).unwrap();
    let Command::Instruct(args) = cli.command else {
        panic!("another command");
    };
    let Some(InstructCommand::Merge(args)) = args.command else {
        panic!("another command");
    };
    command::merge(&args)
}

#[test]
fn a_tiny_model_learns_what_animals_say() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (data, first) = (folder.join("data.json"), folder.join("base"));
    records(&data, 90);
    tiny::write(&first, 1, 256);
    let recipe = recipe(folder, data.to_str().unwrap(), "trains: All, epochs: 20");
    let report = run(folder, &recipe, &first, &[]).unwrap();
    let before = report.before.as_ref().unwrap();
    let after = &report.runs[0].test;
    assert!(after.loss.unwrap() < 0.2, "{after:?}");
    assert!(before.loss.unwrap() > 2.0, "{before:?}");
    assert_eq!(after.scores.as_ref().unwrap().exact_match, 1.0, "{after:?}");
    assert_eq!(after.scores.as_ref().unwrap().unended, 0.0);
    assert_eq!(report.baselines["nearest_answer"].scores.exact_match, 1.0);
    for file in [
        "model/config.json",
        "model/generation_config.json",
        "report.html",
        "report.json",
    ] {
        assert!(folder.join("run").join(file).is_file(), "{file}");
    }
    let config = fs::read_to_string(folder.join("run/model/tokenizer_config.json")).unwrap();
    assert!(config.contains("chat_template"), "{config}");
}

#[test]
fn a_tuning_that_was_stopped_goes_on_to_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (data, first) = (folder.join("data.json"), folder.join("base"));
    records(&data, 60);
    tiny::write(&first, 1, 256);
    let more = "trains: Lora(rank: 4, alpha: 8), steps: 60, evaluation: (every: Some(20))";
    let recipe = recipe(folder, data.to_str().unwrap(), more);
    let weights = |run: &str| fs::read(folder.join(run).join("model/model.safetensors")).unwrap();
    run(folder, &recipe, &first, &[]).unwrap();
    fs::rename(folder.join("run"), folder.join("whole")).unwrap();
    // Stopped in the midst of it.
    let stop = Stop::new();
    let args = tune_args(folder, &recipe, &first, &[]);
    let tuning = Tuning::prepare(&args, &stop).unwrap().unwrap();
    let asked = stop.clone();
    let watch = folder.join("run/train.csv");
    let watcher = std::thread::spawn(move || {
        let steps = || fs::read_to_string(&watch).map_or(0, |text| text.lines().count());
        while steps() < 3 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        asked.request();
    });
    let stopped = tuning.run(&args.training, &stop).unwrap();
    watcher.join().unwrap();
    assert!(stopped.is_none());
    assert!(!folder.join("run/model").exists());
    run(folder, &recipe, &first, &["--resume"]).unwrap();
    assert_eq!(weights("run"), weights("whole"));
}

#[test]
fn an_adapter_goes_on_its_own_base_only() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (data, first, second) = (
        folder.join("data.json"),
        folder.join("base"),
        folder.join("other"),
    );
    records(&data, 60);
    tiny::write(&first, 1, 256);
    tiny::write(&second, 2, 256);
    let recipe = recipe(
        folder,
        data.to_str().unwrap(),
        "trains: Lora(rank: 4, alpha: 8), epochs: 3",
    );
    let report = run(folder, &recipe, &first, &[]).unwrap();
    assert!(report.learning < report.parameters);
    let adapter = folder.join("run/adapter");
    merge(&adapter, &first, &folder.join("merged"), &[]).unwrap();
    let weights = |name: &str| fs::read(folder.join(name).join("model.safetensors")).unwrap();
    assert_eq!(weights("merged"), weights("run/model"));
    let error = merge(&adapter, &second, &folder.join("wrong"), &[]).unwrap_err();
    assert!(error.to_string().contains("is another model"), "{error}");
    assert!(!folder.join("wrong").exists());
    merge(
        &adapter,
        &folder.join("merged"),
        &folder.join("again"),
        &["--undo"],
    )
    .unwrap();
    let (a, b) = (weights("again"), weights("base"));
    let close = a
        .chunks_exact(4)
        .zip(b.chunks_exact(4))
        .filter(|(a, b)| a == b)
        .count();
    assert!(close > a.len() / 8, "{close}");
    // Nothing is taken out of what it was never folded into.
    for base in ["base", "again"] {
        let out = folder.join("wrong");
        let error = merge(&adapter, &folder.join(base), &out, &["--undo"]).unwrap_err();
        assert!(error.to_string().contains("folded.json"), "{error}");
        assert!(!out.exists());
    }
}

#[test]
fn preferences_are_learnt() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (data, first) = (folder.join("data.jsonl"), folder.join("base"));
    let lines: Vec<String> = (0..60)
        .map(|i| {
            let question = format!("Number {}?", i % 7);
            serde_json::json!({"prompt": question, "chosen": "yes", "rejected": "no"}).to_string()
        })
        .collect();
    fs::write(&data, lines.join("\n")).unwrap();
    tiny::write(&first, 1, 256);
    let recipe = recipe(
        folder,
        data.to_str().unwrap(),
        "trains: All, epochs: 3, objective: Preference(beta: 0.5)",
    );
    let report = run(folder, &recipe, &first, &["--set", "judge.answers=0"]).unwrap();
    let (before, after) = (report.before.unwrap(), &report.runs[0].test);
    assert_eq!(before.preference_accuracy, Some(0.5));
    assert!(before.reward_margin.unwrap().abs() < 1e-4);
    assert_eq!(after.preference_accuracy, Some(1.0));
    assert!(after.reward_margin.unwrap() > 0.5, "{after:?}");
}

#[test]
fn text_among_conversations_keeps_the_base_from_forgetting() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (data, text, first) = (
        folder.join("data.json"),
        folder.join("text.txt"),
        folder.join("base"),
    );
    records(&data, 60);
    fs::write(
        &text,
        "the quick brown fox jumps over the lazy dog. ".repeat(400),
    )
    .unwrap();
    tiny::write(&first, 1, 256);
    let replay = format!(
        "trains: All, epochs: 6, replay: (sources: [Files(paths: [{text:?}])], share: 0.5, window: Some(64))"
    );
    let recipe = recipe(folder, data.to_str().unwrap(), &replay);
    let report = run(folder, &recipe, &first, &[]).unwrap();
    let before = report.before.unwrap().replay_bits_per_byte.unwrap();
    let after = report.runs[0].test.replay_bits_per_byte.unwrap();
    assert!(after < before / 2.0, "{before} {after}");
    // Rows that the base cannot read are refused before anything is computed.
    let wide = ["--dry-run", "--set", "replay.window=Some(300)"];
    let args = tune_args(folder, &recipe, &first, &wide);
    let error = Tuning::prepare(&args, &Stop::new()).err().unwrap();
    assert!(error.to_string().contains("at most 256 tokens"), "{error}");
}

#[test]
fn bad_records_are_named_or_counted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (data, first) = (folder.join("data.jsonl"), folder.join("base"));
    let good = r#"{"prompt": "q", "completion": "a"}"#;
    let lines = [good, r#"{"prompt": "q"}"#, good, "{broken", good].join("\n");
    fs::write(&data, lines + "\n" + &vec![good; 20].join("\n")).unwrap();
    tiny::write(&first, 1, 256);
    let stopping = recipe(folder, data.to_str().unwrap(), "epochs: 1");
    let error = run(folder, &stopping, &first, &[]).unwrap_err().to_string();
    assert!(error.contains("record 2, completion"), "{error}");
    assert!(!folder.join("run").exists());
    let skipping = ["--set", "data.bad_records=Skip", "--set", "trains=All"];
    let report = run(folder, &stopping, &first, &skipping).unwrap();
    assert_eq!(report.skipped, 2);
}
