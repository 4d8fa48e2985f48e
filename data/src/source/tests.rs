//! Sources as a recipe names them, from files to documents.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::time::UNIX_EPOCH;

use super::{Inputs, SourceError};
use crate::document::{Document, Origin};
use crate::recipe::{Clean, Encoding, Source, from_ron_str};
use crate::source::ReadCounts;
use crate::source::stream::tests::{bzip2, gzip, xz, zstd};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        Self(folder)
    }

    /// `#` in the RON stands for the folder.
    fn sources(&self, ron: &str) -> Vec<Source> {
        from_ron_str(&ron.replace('#', &self.0.path().display().to_string())).unwrap()
    }

    fn read(&self, ron: &str) -> Result<Vec<Document>, SourceError> {
        Inputs::resolve(&self.sources(ron))?
            .documents(&Clean::default())
            .collect()
    }

    fn texts(&self, ron: &str) -> Vec<String> {
        self.read(ron)
            .unwrap()
            .into_iter()
            .map(|document| document.text)
            .collect()
    }
}

#[test]
fn every_format_in_a_fixed_order() {
    let line = b"{\"text\": \"json\"}\n";
    let folder = Folder::new(&[
        ("c.txt", b"plain"),
        ("b.jsonl", line),
        ("a.txt.gz", &[gzip(b"one "), gzip(b"two")].concat()),
        (
            "d.ndjson.zst",
            &[zstd(line), zstd(b"\n"), zstd(line)].concat(),
        ),
        ("e.jsonl.gz", &gzip(line)),
        ("f.jsonl.bz2", &[bzip2(line), bzip2(line)].concat()),
        ("g.jsonl.xz", &[xz(line), xz(line)].concat()),
    ]);
    let all = "[Files(paths: [\"#\"])]";
    let mut want = vec!["one two", "json", "plain"];
    want.extend(["json"; 7]);
    assert_eq!(folder.texts(all), want);
    let chosen =
        "[Files(paths: [\"#/c.txt\", \"#/*.gz\", \"#/c.*\"]), Files(paths: [\"#/c.txt\"])]";
    assert_eq!(folder.texts(chosen), ["plain", "one two", "json", "plain"]);
    let as_text = "[Files(paths: [\"#/b.jsonl\"], format: Text)]";
    assert_eq!(folder.texts(as_text), ["{\"text\": \"json\"}\n"]);
    let inputs = Inputs::resolve(&folder.sources(all)).unwrap();
    let first: Vec<_> = inputs
        .documents(&Clean::default())
        .map(Result::unwrap)
        .collect();
    let again: Vec<_> = inputs
        .documents(&Clean::default())
        .map(Result::unwrap)
        .collect();
    assert_eq!(first, again);
}

#[test]
fn documents_say_where_they_come_from() {
    let folder = Folder::new(&[("a.txt", b"x\n\ny\n")]);
    let ron = "[Files(paths: [\"#/a.txt\"], separator: \"\", licence: \"CC0\")]";
    let documents = folder.read(ron).unwrap();
    let path = folder.0.path().join("a.txt").display().to_string();
    for (i, (document, text)) in documents.iter().zip(["x\n", "y\n"]).enumerate() {
        let want = Document {
            text: text.to_owned(),
            source: "0: files".to_owned(),
            path: path.clone(),
            group: path.clone(),
            package: None,
            licence: Some("CC0".to_owned()),
            index_in_file: i as u64,
            origin: Origin {
                offset: Some(3 * i as u64),
                ..Origin::default()
            },
            continues: false,
        };
        assert_eq!(document, &want);
    }
    assert_eq!(documents.len(), 2);
}

#[test]
fn the_cache_key_sees_every_change() {
    let folder = Folder::new(&[("a.txt", b"abc"), ("b.txt", b"de")]);
    let sources = folder.sources("[Files(paths: [\"#\"])]");
    let inputs = Inputs::resolve(&sources).unwrap();
    let before = inputs.files().unwrap().to_vec();
    assert_eq!(
        before.iter().map(|file| file.length).collect::<Vec<_>>(),
        [3, 2]
    );
    assert_eq!(inputs.bytes(), 5);
    assert!(before.iter().all(|file| file.modified > 0));
    assert_eq!(Inputs::resolve(&sources).unwrap().files().unwrap(), before);
    let path = folder.0.path().join("b.txt");
    let later = UNIX_EPOCH + std::time::Duration::from_secs(4_000_000_000);
    fs::File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(later)
        .unwrap();
    let after = Inputs::resolve(&sources).unwrap().files().unwrap().to_vec();
    assert!(after[0] == before[0] && after[1] != before[1]);
}

#[test]
fn standard_input_has_no_cache_key_and_is_named_once() {
    let folder = Folder::new(&[("a.txt", b"abc")]);
    let inputs = Inputs::resolve(&folder.sources("[Files(paths: [\"#\"]), Stdin()]")).unwrap();
    assert!(inputs.files().is_none());
    let fault = Inputs::resolve(&folder.sources("[Stdin(), Stdin()]")).unwrap_err();
    assert!(fault.to_string().contains("2 times") && fault.is_usage());
}

