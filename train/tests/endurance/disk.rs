//! Disks that are full: a small file system with every number of free pages from none to enough, so
//! that each write of a run fails in turn; and a limit on the length of files where no file system
//! can be mounted.

use crate::runs::{Reference, copy_folder, finish, go_on, newest};
use crate::strays;
use crate::support::{Workshop, errors};
use crate::tally::{Random, Tally, Trial, require};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What a memory file system hands out at a time.
const PAGE: u64 = 4096;
/// More than any of these runs needs.
const MOST_PAGES: u64 = 400;
const LIMITS: u64 = 30;

/// A model so small that it fits into few pages; a checkpoint, then one with an evaluation.
const SMALL: [&str; 7] = [
    "--set=model.d_model=16",
    "--set=model.n_layers=1",
    "--set=model.d_ff=32",
    "--set=schedule.end=1000",
    "--set=evaluation.every=10",
    "--set=evaluation.windows=4",
    "--set=checkpoint.every=5",
];

pub fn run(mut random: Random) -> Vec<Tally> {
    let begun = [&SMALL[..], &["--steps=10"]].concat();
    let flags = [&SMALL[..], &["--steps=20"]].concat();
    let reference = Reference::straight(&flags);
    let mut rows = vec![limits(&flags, &begun, &reference, &mut random)];
    match Disk::mount() {
        Ok(disk) => {
            rows.push(resuming(&disk, &flags, &begun, &reference));
            rows.push(starting(&disk, &flags, &reference));
            rows.push(preparing(&disk));
        }
        Err(why) => eprintln!("skipped: no small file system to fill: {why}"),
    }
    rows
}

/// A run of ten steps goes on to twenty: tables, best model, checkpoint.
fn resuming(disk: &Disk, flags: &[&str], begun: &[&str], reference: &Reference) -> Tally {
    let workshop = Workshop::within(disk.path());
    finish(&workshop, begun).unwrap();
    let aside = tempfile::tempdir().unwrap();
    copy_folder(&workshop.run_folder(), aside.path()).unwrap();
    sweep(
        "full disk, a run that goes on",
        disk,
        flags,
        &|again| {
            if again {
                return require_equal(&workshop, flags, reference);
            }
            std::fs::remove_dir_all(workshop.run_folder()).unwrap();
            copy_folder(aside.path(), &workshop.run_folder()).unwrap();
            Ok(())
        },
        &|| {
            // The checkpoint before is whole, and so is the one that may have come.
            match newest(&workshop.run_folder())? {
                Some(10 | 15 | 20) => Ok(()),
                other => Err(format!("newest checkpoint: {other:?}")),
            }
        },
        &workshop,
    )
}

/// A run from its very first file on, its text prepared before.
fn starting(disk: &Disk, flags: &[&str], reference: &Reference) -> Tally {
    let workshop = Workshop::within(disk.path());
    finish(&workshop, &[flags, &["--dry-run"]].concat()).unwrap();
    sweep(
        "full disk, a run from its start",
        disk,
        flags,
        &|again| {
            if again {
                return require_equal(&workshop, flags, reference);
            }
            if workshop.run_folder().exists() {
                std::fs::remove_dir_all(workshop.run_folder()).unwrap();
            }
            Ok(())
        },
        &|| newest(&workshop.run_folder()).map(|_| ()),
        &workshop,
    )
}

/// The preparation of a text: tokenizer, shards, report.
fn preparing(disk: &Disk) -> Tally {
    let workshop = Workshop::within(disk.path());
    let flags = ["--dry-run"];
    let root = workshop.path().join("runs/data");
    finish(&workshop, &flags).unwrap();
    let whole = strays::none_in_data(&root).unwrap();
    sweep(
        "full disk while text is prepared",
        disk,
        &flags,
        &|again| {
            if again {
                finish(&workshop, &flags)?;
                let found = strays::none_in_data(&root)?;
                return require(found == whole, || "other data".into());
            }
            std::fs::remove_dir_all(workshop.path().join("runs")).unwrap();
            Ok(())
        },
        &|| {
            require(strays::names(&root).is_empty(), || {
                format!("left in {}: {:?}", root.display(), strays::names(&root))
            })
        },
        &workshop,
    )
}

fn require_equal(workshop: &Workshop, flags: &[&str], reference: &Reference) -> Trial {
    finish(workshop, flags)?;
    reference.equals(workshop)
}

