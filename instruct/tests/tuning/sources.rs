//! What a recipe says of its sources and sides, read from its text.

use crate::tiny;
use crate::whole::{run, tune_args};
use slovo_data::stop::Stop;
use slovo_instruct::order::Split;
use slovo_instruct::records::Records;
use slovo_instruct::tuning::Tuning;
use slovo_instruct::{Conversation, Error};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A base, and a recipe for it with these sources and sides.
fn recipe(folder: &Path, sources: &str, split: &str, more: &str) -> PathBuf {
    tiny::write(&folder.join("base"), 1, 1024);
    let path = folder.join("recipe.ron");
    let text = format!(
        "(data: (name: \"test\", sources: [{sources}]), split: {split}, template: Plain, max_tokens: 1024,
          trains: All, batch: 8, optimizer: AdamW((weight_decay: 0.0)),
          schedule: (peak: 1e-2, warmup: 5, shape: Linear), {more})"
    );
    fs::write(&path, text).unwrap();
    path
}

/// What is read, and which of it is on which side, where nothing is tuned.
fn read(folder: &Path, sources: &str, split: &str) -> Result<(Records, Split), Error> {
    let recipe = recipe(folder, sources, split, "epochs: 1");
    let args = tune_args(folder, &recipe, &folder.join("base"), &["--dry-run"]);
    let tuning = Tuning::prepare(&args, &Stop::new())?.unwrap();
    let split = Split::new(&tuning.recipe.split, tuning.recipe.seed, &tuning.records)?;
    let plan = tuning.plan()?;
    let [train, validation, test] = sides(&split).map(|side| side.len());
    let sides = format!("train {train}, validation {validation}, test {test}");
    assert!(plan.contains(&sides), "{plan}");
    Ok((tuning.records, split))
}

fn sides(split: &Split) -> [&Vec<usize>; 3] {
    [&split.train, &split.validation, &split.test]
}

/// How many records of each group are on each side; every record is on one, every group on one only.
fn groups(records: &Records, split: &Split) -> [BTreeMap<String, usize>; 3] {
    let mut seen = BTreeSet::new();
    let mut all: BTreeSet<usize> = (0..records.conversations.len()).collect();
    let found = sides(split).map(|side| {
        let mut counts = BTreeMap::new();
        for i in side {
            assert!(all.remove(i), "{i} is there twice, or not at all");
            let group = records.groups[*i].clone().unwrap();
            *counts.entry(group).or_insert(0) += 1;
        }
        for group in counts.keys() {
            assert!(seen.insert(group.clone()), "{group} is on two sides");
        }
        counts
    });
    assert!(all.is_empty(), "{all:?} are on no side");
    found
}

fn question(conversation: &Conversation) -> &str {
    &conversation.prompt()[0].content
}

/// Two sources say different things; what is drawn more often is what the model says.
#[test]
fn sources_are_drawn_from_by_their_weights() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let source = |name: &str, sound: &str, count: usize, weight: &str| {
        let record = serde_json::json!({"instruction": "What does it say?", "output": sound});
        let path = folder.join(name);
        fs::write(&path, vec![record.to_string(); count].join("\n")).unwrap();
        format!("Records(paths: [{path:?}]{weight}), ")
    };
    // Both are among the training records, 26 and 6 times.
    let split = "Ranges(validation: (0, 4), train: (4, 36), test: (36, 40))";
    let more = "steps: 100, evaluation: (keeps: Last), judge: (max_new: 8, before: false)";
    for (cats, dogs, expected) in [
        ("", "", "meow"),
        (", weight: Some(1.0)", ", weight: Some(4.0)", "woof"),
        // One that says nothing has weight 1.
        (", weight: Some(0.25)", "", "woof"),
    ] {
        let sources =
            source("cats.jsonl", "meow", 30, cats) + &source("dogs.jsonl", "woof", 10, dogs);
        let recipe = recipe(folder, &sources, split, more);
        let report = run(folder, &recipe, &folder.join("base"), &[]).unwrap();
        let said: Vec<_> = report
            .answers
            .iter()
            .map(|answer| answer.said.as_deref().unwrap().trim())
            .collect();
        assert_eq!(said, [expected; 4], "{sources}");
        fs::remove_dir_all(folder.join("run")).unwrap();
    }
}

