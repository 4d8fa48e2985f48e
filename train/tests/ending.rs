//! How a run ends by itself: early, and with the best model rather than the last.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

mod support;

use support::{Workshop, errors};

/// A learning rate that changes no float32: every evaluation gives the same loss.
const FROZEN: &[&str] = &[
    "--set",
    "schedule.peak=1e-30",
    "--set",
    "schedule.floor=0",
    "--set",
    "evaluation.every=5",
];

fn best_step(workshop: &Workshop) -> u64 {
    let provenance = workshop.run_folder().join("model/slovo.ron");
    let text = std::fs::read_to_string(provenance).unwrap();
    let line = text.lines().find(|line| line.contains("step:")).unwrap();
    line.trim()
        .trim_start_matches("step: ")
        .trim_end_matches(',')
        .parse()
        .unwrap()
}

#[test]
fn a_loss_that_stops_falling_ends_the_run() {
    let workshop = Workshop::new();
    let output = workshop.finish(&[FROZEN, &["--set", "evaluation.patience=2"]].concat());
    assert!(output.status.success(), "{}", errors(&output));
    // The first evaluation is the best, two are no better.
    assert_eq!(workshop.losses().len(), 15);
    assert_eq!(best_step(&workshop), 5);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("stopped falling") && said.contains("step 5 of 15"),
        "{said}"
    );
}

#[test]
fn the_best_model_and_its_checkpoint_are_kept() {
    let workshop = Workshop::new();
    let output = workshop.finish(FROZEN);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(workshop.losses().len(), 40);
    assert_eq!(best_step(&workshop), 5);
    let mut kept: Vec<_> = std::fs::read_dir(workshop.run_folder().join("checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, ["step-00000005", "step-00000030", "step-00000040"]);
}

#[test]
fn an_improving_run_keeps_its_last_model() {
    let workshop = Workshop::new();
    let output = workshop.finish(&["--set", "evaluation.patience=2"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(best_step(&workshop), 40);
}
