#![allow(clippy::unwrap_used)]

use std::io::{self, Cursor};

use super::*;

/// The pairs of a text named `a.tsv`, what was left out, and the fault that ended it.
fn read(
    text: &[u8],
    form: PairLine,
    bad_lines: OnBadLine,
) -> (Vec<(String, String)>, Vec<PairItem>, Option<String>) {
    read_with(text, Encoding::Stop, form, bad_lines)
}

fn read_with(
    text: &[u8],
    encoding: Encoding,
    form: PairLine,
    bad_lines: OnBadLine,
) -> (Vec<(String, String)>, Vec<PairItem>, Option<String>) {
    let mut lines = lines(Cursor::new(text.to_vec()), encoding, form, bad_lines);
    let (mut pairs, mut others) = (Vec::new(), Vec::new());
    loop {
        match lines.next() {
            Ok(None) => return (pairs, others, None),
            Ok(Some(PairItem::Pair { source, target, .. })) => pairs.push((source, target)),
            Ok(Some(other)) => others.push(other),
            Err(error) => return (pairs, others, Some(error.to_string())),
        }
    }
}

fn lines(
    input: impl Read + Send + 'static,
    encoding: Encoding,
    form: PairLine,
    bad_lines: OnBadLine,
) -> PairLines {
    let stream = Stream::new(Box::new(input), "a.tsv", None).unwrap();
    PairLines::new(stream, encoding, form, bad_lines)
}

fn jsonl(source: &str, target: &str) -> PairLine {
    PairLine::Jsonl {
        source: source.to_owned(),
        target: target.to_owned(),
    }
}

fn pair(source: &str, target: &str) -> (String, String) {
    (source.to_owned(), target.to_owned())
}

#[test]
fn a_line_is_a_pair() {
    let expected = [pair("a b", "а б"), pair(" c", "в \u{FEFF}")];
    let text = "\u{FEFF}a b\tа б\r\n c\tв \u{FEFF}";
    let (pairs, others, fault) = read(text.as_bytes(), PairLine::Tsv, OnBadLine::Stop);
    assert_eq!((pairs, fault), (expected.to_vec(), None));
    assert!(others.is_empty());

    let text = "\u{FEFF}{\"target\": \"а б\", \"source\": \"a b\", \"id\": 1}\n \n\
                {\"source\": \" c\", \"target\": \"в \\ufeff\"}\r\n";
    let form = jsonl("source", "target");
    let (pairs, _, fault) = read(text.as_bytes(), form, OnBadLine::Stop);
    assert_eq!((pairs, fault), (expected.to_vec(), None));

    let text = "{\"en\": \"a\\tb\", \"ru\": \"а\"}";
    let (pairs, _, _) = read(text.as_bytes(), jsonl("en", "ru"), OnBadLine::Stop);
    assert_eq!(pairs, [pair("a\tb", "а")]);
}

#[test]
fn a_bad_line_is_placed_or_counted() {
    let cases: [(&str, &str, Fault); 6] = [
        (
            "no tab here",
            "no tab where `source<TAB>target`",
            Fault::Columns(0),
        ),
        ("a\tb\tc", "2 tabs where", Fault::Columns(2)),
        ("", "no tab", Fault::Columns(0)),
        ("\r", "no tab", Fault::Columns(0)),
        ("\tb", "the source is empty", Fault::Empty("source")),
        ("a\t \u{A0}", "the target is empty", Fault::Empty("target")),
    ];
    for (bad, why, expected) in cases {
        let text = format!("a\tb\n{bad}\nc\td\n");
        let (pairs, _, fault) = read(text.as_bytes(), PairLine::Tsv, OnBadLine::Stop);
        let fault = fault.unwrap();
        assert_eq!(pairs, [pair("a", "b")]);
        assert!(
            fault.starts_with("a.tsv:2: ") && fault.contains(why),
            "{fault}"
        );
        assert!(fault.contains("bad_lines: Skip"), "{fault}");
        let (pairs, others, fault) = read(text.as_bytes(), PairLine::Tsv, OnBadLine::Skip);
        assert_eq!((pairs, fault), (vec![pair("a", "b"), pair("c", "d")], None));
        let [PairItem::Bad(found)] = &others[..] else {
            panic!("{others:?}")
        };
        assert_eq!(*found, expected);
    }
}

#[test]
fn bad_json_says_what_is_there() {
    for (bad, why) in [
        ("{\"source\": ", "not JSON"),
        ("a\tb", "column 1"),
        ("[1]", "a list where an object should be"),
        (
            "{\"source\": \"a\", \"ru\": \"b\"}",
            "no field `target`; there are: source, ru",
        ),
        (
            "{\"source\": 5, \"target\": \"b\"}",
            "field `source` is a number",
        ),
        (
            "{\"source\": \"\", \"target\": \"b\"}",
            "the source is empty",
        ),
    ] {
        let form = || jsonl("source", "target");
        let (_, _, fault) = read(bad.as_bytes(), form(), OnBadLine::Stop);
        let fault = fault.unwrap();
        assert!(
            fault.starts_with("a.tsv:1: ") && fault.contains(why),
            "{fault}"
        );
        let (pairs, others, fault) = read(bad.as_bytes(), form(), OnBadLine::Skip);
        assert_eq!((pairs.len(), others.len(), fault), (0, 1, None));
    }
    // Deeper than any pair: refused, not followed.
    let deep = "[".repeat(1 << 20);
    let (_, _, fault) = read(deep.as_bytes(), jsonl("a", "b"), OnBadLine::Stop);
    assert!(fault.unwrap().contains("not JSON"));
}

#[test]
fn the_encoding_policy_holds_for_each_line() {
    let text = b"a\tb\nc\td\xFF\ne\tf\n";
    let read = |encoding| read_with(text, encoding, PairLine::Tsv, OnBadLine::Stop);
    let (pairs, _, fault) = read(Encoding::Replace);
    assert_eq!(
        pairs,
        [pair("a", "b"), pair("c", "d\u{FFFD}"), pair("e", "f")]
    );
    assert_eq!(fault, None);
    let (pairs, others, _) = read(Encoding::Skip);
    assert_eq!(pairs, [pair("a", "b"), pair("e", "f")]);
    assert!(matches!(others[..], [PairItem::Bad(Fault::Encoding(_))]));
    let (_, _, fault) = read(Encoding::Stop);
    let fault = fault.unwrap();
    assert!(
        fault.starts_with("a.tsv:2: byte 7 is not UTF-8 (0xFF)"),
        "{fault}"
    );
}

#[test]
fn a_line_without_end_and_a_broken_stream_end_it() {
    let mut endless = lines(
        io::repeat(b'x'),
        Encoding::Stop,
        PairLine::Tsv,
        OnBadLine::Skip,
    );
    let fault = endless.next().unwrap_err().to_string();
    assert!(fault.starts_with("a.tsv:1: the line is longer"), "{fault}");

    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("cable"))
        }
    }
    let input = Cursor::new(b"aa\tbb\nc").chain(Broken);
    let mut lines = lines(input, Encoding::Stop, PairLine::Tsv, OnBadLine::Skip);
    assert!(matches!(lines.next(), Ok(Some(PairItem::Pair { .. }))));
    let fault = lines.next().unwrap_err().to_string();
    assert!(
        fault.contains("a.tsv") && fault.contains("cable"),
        "{fault}"
    );
}
