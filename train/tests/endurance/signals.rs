//! Ctrl-C and SIGTERM in every phase of a run: exit code 3, a whole checkpoint of the step that was
//! reached, and in the end the run that was never stopped.

use crate::runs::{Reference, finish, go_on, heard, newest, signal, spawn};
use crate::strays::{self, names};
use crate::support::{Workshop, text};
use crate::tally::{Random, Tally, Trial, require};
use std::fs::read_to_string;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Of each of the two signals, in each phase.
const TIMES: u64 = 20;

pub fn run(mut random: Random) -> Vec<Tally> {
    let long = |flags: &[&'static str]| flags.to_vec();
    let steps = Phase {
        what: "signals between and in training steps",
        flags: long(&[
            "--steps=3000",
            "--set=evaluation.every=1000000",
            "--set=checkpoint.every=1000000",
        ]),
        sentences: 4000,
        within: Duration::from_millis(200),
        is_on: &|workshop| rows(workshop, "train.csv").0 > 1,
    };
    let evaluation = Phase {
        what: "signals in an evaluation",
        flags: long(&[
            "--steps=20",
            "--set=evaluation.every=5",
            "--set=evaluation.windows=None",
            "--set=evaluation.batch=1",
            "--set=checkpoint.every=1000000",
        ]),
        sentences: 40_000,
        within: Duration::from_millis(300),
        is_on: &|workshop| {
            let (_, trained) = rows(workshop, "train.csv");
            trained > 0 && trained.is_multiple_of(5) && rows(workshop, "eval.csv").1 < trained
        },
    };
    let writing = Phase {
        what: "signals while a checkpoint is written",
        flags: long(&[
            "--steps=120",
            "--set=model.d_model=256",
            "--set=model.n_layers=2",
            "--set=model.d_ff=1024",
            "--set=batch.context=8",
            "--set=batch.sequences=1",
            "--set=evaluation.every=1000000",
            "--set=evaluation.windows=1",
            "--set=checkpoint.every=3",
        ]),
        sentences: 500,
        within: Duration::from_millis(100),
        is_on: &|workshop| {
            let names = names(&workshop.run_folder().join("checkpoints"));
            names.iter().any(|name| name.ends_with(".tmp"))
        },
    };
    vec![
        steps.run(&mut random),
        evaluation.run(&mut random),
        writing.run(&mut random),
        preparing(&mut random),
        twice(),
    ]
}

/// A part of a run, and how to tell from outside that it is on.
struct Phase<'a> {
    what: &'a str,
    flags: Vec<&'static str>,
    /// Length of the text.
    sentences: u64,
    /// The signal comes so long after the phase is first seen, at most.
    within: Duration,
    is_on: &'a dyn Fn(&Workshop) -> bool,
}

impl Phase<'_> {
    fn run(&self, random: &mut Random) -> Tally {
        let mut tally = Tally::new(self.what, 2 * TIMES);
        let fresh = || {
            let workshop = Workshop::new();
            let text = text(self.sentences);
            std::fs::write(workshop.path().join("text.txt"), text).unwrap();
            workshop
        };
        let straight = fresh();
        tally.check(finish(&straight, &self.flags).map(|_| ()));
        let reference = Reference::of(&straight);
        let (mut runs, mut missed) = (0, 0);
        while tally.left() > 0 {
            let workshop = fresh();
            while tally.left() > 0 {
                match self.stop_once(&workshop, tally.done(), random) {
                    Ok(Stopped::InPhase) => tally.count(Ok(())),
                    Ok(Stopped::Elsewhere) => missed += 1,
                    Ok(Stopped::AtTheEnd) => break,
                    Err(error) => tally.count(Err(error)),
                }
            }
            runs += 1;
            let outcome = finish(&workshop, &self.flags).map(|_| ());
            tally.check(outcome.and_then(|()| reference.equals(&workshop)));
        }
        tally.note(format!(
            "{runs} runs, each in the end bit for bit the uninterrupted one; {missed} more signals \
             came when the phase was over"
        ));
        tally
    }

    fn stop_once(
        &self,
        workshop: &Workshop,
        number: u64,
        random: &mut Random,
    ) -> Result<Stopped, String> {
        let begun = rows(workshop, "train.csv");
        let mut child = spawn(workshop, &go_on(workshop, &self.flags));
        // A resumed run opens with the tables of the one before.
        let resumed = || heard(workshop).contains("resuming at") || begun.0 == 0;
        while !(resumed() && (self.is_on)(workshop)) {
            if let Some(status) = child.try_wait().unwrap() {
                return match status.success() {
                    true => Ok(Stopped::AtTheEnd),
                    false => Err(format!("{status}: {}", heard(workshop))),
                };
            }
            sleep(Duration::from_micros(500));
        }
        sleep(random.time(self.within));
        signal(
            &child,
            if number.is_multiple_of(2) {
                "-INT"
            } else {
                "-TERM"
            },
        );
        let hit = (self.is_on)(workshop);
        let status = child.wait().unwrap();
        match status.code() {
            Some(0) => return Ok(Stopped::AtTheEnd),
            Some(3) => {}
            _ => return Err(format!("{status}: {}", heard(workshop))),
        }
        let (_, trained) = rows(workshop, "train.csv");
        let saved = newest(&workshop.run_folder())?;
        require(saved == Some(trained), || {
            format!("stopped after step {trained}, newest checkpoint {saved:?}")
        })?;
        strays::none_in_run(&workshop.run_folder())?;
        Ok(if hit {
            Stopped::InPhase
        } else {
            Stopped::Elsewhere
        })
    }
}

