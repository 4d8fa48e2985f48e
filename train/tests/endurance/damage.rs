//! Flipped bits and truncated files: each is found, and the run goes on from the checkpoint before.

use crate::runs::{Reference, copy_folder, finish};
use crate::strays::{self, BUNDLE};
use crate::support::{Workshop, errors};
use crate::tally::{Random, Tally, Trial, require};
use slovo_data::shard::Shards;
use slovo_train::checkpoint::{Bundle, Shelf};
use std::path::{Path, PathBuf};

const FLIPS: u64 = 1000;
const TRUNCATIONS: u64 = 200;
/// Damages that the program itself is started on.
const STARTS: u64 = 20;
const SHARDS: [&str; 2] = ["train-00000.shard", "validation-00000.shard"];

pub fn run(mut random: Random) -> Vec<Tally> {
    // The learning rate must not depend on how far a run is asked to go.
    let flags = ["--set=schedule.end=1000", "--set=checkpoint.keep=2"];
    let workshop = Workshop::new();
    finish(&workshop, &flags).unwrap();
    let shelf = Shelf::new(&workshop.run_folder(), 2);
    let bundles = shelf.bundles().unwrap();
    let [before, newest] = bundles.as_slice() else {
        panic!("{bundles:?}");
    };
    let falls_back = |name: &str| {
        let (found, passed_over) = shelf.newest_good().map_err(|error| error.to_string())?;
        require(found.as_ref() == Some(before), || format!("{found:?}"))?;
        named(
            name,
            &passed_over
                .iter()
                .map(|bad| bad.why.clone())
                .collect::<String>(),
        )
    };
    let root = workshop.path().join("runs/data");
    let data = root.join(&strays::names(&root)[0]);
    let refused = |name: &str| {
        let split = name.split('-').next().unwrap_or_default();
        match Shards::open(&data, split, None) {
            Ok(_) => Err(format!("{name} was opened")),
            Err(error) => named(name, &error.to_string()),
        }
    };
    vec![
        many(
            "flipped bits, checkpoint",
            FLIPS,
            flip,
            &newest.path,
            &BUNDLE,
            &mut random,
            &falls_back,
        ),
        every_bit_of_the_manifest(newest),
        many(
            "truncations, checkpoint",
            TRUNCATIONS,
            truncate,
            &newest.path,
            &BUNDLE,
            &mut random,
            &falls_back,
        ),
        starts(&workshop, &flags, newest, &mut random),
        many(
            "flipped bits, shards",
            FLIPS,
            flip,
            &data,
            &SHARDS,
            &mut random,
            &refused,
        ),
        many(
            "truncations, shards",
            TRUNCATIONS,
            truncate,
            &data,
            &SHARDS,
            &mut random,
            &refused,
        ),
        starts_on_shards(&workshop, &data, &mut random),
    ]
}

type Damage = fn(Vec<u8>, &mut Random) -> Vec<u8>;

fn flip(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let bit = random.below(8 * bytes.len() as u64);
    bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
    bytes
}

fn truncate(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    bytes.truncate(random.below(bytes.len() as u64) as usize);
    bytes
}

/// Damages one file after another; `found` must say that it was noticed.
fn many(
    what: &str,
    times: u64,
    damage: Damage,
    folder: &Path,
    files: &[&str],
    random: &mut Random,
    found: &dyn Fn(&str) -> Trial,
) -> Tally {
    let mut tally = Tally::new(what, times);
    while tally.left() > 0 {
        let name = pick(folder, files, tally.done().is_multiple_of(2), random);
        let damaged = Damaged::with(&folder.join(name), |bytes| damage(bytes, random));
        tally.count(found(name));
        drop(damaged);
    }
    tally
}

/// One of the files: each as likely as it is long, or all alike, so that the small ones come often.
fn pick<'a>(folder: &Path, files: &[&'a str], by_length: bool, random: &mut Random) -> &'a str {
    if !by_length {
        return files[random.below(files.len() as u64) as usize];
    }
    let length = |name: &str| folder.join(name).metadata().unwrap().len();
    let mut at = random.below(files.iter().map(|name| length(name)).sum());
    for name in files {
        match at.checked_sub(length(name)) {
            Some(left) => at = left,
            None => return name,
        }
    }
    files[0]
}

