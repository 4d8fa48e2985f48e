//! Encoders and encoder–decoders: trained, resumed, measured, used.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::fs;
use std::process::{Command, Output};
use support::{Workshop, errors, text};

fn slovo(workshop: &Workshop, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slovo-train"));
    command
        .current_dir(workshop.path())
        .args(args)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", errors(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap()
}

const MASKED: &str = r#"(
    objective: Masked((whole_words: true)),
    seed: 7,
    steps: 40,
    data: Inline((
        name: "tiny",
        sources: [Files(paths: ["text.txt"])],
        tokenizer: WordPiece(vocab_size: 120),
        split: Position(validation: 0.1),
    )),
    model: Shape((
        d_model: 32, n_layers: 2, n_heads: 4, max_seq_len: 32, d_ff: 64, dropout: 0.1,
        norm: LayerNorm(epsilon: 1e-12), placement: Post, feed_forward: Plain(GeluErf),
        causal: false, segments: 2, embedding_norm: true,
    )),
    batch: (sequences: 8, micro_batches: 2),
    optimizer: AdamW(()),
    schedule: (peak: 3e-3, floor: 3e-4, warmup: 5),
    evaluation: (every: 20, windows: 20),
    samples: Some((prompt: Some("the king [MASK] the sea."))),
)"#;

const TRANSLATION: &str = r#"(
    objective: Translation((smoothing: 0.1, decoder_layers: Some(1))),
    seed: 7,
    steps: 40,
    data: Inline((
        name: "backwards",
        sources: [Pairs(paths: ["pairs.tsv"])],
        tokenizer: Bpe(vocab_size: 320, specials: Pairs),
        split: Count(validation: 20),
    )),
    model: Shape((
        d_model: 48, n_layers: 2, n_heads: 4, max_seq_len: 32, d_ff: 96, dropout: 0.1,
        placement: Post, position: SinusoidalHalves, feed_forward: Plain(Relu),
        embedding_scale: true,
    )),
    batch: (tokens: 400),
    optimizer: AdamW((beta2: 0.98)),
    schedule: (warmup: 60, shape: Noam),
    evaluation: (every: 20),
)"#;

/// Sentences and the same words backwards.
fn pairs() -> String {
    let mut pairs = String::new();
    for sentence in text(400).split(['.', '\n', ',']).map(str::trim) {
        let words: Vec<&str> = sentence.split(' ').collect();
        if (2..9).contains(&words.len()) {
            let back: Vec<&str> = words.iter().rev().copied().collect();
            pairs += &format!("{}\t{}\n", words.join(" "), back.join(" "));
        }
    }
    pairs
}

fn workshop(recipe: &str) -> Workshop {
    let workshop = Workshop::new();
    fs::write(workshop.recipe(), recipe).unwrap();
    fs::write(workshop.path().join("pairs.tsv"), pairs()).unwrap();
    workshop
}

/// A run that was stopped half-way ends with the numbers of one that was not.
fn resumes_bit_by_bit(recipe: &str) {
    let whole = workshop(recipe);
    stdout(&whole.finish(&[]));
    let halves = workshop(recipe);
    stdout(&halves.finish(&["--steps", "20"]));
    stdout(&halves.finish(&["--resume", "--steps", "40"]));
    assert_eq!(whole.losses().len(), 40);
    assert_eq!(whole.losses(), halves.losses());
    assert!(whole.weights() == halves.weights());
}

#[test]
fn masked_pretraining_resumes_bit_by_bit() {
    // A schedule that does not depend on the run's length.
    let constant = "warmup: 5, shape: Constant)";
    let recipe = MASKED.replace("warmup: 5)", constant);
    resumes_bit_by_bit(&recipe.replace("floor: 3e-4, ", ""));
}

#[test]
fn translation_resumes_bit_by_bit() {
    resumes_bit_by_bit(TRANSLATION);
}

/// The rows of batch 1 of a run of two steps.
fn traced(workshop: &Workshop) -> Value {
    stdout(&workshop.finish(&["--steps", "2"]));
    json(&slovo(
        workshop,
        &["inspect", "run", "--batch", "1", "--json"],
    ))
}

