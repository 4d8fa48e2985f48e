//! The program from outside: training, predicting, measuring, explaining.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use support::{Workshop, done, errors, texts};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

#[test]
fn what_is_easy_is_learnt_reported_and_used() {
    let shop = Workshop::new();
    let report = shop.train("run", &["--max-false-positive-rate", "0.05"]);
    assert!(
        number(&report["test"]["accuracy"]["mean"]) > 0.95,
        "{}",
        report["test"]
    );
    assert!(number(&report["test_deduplicated"]["accuracy"]["mean"]) > 0.9);
    for name in ["majority", "naive_bayes", "word_counts", "character_grams"] {
        assert!(report["baselines"][name]["accuracy"].is_number(), "{name}");
    }
    assert!(number(&report["seconds"]) > 0.0);
    assert!(report["runs"][0]["threshold"]["threshold"].is_number());
    assert!(shop.read("run/report.html").contains("<svg"));

    let texts = [
        "WIN for you, claim it today 7",
        "tea for you, sleep today 8",
    ];
    let said = done(&shop.run(&["predict", "--model", "run", texts[0], texts[1]]));
    let labels: Vec<&str> = said
        .lines()
        .map(|line| line.split('\t').next().unwrap())
        .collect();
    assert_eq!(labels, ["loud", "calm"]);

    let said = done(&shop.run(&[
        "evaluate",
        "--model",
        "run",
        "--data",
        "texts.csv",
        "--json",
    ]));
    let measured: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(measured["scores"]["n"], 240);
    assert!(number(&measured["scores"]["accuracy"]["value"]) > 0.95);

    let same = [
        "evaluate",
        "--model",
        "run",
        "--data",
        "texts.csv",
        "--against",
        "run",
    ];
    assert!(done(&shop.run(&same)).contains("p = 1.0000"));
}