#[test]
fn what_means_nothing_for_a_source_is_refused() {
    let folder = Folder::new(&[("a.txt", b"x"), ("b.jsonl", b"{}"), ("c.csv", b"text\nx")]);
    let resolve = |file: &str, said: &str| {
        let ron = format!("[Files(name: Some(\"it\"), paths: [\"#/{file}\"], {said})]");
        let resolved = Inputs::resolve(&folder.sources(&ron));
        resolved.map(|_| ()).map_err(|error| error.to_string())
    };
    let (separator, columns) = ("separator: \"\"", "columns: (title: Some(\"t\"))");
    for (file, said) in [("a.txt", separator), ("c.csv", columns), ("*", separator)] {
        assert_eq!(resolve(file, said), Ok(()), "{file}");
    }
    for (file, said) in [
        ("b.jsonl", separator),
        ("c.csv", separator),
        ("b.jsonl", columns),
    ] {
        let fault = resolve(file, said).unwrap_err();
        let field = said.split(':').next().unwrap();
        let told = format!("sources: it: `{field}` is given");
        assert!(fault.starts_with(&told), "{fault}");
    }
}

#[test]
fn faults_name_the_file_and_end_the_stream() {
    let bad = gzip(b"cut short");
    let folder = Folder::new(&[
        ("a.txt", b"good"),
        ("b.txt.gz", &bad[..bad.len() - 3]),
        ("c.txt", b"never reached"),
    ]);
    let inputs = Inputs::resolve(&folder.sources("[Files(paths: [\"#\"])]")).unwrap();
    let mut documents = inputs.documents(&Clean::default());
    assert_eq!(documents.next().unwrap().unwrap().text, "good");
    let fault = documents.next().unwrap().unwrap_err();
    assert!(
        fault.to_string().contains("b.txt.gz") && fault.is_usage(),
        "{fault}"
    );
    assert!(documents.next().is_none());
    let fault = folder.read("[Files(paths: [\"#/absent\"])]").unwrap_err();
    assert!(
        fault.to_string().contains("absent") && fault.is_usage(),
        "{fault}"
    );
}

#[test]
fn what_was_left_out_or_replaced_is_counted() {
    let folder = Folder::new(&[
        ("a.txt", b"caf\xE9 \xFF"),
        ("b.jsonl", b"{\"text\": \"\xFF\"}\nno\n{\"text\": \"ok\"}\n"),
        ("c.png", b"\x89PNG\0\0"),
    ]);
    let ron = "[Files(paths: [\"#\"], bad_lines: Skip)]";
    let inputs = Inputs::resolve(&folder.sources(ron)).unwrap();
    let read = |encoding| {
        let clean = Clean {
            encoding,
            ..Clean::default()
        };
        let mut documents = inputs.documents(&clean);
        let texts: Result<Vec<String>, SourceError> = documents
            .by_ref()
            .map(|document| Ok(document?.text))
            .collect();
        (texts.map_err(|error| error.to_string()), documents.counts())
    };
    let (texts, counts) = read(Encoding::Skip);
    assert_eq!(texts.unwrap(), ["ok"]);
    let told = |end: &str| {
        let places: Vec<&str> = counts.samples.iter().map(|it| it.place.as_str()).collect();
        assert!(places.iter().any(|it| it.ends_with(end)), "{places:?}");
    };
    for end in ["a.txt: byte 3", "b.jsonl:1", "b.jsonl:2", "c.png: byte 0"] {
        told(end);
    }
    let want = ReadCounts {
        documents: 1,
        bytes: 2,
        encoding_replaced: 0,
        encoding_skipped: 3,
        bad_lines_skipped: 1,
        samples: counts.samples.clone(),
        ..ReadCounts::default()
    };
    assert_eq!(counts, want);
    let (texts, counts) = read(Encoding::Replace);
    assert_eq!(texts.unwrap(), ["caf\u{FFFD} \u{FFFD}", "\u{FFFD}", "ok"]);
    assert!(counts.broken_files[0].contains("c.png: it is not text"));
    assert_eq!((counts.encoding_replaced, counts.documents), (3, 3));
    let (texts, _) = read(Encoding::Stop);
    assert!(
        texts
            .unwrap_err()
            .contains("a.txt: byte 3 is not UTF-8 (0xE9)")
    );
}

#[test]
fn shakespeare_comes_through_byte_for_byte() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/data/shakespeare/input.txt"
    );
    let Ok(bytes) = fs::read(path) else {
        eprintln!("skipped: {path} is absent");
        return;
    };
    let sources: Vec<Source> = from_ron_str(&format!("[Files(paths: [\"{path}\"])]")).unwrap();
    let clean = Clean::default();
    let inputs = Inputs::resolve(&sources).unwrap();
    let documents: Vec<_> = inputs.documents(&clean).map(Result::unwrap).collect();
    assert_eq!(documents.len(), 1);
    let text = documents[0].text.clone();
    assert!(text.as_bytes() == bytes);
    let crate::clean::Verdict::Keep { text, .. } = crate::clean::clean(text, &clean) else {
        panic!("Shakespeare was left out")
    };
    assert!(text.as_bytes() == bytes);
}
