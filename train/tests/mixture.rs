//! Pretraining on several sources by weight, what is said of each, and where a batch came from.

#![cfg(all(unix, feature = "flex"))]
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::fs;
use std::process::{Command, Output};
use support::{Workshop, errors};

const RECIPE: &str = r#"(
    seed: 1,
    steps: 40,
    data: Inline((
        name: "two",
        sources: [
            Files(name: Some("letters"), paths: ["letters.jsonl"]),
            Files(name: Some("digits"), paths: ["digits.jsonl"]),
        ],
        tokenizer: Byte,
        split: Hash(validation: 0.3),
        mixture: Some((weights: {"letters": 3, "digits": 1}, max_epochs: {"digits": 50})),
    )),
    model: Shape((vocab_size: 0, d_model: 16, n_layers: 1, n_heads: 2, max_seq_len: 16)),
    batch: (sequences: 4, windows: BestFit, across_documents: false),
    optimizer: AdamW(()),
    schedule: (peak: 1e-2, warmup: 4),
    evaluation: (every: 20),
    samples: None,
)"#;

/// Two sources that have no character in common.
fn workshop() -> Workshop {
    let workshop = Workshop::new();
    for (name, characters) in [("letters", "abcdefgh"), ("digits", "01234567")] {
        let line = |i: usize| {
            let text = characters.chars().cycle().skip(i % 5).step_by(1 + i % 3);
            let text: String = text.take(20 + i % 23).collect();
            serde_json::json!({ "text": text, "title": format!("{name} {i}") }).to_string()
        };
        let lines: Vec<String> = (0..60).map(line).collect();
        let path = workshop.path().join(format!("{name}.jsonl"));
        fs::write(path, lines.join("\n")).unwrap();
    }
    fs::write(workshop.path().join("two.ron"), RECIPE).unwrap();
    workshop
}

fn program(workshop: &Workshop, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slovo-train"));
    command
        .current_dir(workshop.path())
        .args(arguments)
        .output()
        .unwrap()
}

/// How many windows of the first ten batches are letters, and how many digits.
fn windows(workshop: &Workshop, run: &str) -> [u64; 2] {
    let mut of = [0; 2];
    for batch in 0..10 {
        let output = program(
            workshop,
            &["inspect", run, "--batch", &batch.to_string(), "--json"],
        );
        assert!(output.status.success(), "{}", errors(&output));
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        for row in found["rows"].as_array().unwrap() {
            for piece in row.as_array().unwrap() {
                let source = piece["source"].as_str().unwrap();
                assert!(piece["path"].as_str().unwrap().contains(source));
                assert!(piece["title"].as_str().unwrap().starts_with(source));
                let (tokens, bytes) = (&piece["tokens"], &piece["bytes"]);
                // A byte is a token here, but for the end of the text.
                assert_eq!(tokens["start"], bytes["start"]);
            }
            of[usize::from(row[0]["source"] == "digits")] += 1;
        }
    }
    of
}

#[test]
fn a_run_says_what_it_learned_of_each_source_and_where_a_batch_came_from() {
    let workshop = workshop();
    let output = program(&workshop, &["pretrain", "two.ron", "--out", "two"]);
    assert!(output.status.success(), "{}", errors(&output));
    let run = workshop.path().join("two");
    let sources: Value =
        serde_json::from_slice(&fs::read(run.join("sources.json")).unwrap()).unwrap();
    let names: Vec<&str> = sources
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["letters", "digits"]);
    let bits = |i: usize| sources[i]["bits_per_byte"].as_f64().unwrap();
    assert!(bits(0) < 8.0 && bits(1) < 8.0, "{sources}");
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("Held-out text by source") && page.contains(" tokens are cropped ("));
    let report: Value =
        serde_json::from_slice(&fs::read(run.join("report.json")).unwrap()).unwrap();
    let cropped = report["launches"][0]["waste"]["cropped"].as_u64().unwrap();
    assert!(errors(&output).contains(&format!("{cropped} tokens are cropped")) && cropped > 0);

    // The same, asked for afterwards.
    let output = program(
        &workshop,
        &["evaluate", "--model", "two", "--held-out", "two", "--json"],
    );
    assert!(output.status.success(), "{}", errors(&output));
    let again: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        again["sources"][0][1]["bits_per_byte"],
        sources[0]["bits_per_byte"]
    );

    assert_eq!(windows(&workshop, "two"), [30, 10]);
    let output = program(&workshop, &["inspect", "two", "--batch", "40"]);
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    assert!(errors(&output).contains("below 40"), "{}", errors(&output));
}

