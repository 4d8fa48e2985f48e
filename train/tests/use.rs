//! A run's model in use: evaluate, generate, inspect.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

mod support;

use std::process::{Command, Output};
use support::{Workshop, errors};

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

#[test]
fn a_trained_model_is_measured_sampled_and_looked_into() {
    let workshop = Workshop::new();
    let output = workshop.finish(&["--steps", "300", "--set", "evaluation.every=100"]);
    let trained = stdout(&output);

    // The whole validation set, measured again by the command, gives what the run printed.
    let measured = stdout(&slovo(&workshop, &["evaluate", "--model", "run", "--json"]));
    let measured: serde_json::Value = serde_json::from_str(&measured).unwrap();
    let loss = measured["loss"].as_f64().unwrap();
    assert!(
        trained.contains(&format!("validation loss  {loss:.4}")),
        "{trained} {loss}"
    );
    // 27 characters at random need 3.3 nats.
    assert!(loss < 1.5, "{loss}");

    // The same text given as a file is another set with almost the same loss.
    let args = [
        "evaluate",
        "--model",
        "run/model",
        "--data",
        "text.txt",
        "--json",
    ];
    let given: serde_json::Value = serde_json::from_str(&stdout(&slovo(&workshop, &args))).unwrap();
    assert!(
        (given["loss"].as_f64().unwrap() - loss).abs() < 0.1,
        "{given}"
    );

    let sample = |more: &[&str]| {
        let args = [
            "generate",
            "--model",
            "run",
            "--prompt",
            "the king ",
            "--tokens",
            "20",
        ];
        stdout(&slovo(&workshop, &[&args[..], more].concat()))
    };
    let greedy = sample(&["--temperature", "0"]);
    assert!(greedy.starts_with("the king "), "{greedy}");
    assert_eq!(greedy.trim_end_matches('\n').chars().count(), 9 + 20);
    assert_eq!(greedy, sample(&["--temperature", "0"]));
    assert_eq!(sample(&["--seed", "1"]), sample(&["--seed", "1"]));

    let found = stdout(&slovo(&workshop, &["inspect", "run"]));
    assert!(
        found.contains("kind: run") && found.contains("parameters"),
        "{found}"
    );
    let found = stdout(&slovo(
        &workshop,
        &["inspect", "run/checkpoints/step-00000300"],
    ));
    assert!(found.contains("kind: checkpoint"), "{found}");
    let found = stdout(&slovo(&workshop, &["inspect", "run/model", "--json"]));
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["provenance"]["stage"], "pretrain");
}

#[test]
fn wrong_places_and_prompts_are_named() {
    let workshop = Workshop::new();
    let refused = |args: &[&str], part: &str| {
        let output = slovo(&workshop, args);
        let text = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(part) && !text.contains("panicked"), "{text}");
    };
    refused(
        &["generate", "--model", "nowhere", "--prompt", "a"],
        "nowhere",
    );
    refused(&["evaluate", "--model", "."], "is neither a run folder");
    refused(&["inspect", "."], "no run folder");
    assert!(workshop.finish(&[]).status.success());
    // A character that the text never had, a text longer than the positions.
    refused(&["generate", "--model", "run", "--prompt", "naïve"], "ï");
    let long = "a".repeat(40);
    refused(&["generate", "--model", "run", "--prompt", &long], "32");
}

#[test]
fn a_dry_run_says_what_it_needs_and_writes_no_run() {
    let workshop = Workshop::new();
    let text = stdout(&workshop.finish(&["--dry-run", "--steps", "77"]));
    for part in [
        "steps: 77",
        "vocab_size: 2",
        "parameters",
        "epochs",
        "FLOPs",
        "memory",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    assert!(!workshop.run_folder().exists());
}
