#![allow(clippy::unwrap_used)]

use std::io::{BufReader, Cursor, Write};

use super::*;

const PAGE: &str = "<title>A page</title><p>A paragraph that is long enough to be one.";
const TEXT: &str = "A paragraph that is long enough to be one.";

fn record(fields: &str, block: &[u8]) -> Vec<u8> {
    let head = format!(
        "WARC/1.0\r\n{fields}Content-Length: {}\r\n\r\n",
        block.len()
    );
    [head.as_bytes(), block, b"\r\n\r\n"].concat()
}

fn response(headers: &str, body: &[u8]) -> Vec<u8> {
    let fields = "WARC-Type: response\r\nWARC-Target-URI: http://a.org/\r\nWARC-Date: 2014-01-27T17:12:38Z\r\n\
                  Content-Type: application/http; msgtype=response\r\n";
    record(
        fields,
        &[format!("HTTP/1.1 200 OK\r\n{headers}\r\n").as_bytes(), body].concat(),
    )
}

fn page() -> Vec<u8> {
    response("Content-Type: text/html\r\n", PAGE.as_bytes())
}

/// All that is in a file, whatever the size of the buffer below.
fn read(file: &[u8]) -> Vec<Found> {
    let all = |capacity| {
        let below = BufReader::with_capacity(capacity, Cursor::new(file.to_vec()));
        let mut reader = WarcReader::new(Box::new(below));
        let mut found = Vec::new();
        while let Some(next) = reader.next().unwrap() {
            found.push(next);
        }
        found
    };
    let found = all(1 << 16);
    if file.len() < 10_000 {
        assert_eq!(found, all(1));
        assert_eq!(found, all(13));
    }
    found
}

fn short(found: &[Found]) -> Vec<String> {
    found
        .iter()
        .map(|found| match found {
            Found::Document(entry) => format!("{} {}", entry.offset, entry.text),
            Found::LeftOut { reason } => (*reason).to_owned(),
            Found::Damaged { offset, message } => format!("{offset}! {message}"),
        })
        .collect()
}

#[test]
fn a_response_becomes_a_document_with_where_it_came_from() {
    let before = record("WARC-Type: warcinfo\r\n", b"software: x\r\n");
    let file = [before.clone(), page()].concat();
    let found = read(&file);
    assert_eq!(found[0], Found::LeftOut { reason: "warcinfo" });
    let want = Entry {
        text: TEXT.to_owned(),
        offset: before.len() as u64,
        url: Some("http://a.org/".to_owned()),
        title: Some("A page".to_owned()),
        date: Some("2014-01-27T17:12:38Z".to_owned()),
        licence: None,
        replaced: 0,
    };
    assert_eq!(found[1..], [Found::Document(want)]);
}

#[test]
fn line_ends_names_and_padding_as_writers_vary_them_are_read() {
    let block = "HTTP/1.0 200\ncontent-type:TEXT/HTML;charset=x\n\n<p>text";
    let lines = format!(
        "WARC/1.1\nwarc-type:RESPONSE\nwarc-target-uri: <http://a.org>\n\t/b\ncontent-length: {}\n\n{block}",
        block.len()
    );
    for end in ["", "\n", "\r\n\r\n", "\n\n\n"] {
        let file = format!("\r\n{lines}{end}").repeat(2);
        let found = read(file.as_bytes());
        assert_eq!(found.len(), 2, "{end:?}: {found:?}");
        for found in found {
            let Found::Document(entry) = found else {
                panic!("{found:?}")
            };
            assert_eq!(entry.text, "text");
        }
    }
    let mangled = "WARC/1.0\r\r\nWARC-Type: response\r\r\nContent-Length: 20\r\r\n\r\r\nHTTP/1.0 302 \r\r\n\r\r\n\r\r\n";
    assert_eq!(short(&read(mangled.as_bytes())), ["status not 200"]);
}

#[test]
fn plain_texts_conversions_and_resources_are_documents() {
    let html = "<p>text\u{E9}";
    for (file, want) in [
        (
            response(
                "Content-Type: text/plain; charset=latin1\r\n",
                b" caf\xE9\n",
            ),
            "0  café\n",
        ),
        (
            record(
                "WARC-Type: conversion\r\nContent-Type: text/plain\r\n",
                b"a\n\nb",
            ),
            "0 a\n\nb",
        ),
        (record("WARC-Type: conversion\r\n", b"a"), "0 a"),
        (
            record(
                "WARC-Type: resource\r\nContent-Type: text/html\r\n",
                html.as_bytes(),
            ),
            "0 texté",
        ),
        (
            record("WARC-Type: resource\r\nContent-Type: text/plain\r\n", b"a"),
            "0 a",
        ),
        (response("", b"<!DOCTYPE html><p>text"), "0 text"),
        (
            response(
                "Transfer-Encoding: chunked\r\nContent-Type: text/html\r\n",
                b"7\r\n<p>text\r\n0\r\n\r\n",
            ),
            "0 text",
        ),
    ] {
        assert_eq!(short(&read(&file)), [want]);
    }
}

