//! What must hold of every training, whatever is learnt.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::{Workshop, done, errors, texts};

const QUICK: [&str; 2] = ["--set", "baselines=false"];

fn losses(report: &Value) -> Vec<f64> {
    let rows = report["runs"][0]["train_losses"].as_array().unwrap();
    rows.iter().map(|row| row[1].as_f64().unwrap()).collect()
}

fn accuracy(report: &Value) -> f64 {
    report["test"]["accuracy"]["mean"].as_f64().unwrap()
}

#[test]
fn the_same_seed_gives_the_same_model_and_another_one_another() {
    let shop = Workshop::new();
    let short = [&QUICK[..], &["--steps", "12"]].concat();
    shop.train("a", &short);
    shop.train("b", &short);
    assert_eq!(shop.weights("a"), shop.weights("b"));
    shop.train("c", &[&short[..], &["--seed", "5"]].concat());
    assert_ne!(shop.weights("a"), shop.weights("c"));
}

#[test]
fn names_of_classes_change_nothing_else() {
    let shop = Workshop::new();
    let short = [&QUICK[..], &["--steps", "12"]].concat();
    let before = shop.train("a", &short);
    // The alphabet keeps their order.
    shop.write("texts.csv", &texts(240, ["dull", "sharp"]));
    let after = shop.train("b", &[&short[..], &["--set", "positive=sharp"]].concat());
    assert_eq!(losses(&before), losses(&after));
    assert_eq!(shop.weights("a"), shop.weights("b"));
    assert_eq!(after["labels"], serde_json::json!(["dull", "sharp"]));
}

#[test]
fn shuffled_labels_teach_nothing() {
    let table = texts(600, ["calm", "loud"]);
    // A label that depends on the row's number and not on its text.
    let shuffled: Vec<String> = table
        .lines()
        .enumerate()
        .map(|(i, line)| match (i, line.rsplit_once(',')) {
            (1.., Some((text, _))) => {
                let label = ["calm", "loud"][((i * 2_654_435_761) >> 7) & 1];
                format!("{text},{label}")
            }
            _ => line.into(),
        })
        .collect();
    let shop = Workshop::with(&(shuffled.join("\n") + "\n"));
    let report = shop.train("run", &[&QUICK[..], &["--set", "epochs=3"]].concat());
    // 150 texts: three standard errors are 12 %.
    assert!(
        (accuracy(&report) - 0.5).abs() < 0.13,
        "{}",
        accuracy(&report)
    );
}

#[test]
fn what_is_kept_on_disk_gives_what_is_computed_anew() {
    let shop = Workshop::new();
    for variant in ["head", "last"] {
        let more = [&QUICK[..], &["--variant", variant, "--steps", "30"]].concat();
        let kept = shop.train(&format!("{variant}-kept"), &more);
        let none = [&more[..], &["--set", "cache.max_bytes=0"]].concat();
        let anew = shop.train(&format!("{variant}-anew"), &none);
        for (a, b) in losses(&kept).iter().zip(losses(&anew)) {
            assert!((a - b).abs() < 1e-3, "{variant}: {a} {b}");
        }
        // Another run of the same finds the file.
        let again = shop.train(&format!("{variant}-again"), &more);
        assert_eq!(losses(&kept), losses(&again));
        assert_eq!(
            again["frozen_seconds"].as_f64().map(|time| time < 1.0),
            Some(true)
        );
    }
    let files = std::fs::read_dir(shop.path("runs/cache")).unwrap().count();
    assert_eq!(files, 2);
}

#[test]
fn every_way_of_learning_learns() {
    let shop = Workshop::new();
    shop.train("base", &QUICK);
    for (name, trains, peak) in [
        ("head", "trains=Head", "1e-2"),
        ("last", "trains=Last(1)", "3e-3"),
        ("lora", "trains=Lora(rank: 4, alpha: 8.0)", "1e-2"),
        ("decay", "trains=All(layer_decay: 0.7)", "3e-3"),
    ] {
        let peak = format!("schedule.peak={peak}");
        let sets = ["--base", "base", "--set", trains, "--set", peak.as_str()];
        let report = shop.train(name, &[&QUICK[..], &sets].concat());
        assert!(accuracy(&report) > 0.95, "{name}: {}", accuracy(&report));
        let (all, learnt) = (&report["model"]["parameters"], &report["model"]["learning"]);
        match name {
            "decay" => assert_eq!(all, learnt),
            _ => assert!(learnt.as_u64() < all.as_u64(), "{name}: {learnt} of {all}"),
        }
    }
}

#[test]
fn a_training_that_was_stopped_goes_on_to_the_same_end() {
    let shop = Workshop::new();
    for trains in [
        "trains=All()",
        "trains=Last(1)",
        "trains=Lora(rank: 2, alpha: 4.0)",
    ] {
        let sets = [
            "--set",
            "baselines=false",
            "--set",
            trains,
            "--set",
            "schedule.end=40",
        ];
        let name = trains.replace(|c: char| !c.is_alphanumeric(), "");
        let (whole, parts) = (format!("{name}-whole"), format!("{name}-parts"));
        shop.train(&whole, &[&sets[..], &["--steps", "40"]].concat());
        shop.train(
            &parts,
            &[&sets[..], &["--steps", "25", "--set", "checkpoint.every=5"]].concat(),
        );
        let more = ["--steps", "40", "--resume"];
        shop.train(&parts, &[&sets[..], &more].concat());
        assert_eq!(shop.weights(&whole), shop.weights(&parts), "{trains}");
    }
}

#[test]
fn several_seeds_are_several_trainings_and_the_best_is_kept() {
    let shop = Workshop::new();
    let more = [&QUICK[..], &["--seeds", "3", "--steps", "15"]].concat();
    let report = shop.train("run", &more);
    assert_eq!(
        report["test"]["accuracy"]["seeds"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    for seed in 1..=3 {
        assert!(shop.path(&format!("run/seed-{seed}/train.csv")).is_file());
    }
    assert!(report["test"]["accuracy"]["low"].is_number());
    done(&shop.run(&["predict", "--model", "run", "tea"]));
    // A second run does not mix with the first.
    let output = shop.run(&["tiny.ron", "--out", "run", "--progress", "none"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        errors(&output).contains("already holds a run"),
        "{}",
        errors(&output)
    );
}

#[test]
fn leaks_are_told_and_left_out() {
    let mut table = texts(120, ["calm", "loud"]);
    let copies: Vec<String> = table.lines().skip(1).take(60).map(str::to_owned).collect();
    table += &(copies.join("\n") + "\n");
    let shop = Workshop::with(&table);
    let report = shop.train("run", &[&QUICK[..], &["--steps", "10"]].concat());
    let leaked = report["leaks"]["test_in_train"]["exact"].as_u64().unwrap();
    assert!(leaked > 10, "{leaked}");
    let (all, clean) = (&report["test"]["n"], &report["test_deduplicated"]["n"]);
    assert_eq!(all.as_u64().unwrap(), clean.as_u64().unwrap() + leaked);
    let more = ["--steps", "10", "--set", "leaks.distinct=true"];
    let report = shop.train("distinct", &[&QUICK[..], &more].concat());
    assert_eq!(report["leaks"]["test_in_train"]["exact"], 0);
    assert_eq!(report["data"]["repeated"], 60);
}
