//! The fuzz target for Parquet (`fuzz/corpus/parquet`): its seeds, two thousand changes to each, and whatever else lies
//! beside them. Documents, or an error, soon, and never a panic that is not caught.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used)]

mod changes;

use changes::{Random, changed, corpus};
use slovo_data::source::parquet::{ParquetWriter, Row};
use slovo_data::untrusted;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Changes to each seed.
const CHANGES: usize = 2_000;

/// Rows of each seed; one has several pages, the other is mostly description.
const SEEDS: &[(&str, usize)] = &[("three", 3), ("many", 300)];

fn written(rows: usize) -> Vec<u8> {
    let mut writer = ParquetWriter::new(Vec::new()).unwrap();
    for number in 0..rows {
        let text = format!("text {number}, é語 {}", "x".repeat(number % 50));
        let id = format!("id-{number}");
        writer
            .write(&Row {
                text: &text,
                id: &id,
                title: (number % 3 == 0).then_some(&id),
                ..Row::default()
            })
            .unwrap();
    }
    writer.finish().unwrap()
}

/// A bit of the description flipped, which does the most, or a change anywhere.
fn spoilt(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    if random.below(2) == 0 {
        return changed(bytes, bytes, random);
    }
    let mut bytes = bytes.to_vec();
    let footer = bytes.len() - 2_000.min(bytes.len());
    let at = footer + random.below(bytes.len() - footer);
    bytes[at] ^= 1 << random.below(8);
    bytes
}

#[test]
fn whatever_the_file_there_is_an_answer() {
    let folder = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../fuzz/corpus/parquet"
    ));
    let mut read = 0;
    let mut random = Random(17);
    for &(name, rows) in SEEDS {
        let path = folder.join(name);
        if std::env::var_os("SLOVO_WRITE_CORPUS").is_some() {
            fs::create_dir_all(folder).unwrap();
            fs::write(&path, written(rows)).unwrap();
        }
        // What the package writes differs from version to version.
        let bytes = fs::read(&path).unwrap();
        assert_eq!(untrusted::parquet(&bytes).unwrap(), rows, "{name}");
        for _ in 0..CHANGES {
            read += documents_soon(&spoilt(&bytes, &mut random), name);
        }
    }
    for (file, bytes) in corpus(folder) {
        // A panic is told behind it.
        println!("fuzz/corpus/parquet/{file}");
        documents_soon(&bytes, &file);
    }
    println!("{read} documents of changed files");
    assert!(read > 10_000, "{read}");
}

/// How many documents there are; `what` names the file where it takes long.
fn documents_soon(bytes: &[u8], what: &str) -> usize {
    let start = Instant::now();
    let read = untrusted::parquet(bytes).unwrap_or(0);
    let took = start.elapsed();
    // Far above what it takes, as others may be using the machine.
    assert!(took < Duration::from_secs(5), "{what}: {took:?}");
    read
}
