#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Cursor;

use super::*;
use crate::source::entry::{Entry, Fault, Found, Reader};

fn question(id: u64, more: &str) -> String {
    format!(
        "  <row Id=\"{id}\" PostTypeId=\"1\" Score=\"5\" Title=\"T{id}\" \
         Body=\"&lt;p&gt;q{id}&lt;/p&gt;\" CreationDate=\"2010-01-02T03:04:05.678\" \
         ContentLicense=\"CC BY-SA 4.0\" {more}/>\r\n"
    )
}

fn answer(id: u64, question: u64, score: i64) -> String {
    format!(
        "  <row Id=\"{id}\" PostTypeId=\"2\" ParentId=\"{question}\" Score=\"{score}\" \
         Body=\"&lt;p&gt;a{id}&lt;/p&gt;\" />\r\n"
    )
}

fn dump(rows: &[String]) -> String {
    let head = "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<posts>\r\n";
    format!("{head}{}</posts>", rows.concat())
}

fn found(dump: impl Into<Vec<u8>>, options: StackExchangeOptions) -> Vec<Found> {
    let input = Box::new(Cursor::new(dump.into()));
    let mut reader = StackExchangeReader::new(input, options, 0, &std::env::temp_dir());
    let mut found = Vec::new();
    while let Some(next) = reader.next().unwrap() {
        found.push(next);
    }
    found
}

/// Texts of documents, reasons of the others.
fn told(dump: &str, options: StackExchangeOptions) -> Vec<String> {
    let told = |found| match found {
        Found::Document(entry) => entry.text.replace("\n\n", " "),
        Found::LeftOut { reason } => reason.to_owned(),
        Found::Damaged { offset, message } => format!("{offset}! {message}"),
    };
    found(dump, options).into_iter().map(told).collect()
}

#[test]
fn a_question_and_its_answers_are_one_document_by_score() {
    let rows = [
        question(4, "AcceptedAnswerId=\"8\" "),
        answer(7, 4, 1),
        question(5, ""),
        answer(8, 4, 3),
        answer(9, 5, 0),
        answer(10, 4, 3),
        answer(11, 4, 9),
        answer(12, 4, -2),
    ];
    let options = StackExchangeOptions {
        site: Some("https://ai.example.com/".to_owned()),
        ..StackExchangeOptions::default()
    };
    let found = found(dump(&rows), options);
    let head = "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<posts>\r\n";
    assert_eq!(
        found[0],
        Found::Document(Entry {
            text: "T4\n\nq4\n\na11\n\na8\n\na10\n\na7\n\na12".to_owned(),
            offset: head.len() as u64,
            url: Some("https://ai.example.com/questions/4".to_owned()),
            title: Some("T4".to_owned()),
            date: Some("2010-01-02T03:04:05.678".to_owned()),
            licence: Some("CC BY-SA 4.0".to_owned()),
            replaced: 0,
        })
    );
    assert!(matches!(&found[1], Found::Document(entry) if entry.text == "T5\n\nq5\n\na9"));
    assert_eq!(found.len(), 2);
}

#[test]
fn the_accepted_answer_is_first_among_equals_only() {
    for (accepted, most, want) in [
        (8, 9, "T4 q4 a6 a8 a7 a9 a5"),
        (9, 9, "T4 q4 a6 a9 a7 a8 a5"),
        (7, 9, "T4 q4 a6 a7 a8 a9 a5"),
        (5, 9, "T4 q4 a6 a7 a8 a9 a5"),
        (9, 3, "T4 q4 a6 a9 a7"),
        (9, 2, "T4 q4 a6 a9"),
        (9, 1, "T4 q4 a6"),
        (9, 0, "T4 q4"),
    ] {
        let rows = [
            question(4, &format!("AcceptedAnswerId=\"{accepted}\" ")),
            answer(5, 4, 1),
            answer(6, 4, 8),
            answer(7, 4, 2),
            answer(8, 4, 2),
            answer(9, 4, 2),
        ];
        let options = StackExchangeOptions {
            max_answers: Some(most),
            ..StackExchangeOptions::default()
        };
        let told = told(&dump(&rows), options);
        assert_eq!(told[0], want, "{accepted} {most}");
        assert_eq!(told.len(), 1 + 5_usize.saturating_sub(most), "{told:?}");
        assert!(
            told[1..]
                .iter()
                .all(|told| told == "more answers than max_answers")
        );
    }
}

#[test]
fn what_is_no_document_is_left_out_by_its_reason() {
    let rows = [
        question(1, "").replace("Score=\"5\"", "Score=\"-1\""),
        question(2, ""),
        answer(3, 2, -1),
        answer(4, 1, 9),
        answer(5, 99, 9),
        answer(6, 2, 0).replace("PostTypeId=\"2\"", "PostTypeId=\"5\""),
        question(2, ""),
        answer(7, 2, 3).replace("a7", ""),
    ];
    let options = StackExchangeOptions {
        min_score: Some(0),
        ..StackExchangeOptions::default()
    };
    assert_eq!(
        told(&dump(&rows), options),
        [
            "score below min_score",
            "not a question or answer",
            "score below min_score",
            "answer to a question left out",
            "T2 q2",
            "question repeated",
            "no text",
            "answer without question",
        ]
    );
}

