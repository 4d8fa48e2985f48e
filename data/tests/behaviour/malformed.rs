//! Files that are broken, each in its own way: its outcome, and its place in the report.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use flate2::Compression;
use flate2::write::GzEncoder;
use slovo_data::prepare::{Options, SourceReport, prepare_with};
use slovo_data::recipe::{DataRecipe, from_ron_str};
use slovo_data::{Error, memory};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What becomes of a file beside a good one; `bad_lines` is `Stop` or `Skip`, and what else the recipe says of the file.
fn outcome(name: &str, bytes: &[u8], bad_lines: &str) -> Result<SourceReport, Error> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.txt"), "A good text.\n".repeat(50)).unwrap();
    fs::write(folder.path().join(name), bytes).unwrap();
    prepared(folder.path(), name, bad_lines)
}

fn prepared(folder: &Path, name: &str, bad_lines: &str) -> Result<SourceReport, Error> {
    let path = folder.display();
    let recipe: DataRecipe = from_ron_str(&format!(
        "(name: \"broken\", tokenizer: Byte, split: Position(validation: 0.1), duplicates: (exact: true), sources: [
            Files(name: Some(\"good\"), paths: [\"{path}/good.txt\"]),
            Files(name: Some(\"broken\"), paths: [\"{path}/{name}\"], bad_lines: {bad_lines}),
        ])"
    ))
    .unwrap();
    let options = Options {
        out: Some(folder.join("out")),
        ..Options::default()
    };
    let made = prepare_with(&recipe, &options, &mut |_| {}, &AtomicBool::new(false))?;
    Ok(made.report.judged["broken"].clone())
}

#[test]
fn marks_controls_and_line_ends_are_cleaned_and_counted() {
    let report = outcome("a.txt", b"\xEF\xBB\xBFone\r\ntwo\x01\rthree \xFF\n", "Stop").unwrap();
    assert_eq!(report.read.encoding_replaced, 1);
    assert_eq!(report.clean.newlines_changed, 2);
    assert_eq!(report.clean.control_removed, 2);
    assert_eq!(report.clean.changed, 1);
    assert_eq!(report.kept.bytes, "one\ntwo\nthree \u{FFFD}\n".len() as u64);
}

#[test]
fn empty_and_blank_documents_are_no_documents() {
    for bytes in [&b""[..], b"\n", b" \r\n\t\n", b"\xEF\xBB\xBF"] {
        let report = outcome("a.txt", bytes, "Stop").unwrap();
        let empty = report.read.left_out.get("empty file").copied();
        assert_eq!(empty, bytes.is_empty().then_some(1), "{bytes:?}");
        assert_eq!(report.kept.documents, 0, "{bytes:?}");
        assert_eq!(report.clean.too_short, report.read.documents, "{bytes:?}");
        assert_eq!(report.clean.samples.len() as u64, report.clean.too_short);
    }
}

#[test]
fn what_is_no_text_stops_the_run_or_is_counted() {
    let nul = b"text and \0 more";
    let fault = outcome("a.txt", nul, "Stop").unwrap_err();
    assert!(
        fault.is_usage() && fault.to_string().contains("byte 9 is NUL"),
        "{fault}"
    );
    let report = outcome("a.txt", nul, "Skip").unwrap();
    assert!(report.read.broken_files[0].contains("byte 9 is NUL"));
}

#[test]
fn a_packed_file_that_breaks_off_gives_what_was_whole() {
    type Pack = fn(&[u8]) -> Vec<u8>;
    const PACKERS: [(&str, Pack); 4] = [
        ("a.jsonl.gz", gzip),
        ("a.jsonl.zst", zstd),
        ("a.jsonl.bz2", bzip2),
        ("a.jsonl.xz", xz),
    ];
    // Several blocks in each format, of which only whole ones come out: words that do not pack well.
    let word = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let lines: String = (0..40_000)
        .map(|i| format!("{{\"text\": \"line {i} {:x}\"}}\n", word(i)))
        .collect();
    for (name, pack) in PACKERS {
        let packed = pack(lines.as_bytes());
        let half = &packed[..packed.len() / 2];
        let fault = outcome(name, half, "Stop").unwrap_err();
        let said = fault.to_string();
        assert!(
            fault.is_usage() && said.contains(name) && said.contains("cut short"),
            "{fault}"
        );
        let report = outcome(name, half, "Skip").unwrap();
        let broken = &report.read.broken_files;
        assert!(
            broken.len() == 1 && broken[0].contains(name) && broken[0].contains("cut short"),
            "{broken:?}"
        );
        let kept = report.kept.documents;
        assert!((5_000..30_000).contains(&kept), "{name}: {kept}");
    }
}

#[test]
fn records_that_cannot_be_read_stop_the_run_or_are_counted() {
    let warc = "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\nContent-Length: 26\r\n\r\nThe plain text of a \
                page.\n\r\n\r\n";
    for (what, name, bytes, documents) in [
        (
            "cut in a head",
            "a.warc",
            format!("{warc}WARC/1.0\r\nWARC-Ty"),
            1,
        ),
        (
            "length of 2^64 - 1",
            "a.warc",
            warc.replacen("26", "18446744073709551615", 1),
            0,
        ),
        (
            "unclosed XML",
            "a.xml",
            "<mediawiki><page><title>A".to_owned(),
            0,
        ),
        (
            "a quote that is never closed",
            "a.csv",
            "text\n\"never\n".to_owned(),
            0,
        ),
    ] {
        let fault = outcome(name, bytes.as_bytes(), "Stop").unwrap_err();
        assert!(
            fault.is_usage() && fault.to_string().contains("byte "),
            "{what}: {fault}"
        );
        let report = outcome(name, bytes.as_bytes(), "Skip").unwrap();
        assert_eq!(report.read.damaged_skipped, 1, "{what}");
        let sample = &report.read.samples[0];
        assert_eq!(sample.reason, "damaged records", "{what}");
        let stands = sample.place.contains(&format!("{name}: byte "));
        assert!(
            stands && fault.to_string().contains(&sample.text),
            "{what}: {sample:?}"
        );
        assert_eq!(report.kept.documents, documents, "{what}");
    }
}

/// A crawl has a member for each record. What is damaged costs its record, and nothing before or behind it.
#[test]
fn a_damaged_member_of_a_crawl_costs_one_record() {
    let record = |i: usize| {
        let text = format!("The plain text of page {i:04}.\n").repeat(50);
        let length = text.len();
        let head =
            "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\nContent-Length: ";
        gzip(format!("{head}{length}\r\n\r\n{text}\r\n\r\n").as_bytes())
    };
    for at in [0, 12, 60] {
        let mut members: Vec<Vec<u8>> = (0..5).map(record).collect();
        members[2][at] ^= 0x55;
        let file = members.concat();
        let fault = outcome("a.warc.gz", &file, "Stop").unwrap_err();
        let said = fault.to_string();
        assert!(said.contains("a.warc.gz: the record at byte "), "{said}");
        assert!(said.contains("a damaged member"), "{said}");
        let report = outcome("a.warc.gz", &file, "Skip").unwrap();
        assert_eq!((report.read.damaged_skipped, report.kept.documents), (1, 4));
        // The last one cut short is the end of the file.
        members[4].truncate(at + 1);
        let report = outcome("a.warc.gz", &members.concat(), "Skip").unwrap();
        assert_eq!((report.read.damaged_skipped, report.kept.documents), (1, 3));
        assert_eq!(report.read.broken_files.len(), 1, "{at}");
    }
}

#[test]
fn templates_ten_thousand_deep_are_only_templates() {
    let text = format!(
        "Before. {}{} Behind it, more words.",
        "{{a|".repeat(10_000),
        "}}".repeat(10_000)
    );
    let dump = format!(
        "<mediawiki><page><title>A</title><ns>0</ns><revision><timestamp>2026-01-01T00:00:00Z</timestamp><text>{text}</text>\
         </revision></page></mediawiki>"
    );
    let report = outcome("a.xml", dump.as_bytes(), "Stop").unwrap();
    assert_eq!(report.kept.documents, 1);
    assert!(report.kept.bytes < 100);
}

/// A file that is not what the recipe says of it stops the run as what a person can mend, or is one broken file.
fn is_a_fault_of_the_file(name: &str, bytes: &[u8], field: &str, says: &str) {
    let fault = outcome(name, bytes, &format!("Stop, field: \"{field}\"")).unwrap_err();
    let said = fault.to_string();
    assert!(
        fault.is_usage() && said.contains(&format!("{name}: ")) && said.contains(says),
        "{fault}"
    );
    assert!(
        !said.contains("gzip") && said.contains("bad_lines: Skip"),
        "{said}"
    );
    let report = outcome(name, bytes, &format!("Skip, field: \"{field}\"")).unwrap();
    let broken = &report.read.broken_files;
    assert!(
        broken.len() == 1 && broken[0].contains(name) && broken[0].contains(says),
        "{broken:?}"
    );
    // That is what the recipe says.
    assert!(!broken[0].contains("bad_lines"), "{broken:?}");
    assert_eq!(report.kept.documents, 0, "{name}");
}

#[test]
fn a_table_without_the_column_says_which_there_are() {
    let table = b"id,body\n1,x\n";
    let says = "no column `text`; there are: id, body";
    is_a_fault_of_the_file("a.csv", table, "text", says);
    // What a file holds commands no terminal.
    let commands = b"id,\x1b[31mRED\x07\n1,x\n";
    is_a_fault_of_the_file(
        "a.csv",
        commands,
        "text",
        "there are: id, \u{241b}[31mRED\u{2407}",
    );
    is_a_fault_of_the_file("a.csv.gz", &gzip(table), "text", says);
}

#[test]
fn files_in_another_encoding_are_named() {
    for (name, text) in [
        ("a.jsonl", "{\"text\": \"x\"}\n"),
        ("a.csv", "text\nx\n"),
        ("a.txt", "x\n"),
    ] {
        let bytes: Vec<u8> = "\u{FEFF}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let fault = outcome(name, &bytes, "Stop").unwrap_err();
        let said = fault.to_string();
        assert!(
            fault.is_usage() && said.contains(&format!("{name}: it is UTF-16; convert it")),
            "{said}"
        );
        let report = outcome(name, &bytes, "Skip").unwrap();
        assert!(report.read.broken_files[0].contains("UTF-16"), "{name}");
    }
}

#[cfg(feature = "parquet")]
#[test]
fn a_parquet_file_without_the_column_or_cut_off_is_a_fault_of_the_file() {
    use slovo_data::source::parquet::{ParquetWriter, Row};
    let mut writer = ParquetWriter::new(Vec::new()).unwrap();
    for i in 0..100 {
        let text = format!("row number {i}");
        let row = Row {
            text: &text,
            id: "a",
            ..Row::default()
        };
        writer.write(&row).unwrap();
    }
    let whole = writer.finish().unwrap();
    let report = outcome("a.parquet", &whole, "Stop").unwrap();
    assert_eq!(report.kept.documents, 100);
    is_a_fault_of_the_file(
        "a.parquet",
        &whole,
        "body",
        "no column `body`; there are: text, id",
    );
    for length in [5, whole.len() / 2, whole.len() - 1] {
        let says = "Parquet file";
        is_a_fault_of_the_file("a.parquet", &whole[..length], "text", says);
    }
}

/// A line of half a gigabyte behind a file of half a megabyte: it is counted, and not held.
#[test]
fn memory_does_not_grow_with_what_is_packed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.txt"), "A good text.\n".repeat(50)).unwrap();
    let zeros = vec![b'a'; 1 << 20];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..512 {
        encoder.write_all(&zeros).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    type Count = fn(&SourceReport) -> u64;
    let damaged: Count = |report| report.read.damaged_skipped;
    let none: Count = |report| report.read.bad_lines_skipped;
    let counts: [(&str, Count); 6] = [
        ("a.jsonl.gz", |report| report.read.bad_lines_skipped),
        ("a.csv.gz", |report| report.read.broken_files.len() as u64),
        ("a.xml.gz", damaged),
        ("a.warc.gz", damaged),
        (
            "a.html.gz",
            |report| report.read.left_out["larger than 16 MiB"],
        ),
        ("a.tex.gz", damaged),
    ];
    // Lists and objects in a field that nobody asks for, a line of nearly the longest.
    let line = |item: &str| {
        let items = vec![item; (15 << 20) / (item.len() + 1)].join(",");
        gzip(format!("{{\"x\": [{items}], \"text\": \"A text.\"}}\n").as_bytes())
    };
    let lines = [line("0"), line("[]"), line("{\"text\":0}")];
    let bombs = counts.iter().map(|(name, count)| (*name, *count, &bomb, 0));
    // The lines first: what is measured is how far the process has ever grown.
    for (name, count, packed, documents) in lines
        .iter()
        .map(|line| ("a.jsonl.gz", none, line, 1))
        .chain(bombs)
    {
        fs::write(folder.path().join(name), packed).unwrap();
        let before = memory::peak();
        let report = prepared(folder.path(), name, "Skip").unwrap();
        let kept = report.kept.documents;
        assert_eq!((count(&report) + kept, kept), (1, documents), "{name}");
        fs::remove_dir_all(folder.path().join("out")).unwrap();
        if let (Some(before), Some(after)) = (before, memory::peak()) {
            let grown = after.saturating_sub(before) >> 20;
            assert!(grown < 256, "{name}: {grown} MiB");
        }
    }
}
