//! The seeds of the fuzz targets (`fuzz/corpus`), and thousands of changes to each, go through the
//! same functions as under the fuzzer.

use crate::measure::{LONGEST, MOST, alone, bounded, measured};
use crate::mutate::{Random, mutated};
use crate::seeds;
use slovo_model::untrusted;
use std::fs;
use std::path::Path;

/// Changes to each file of a corpus.
const CHANGES: usize = 3000;
/// Changed files whose memory is measured together.
const TOGETHER: usize = 50;

/// The message of the error, if it is one.
type Outcome = Option<String>;

/// Replays the corpus of a target.
fn replay(target: &str, entry: fn(&[u8]) -> Outcome) {
    let _alone = alone();
    let all = corpus(target);
    assert!(!all.is_empty());
    let contents: Vec<Vec<u8>> = all.iter().map(|(_, bytes)| bytes.clone()).collect();
    let mut counts = [0; 2];
    for (name, bytes) in &all {
        let outcome = bounded(name, || entry(bytes));
        // What a seed is for is in its name.
        let expected = name.starts_with("wrong-");
        assert_eq!(outcome.is_some(), expected, "{target}/{name}: {outcome:?}");
        let mut random = Random::new(bytes.len() as u64);
        for start in (0..CHANGES).step_by(TOGETHER) {
            let changed: Vec<_> = (0..TOGETHER)
                .map(|_| mutated(bytes, &contents, &mut random))
                .collect();
            let run = || {
                changed
                    .iter()
                    .map(|bytes| timed(name, bytes, entry))
                    .collect()
            };
            let (outcomes, _, grown): (Vec<Outcome>, _, _) = measured(run);
            assert!(
                grown < MOST,
                "{target}/{name}, from change {start}: {grown} bytes"
            );
            for outcome in outcomes {
                counts[usize::from(outcome.is_some())] += 1;
                if let Some(text) = outcome {
                    assert!(text.len() < 1500, "{target}/{name}: {text}");
                    assert!(!text.contains('\x1b'), "{target}/{name}: {text:?}");
                }
            }
        }
    }
    println!("{target}: {} files read, {} refused", counts[0], counts[1]);
}

/// Runs `entry`, which must be quick.
fn timed(name: &str, bytes: &[u8], entry: fn(&[u8]) -> Outcome) -> Outcome {
    let start = std::time::Instant::now();
    let outcome = entry(bytes);
    if start.elapsed() >= LONGEST {
        bounded(name, || entry(bytes));
    }
    outcome
}

/// The files of a target's corpus by name: the seeds, and what a fuzzer may have added.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus")).join(target);
    let seeds = seeds::of(target);
    if std::env::var_os("SLOVO_WRITE_CORPUS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in &seeds {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
    for (name, bytes) in seeds {
        let found = fs::read(folder.join(&name)).unwrap_or_default();
        assert!(
            found == bytes,
            "fuzz/corpus/{target}/{name} is not what seeds.rs makes; \
             SLOVO_WRITE_CORPUS=1 writes it"
        );
    }
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        // What a fuzzer adds is named by its hash, and may be right or wrong.
        .filter(|(name, _)| name.contains('-'))
        .collect();
    files.sort();
    files
}

fn said<T, E: std::fmt::Display>(result: Result<T, E>) -> Outcome {
    result.err().map(|error| error.to_string())
}

#[test]
fn safetensors() {
    replay("safetensors", |bytes| said(untrusted::safetensors(bytes)));
}

#[test]
fn index() {
    replay("index", |bytes| said(untrusted::index(bytes)));
}

#[test]
fn config() {
    replay("config", |bytes| said(untrusted::config(bytes)));
}

#[test]
fn gguf() {
    replay("gguf", |bytes| said(untrusted::gguf(bytes)));
}