#[test]
fn documents_behind_masked_windows_are_named() {
    let found = traced(&workshop(MASKED));
    assert_eq!(found["row"], "window");
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for piece in rows.iter().flat_map(|row| row.as_array().unwrap()) {
        assert_eq!(piece["path"], "text.txt");
        let place = |end: &str| piece["tokens"][end].as_u64().unwrap();
        // Two of 32 are [CLS] and [SEP].
        assert_eq!(place("end") - place("start"), 30);
        // WordPiece does not give back every byte.
        assert!(piece["bytes"].is_null(), "{piece}");
    }
}

#[test]
fn lines_behind_pairs_are_named() {
    let workshop = workshop(TRANSLATION);
    let found = traced(&workshop);
    assert_eq!(found["row"], "pair");
    let lines = pairs();
    let lines: Vec<(&str, &str)> = lines
        .lines()
        .map(|line| line.split_once('\t').unwrap())
        .collect();
    let rows = found["rows"].as_array().unwrap();
    assert!(rows.len() > 2, "{found}");
    for row in rows {
        let [source, target] = &row.as_array().unwrap()[..] else {
            panic!("a pair has two sides: {row}");
        };
        assert_eq!(source["path"], "pairs.tsv");
        assert_eq!(source["index_in_file"], target["index_in_file"]);
        let line = lines[source["index_in_file"].as_u64().unwrap() as usize];
        // Whole, each, and without the end of the text.
        for (side, text) in [(source, line.0), (target, line.1)] {
            assert_eq!(side["bytes"]["start"], 0);
            assert_eq!(side["bytes"]["end"], text.len() as u64, "{row} {line:?}");
        }
    }
}

#[test]
fn an_encoder_learns_to_fill_masks() {
    let workshop = workshop(MASKED);
    let trained = stdout(&workshop.finish(&["--steps", "400", "--set", "evaluation.every=200"]));
    assert!(trained.contains("% told right"), "{trained}");
    let measured = json(&slovo(&workshop, &["evaluate", "--model", "run", "--json"]));
    let loss = measured["loss"].as_f64().unwrap();
    assert!(
        trained.contains(&format!("validation loss  {loss:.4}")),
        "{trained}"
    );
    // Of 36 words that differ, some cannot be known.
    assert!(
        loss < 3.0 && measured["accuracy"].as_f64().unwrap() > 0.2,
        "{measured}"
    );
    let table = fs::read_to_string(workshop.run_folder().join("eval.csv")).unwrap();
    assert!(table.starts_with("step,tokens,loss,perplexity,bits_per_byte,windows,accuracy\n"));
    let report = fs::read_to_string(workshop.run_folder().join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(report["evaluations"]["accuracy"][1].as_f64().unwrap() > 0.2);
    let sample = report["samples"][0]["text"].as_str().unwrap();
    assert!(
        sample.starts_with("the king") && !sample.contains("[MASK]"),
        "{sample}"
    );

    let text = "the king [MASK] the [MASK].";
    let args = ["generate", "--model", "run", "--mask", text, "--top", "3"];
    let filled = json(&slovo(&workshop, &[&args[..], &["--json"]].concat()));
    let masks = filled["masks"].as_array().unwrap();
    assert_eq!(masks.len(), 2, "{filled}");
    for likely in masks {
        let shares: Vec<f64> = (likely.as_array().unwrap().iter())
            .map(|likely| likely["probability"].as_f64().unwrap())
            .collect();
        assert!(
            shares.len() == 3 && shares.is_sorted_by(|a, b| a >= b),
            "{filled}"
        );
    }
    let shown = stdout(&slovo(&workshop, &args));
    assert!(
        shown.starts_with(filled["filled"].as_str().unwrap()),
        "{shown}"
    );

    for (args, says) in [
        (
            &["--mask", "no mask"][..],
            "a text with [MASK] in it would do",
        ),
        (&["--prompt", "the king"], "here is an encoder"),
        (&["--source", "the king"], "an encoder–decoder is needed"),
    ] {
        let refused = slovo(&workshop, &[&["generate", "--model", "run"], args].concat());
        assert_eq!(refused.status.code(), Some(2), "{args:?}");
        assert!(errors(&refused).contains(says), "{}", errors(&refused));
    }
}

#[test]
fn an_encoder_decoder_learns_to_translate() {
    let recipe = TRANSLATION.replace("placement: Post", "placement: Pre");
    let workshop =
        workshop(&recipe.replace("(warmup: 60, shape: Noam)", "(peak: 2e-3, warmup: 50)"));
    let trained = stdout(&workshop.finish(&["--steps", "1000", "--set", "evaluation.every=500"]));
    let args = ["evaluate", "--model", "run", "--baselines", "--json"];
    let measured = json(&slovo(&workshop, &args));
    let loss = measured["loss"].as_f64().unwrap();
    assert!(
        trained.contains(&format!("validation loss  {loss:.4}")),
        "{trained}"
    );
    let number = |value: &Value| value.as_f64().unwrap();
    let copied = number(&measured["baselines"]["copy"]["bleu"]["score"]);
    assert!(number(&measured["bleu"]) > copied + 20.0, "{measured}");

    let source = "the king loves the sea";
    let translate = |more: &[&str]| {
        let args = ["generate", "--model", "run", "--source"];
        stdout(&slovo(&workshop, &[&args[..], more].concat()))
    };
    let alone = translate(&[source]);
    assert_eq!(alone.trim(), "sea the loves king the");
    // A file has a text a line, and an empty line stays one.
    fs::write(
        workshop.path().join("source.txt"),
        format!("{source}\n\nno man fears gold\n"),
    )
    .unwrap();
    let lines = translate(&["source.txt", "--batch", "1"]);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(lines.starts_with(&format!("{alone}\n")), "{lines}");
    assert_eq!(translate(&["source.txt", "--batch", "3"]), lines);
    let drawn = translate(&[source, "--search", "sample", "--seed", "1"]);
    assert_eq!(
        drawn,
        translate(&[source, "--search", "sample", "--seed", "1"])
    );
    let line: Value = serde_json::from_str(&translate(&[source, "--json"])).unwrap();
    assert_eq!(line["translation"], alone.trim());
    assert!(line["logprob"].as_f64().unwrap() < 0.0);
    assert_eq!(
        translate(&[source, "--search", "greedy"]).lines().count(),
        1
    );

    let long = "the king ".repeat(40);
    let refused = slovo(
        &workshop,
        &["generate", "--model", "run", "--source", &long],
    );
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        errors(&refused).contains("sentence by sentence"),
        "{}",
        errors(&refused)
    );
}

