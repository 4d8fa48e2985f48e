//! The fuzz targets for formats (`fuzz/corpus/warc` and so on): their seeds, a hundred and more changes to each, and whatever else
//! lies beside them. Documents, or an error that names the place, soon, and never a panic.
#![allow(clippy::unwrap_used)]

mod changes;

use changes::{Random, changed, corpus};
use flate2::Compression;
use flate2::write::GzEncoder;
use slovo_data::recipe::FileFormat;
use slovo_data::untrusted;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// Changes to each seed.
const CHANGES: u64 = 150;

/// Name of the format, the format, and seeds: a name, a file, how many documents it has.
type Seeds = (
    &'static str,
    FileFormat,
    Vec<(&'static str, Vec<u8>, usize)>,
);

fn seeds() -> Vec<Seeds> {
    let posts = FileFormat::StackExchange {
        site: None,
        min_score: None,
    };
    vec![
        (
            "warc",
            FileFormat::Warc,
            vec![
                ("page", warc("<p>A page of some words.</p>"), 1),
                ("wet", wet(), 1),
                ("cut-in-head", warc("x")[..40].to_vec(), 0),
                ("endless", endless(), 0),
                ("members", members(), 2),
            ],
        ),
        (
            "html",
            FileFormat::Html,
            vec![
                (
                    "page",
                    b"<title>T</title><p>A page of some words.".to_vec(),
                    1,
                ),
                ("deep", "<div>".repeat(5_000).into_bytes(), 0),
            ],
        ),
        (
            "mediawiki",
            FileFormat::MediaWiki,
            vec![
                (
                    "article",
                    wiki("'''Bold''' [[link|text]] {{a|{{b}}}} and more words."),
                    1,
                ),
                ("deep", wiki(&"{{".repeat(5_000)), 0),
                ("cut", wiki("text")[..120].to_vec(), 0),
            ],
        ),
        (
            "stackexchange",
            posts,
            vec![
                ("question", POSTS.as_bytes().to_vec(), 1),
                ("cut", POSTS.as_bytes()[..150].to_vec(), 1),
            ],
        ),
        (
            "latex",
            FileFormat::Latex,
            vec![
                ("paper", PAPER.as_bytes().to_vec(), 1),
                ("bomb", BOMB.as_bytes().to_vec(), 0),
                ("groups", "{".repeat(5_000).into_bytes(), 0),
            ],
        ),
        (
            "csv",
            FileFormat::Csv,
            vec![
                (
                    "table",
                    b"id,text\n1,\"two\nlines, \"\"quoted\"\"\"\n2,plain\n".to_vec(),
                    2,
                ),
                ("open", b"id,text\n1,\"never closed\n2,plain\n".to_vec(), 0),
            ],
        ),
        (
            "gutenberg",
            FileFormat::Gutenberg,
            vec![
                ("book", BOOK.as_bytes().to_vec(), 1),
                ("plain", b"Just a book.\n".to_vec(), 1),
            ],
        ),
        (
            "jsonl",
            FileFormat::Jsonl,
            vec![
                (
                    "lines",
                    b"{\"text\": \"a\"}\n\n{\"text\": \"b\", \"url\": \"http://x\"}\n".to_vec(),
                    2,
                ),
                ("bad", b"{\"text\": 1}\nno\n{}".to_vec(), 0),
                (
                    "nested",
                    b"{\"x\": [[], {\"text\": 1}], \"metadata\": {\"url\": \"u\"}, \"te\\u0078t\": \"a\"}".to_vec(),
                    1,
                ),
            ],
        ),
        (
            "text",
            FileFormat::Text,
            vec![
                ("marked", b"\xEF\xBB\xBFone\r\ntwo \xFF\n".to_vec(), 1),
                ("empty", Vec::new(), 0),
                ("gzip", gzip(b"one\ntwo\n"), 1),
                ("zstd", hex(ZSTD), 1),
                ("bzip2", hex(BZIP2), 1),
                ("xz", hex(XZ), 1),
            ],
        ),
    ]
}

/// A frame of one raw block, as RFC 8878 has it: `one\n`.
const ZSTD: &str = "28b52ffd2004210000 6f6e650a";
/// `printf 'one\n' | bzip2 > a; printf 'two\n' | bzip2 >> a`, bzip2 1.0.8.
const BZIP2: &str = "425a68393141592653597813c082000001c10000100201a000219a68334d0cbc5dc914e14241e04f0208 \
                     425a68393141592653592eb71ad700000141800010000084802000219a68334d073c5dc914e14240badc6b5c";
/// `printf 'one\n' | xz > a; printf '\0\0\0\0' >> a; printf 'two\n' | xz --check=sha256 >> a`, XZ Utils.
const XZ: &str = "fd377a585a000004e6d6b4460200210116000000742fe5a30100036f6e650a00f55cbb561fc6fd8600011c046f2c9cc11fb6f37d \
                  010000000004595a 00000000 fd377a585a00000ae1fb0ca10200210116000000742fe5a301000374776f0a0027dd8ed44a83ff94 \
                  d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a00013404c582c19c189b4b9a01000000000a595a";

fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits
        .bytes()
        .filter(|it| !it.is_ascii_whitespace())
        .collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// One member that is not compressed, so that it is the same whatever compresses.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn warc(body: &str) -> Vec<u8> {
    let http = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body>{body}</body></html>"
    );
    record("response", "application/http", &http)
}

