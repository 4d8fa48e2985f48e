//! Pretraining that goes on with another model.

#![cfg(all(unix, feature = "flex"))]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use support::{Workshop, errors};

/// Losses of the steps of a run.
fn losses(workshop: &Workshop, run: &str) -> Vec<f64> {
    let table = fs::read_to_string(workshop.path().join(run).join("train.csv")).unwrap();
    let rows = table.lines().skip(1);
    rows.map(|row| row.split(',').nth(2).unwrap().parse().unwrap())
        .collect()
}

#[test]
fn training_goes_on_where_the_base_ended() {
    let workshop = Workshop::new();
    let output = workshop.finish(&["--steps", "60"]);
    assert!(output.status.success(), "{}", errors(&output));
    fs::rename(workshop.run_folder(), workshop.path().join("first")).unwrap();
    let first = losses(&workshop, "first");
    // With other text, which the base's tokenizer can read.
    let text = fs::read_to_string(workshop.path().join("text.txt")).unwrap();
    let words: Vec<&str> = text.lines().rev().collect();
    fs::write(workshop.path().join("text.txt"), words.join("\n")).unwrap();
    for base in ["first", "first/model"] {
        let _ = fs::remove_dir_all(workshop.run_folder());
        let more = ["--base", base, "--steps", "4", "--set", "schedule.warmup=1"];
        let output = workshop.finish(&more);
        assert!(output.status.success(), "{}", errors(&output));
        let second = losses(&workshop, "run");
        let learnt = first[0] - first[first.len() - 1];
        assert!(second[0] < first[0] - 0.8 * learnt, "{first:?}, {second:?}");
        let of =
            |run: &str| fs::read(workshop.path().join(run).join("model/tokenizer.json")).unwrap();
        assert_eq!(of("run"), of("first"));
    }
    // It resumes like any other, and not from another base.
    let output = workshop.finish(&["--base", "first/model", "--steps", "8", "--resume"]);
    assert!(output.status.success(), "{}", errors(&output));
    let output = workshop.finish(&["--base", "first", "--steps", "9", "--resume"]);
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    assert!(errors(&output).contains("base"), "{}", errors(&output));
}

#[test]
fn a_base_that_does_not_fit_is_refused() {
    let workshop = Workshop::new();
    let refused = |more: &[&str], named: &str| {
        let output = workshop.finish(more);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{more:?}: {}",
            errors(&output)
        );
        assert!(
            errors(&output).contains(named),
            "{more:?}: {}",
            errors(&output)
        );
        assert!(!workshop.run_folder().exists());
    };
    refused(&["--base", "nowhere"], "nowhere");
    refused(&["--base", "text.txt"], "import");
    let output = workshop.finish(&["--steps", "2"]);
    assert!(output.status.success(), "{}", errors(&output));
    fs::rename(workshop.run_folder(), workshop.path().join("first")).unwrap();
    refused(&["--base", "first", "--set", "model.d_model=16"], "shape");
    refused(
        &["--base", "first", "--set", "objective=Masked(())"],
        "causal",
    );
}