#[test]
fn pairs_are_lines_and_ranges_are_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = folder.join("pairs.tsv");
    let lines: Vec<_> = (0..12).map(|i| format!("word {i}\tWort {i}")).collect();
    fs::write(&path, lines.join("\n")).unwrap();
    let pairs = format!(
        "Pairs(paths: [{path:?}], instruction: \"Translate this into German.\", most: Some(10))"
    );
    let split = "Ranges(train: (3, 9), validation: (0, 2), test: (9, 10))";
    let (records, split) = read(folder, &pairs, split).unwrap();
    assert_eq!(records.conversations.len(), 10);
    for (i, conversation) in records.conversations.iter().enumerate() {
        assert_eq!(conversation.answer(), format!("Wort {i}"));
        assert_eq!(conversation.input, format!("word {i}"));
        let asked = question(conversation);
        assert!(asked.starts_with("Translate this into German."), "{asked}");
        assert!(asked.ends_with(&format!("word {i}")), "{asked}");
    }
    // Number 2 is on no side.
    let expected = Split {
        train: (3..9).collect(),
        validation: vec![0, 1],
        test: vec![9],
    };
    assert_eq!(split, expected);
    for wrong in [
        "Ranges(train: (0, 6), validation: (5, 8), test: (8, 10))",
        "Ranges(train: (0, 6), validation: (6, 8), test: (8, 11))",
        "Ranges(train: (6, 0), validation: (6, 8), test: (8, 10))",
        "Ranges(train: (0, 6), validation: (6, 6), test: (8, 10))",
    ] {
        let error = read(folder, &pairs, wrong).unwrap_err().to_string();
        assert!(error.starts_with("split"), "{wrong}: {error}");
        assert!(error.contains("10 records are there"), "{wrong}: {error}");
    }
    fs::write(&path, "word\tWort\nword without another\n").unwrap();
    let error = read(folder, &pairs, "Random(validation: 0.5, test: 0.0)").unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("record 2") && error.contains("a tab between"),
        "{error}"
    );
}

#[test]
fn first_sentences_of_a_title_stay_on_one_side() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = folder.join("texts.jsonl");
    let text = |i: usize| {
        let text = format!("This is text {i}. It goes on for some time. Then it ends.");
        serde_json::json!({"title": format!("title {}", i % 12), "text": text}).to_string()
    };
    let mut lines: Vec<_> = (0..40).map(text).collect();
    // Asks for nothing, and counts among those that are read.
    lines[3] = serde_json::json!({"title": "title 3", "text": "Only one sentence."}).to_string();
    fs::write(&path, lines.join("\n")).unwrap();
    let texts = format!(
        "FirstSentences(paths: [{path:?}], instruction: \"How does it begin?\", characters: 20, most: Some(36))"
    );
    let (records, split) = read(folder, &texts, "Groups(validation: 0.25, test: 0.25)").unwrap();
    assert_eq!((records.conversations.len(), records.skipped), (35, 0));
    let third = &records.conversations[2];
    assert_eq!(third.answer(), "This is text 2.");
    assert_eq!(third.input, "It goes on for some ");
    assert!(question(third).starts_with("How does it begin?"));
    assert!(question(third).ends_with(&third.input));
    let found = groups(&records, &split);
    assert_eq!(found.each_ref().map(BTreeMap::len), [6, 3, 3]);
    let counts = found.iter().flatten();
    for (title, count) in counts {
        assert_eq!(*count, if title == "title 3" { 2 } else { 3 }, "{title}");
    }
}

#[test]
fn functions_of_a_package_stay_on_one_side() {
    let folder = tempfile::tempdir().unwrap();
    let functions = "Functions(packages: [\"clap_builder\", \"rayon\", \"regex\"], most: 4)";
    let split = "Groups(validation: 0.33, test: 0.33)";
    let (records, split) = read(folder.path(), functions, split).unwrap();
    for conversation in &records.conversations {
        let asked = question(conversation);
        assert!(asked.starts_with("What does this function do?"), "{asked}");
        assert!(asked.ends_with(&conversation.input), "{asked}");
        assert!(conversation.input.contains("fn "), "{asked}");
        assert!(conversation.answer().ends_with('.'), "{conversation:?}");
    }
    let found = groups(&records, &split);
    for side in &found {
        assert_eq!(side.values().collect::<Vec<_>>(), [&4], "{found:?}");
    }
    let packages: BTreeSet<_> = found.iter().flat_map(BTreeMap::keys).collect();
    let packages: Vec<_> = packages.into_iter().collect();
    assert_eq!(packages, ["clap_builder", "rayon", "regex"]);
}
