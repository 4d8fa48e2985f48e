//! A run that was killed and resumed is bit for bit the run that was not.
//!
//! Each run is a process of its own, as in life: nothing in memory can help.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

#[cfg(feature = "wgpu")]
#[path = "../../model/tests/devices/mod.rs"]
mod devices;
mod support;

use std::io::{BufRead, BufReader};
use support::{Workshop, errors};

/// Kills a training process as soon as it has reported `step`.
fn kill_after(workshop: &Workshop, more: &[&str], step: u64) {
    let mut child = workshop.pretrain(more).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    for line in lines {
        let line = line.unwrap();
        let reached = serde_json::from_str::<serde_json::Value>(&line)
            .ok()
            .and_then(|event| event["step"].as_u64());
        if reached.is_some_and(|reached| reached >= step) {
            break;
        }
    }
    // SIGKILL: no handler runs.
    child.kill().unwrap();
    assert!(
        !child.wait().unwrap().success(),
        "it ended before it was killed"
    );
}

#[test]
fn killed_twice_and_resumed_equals_uninterrupted() {
    killed_and_resumed("flex");
}

#[test]
#[cfg(feature = "ndarray")]
fn killed_twice_and_resumed_equals_uninterrupted_on_ndarray() {
    killed_and_resumed("ndarray");
}

/// A GPU may add in another order in another process, so that these losses are the same but for
/// rounding. Uninterrupted they are the CPU's (`tests/backends.rs`), which take less time.
#[test]
#[cfg(feature = "wgpu")]
fn killed_and_resumed_on_wgpu_gives_the_cpus_losses() {
    if devices::wgpu().is_none() {
        return;
    }
    let sets = [
        "checkpoint.every=4",
        "evaluation.every=12",
        "evaluation.windows=4",
    ];
    let sets = sets.iter().flat_map(|set| ["--set", set]);
    let on = |backend| {
        let flags = ["--steps", "12", "--progress", "json", "--backend", backend];
        flags.into_iter().chain(sets.clone()).collect::<Vec<_>>()
    };
    let straight = Workshop::new();
    let output = straight.finish(&on("flex"));
    assert!(output.status.success(), "{}", errors(&output));
    let killed = Workshop::new();
    kill_after(&killed, &on("wgpu"), 6);
    let output = killed.finish(&[&on("wgpu")[..], &["--resume"]].concat());
    assert!(output.status.success(), "{}", errors(&output));
    let told = errors(&output);
    // At step 4, or at 8 where the news of step 6 came late.
    assert!(told.contains("resuming at step"), "{told}");
    let loss = |row: &String| row.split(',').nth(2).unwrap().parse::<f64>().unwrap();
    let (straight, killed) = (straight.losses(), killed.losses());
    assert_eq!((straight.len(), killed.len()), (12, 12));
    for (a, b) in straight.iter().zip(&killed) {
        assert!((loss(a) - loss(b)).abs() < 1e-4 * loss(a), "{a} and {b}");
    }
}

fn killed_and_resumed(backend: &str) {
    let flags = ["--steps", "200", "--progress", "json", "--backend", backend];
    let straight = Workshop::new();
    let output = straight.finish(&flags);
    assert!(output.status.success(), "{}", errors(&output));

    let killed = Workshop::new();
    kill_after(&killed, &flags, 73);
    let resumed = [&flags[..], &["--resume"]].concat();
    kill_after(&killed, &resumed, 140);
    let output = killed.finish(&resumed);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(
        errors(&output).contains("resuming at step 1"),
        "{}",
        errors(&output)
    );

    assert_eq!(straight.losses().len(), 200);
    assert_eq!(straight.losses(), killed.losses());
    assert!(straight.weights() == killed.weights(), "weights differ");
    for table in ["eval.csv", "samples.jsonl", "model/slovo.ron"] {
        let read = |workshop: &Workshop| {
            std::fs::read_to_string(workshop.run_folder().join(table)).unwrap()
        };
        assert_eq!(read(&straight), read(&killed));
    }
}

#[test]
fn a_checkpoint_comes_after_so_many_seconds_too() {
    let workshop = Workshop::new();
    let seldom = ["--steps", "1000000", "--set", "evaluation.every=1000000"];
    let timed = [
        "--set",
        "checkpoint.every=None",
        "--set",
        "checkpoint.seconds=1",
    ];
    let flags = [seldom, timed].concat();
    let mut child = workshop.pretrain(&flags).spawn().unwrap();
    let checkpoints = workshop.run_folder().join("checkpoints");
    let written = || {
        let entries = std::fs::read_dir(&checkpoints).into_iter().flatten();
        entries.flatten().any(|entry| {
            let name = entry.file_name().into_string().unwrap();
            name.starts_with("step-")
        })
    };
    while !written() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let output = workshop.finish(&["--resume", "--steps", "1"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(
        errors(&output).contains("resuming at step"),
        "{}",
        errors(&output)
    );
}

#[test]
fn a_finished_run_resumes_into_a_longer_one() {
    let workshop = Workshop::new();
    assert!(workshop.finish(&[]).status.success());
    let output = workshop.finish(&["--resume", "--steps", "60"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(workshop.losses().len(), 60);
}

#[test]
fn stray_temporaries_are_gone_after_a_resume() {
    let workshop = Workshop::new();
    assert!(workshop.finish(&[]).status.success());
    let run = workshop.run_folder();
    std::fs::create_dir_all(run.join("checkpoints/.step-00000050.tmp")).unwrap();
    std::fs::create_dir_all(run.join(".model.tmp")).unwrap();
    for name in ["recipe.ron.tmp", "report.html.tmp", "launches.jsonl.tmp"] {
        std::fs::write(run.join(name), "half").unwrap();
    }
    assert!(
        workshop
            .finish(&["--resume", "--steps", "50"])
            .status
            .success()
    );
    let mut names: Vec<_> = std::fs::read_dir(&run)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut expected = slovo_train::run::CONTENTS;
    expected.sort_unstable();
    assert_eq!(names, expected);
    for bundle in std::fs::read_dir(run.join("checkpoints")).unwrap() {
        let name = bundle.unwrap().file_name().into_string().unwrap();
        assert!(name.starts_with("step-"), "{name}");
    }
}