#[test]
fn what_is_prepared_is_mixed_by_other_weights_without_preparing_it_again() {
    let workshop = workshop();
    // Without the mixture's sources at hand, as on another machine.
    let output = program(&workshop, &["pretrain", "two.ron", "--out", "two"]);
    assert!(output.status.success(), "{}", errors(&output));
    for name in ["letters.jsonl", "digits.jsonl"] {
        fs::remove_file(workshop.path().join(name)).unwrap();
    }
    let mut made = fs::read_dir(workshop.path().join("runs/data")).unwrap();
    let folder = made.next().unwrap().unwrap().path();
    let (start, end) = (
        RECIPE.find("data:").unwrap(),
        RECIPE.find("model:").unwrap(),
    );
    let data = format!("data: Prepared({folder:?}),\n    ");
    let recipe = [&RECIPE[..start], &data, &RECIPE[end..]].concat();
    fs::write(workshop.path().join("prepared.ron"), recipe).unwrap();
    for (out, sets, want) in [
        ("as it was", &[][..], [30, 10]),
        ("other", &["data.mixture.weights.digits=9"][..], [10, 30]),
    ] {
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        let arguments = ["pretrain", "prepared.ron", "--out", out].into_iter();
        let output = program(&workshop, &arguments.chain(sets).collect::<Vec<_>>());
        assert!(output.status.success(), "{out}: {}", errors(&output));
        assert_eq!(windows(&workshop, out), want, "{out}");
    }
    // What goes on reads as much of each source as before.
    let resume = |sets: &[&str]| {
        let arguments = [
            "pretrain",
            "prepared.ron",
            "--out",
            "other",
            "--resume",
            "--set",
            "steps=44",
        ];
        let output = program(&workshop, &[&arguments, sets].concat());
        (output.status.code(), errors(&output))
    };
    let (code, said) = resume(&[]);
    assert!(
        code == Some(2) && said.contains("data.mixture: {\"weights\":{\"digits\":9.0"),
        "{said}"
    );
    let (code, said) = resume(&["--set", "data.mixture.weights.digits=9"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_source_of_which_nothing_is_held_out_is_told_of() {
    let workshop = workshop();
    let split = "data.split=Position(validation: 0.1)";
    let output = program(
        &workshop,
        &["pretrain", "two.ron", "--out", "two", "--set", split],
    );
    assert!(output.status.success(), "{}", errors(&output));
    let said = errors(&output);
    assert!(
        said.contains("letters: nothing is held out; split: Position("),
        "{said}"
    );
    let sources = fs::read(workshop.path().join("two/sources.json")).unwrap();
    let sources: Value = serde_json::from_slice(&sources).unwrap();
    assert_eq!(
        (&sources[0]["name"], &sources[0]["loss"]),
        (&"letters".into(), &Value::Null)
    );
    assert!(sources[1]["bits_per_byte"].is_f64(), "{sources}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let row = printed
        .lines()
        .find(|line| line.starts_with("letters"))
        .unwrap();
    assert!(
        row.contains('–') && printed.contains("each_source: true"),
        "{printed}"
    );
    let page = fs::read_to_string(workshop.path().join("two/report.html")).unwrap();
    assert!(page.contains("<th scope=\"row\">letters</th><td>–</td>"));
}

#[test]
fn a_mixture_that_cannot_be_is_refused() {
    let workshop = workshop();
    for (set, said) in [
        (
            "data.mixture.weights={\"letters\": 1}",
            "digits has no weight",
        ),
        (
            "data.mixture.weights={\"letters\": 1, \"digits\": -1}",
            "digits is -1",
        ),
        (
            "data.mixture.max_epochs={\"letters\": 0.01, \"digits\": 0.01}",
            "max_epochs gives",
        ),
        ("data.mixture.tokens=Some(100)", "mixture.tokens gives 6"),
    ] {
        let output = program(
            &workshop,
            &["pretrain", "two.ron", "--out", "two", "--set", set],
        );
        assert_eq!(output.status.code(), Some(2), "{set}: {}", errors(&output));
        assert!(errors(&output).contains(said), "{set}: {}", errors(&output));
    }
    // It is prepared now, and a plan refuses the same.
    let set = "data.mixture.tokens=Some(100)";
    let output = program(&workshop, &["plan", "two.ron", "--set", set]);
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    let said = "the run reads 160 windows, but mixture.tokens gives 6";
    assert!(errors(&output).contains(said), "{}", errors(&output));
}