/// Runs with 0, 1, 2 … free pages until they are enough. `place(false)` sets the stage before,
/// `safe` looks after a failure, and `place(true)` goes on once there is space again.
fn sweep(
    what: &str,
    disk: &Disk,
    flags: &[&str],
    place: &dyn Fn(bool) -> Trial,
    safe: &dyn Fn() -> Trial,
    workshop: &Workshop,
) -> Tally {
    let mut tally = Tally::new(what, 1);
    let mut hits = BTreeMap::new();
    for pages in 0..MOST_PAGES {
        tally.check(place(false));
        let ballast = disk.leave(pages);
        let output = workshop.finish(&go_on(workshop, flags));
        if output.status.success() {
            drop(ballast);
            tally.check(place(true));
            break;
        }
        let looked = failed_well(&output, "No space left", &mut hits).and_then(|()| safe());
        drop(ballast);
        let trial = looked.and_then(|()| place(true));
        tally.count(trial.map_err(|error| format!("with {pages} free pages: {error}")));
        if tally.is_hopeless() {
            break;
        }
    }
    tally.note(told(&hits));
    tally
}

/// Exit code 1 and a message that names a file and the reason.
fn failed_well(output: &Output, why: &str, hits: &mut BTreeMap<&'static str, u64>) -> Trial {
    let said = errors(output);
    require(output.status.code() == Some(1), || {
        format!("{}: {said}", output.status)
    })?;
    require(!said.contains("panicked"), || said.clone())?;
    let last = said.lines().rev().find(|line| line.starts_with("error: "));
    let last = last.ok_or_else(|| format!("no message in: {said}"))?;
    require(last.contains(why), || format!("{why:?} is not in: {last}"))?;
    let named = strays::files().find(|name| last.contains(name));
    let named = named.ok_or_else(|| format!("no file is named in: {last}"))?;
    *hits.entry(named).or_default() += 1;
    Ok(())
}

fn told(hits: &BTreeMap<&str, u64>) -> String {
    let told: Vec<_> = hits.iter().map(|(name, n)| format!("{name} {n}")).collect();
    format!("failed at {}", told.join(", "))
}

/// No file may be longer than so many bytes, drawn anew each time.
fn limits(flags: &[&str], begun: &[&str], reference: &Reference, random: &mut Random) -> Tally {
    let mut tally = Tally::new("limit on the length of files, a run that goes on", LIMITS);
    let workshop = Workshop::new();
    finish(&workshop, begun).unwrap();
    let aside = tempfile::tempdir().unwrap();
    copy_folder(&workshop.run_folder(), aside.path()).unwrap();
    let longest = workshop
        .run_folder()
        .join("checkpoints/step-00000010/optimizer.bpk");
    let longest = longest.metadata().unwrap().len();
    let mut hits = BTreeMap::new();
    while tally.left() > 0 {
        // In blocks of 512 bytes; the signal that comes with the limit is ignored, as it is in a
        // shell that ignores it, so that the write fails as on a full disk.
        let blocks = random.below(longest / 512);
        let output = Command::new("sh")
            .current_dir(workshop.path())
            .args([
                "-c",
                &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""),
            ])
            .arg(env!("CARGO_BIN_EXE_slovo-train"))
            .args(["pretrain", "tiny.ron", "--out", "run", "--resume"])
            .args(flags)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let trial = failed_well(&output, "File too large", &mut hits)
            .and_then(|()| newest(&workshop.run_folder()))
            .and_then(|step| require(step == Some(10), || format!("{step:?}")))
            .and_then(|()| require_equal(&workshop, flags, reference));
        tally.count(trial.map_err(|error| format!("with {blocks} blocks: {error}")));
        std::fs::remove_dir_all(workshop.run_folder()).unwrap();
        copy_folder(aside.path(), &workshop.run_folder()).unwrap();
    }
    tally.note(told(&hits));
    tally
}

/// A file system in memory of 16 MiB; gone when this is dropped.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn mount() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m", "none"])
            .arg(folder.path())
            .output()
            .map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(Self { folder }),
            false => Err(errors(&output).trim().into()),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills the disk but for so many pages.
    fn leave(&self, pages: u64) -> Ballast {
        let path = self.path().join("ballast");
        let mut file = File::create(&path).unwrap();
        let filled = std::io::copy(&mut std::io::repeat(0).take(1 << 30), &mut file);
        assert!(filled.is_err(), "the disk has no end");
        let _ = file.flush();
        let full = file.metadata().unwrap().len() / PAGE * PAGE;
        file.set_len(full.saturating_sub(pages * PAGE)).unwrap();
        Ballast { path }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.folder.path()).status();
    }
}

struct Ballast {
    path: std::path::PathBuf,
}

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