#[test]
fn recipes_that_cannot_be_are_refused_by_name() {
    for (recipe, set, says) in [
        (MASKED, "model.causal=true", "model.causal is true"),
        (MASKED, "model.tied=false", "model.tied is false"),
        (MASKED, "objective.share=0.0", "share is 0"),
        (
            MASKED,
            "batch.tokens=Some(100)",
            "batch.tokens is Some(100)",
        ),
        (TRANSLATION, "batch.tokens=None", "batch.tokens is None"),
        (TRANSLATION, "batch.tokens=Some(5)", "batch.tokens is 5"),
        (TRANSLATION, "batch.sequences=4", "batch.sequences is 4"),
        (TRANSLATION, "model.max_seq_len=4", "model.max_seq_len is 4"),
        (TRANSLATION, "model.position=Learned", "position"),
        (
            TRANSLATION,
            "objective.smoothing=1.0",
            "objective.smoothing is 1",
        ),
        (TRANSLATION, "schedule.peak=0.1", "schedule.peak is 0.1"),
        (TRANSLATION, "schedule.warmup=0", "schedule.warmup is 0"),
        (
            TRANSLATION,
            "evaluation.stride=Some(4)",
            "evaluation.stride is 4",
        ),
        (TRANSLATION, "data.tokenizer=Char", "tokenizer is Char"),
    ] {
        let workshop = workshop(recipe);
        let refused = workshop.finish(&["--set", set]);
        assert_eq!(
            refused.status.code(),
            Some(2),
            "{set}: {}",
            errors(&refused)
        );
        assert!(
            errors(&refused).contains(says),
            "{set}: {}",
            errors(&refused)
        );
        assert!(!workshop.run_folder().exists(), "{set}");
    }
}