#[test]
fn the_words_of_an_explanation_add_up() {
    let shop = Workshop::new();
    shop.train("run", &["--set", "baselines=false"]);
    let text = "WIN for you, claim it today 7";
    let said = done(&shop.run(&["explain", "--model", "run", text, "--json"]));
    let found: Value = serde_json::from_str(&said).unwrap();
    let words = found["words"].as_array().unwrap();
    let sum: f64 = words.iter().map(|word| number(&word["share"])).sum();
    assert_eq!(words.len(), 7);
    assert!((sum - number(&found["sum"])).abs() < 1e-9);
    let wanted = number(&found["lead"]) - number(&found["lead_of_nothing"]);
    assert!(
        (sum - wanted).abs() <= 0.01 * wanted.abs().max(0.1),
        "{sum} {wanted}"
    );
    assert_eq!(found["label"], "loud");
    // Explaining the other class turns the signs.
    let other = [
        "explain", "--model", "run", text, "--label", "calm", "--json",
    ];
    let other: Value = serde_json::from_str(&done(&shop.run(&other))).unwrap();
    assert!((number(&other["lead"]) + number(&found["lead"])).abs() < 1e-4);
    done(&shop.run(&["explain", "--model", "run", text, "--html", "why.html"]));
    assert!(shop.read("why.html").contains("claim"));
    let wrong = shop.run(&["explain", "--model", "run", text, "--label", "silent"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(errors(&wrong).contains("calm, loud"), "{}", errors(&wrong));
}

#[test]
fn rows_are_answered_in_order_and_bad_ones_are_named() {
    let shop = Workshop::new();
    shop.train("run", &["--set", "baselines=false", "--steps", "20"]);
    let rows: String = (0..700)
        .map(|i| format!("{{\"text\": \"call now {i} {}\"}}\n", "x".repeat(i % 50)))
        .collect();
    shop.write("many.jsonl", &rows);
    let one_by_one = [
        "predict",
        "--model",
        "run",
        "--input",
        "many.jsonl",
        "--json",
        "--batch",
        "1",
    ];
    let together = [
        "predict",
        "--model",
        "run",
        "--input",
        "many.jsonl",
        "--json",
        "--batch",
        "200",
    ];
    let of = |arguments: &[&str]| -> Vec<f64> {
        let said = done(&shop.run(arguments));
        said.lines()
            .map(|line| {
                number(&serde_json::from_str::<Value>(line).unwrap()["probabilities"]["loud"])
            })
            .collect()
    };
    let (alone, batched) = (of(&one_by_one), of(&together));
    assert_eq!((alone.len(), batched.len()), (700, 700));
    for (a, b) in alone.iter().zip(&batched) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
    shop.write(
        "bad.jsonl",
        "{\"text\": \"tea\"}\nno json\n{\"text\": \"sleep\"}\n",
    );
    let with_text = [
        "predict",
        "--model",
        "run",
        "tea \"for\" two",
        "--json",
        "--with-text",
    ];
    let said: Value = serde_json::from_str(&done(&shop.run(&with_text))).unwrap();
    assert_eq!(said["text"], "tea \"for\" two");
    let output = shop.run(&["predict", "--model", "run", "--input", "bad.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 3);
    assert!(
        errors(&output).contains("bad.jsonl:2"),
        "{}",
        errors(&output)
    );
}

#[test]
fn a_pipe_is_answered_line_by_line() {
    let shop = Workshop::new();
    shop.train("run", &["--set", "baselines=false", "--steps", "10"]);
    let mut child = shop
        .command(&["predict", "--model", "run", "--input", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for text in ["tea", "urgent, \"claim\tit\"", "the garden"] {
        writeln!(input, "{text}").unwrap();
        input.flush().unwrap();
        let answer = answers.next().unwrap().unwrap();
        assert!(answer.contains('\t'), "{answer}");
    }
    drop(input);
    assert!(answers.next().is_none());
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_is_wrong_is_named_before_anything_is_trained() {
    let shop = Workshop::new();
    let refused = |arguments: &[&str], says: &str| {
        let output = shop.run(arguments);
        let said = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{said}");
        assert!(!shop.path("no").exists());
    };
    let set = |change: &str, says: &str| {
        refused(&["tiny.ron", "--out", "no", "--set", change], says);
    };
    set("batch=0", "batch is 0");
    set("epochs=0", "epochs is 0");
    set("trains=Lora(rank: 0, alpha: 1.0)", "trains.rank");
    set("positive=silent", "calm, loud");
    set("encoding.max_tokens=65", "64 tokens");
    set("data.sources.0.label=kind", "kind");
    set("base=Model(\"nowhere\")", "nowhere");
    set("split=Random(validation: 0.6, test: 0.5)", "0.6");
    set(
        "split=Random(validation: 0.0, test: 0.5)",
        "validation texts",
    );
    refused(
        &["tiny.ron", "--out", "no", "--variant", "none"],
        "head, last",
    );
    refused(
        &["tiny.ron", "--out", "no", "--max-false-positive-rate", "2"],
        "0.001",
    );
    refused(&["predict", "--model", "nowhere", "x"], "nowhere");
    let table = shop.read("texts.csv") + "\"quiet\",\n";
    shop.write("texts.csv", &table);
    set("seed=1", "texts.csv:242");
}

#[test]
fn a_class_that_is_never_learnt_from_is_refused() {
    let shop = Workshop::with(&(texts(60, ["calm", "loud"]) + "\"only one\",rare\n"));
    shop.write(
        "split.json",
        &format!(
            "{{\"train\": {:?}, \"val\": [50, 51, 52], \"test\": [60, 53, 54]}}",
            (0..50).collect::<Vec<_>>()
        ),
    );
    let output = shop.run(&[
        "tiny.ron",
        "--out",
        "no",
        "--set",
        "split=Indices(path: \"split.json\")",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("rare"), "{}", errors(&output));
}

#[test]
fn several_labels_a_text_are_learnt_and_told() {
    let mut table = String::from("text,label\n");
    for i in 0..160 {
        let (a, b) = (i % 2 == 0, i / 2 % 2 == 0);
        let text = format!(
            "{} {} {i}",
            if a { "apple" } else { "stone" },
            if b { "boat" } else { "house" }
        );
        let labels = [(a, "fruit"), (b, "water")]
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, name)| *name)
            .collect::<Vec<_>>();
        let labels = if labels.is_empty() {
            "none".into()
        } else {
            labels.join(";")
        };
        table += &format!("{text},{labels}\n");
    }
    let shop = Workshop::with(&table);
    let sets = ["data.multi_label=;", "positive=None", "epochs=12"];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let report = shop.train("run", &sets);
    assert!(
        number(&report["test"]["accuracy"]["mean"]) > 0.9,
        "{}",
        report["test"]
    );
    let said = done(&shop.run(&["predict", "--model", "run", "apple boat 7"]));
    assert!(said.starts_with("fruit,water\t"), "{said}");
}