enum Stopped {
    InPhase,
    /// Well stopped, but the phase was over when the signal came.
    Elsewhere,
    /// The run was finished before the signal came.
    AtTheEnd,
}

fn preparing(random: &mut Random) -> Tally {
    let mut tally = Tally::new("signals while text is prepared", 2 * TIMES);
    let workshop = Workshop::new();
    std::fs::write(workshop.path().join("text.txt"), text(200_000)).unwrap();
    let flags = ["--dry-run"];
    let root = workshop.path().join("runs/data");
    let begun = Instant::now();
    tally.check(finish(&workshop, &flags).map(|_| ()));
    let takes = begun.elapsed();
    let whole = strays::none_in_data(&root);
    let mut finished = 0;
    while tally.left() > 0 && finished < 1000 {
        std::fs::remove_dir_all(&root).unwrap();
        let mut child = spawn(&workshop, &flags);
        while heard(&workshop).is_empty() && child.try_wait().unwrap().is_none() {
            sleep(Duration::from_micros(500));
        }
        sleep(random.time(takes));
        signal(
            &child,
            if tally.done().is_multiple_of(2) {
                "-INT"
            } else {
                "-TERM"
            },
        );
        match child.wait().unwrap().code() {
            Some(0) => finished += 1,
            Some(3) => tally.count(nothing_in(&root)),
            other => tally.count(Err(format!("{other:?}: {}", heard(&workshop)))),
        }
    }
    let again = finish(&workshop, &flags).and_then(|_| strays::none_in_data(&root));
    tally.check(require(again == whole, || format!("{again:?}")));
    tally
}

fn nothing_in(folder: &std::path::Path) -> Trial {
    let names = names(folder);
    require(names.is_empty(), || format!("{names:?} were left"))
}

/// The second signal does not wait for a step that takes hours.
fn twice() -> Tally {
    let mut tally = Tally::new("a second signal", TIMES);
    while tally.left() > 0 {
        let workshop = Workshop::new();
        let mut child = spawn(&workshop, &["--set=batch.micro_batches=1000000"]);
        let log = workshop.run_folder().join("run.log");
        while read_to_string(&log).unwrap_or_default().is_empty() {
            sleep(Duration::from_millis(1));
        }
        let status = ask_until_it_ends(&mut child);
        // The first signal came before the step had begun.
        if status == Some(3) {
            continue;
        }
        tally.count(require(status == Some(1), || format!("{status:?}")));
    }
    tally
}

fn ask_until_it_ends(child: &mut Child) -> Option<i32> {
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        signal(child, "-TERM");
        sleep(Duration::from_millis(20));
    }
}

/// Rows of a table without its header, and the step of the last one.
fn rows(workshop: &Workshop, table: &str) -> (usize, u64) {
    let text = read_to_string(workshop.run_folder().join(table)).unwrap_or_default();
    let whole = text.lines().skip(1).filter(|row| row.contains(','));
    let steps: Vec<u64> = whole
        .filter_map(|row| row.split(',').next()?.parse().ok())
        .collect();
    (steps.len(), steps.last().copied().unwrap_or(0))
}
