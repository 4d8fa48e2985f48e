//! `kill -9`: no handler runs, nothing is flushed, whatever was being written stays half-written.

use crate::runs::{Reference, finish, go_on, heard, spawn};
use crate::strays;
use crate::support::{Workshop, text};
use crate::tally::{Random, Tally, Trial, require};
use slovo_data::Prepared;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Kills of one run before it may go on to its end.
const KILLS_OF_A_RUN: u64 = 10;

pub fn run(mut random: Random) -> Vec<Tally> {
    let seldom = [
        "--steps=1600",
        "--set=evaluation.every=200",
        "--set=checkpoint.every=1000000",
        "--set=checkpoint.seconds=1",
    ];
    let always = [
        "--steps=300",
        "--set=evaluation.every=10",
        "--set=checkpoint.every=2",
    ];
    vec![
        training(
            "kill -9, a checkpoint every second",
            &seldom,
            Duration::from_millis(2500),
            &mut random,
        ),
        training(
            "kill -9, a checkpoint every other step",
            &always,
            Duration::from_millis(600),
            &mut random,
        ),
        preparing(&mut random),
    ]
}

/// 100 kills, each within `life` after the start, over as many runs as they need.
fn training(what: &str, flags: &[&str], life: Duration, random: &mut Random) -> Tally {
    let mut tally = Tally::new(what, 100);
    let reference = Reference::straight(flags);
    let (mut runs, mut half_written) = (0, 0);
    while tally.left() > 0 {
        let workshop = Workshop::new();
        let mut ended = false;
        for _ in 0..KILLS_OF_A_RUN.min(tally.left()) {
            let mut child = spawn(&workshop, &go_on(&workshop, flags));
            match kill_within(&mut child, random.time(life)) {
                Killed::Yes => tally.count(Ok(())),
                Killed::Finished => ended = true,
                Killed::Failed => {
                    tally.count(Err(heard(&workshop)));
                    ended = true;
                }
            }
            half_written += u64::from(strays::is_half_written(&workshop.run_folder()));
            if ended {
                break;
            }
        }
        runs += 1;
        let outcome = finish(&workshop, flags).map(|_| ());
        tally.check(outcome.and_then(|()| reference.equals(&workshop)));
    }
    tally.note(format!(
        "{runs} runs, each in the end bit for bit the uninterrupted one; {half_written} kills left \
         something half-written"
    ));
    tally
}

fn preparing(random: &mut Random) -> Tally {
    let mut tally = Tally::new("kill -9 while text is prepared", 50);
    let workshop = Workshop::new();
    std::fs::write(workshop.path().join("text.txt"), text(200_000)).unwrap();
    let flags = ["--dry-run"];
    let root = workshop.path().join("runs/data");
    let begun = Instant::now();
    tally.check(finish(&workshop, &flags).map(|_| ()));
    let life = begun.elapsed();
    let expected = strays::none_in_data(&root);
    let (mut finished, mut half_written) = (0, 0);
    while tally.left() > 0 {
        if strays::names(&root)
            .iter()
            .any(|name| !name.contains(".tmp-"))
        {
            std::fs::remove_dir_all(&root).unwrap();
        }
        let mut child = spawn(&workshop, &flags);
        match kill_within(&mut child, random.time(life)) {
            Killed::Yes => {
                tally.count(whole_or_absent(&root));
                half_written += u64::from(!strays::names(&root).is_empty());
            }
            Killed::Finished => finished += 1,
            Killed::Failed => tally.count(Err(heard(&workshop))),
        }
        if finished > 1000 {
            tally.check(Err("it always ends before it can be killed".into()));
            break;
        }
    }
    let again = finish(&workshop, &flags).and_then(|_| strays::none_in_data(&root));
    tally.check(require(again == expected, || {
        format!("{again:?} instead of {expected:?}")
    }));
    tally.note(format!("{half_written} kills left something half-written"));
    tally
}

/// No folder that a preparation has left passes for finished without being it.
fn whole_or_absent(root: &std::path::Path) -> Trial {
    for name in strays::names(root) {
        if !name.contains(".tmp-") {
            Prepared::open(&root.join(name)).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

enum Killed {
    Yes,
    /// It had come to a good end before.
    Finished,
    /// It had ended otherwise.
    Failed,
}

fn kill_within(child: &mut Child, life: Duration) -> Killed {
    let end = Instant::now() + life;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return match status.success() {
                true => Killed::Finished,
                false => Killed::Failed,
            };
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        sleep(left.min(Duration::from_millis(5)));
    }
    // SIGKILL.
    child.kill().unwrap();
    let status = child.wait().unwrap();
    match status.signal() {
        Some(_) => Killed::Yes,
        None if status.success() => Killed::Finished,
        None => Killed::Failed,
    }
}
