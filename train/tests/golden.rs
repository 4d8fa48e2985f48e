//! The losses of a fixed tiny run. A change that should not change them must not.
//!
//! To accept a change that should: `SLOVO_WRITE_GOLDEN=1 cargo test --release -p slovo-train
//! -p slovo-model --test golden`, and say why in the commit.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

mod support;

#[cfg(feature = "fused")]
use clap::Parser;
use support::{Workshop, errors};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/tiny-losses.txt");

/// Matrix products add in another order on processors with other vectors.
const TOLERANCE: f64 = 2e-4;

const STEPS: &str = "50";

#[test]
fn fifty_steps_give_the_golden_losses() {
    let workshop = Workshop::new();
    let output = workshop.finish(&["--steps", STEPS]);
    assert!(output.status.success(), "{}", errors(&output));
    if std::env::var_os("SLOVO_WRITE_GOLDEN").is_some() {
        let losses = losses(&workshop).into_iter();
        let text: String = losses.map(|loss| format!("{loss:.7}\n")).collect();
        std::fs::write(PATH, text).unwrap();
    }
    compare(&workshop);
}

/// In this process, where the operations can be chosen, and the folder with them.
#[test]
#[cfg(feature = "fused")]
fn compositions_give_the_same() {
    slovo_model::ops::use_fused(false);
    let workshop = Workshop::new();
    std::env::set_current_dir(workshop.path()).unwrap();
    let line = "xtask pretrain tiny.ron --out run --progress none --steps";
    let cli = slovo_args::Cli::parse_from(line.split(' ').chain([STEPS]));
    let slovo_args::Command::Pretrain(args) = cli.command else {
        panic!("{line} is another command");
    };
    assert_eq!(slovo_train::command::pretrain(&args).unwrap(), 0);
    compare(&workshop);
}

fn compare(workshop: &Workshop) {
    let losses = losses(workshop);
    assert_eq!(losses.len(), 50);
    let golden = std::fs::read_to_string(PATH).unwrap();
    for (step, (loss, golden)) in losses.iter().zip(golden.lines()).enumerate() {
        let golden: f64 = golden.parse().unwrap();
        let off = (loss - golden).abs() / golden;
        assert!(off < TOLERANCE, "step {}: {loss} is not {golden}", step + 1);
    }
    assert!(losses[49] < 0.8 * losses[0], "the run does not learn");
}

fn losses(workshop: &Workshop) -> Vec<f64> {
    let rows = workshop.losses().into_iter();
    rows.map(|row| row.split(',').nth(2).unwrap().parse().unwrap())
        .collect()
}