/// The manifest has no checksum of its own: that none is needed is shown bit by bit.
fn every_bit_of_the_manifest(bundle: &Bundle) -> Tally {
    let path = bundle.path.join("MANIFEST.json");
    let bits = 8 * path.metadata().unwrap().len();
    let mut tally = Tally::new("flipped bits, every one of a checkpoint's manifest", bits);
    for bit in 0..bits {
        let damaged = Damaged::with(&path, |mut bytes| {
            bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
            bytes
        });
        let verified = bundle.verify();
        tally.count(require(verified.is_err(), || {
            format!("bit {bit} went unnoticed")
        }));
        drop(damaged);
    }
    tally
}

/// The program itself, on damaged checkpoints.
fn starts(workshop: &Workshop, flags: &[&str], newest: &Bundle, random: &mut Random) -> Tally {
    let mut tally = Tally::new("--resume with a damaged checkpoint", STARTS);
    let longer = [flags, &["--steps=50"]].concat();
    let reference = Reference::straight(&longer);
    let aside = tempfile::tempdir().unwrap();
    copy_folder(&workshop.run_folder(), aside.path()).unwrap();
    while tally.left() > 0 {
        let damage: Damage = if tally.done().is_multiple_of(2) {
            flip
        } else {
            truncate
        };
        let name = pick(&newest.path, &BUNDLE, false, random);
        // Stays damaged: the folder is put back as a whole.
        std::mem::forget(Damaged::with(&newest.path.join(name), |bytes| {
            damage(bytes, random)
        }));
        tally.count(resumes_before(workshop, &longer, name, &reference));
        std::fs::remove_dir_all(workshop.run_folder()).unwrap();
        copy_folder(aside.path(), &workshop.run_folder()).unwrap();
    }
    tally
}

fn resumes_before(workshop: &Workshop, flags: &[&str], name: &str, reference: &Reference) -> Trial {
    let said = errors(&finish(workshop, flags)?);
    named(name, &said)?;
    named("passed over", &said)?;
    named("resuming at step 30", &said)?;
    // The damaged one is kept for whoever wants to look; it is no stray.
    let aside = workshop
        .run_folder()
        .join("checkpoints/step-00000040.damaged");
    std::fs::remove_dir_all(&aside).map_err(|error| format!("{}: {error}", aside.display()))?;
    reference.equals(workshop)
}

/// The program itself, on damaged shards: they are made again.
fn starts_on_shards(workshop: &Workshop, data: &Path, random: &mut Random) -> Tally {
    let mut tally = Tally::new("a start with a damaged shard", STARTS);
    let root = workshop.path().join("runs/data");
    let whole = strays::none_in_data(&root).unwrap();
    while tally.left() > 0 {
        let damage: Damage = if tally.done().is_multiple_of(2) {
            flip
        } else {
            truncate
        };
        let name = pick(data, &SHARDS, false, random);
        std::mem::forget(Damaged::with(&data.join(name), |bytes| {
            damage(bytes, random)
        }));
        let output = workshop.finish(&["--dry-run"]);
        let trial = require(output.status.success(), || errors(&output))
            .and_then(|()| named(name, &errors(&output)))
            .and_then(|()| named("it is made again", &errors(&output)))
            .and_then(|()| strays::none_in_data(&root))
            .and_then(|found| require(found == whole, || "other data".into()));
        tally.count(trial);
    }
    tally
}

fn named(part: &str, text: &str) -> Trial {
    require(text.contains(part), || {
        format!("{part:?} is not in: {text}")
    })
}

/// A file that is damaged until this is dropped.
struct Damaged {
    path: PathBuf,
    good: Vec<u8>,
}

impl Damaged {
    fn with(path: &Path, damage: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Self {
        let good = std::fs::read(path).unwrap();
        std::fs::write(path, damage(good.clone())).unwrap();
        Self {
            path: path.into(),
            good,
        }
    }
}

impl Drop for Damaged {
    fn drop(&mut self) {
        std::fs::write(&self.path, &self.good).unwrap();
    }
}
