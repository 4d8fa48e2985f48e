#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{self, Cursor, Read};

use super::*;
use crate::source::entry::{Entry, Found, Reader};

const HEAD: &str = "<mediawiki xmlns=\"http://www.mediawiki.org/xml/export-0.11/\" version=\"0.11\">\n\
    <siteinfo><base>https://de.example.org/wiki/Start</base><namespaces>\
    <namespace key=\"6\">Datei</namespace><namespace key=\"14\">Kategorie</namespace>\
    </namespaces></siteinfo>\n";

fn page(title: &str, extra: &str, text: &str) -> String {
    format!(
        "<page><title>{title}</title><ns>0</ns><id>1</id>{extra}<revision><id>2</id>\
         <timestamp>2020-01-02T03:04:05Z</timestamp><model>wikitext</model>\
         <text bytes=\"1\" xml:space=\"preserve\">{text}</text></revision></page>\n"
    )
}

fn found(dump: impl Into<Vec<u8>>) -> Vec<Found> {
    let input = Box::new(Cursor::new(dump.into()));
    let mut reader = MediaWikiReader::new(input, WikitextOptions::default());
    let mut found = Vec::new();
    while let Some(next) = reader.next().unwrap() {
        found.push(next);
        assert!(found.len() < 100);
    }
    found
}

fn reasons(dump: &str) -> Vec<&'static str> {
    let reason = |found| match found {
        Found::LeftOut { reason } => reason,
        Found::Document(_) => "document",
        Found::Damaged { .. } => "damaged",
    };
    found(dump).into_iter().map(reason).collect()
}

#[test]
fn a_page_becomes_a_document_with_its_provenance() {
    let text = "&lt;!-- x --&gt;'''Ä''' &amp;amp; [[b|c]].\n[[Datei:D.jpg|e]]\n[[Kategorie:F]]";
    let dump = format!("{HEAD}  {}</mediawiki>\n", page("Ä &amp; b", "", text));
    let want = Found::Document(Entry {
        text: "Ä & c.".to_owned(),
        offset: HEAD.len() as u64 + 2,
        url: Some("https://de.example.org/wiki/%C3%84_%26_b".to_owned()),
        title: Some("Ä & b".to_owned()),
        date: Some("2020-01-02T03:04:05Z".to_owned()),
        licence: None,
        replaced: 0,
    });
    assert_eq!(found(dump.as_str()), std::slice::from_ref(&want));
    // The same dump in UTF-16: the place is that of the original bytes.
    let utf16: Vec<u8> = format!("\u{FEFF}{dump}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let Found::Document(mut entry) = want else {
        panic!("a document was wanted")
    };
    entry.offset = 2 + 2 * entry.offset;
    assert_eq!(found(utf16), [Found::Document(entry)]);
}

#[test]
fn what_is_no_article_is_left_out_by_its_reason() {
    let dump = [
        HEAD.to_owned(),
        page("A", "<redirect title=\"B\" />", "x"),
        page("A", "", "#REDIRECT [[B]]"),
        page("A", "", "x").replace("<ns>0<", "<ns>10<"),
        page("A", "", "x").replace("wikitext", "javascript"),
        page("A", "", "{{x}}"),
        page("A", "", "").replace("<text", "<text deleted=\"deleted\""),
        page("A", "", "x"),
        "</mediawiki>".to_owned(),
    ];
    assert_eq!(
        reasons(&dump.concat()),
        [
            "redirect",
            "redirect",
            "namespace",
            "content model",
            "no text",
            "deleted text",
            "document"
        ]
    );
}

#[test]
fn the_last_of_many_revisions_is_the_text() {
    let revisions = "<revision><timestamp>1</timestamp><text>old</text></revision>";
    let dump = format!(
        "{HEAD}{}</mediawiki>",
        page("A", &revisions.repeat(3), "new")
    );
    let Found::Document(entry) = found(dump).remove(0) else {
        panic!("a document was there")
    };
    assert_eq!(entry.text, "new");
    assert_eq!(entry.date.as_deref(), Some("2020-01-02T03:04:05Z"));
}

#[test]
fn damage_is_placed_and_the_next_page_is_read() {
    let good = page("B", "", "fine");
    for (bad, why) in [
        (
            page("A", "", "&amp;lol9; &lol9;"),
            "`lol9` is none of XML's own",
        ),
        (page("A", "", "x").replace("</title>", "</titel>"), "titel"),
        (
            page("A", "", "x").replace("</page>", ""),
            "not closed before the next one begins",
        ),
        ("<page>".to_owned(), "not closed before the next one begins"),
        (page("A", "", "x <i>"), ""),
    ] {
        let dump = format!("{HEAD}{bad}{good}</mediawiki>");
        let found = found(dump);
        assert_eq!(found.len(), 2, "{found:?}");
        let Found::Damaged { offset, message } = &found[0] else {
            panic!("{:?}", found[0])
        };
        assert_eq!(*offset, HEAD.len() as u64);
        assert!(message.contains(why), "{message}");
        assert!(matches!(&found[1], Found::Document(entry) if entry.text == "fine"));
    }
}

#[test]
fn a_dump_cut_anywhere_says_so_and_ends() {
    let dump = format!(
        "{HEAD}{}{}</mediawiki>",
        page("A", "", "é [[b]]"),
        page("B", "", "c")
    );
    for cut in 0..dump.len() {
        let found = found(&dump.as_bytes()[..cut]);
        assert!(
            matches!(found.last(), Some(Found::Damaged { .. })),
            "{cut}: {found:?}"
        );
        assert!(found.len() <= 3);
    }
}

#[test]
fn entities_of_the_documents_own_making_are_refused() {
    let dtd = "<!DOCTYPE m [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>";
    let dump = format!("{dtd}{HEAD}{}</mediawiki>", page("A", "", "&b;"));
    assert_eq!(reasons(&dump), ["damaged"]);
}

#[test]
fn invalid_bytes_are_replaced_and_counted() {
    let dump = format!("{HEAD}{}</mediawiki>", page("A", "", "a@b@"));
    let dump: Vec<u8> = dump
        .bytes()
        .map(|b| if b == b'@' { 0xFF } else { b })
        .collect();
    let Found::Document(entry) = found(dump).remove(0) else {
        panic!("a document was there")
    };
    assert_eq!(
        (entry.text.as_str(), entry.replaced),
        ("a\u{FFFD}b\u{FFFD}", 2)
    );
}

#[test]
fn another_file_is_refused_at_once() {
    for bytes in [
        "",
        "{\"text\": 1}",
        "<html><page>x</page></html>",
        "BZh91AY",
    ] {
        assert_eq!(reasons(bytes), ["damaged"], "{bytes}");
    }
}

#[test]
fn a_failing_stream_is_an_error() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let broken = Cursor::new(HEAD).chain(io::BufReader::new(Broken));
    let mut reader = MediaWikiReader::new(Box::new(broken), WikitextOptions::default());
    assert_eq!(reader.next().unwrap_err().to_string(), "the disk is gone");
}