#[test]
fn what_is_no_page_is_left_out_for_a_reason() {
    let of_type = |kind: &str| record(&format!("WARC-Type: {kind}\r\n"), b"x");
    let status = |line: &str| {
        record(
            "WARC-Type: response\r\n",
            format!("{line}\r\n\r\n").as_bytes(),
        )
    };
    let image = "WARC-Type: resource\r\nContent-Type: image/png\r\n";
    let log =
        "WARC-Type: resource\r\nContent-Type: text/plain\r\nWARC-Target-URI: metadata://x/y\r\n";
    for (file, reason) in [
        (of_type("request"), "request"),
        (of_type("metadata"), "metadata"),
        (of_type("revisit"), "revisit"),
        (of_type("continuation"), "continuation"),
        (of_type("novelty"), "unknown record type"),
        (of_type("response"), "not HTTP"),
        (status("HTTP/1.1 404 Not Found"), "status not 200"),
        (status("HTTP/1.0 302 "), "status not 200"),
        (response("Content-Type: image/png\r\n", b"x"), "not HTML"),
        (response("", b"x"), "not HTML"),
        (response("Content-Type: text/plain\r\n", b" \n"), "no text"),
        (
            response("Content-Type: text/html\r\n", b"<script>x</script>"),
            "no main text",
        ),
        (
            response("Content-Type: text/html\r\nContent-Encoding: br\r\n", b"x"),
            "content encoding unknown",
        ),
        (
            record("WARC-Type: conversion\r\nContent-Type: image/png\r\n", b"x"),
            "not text",
        ),
        (record(image, b"x"), "not HTML"),
        (record(log, b"x"), "metadata"),
    ] {
        assert_eq!(short(&read(&file)), [reason]);
    }
}

#[test]
fn records_and_bodies_over_the_limit_are_passed_over() {
    let large = response("Content-Type: text/html\r\n", &vec![b'a'; MAX_PAYLOAD]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b'a'; 8 * MAX_PAYLOAD]).unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() * 1000 < 8 * MAX_PAYLOAD);
    let bomb = response(
        "Content-Type: text/html\r\nContent-Encoding: gzip\r\n",
        &bomb,
    );
    let found = read(&[large, bomb, page()].concat());
    assert_eq!(
        found[..2],
        [
            Found::LeftOut { reason: TOO_LARGE },
            Found::LeftOut { reason: TOO_LARGE }
        ]
    );
    assert!(matches!(&found[2], Found::Document(entry) if entry.text == TEXT));
}

/// Damage that begins a file: what is said of it, and that the page behind it is read.
#[test]
fn damage_is_told_with_its_place_and_reading_goes_on_at_the_next_record() {
    let long_line = format!("WARC/1.0\r\nX: {}\r\n\r\n", "y".repeat(100_000));
    let long_head = format!("WARC/1.0\r\n{}\r\n", "X: y\r\n".repeat(100_000));
    let length = |length: &str| {
        format!(
            "WARC/1.0\r\nWARC-Type: response\r\nContent-Length: {length}\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
        )
    };
    for (damage, part) in [
        (
            "WARC/1.0\r\nWARC-Type: response\r\n\r\nHTTP/1.1 200 OK\r\n\r\n".to_owned(),
            "no Content-Length",
        ),
        (length("many"), "\"many\""),
        (length("-1"), "\"-1\""),
        (length("+1"), "\"+1\""),
        (length(""), "\"\""),
        (length("18446744073709551615"), "\"18446744073709551615\""),
        (length("18446744073709551616"), "\"18446744073709551616\""),
        (length("3"), "does not end after the 3 bytes"),
        // More than is held, and no more than is believed.
        (length("16777217"), "the next one begins after 19 bytes"),
        (
            length("1099511627776"),
            "the next one begins after 19 bytes",
        ),
        (long_line, "longer than 64 KiB"),
        (long_head, "longer than 256 KiB"),
        ("WARC/1.0\r\nnonsense\r\n".to_owned(), "\"nonsense\""),
        (
            "WARC/1.0\r\nWARC-Type: response\r\n".to_owned(),
            "is no field",
        ),
        (
            "PK\u{3}\u{4}, no archive\r\nof the web\r\n".to_owned(),
            "where a record begins",
        ),
        ("no line end ".repeat(1000) + "\n", "where a record begins"),
        ("WARC/0.9\r\n\r\n".to_owned(), "\"WARC/0.9\""),
        (
            "WARC/1.0\r\nContent-Length: 1\r\n\r\nx\r\n\r\n".to_owned(),
            "no WARC-Type",
        ),
    ] {
        let file = [page(), damage.clone().into_bytes(), page()].concat();
        let found = read(&file);
        let Found::Damaged { offset, message } = &found[1] else {
            panic!("{part}: {:?}", found[1])
        };
        assert_eq!(*offset, page().len() as u64, "{message}");
        assert!(message.contains(part), "{message}");
        let want = page().len() + damage.len();
        assert_eq!(short(&found[2..]), [format!("{want} {TEXT}")], "{message}");
        assert_eq!(found.len(), 3);
    }
}

