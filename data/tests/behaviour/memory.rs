//! Memory does not grow with the text.

#![cfg(target_os = "linux")]

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use slovo_data::Prepared;
use slovo_data::report::PeakMemory;

/// Megabytes of text, as documents of two kilobytes.
fn jsonl(megabytes: usize) -> String {
    let mut text = String::new();
    for number in 0..megabytes * 500 {
        let words = format!("word{number} and some others ").repeat(80);
        writeln!(text, "{{\"text\": \"{words}\"}}").unwrap();
    }
    text
}

/// The peaks of the program by itself over a file of JSON Lines; `compare` says what of duplicates.
fn peaks(folder: &Path, name: &str, text: &str, compare: &str, flags: &[&str]) -> PeakMemory {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    let recipe = format!(
        "(name: \"t\", sources: [Files(paths: [{file:?}], format: Jsonl)], duplicates: ({compare}), \
         tokenizer: Byte, split: Hash(validation: 0.01))"
    );
    let path = folder.join("r.ron");
    std::fs::write(&path, recipe).unwrap();
    let out = folder.join(format!("out-{name}"));
    let output = Command::new(env!("CARGO_BIN_EXE_slovo-data"))
        .args(["prepare", "--quiet"])
        .arg(&path)
        .arg("--out")
        .arg(&out)
        .args(flags)
        .env("RAYON_NUM_THREADS", "2")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let report = Prepared::open(&out).unwrap().report;
    assert!(report.bytes() > text.len() as u64 / 3);
    report.peak_memory
}

#[test]
fn four_times_the_text_takes_the_same_memory() {
    let folder = tempfile::tempdir().unwrap();
    let peak = |name, megabytes| {
        let peaks = peaks(folder.path(), name, &jsonl(megabytes), "", &[]);
        peaks.total.unwrap()
    };
    let (small, large) = (peak("small", 10), peak("large", 40));
    // Two thirds of the text that came to it; what waits between threads is not always the same.
    assert!(large < small + (20 << 20), "{small} {large}");
}

/// Signatures of 200,000 documents are 22 MB, their hashes 3, and sorting takes the same again. Short documents, of
/// which many fit where one long one does.
#[test]
fn comparing_takes_the_memory_that_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for n in 0..200_000_u32 {
        // Digits are all alike where texts are compared, so in letters.
        let digits = n.to_string();
        let letters = digits.chars().map(|digit| {
            let letter = digit.to_digit(10).map(|digit| 'ა' as u32 + digit);
            letter.and_then(char::from_u32).unwrap()
        });
        let n: String = letters.collect();
        writeln!(text, "{{\"text\": \"ა {n} ბ {n} გ {n}\"}}").unwrap();
    }
    let compare = "exact: true, near: Some(())";
    let peak = |name, memory| {
        let peaks = peaks(folder.path(), name, &text, compare, &["--memory", memory]);
        peaks.tokenizer.unwrap()
    };
    let (little, much) = (peak("little", "4MiB"), peak("much", "256MiB"));
    assert!(little + (16 << 20) < much, "{little} {much}");
    assert!(little < 64 << 20, "{little}");
}
