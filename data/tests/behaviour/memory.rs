//! Memory does not grow with the text.

#![cfg(target_os = "linux")]

use std::fmt::Write;
use std::process::Command;

use slovo_data::Prepared;

/// Megabytes of text, as documents of two kilobytes.
fn jsonl(megabytes: usize) -> String {
    let mut text = String::new();
    for number in 0..megabytes * 500 {
        let words = format!("word{number} and some others ").repeat(80);
        writeln!(text, "{{\"text\": \"{words}\"}}").unwrap();
    }
    text
}

/// The program by itself, because the peak is that of a process.
#[test]
fn four_times_the_text_takes_the_same_memory() {
    let folder = tempfile::tempdir().unwrap();
    let peak = |name: &str, text: String| {
        let file = folder.path().join(name);
        let bytes = text.len() as u64;
        std::fs::write(&file, text).unwrap();
        let recipe = format!(
            "(name: \"t\", sources: [Files(paths: [{file:?}], format: Jsonl)], \
             tokenizer: Byte, split: Hash(validation: 0.01))"
        );
        let path = folder.path().join("r.ron");
        std::fs::write(&path, recipe).unwrap();
        let out = folder.path().join(format!("out-{name}"));
        let status = Command::new(env!("CARGO_BIN_EXE_slovo-data"))
            .args(["prepare", "--quiet"])
            .arg(&path)
            .arg("--out")
            .arg(&out)
            .env("RAYON_NUM_THREADS", "2")
            .output()
            .unwrap()
            .status;
        assert!(status.success());
        let report = Prepared::open(&out).unwrap().report;
        assert!(report.bytes() > bytes * 9 / 10);
        report.peak_memory.total.unwrap()
    };
    let (small, large) = (peak("small", jsonl(10)), peak("large", jsonl(40)));
    // Two thirds of the text that came to it; what waits between threads is not always the same.
    assert!(large < small + (20 << 20), "{small} {large}");
}