fn wet() -> Vec<u8> {
    record("conversion", "text/plain", "The plain text of a page.\n")
}

fn record(kind: &str, content: &str, block: &str) -> Vec<u8> {
    format!(
        "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://example.org/\r\nWARC-Date: \
         2026-01-01T00:00:00Z\r\nContent-Type: {content}\r\nContent-Length: {}\r\n\r\n{block}\r\n\r\n",
        block.len()
    )
    .into_bytes()
}

/// Three records, each packed by itself, of which the second is damaged.
fn members() -> Vec<u8> {
    let packed = gzip(&wet());
    let mut damaged = packed.clone();
    damaged[100] ^= 1;
    [&packed[..], &damaged, &packed].concat()
}

/// A length that no file has.
fn endless() -> Vec<u8> {
    b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 18446744073709551615\r\n\r\nx".to_vec()
}

fn wiki(text: &str) -> Vec<u8> {
    format!(
        "<mediawiki xmlns=\"http://www.mediawiki.org/xml/export-0.11/\"><siteinfo><base>https://en.wikipedia.org/wiki/Main\
         </base></siteinfo><page><title>T</title><ns>0</ns><id>1</id><revision><id>2</id><timestamp>2026-01-01T00:00:00Z\
         </timestamp><model>wikitext</model><format>text/x-wiki</format><text>{text}</text></revision></page></mediawiki>"
    )
    .into_bytes()
}

const POSTS: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<posts>\n  <row Id=\"1\" PostTypeId=\"1\" Score=\"3\" Title=\"How?\" \
     Body=\"&lt;p&gt;How is it done?&lt;/p&gt;\" />\n  <row Id=\"2\" PostTypeId=\"2\" ParentId=\"1\" Score=\"5\" \
     Body=\"&lt;p&gt;Like this.&lt;/p&gt;\" />\n</posts>\n";

const PAPER: &str = "\\documentclass{article}\n\\newcommand{\\x}[1]{very #1}\n\\title{A paper}\n\\begin{document}\n\\section{One}\nIt is \
     \\x{good} that $a^2$ is there. % a remark\n\\begin{itemize}\\item first\\end{itemize}\n\\end{document}\n";

const BOMB: &str = "\\documentclass{article}\\begin{document}\\def\\a{\\b\\b\\b\\b}\\def\\b{\\c\\c\\c\\c}\\def\\c{\\d\\d\\d\\d}\\def\\d{\\a\\a\\a\\a}\\a\\end{document}";

const BOOK: &str = "The Project Gutenberg EBook of Emma\n\nTitle: Emma\n\n*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***\n\nEmma \
     Woodhouse, handsome.\n\n*** END OF THIS PROJECT GUTENBERG EBOOK EMMA ***\n\nLicence.\n";

#[test]
fn whatever_the_file_there_is_an_answer() {
    let folders = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus"));
    let formats = seeds();
    let all: Vec<&[u8]> = formats
        .iter()
        .flat_map(|(.., seeds)| seeds)
        .map(|(_, bytes, _)| &bytes[..])
        .collect();
    let mut read = 0;
    for (number, (name, format, seeds)) in formats.iter().enumerate() {
        let folder = folders.join(name);
        for (seed, bytes, documents) in seeds {
            let path = folder.join(seed);
            if std::env::var_os("SLOVO_WRITE_CORPUS").is_some() {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&path, bytes).unwrap();
            }
            assert!(
                fs::read(&path).unwrap_or_default() == *bytes,
                "fuzz/corpus/{name}/{seed} is not what this test makes; SLOVO_WRITE_CORPUS=1 writes it"
            );
            let texts = untrusted::documents(format, bytes).unwrap_or_default();
            assert_eq!(texts.len(), *documents, "{name}/{seed}: {texts:?}");
            let mut random = Random(number as u64);
            for _ in 0..CHANGES {
                let other = all[random.below(all.len())];
                let bytes = changed(bytes, other, &mut random);
                read += documents_soon(format, &bytes, &format!("{name}/{seed}, changed"));
            }
        }
        for (file, bytes) in corpus(&folder) {
            // A panic is told behind it.
            println!("fuzz/corpus/{name}/{file}");
            documents_soon(format, &bytes, &file);
        }
    }
    println!("{read} documents of changed files");
    assert!(read > 500, "{read}");
}

/// How many documents there are; `what` names the file where it takes long.
fn documents_soon(format: &FileFormat, bytes: &[u8], what: &str) -> usize {
    let start = Instant::now();
    let read = untrusted::documents(format, bytes).map_or(0, |texts| texts.len());
    let took = start.elapsed();
    // Far above what it takes, as others may be using the machine.
    assert!(took < Duration::from_secs(5), "{what}: {took:?}");
    read
}
