#![allow(clippy::unwrap_used)]

use std::io::Cursor;

use super::*;

fn read(list: &[u8], min_score: f64) -> (Outlinks, LinkReport, Vec<BadLine>) {
    let mut outlinks = Outlinks::default();
    let mut bad = Vec::new();
    let counts = outlinks
        .read(Cursor::new(list), min_score, |line| bad.push(line))
        .unwrap();
    (outlinks, counts, bad)
}

#[test]
fn both_forms_of_lines_keep_scores_of_three_and_more() {
    let list = "http://a.org/one\t3\r\nhttp://a.org/two\t2\n\n\
                {\"url\": \"https:\\/\\/b.org/\", \"score\": 17, \"title\": \"x\"}\n\
                {\"score\":-1,\"url\":\"http://c.org\"}\nhttp://a.org/last\t1e3";
    let (outlinks, counts, bad) = read(list.as_bytes(), MIN_SCORE);
    assert_eq!(bad, []);
    let want = LinkReport {
        lines: 5,
        below: 2,
        kept: 3,
        ..LinkReport::default()
    };
    assert_eq!((counts, outlinks.len()), (want, 3));
    for (url, keeps) in [
        ("https://A.org/one/#top", true),
        ("http://a.org/two", false),
        ("http://b.org", true),
        ("http://c.org", false),
        ("http://a.org/last", true),
        ("a.org/last", false),
    ] {
        assert_eq!(outlinks.keeps(url), keeps, "{url}");
    }
    assert_eq!(read(list.as_bytes(), -5.0).0.len(), 5);
    assert!(read(b"", MIN_SCORE).0.is_empty());
}

#[test]
fn an_address_is_kept_for_the_best_of_its_scores() {
    let (outlinks, ..) = read(
        b"http://a.org\t1\nhttp://a.org/\t5\nhttp://a.org\t0\n",
        MIN_SCORE,
    );
    assert!(outlinks.keeps("http://a.org") && outlinks.len() == 1);
}

#[test]
fn bad_lines_are_told_by_number_and_the_others_are_read() {
    let long = format!("http://a.org/{}\t9", "x".repeat(MAX_LINE));
    let list = [
        b"http://a.org 5\nhttp://a.org\tmany\nhttp://a.org\tNaN\nmailto:x\t5\n{\"url\": 1}\n\xFF\t5\n".as_slice(),
        long.as_bytes(),
        b"\nhttp://b.org\t5\n",
    ]
    .concat();
    let (outlinks, counts, bad) = read(&list, MIN_SCORE);
    let told: Vec<_> = bad
        .iter()
        .map(|bad| (bad.line, bad.message.as_str()))
        .collect();
    for ((line, message), (at, part)) in told.iter().zip([
        (1, "no tab"),
        (2, "\"many\""),
        (3, "\"NaN\""),
        (4, "mailto:x"),
        (5, "would be right"),
        (6, "byte 1 of the line is not UTF-8"),
        (7, "longer than 64 KiB"),
    ]) {
        assert!(*line == at && message.contains(part), "{line}: {message}");
    }
    assert_eq!((counts.bad, bad.len(), counts.lines), (7, 7, 8));
    assert!(outlinks.keeps("http://b.org"));
}

#[test]
fn lists_add_up_and_repeated_addresses_take_no_more_memory() {
    let mut outlinks = Outlinks::default();
    let list: String = (0..200_000)
        .map(|i| format!("http://a.org/{}\t9\n", i % 500))
        .collect();
    outlinks.read(list.as_bytes(), MIN_SCORE, |_| ()).unwrap();
    outlinks
        .read(b"http://b.org\t9\n".as_slice(), MIN_SCORE, |_| ())
        .unwrap();
    assert_eq!(outlinks.len(), 501);
    assert!(
        outlinks.fingerprints.capacity() <= 2048,
        "{}",
        outlinks.fingerprints.capacity()
    );
    assert!(outlinks.keeps("http://a.org/499") && outlinks.keeps("http://b.org"));
}