#[test]
fn damage_is_placed_and_the_next_row_is_read() {
    let good = question(4, "");
    for (bad, why) in [
        ("<row Id=\"1\" PostTypeId=\"1\"\n".to_owned(), "not a row"),
        (
            answer(5, 4, 1).replace("ParentId=\"4\"", ""),
            "no `ParentId`",
        ),
        (question(1, "").replace("&lt;", "&lol;"), "`Body`"),
        (
            format!("<row Body=\"{}\" />\n", "x".repeat(MAX_ROW_BYTES)),
            "longer than 4 MiB",
        ),
    ] {
        let dump = dump(&[good.clone(), bad, question(6, "")]);
        let told = told(&dump, StackExchangeOptions::default());
        assert_eq!(told.len(), 3, "{told:?}");
        let at = dump.find(&good).unwrap() + good.len();
        assert!(
            told[0].starts_with(&format!("{at}! ")) && told[0].contains(why),
            "{}",
            told[0]
        );
        assert_eq!(told[1..], ["T4 q4", "T6 q6"]);
    }
}

#[test]
fn a_dump_cut_anywhere_says_so_and_gives_what_it_has() {
    let dump = dump(&[question(4, ""), answer(5, 4, 1)]);
    for cut in 0..dump.len() {
        let found = found(&dump.as_bytes()[..cut], StackExchangeOptions::default());
        assert!(
            found
                .iter()
                .any(|found| matches!(found, Found::Damaged { .. })),
            "{cut}"
        );
    }
    let whole = told(&dump[..dump.len() - 8], StackExchangeOptions::default());
    assert!(whole[0].contains("without `</posts>`"));
    assert_eq!(whole[1], "T4 q4 a5");
}

#[test]
fn another_file_is_refused_at_once() {
    for (bytes, why) in [
        (
            "<users>\n<row Id=\"1\" />\n</users>",
            "the root is `<users>`",
        ),
        ("{\"a\": 1}\n{}\n", "no `<posts>`"),
        ("", "no `<posts>`"),
    ] {
        let told = told(bytes, StackExchangeOptions::default());
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(why), "{}", told[0]);
    }
}

#[test]
fn invalid_bytes_are_replaced_and_counted() {
    let dump = dump(&[question(4, ""), answer(5, 4, 1).replace("a5", "a@")]);
    let bytes: Vec<u8> = dump
        .bytes()
        .map(|b| if b == b'@' { 0xFF } else { b })
        .collect();
    let found = found(bytes, StackExchangeOptions::default());
    let Found::Document(entry) = &found[0] else {
        panic!("a document was there")
    };
    assert_eq!(
        (entry.text.as_str(), entry.replaced),
        ("T4\n\nq4\n\na\u{FFFD}", 1)
    );
}

#[test]
fn a_dump_larger_than_memory_reads_as_one_that_fits() {
    // Sixty megabytes of posts, four times the least memory.
    let filler = "x".repeat(10_000);
    let rows: Vec<String> = (0..2000_u64)
        .flat_map(|i| {
            [
                question(10 * i, "").replace("q", &filler),
                answer(10 * i + 1, 10 * (i * 7 % 2000), 1)
                    .replace("&lt;p&gt;a", &format!("&lt;p&gt;{filler}{filler}a")),
            ]
        })
        .collect();
    let found = found(dump(&rows), StackExchangeOptions::default());
    assert_eq!(found.len(), 2000);
    for (i, found) in found.iter().enumerate() {
        let Found::Document(entry) = found else {
            panic!("{i}")
        };
        assert_eq!(entry.title, Some(format!("T{}", 10 * i)));
        assert!(entry.text.len() > 30_000, "{i}");
    }
}

#[test]
fn a_thread_beyond_the_limit_keeps_what_fits() {
    let long = "y".repeat(3 << 20);
    let mut rows = vec![question(4, "")];
    rows.extend(
        (0..8).map(|i| answer(10 + i, 4, 100 - i as i64).replace("&gt;a", &format!("&gt;{long}"))),
    );
    let found = found(dump(&rows), StackExchangeOptions::default());
    let Found::Document(entry) = &found[0] else {
        panic!("a document was there")
    };
    assert!(entry.text.len() > 5 * long.len() && entry.text.len() <= MAX_DOCUMENT_BYTES);
    assert_eq!(found.len(), 1 + 3);
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let input = Box::new(Cursor::new(dump(&[question(1, "")])));
    let folder = std::path::Path::new("/no/such/folder");
    let mut reader = StackExchangeReader::new(input, StackExchangeOptions::default(), 0, folder);
    let fault = reader.next().unwrap_err();
    assert!(matches!(fault, Fault::Temporary { .. }), "{fault}");
    assert!(fault.to_string().contains("/no/such/folder"), "{fault}");
    assert_eq!(reader.next().unwrap(), None);
}
