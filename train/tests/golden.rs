//! The losses of a fixed tiny run. A change that should not change them must not.
//!
//! To accept a change that should: `SLOVO_WRITE_GOLDEN=1 cargo test --release -p slovo-train
//! -p slovo-model --test golden`, and say why in the commit.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

mod support;

use support::{Workshop, errors};

/// Matrix products add in another order on processors with other vectors.
const TOLERANCE: f64 = 2e-4;

#[test]
fn fifty_steps_give_the_golden_losses() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/tiny-losses.txt");
    let workshop = Workshop::new();
    let output = workshop.finish(&["--steps", "50"]);
    assert!(output.status.success(), "{}", errors(&output));
    let losses: Vec<f64> = workshop
        .losses()
        .iter()
        .map(|row| row.split(',').nth(2).unwrap().parse().unwrap())
        .collect();
    assert_eq!(losses.len(), 50);
    if std::env::var_os("SLOVO_WRITE_GOLDEN").is_some() {
        let text: String = losses.iter().map(|loss| format!("{loss:.7}\n")).collect();
        std::fs::write(path, text).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap();
    for (step, (loss, golden)) in losses.iter().zip(golden.lines()).enumerate() {
        let golden: f64 = golden.parse().unwrap();
        let off = (loss - golden).abs() / golden;
        assert!(off < TOLERANCE, "step {}: {loss} is not {golden}", step + 1);
    }
    assert!(losses[49] < 0.8 * losses[0], "the run does not learn");
}