#[test]
fn a_record_that_is_too_long_by_a_few_bytes_does_not_take_the_next_with_it() {
    for extra in [1, 5, 12, 300, 400] {
        let fields = "WARC-Type: response\r\n";
        let block = "HTTP/1.1 200 OK\r\n\r\ntext";
        let wrong = format!(
            "WARC/1.0\r\n{fields}Content-Length: {}\r\n\r\n{block}\r\n\r\n",
            block.len() + extra
        );
        let pages = page().repeat(3);
        let found = short(&read(&[wrong.as_bytes(), &pages].concat()));
        let places: Vec<_> = (0..3)
            .map(|i| format!("{} {TEXT}", wrong.len() + i * page().len()))
            .collect();
        if extra == 1 {
            // The first of the line ends after it is taken for its own, and nothing is lost.
            assert_eq!(found[1..], places, "{extra}");
        } else {
            assert!(
                found[0].contains("does not end after"),
                "{extra}: {found:?}"
            );
            assert_eq!(found[1..], places, "{extra}");
        }
    }
}

#[test]
fn a_file_that_ends_early_says_so_and_gives_what_was_whole() {
    let whole = page();
    let head = whole
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    for cut in 1..whole.len() - 4 {
        let found = short(&read(&[&page()[..], &whole[..cut]].concat()));
        assert_eq!(found[0], format!("0 {TEXT}"));
        let part = match cut {
            1..7 => "where a record begins",
            cut if cut < head => "ends in the record's header",
            _ => "is cut short",
        };
        assert!(found[1].contains(part), "{cut}: {found:?}");
        assert!(
            found[1].starts_with(&format!("{}!", whole.len())),
            "{found:?}"
        );
        assert_eq!(found.len(), 2);
    }
    // A record that was cut where another file was put behind it.
    let found = short(&read(
        &[&whole[..whole.len() - 20], b"\r\n", &page()].concat(),
    ));
    assert!(
        found[0].contains("does not end") && found[1].ends_with(TEXT) && found.len() == 2,
        "{found:?}"
    );
    // The same in a record of a length that is never reached.
    let endless =
        "WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 1000000\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    let found = short(&read(&[endless.as_bytes(), &page()].concat()));
    assert!(
        found[0].contains("is cut short") && found[1].ends_with(TEXT) && found.len() == 2,
        "{found:?}"
    );
}

/// Each record claims all that follows: read again from each, the file would take its square.
#[test]
fn wrong_lengths_all_over_a_file_do_not_read_it_over_and_over() {
    let record = format!(
        "WARC/1.0\nWARC-Type: x\nContent-Length: {}\n\nx\n",
        MAX_PAYLOAD
    );
    let file = record.repeat(100_000);
    let found = read(file.as_bytes());
    assert!(
        found
            .iter()
            .all(|found| matches!(found, Found::Damaged { .. }))
    );
    assert!((1..10).contains(&found.len()), "{}", found.len());
}

#[test]
fn noise_is_damage_and_never_a_panic() {
    let mut state = 1_u32;
    for _ in 0..300 {
        let mut file = page().repeat(2);
        for _ in 0..4 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = state as usize % file.len();
            file[at] = (state >> 16) as u8;
            if state & 7 == 0 {
                file.truncate(at.max(1));
            }
        }
        read(&file);
    }
    assert!(read(b"").is_empty() && read(b"\r\n\n").is_empty());
}
