//! Stopping on request leaves a complete checkpoint and exit code 3.

#![cfg(all(unix, feature = "flex"))]
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use support::{Workshop, errors};

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([name, &id])
            .status()
            .unwrap()
            .success()
    );
}

/// Starts a long run and waits for its first step.
fn start(workshop: &Workshop) -> Child {
    let mut child = workshop
        .pretrain(&["--steps", "1000000", "--progress", "json"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap().contains("\"step\":3,")),
        "it never trained"
    );
    // Somebody has to go on reading, or the pipe fills up.
    std::thread::spawn(move || lines.count());
    child
}

#[test]
fn sigterm_and_ctrl_c_stop_after_the_step_with_a_checkpoint() {
    for name in ["-TERM", "-INT"] {
        let workshop = Workshop::new();
        let mut child = start(&workshop);
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(3));
        let stopped = workshop.losses().len();
        let steps = (stopped + 5).to_string();
        let output = workshop.finish(&["--resume", "--steps", &steps]);
        assert!(output.status.success(), "{}", errors(&output));
        let expected = format!("resuming at step {stopped} ");
        assert!(errors(&output).contains(&expected), "{}", errors(&output));
    }
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let mut tries = (0..10).map(|_| signalled_until_it_ends());
    // With code 3, the first signal came before the step had begun.
    assert_eq!(tries.find(|code| *code != Some(3)), Some(Some(1)));
}

fn signalled_until_it_ends() -> Option<i32> {
    let workshop = Workshop::new();
    // Its first step takes hours.
    let mut child = workshop
        .pretrain(&["--set", "batch.micro_batches=1000000"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let log = workshop.run_folder().join("run.log");
    while std::fs::read(&log).map_or(0, |log| log.len()) == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it never began");
        sleep(Duration::from_millis(10));
    }
    // From the first line of the log to the first step.
    sleep(Duration::from_millis(500));
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        signal(&child, "-TERM");
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_signal_while_text_is_prepared_leaves_no_half_of_it() {
    let workshop = Workshop::new();
    // Long enough that the signal comes before the end.
    let text = support::text(2_000_000);
    std::fs::write(workshop.path().join("text.txt"), text).unwrap();
    let mut child = workshop.pretrain(&[]).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.next().is_some(), "it never began");
    std::thread::spawn(move || lines.count());
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(!workshop.run_folder().exists());
    let prepared = workshop.path().join("runs/data");
    let left: Vec<_> = std::fs::read_dir(&prepared).into_iter().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}
