//! Documents on disk: gzipped JSON Lines with `text`, `id` and `metadata`, as datatrove writes them and as
//! Spark and Ray read them.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::document::{Document, Ids};
use crate::shard::Provenance;

/// A document on its line.
#[derive(Debug, Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    text: std::borrow::Cow<'a, str>,
    id: String,
    metadata: Metadata,
}

/// All that is known of it.
#[derive(Debug, Serialize, Deserialize)]
struct Metadata {
    #[serde(flatten)]
    provenance: Provenance,
    #[serde(default, skip_serializing_if = "is_false")]
    continues: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Writes documents; what is not finished does not stay.
pub(in crate::prepare) struct DocumentWriter {
    file: GzEncoder<BufWriter<File>>,
    path: PathBuf,
    ids: Ids,
    line: Vec<u8>,
}

impl DocumentWriter {
    pub(in crate::prepare) fn create(path: &Path) -> Result<Self, Error> {
        let file = File::create(path).map_err(Error::io("create", path))?;
        // Fast: these files are read twice and seldom kept.
        Ok(Self {
            file: GzEncoder::new(BufWriter::new(file), Compression::fast()),
            path: path.to_owned(),
            ids: Ids::default(),
            line: Vec::new(),
        })
    }

    pub(in crate::prepare) fn write(&mut self, document: &Document) -> Result<(), Error> {
        let line = Line {
            text: document.text.as_str().into(),
            id: self.ids.of(document),
            metadata: Metadata {
                provenance: Provenance::from(document),
                continues: document.continues,
            },
        };
        self.line.clear();
        let written = serde_json::to_writer(&mut self.line, &line).map_err(std::io::Error::from);
        self.line.push(b'\n');
        written
            .and_then(|()| self.file.write_all(&self.line))
            .map_err(Error::io("write", &self.path))
    }

    /// Closes the file, safe on disk.
    pub(in crate::prepare) fn finish(self) -> Result<(), Error> {
        let failed = Error::io("write", &self.path);
        let close = || {
            let file = self.file.finish()?;
            file.into_inner()?.sync_all()
        };
        close().map_err(failed)
    }
}

/// Reads documents in order.
pub(super) struct DocumentReader {
    file: BufReader<MultiGzDecoder<BufReader<File>>>,
    path: PathBuf,
    line: Vec<u8>,
}

impl DocumentReader {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::io("read", path))?;
        Ok(Self {
            file: BufReader::with_capacity(
                1 << 16,
                MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file)),
            ),
            path: path.to_owned(),
            line: Vec::new(),
        })
    }

    pub(super) fn next(&mut self) -> Result<Option<Document>, Error> {
        self.line.clear();
        let read = self
            .file
            .read_until(b'\n', &mut self.line)
            .map_err(Error::io("read", &self.path))?;
        if read == 0 {
            return Ok(None);
        }
        let line: Line<'_> = serde_json::from_slice(&self.line)
            .map_err(std::io::Error::from)
            .map_err(Error::io("read", &self.path))?;
        let from = line.metadata.provenance;
        Ok(Some(Document {
            text: line.text.into_owned(),
            source: from.source,
            path: from.path,
            group: from.group,
            package: from.package,
            licence: from.licence,
            index_in_file: from.index_in_file,
            origin: from.origin,
            continues: line.metadata.continues,
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read;

    use super::*;
    use crate::document::Origin;

    fn document(text: &str, i: u64) -> Document {
        Document {
            text: text.to_owned(),
            source: "web".to_owned(),
            path: "a.warc.gz".to_owned(),
            group: "a.warc.gz".to_owned(),
            package: None,
            licence: Some("CC0".to_owned()),
            index_in_file: i,
            origin: Origin {
                offset: Some(7),
                url: Some("https://example.org/".to_owned()),
                language: Some("en".to_owned()),
                ..Origin::default()
            },
            continues: i == 0,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl.gz");
        let texts = ["one\n\"two\"\u{0}\u{2028}", "", "слово"];
        let documents: Vec<Document> = (0..)
            .zip(texts)
            .map(|(i, text)| document(text, i))
            .collect();
        let mut writer = DocumentWriter::create(&path).unwrap();
        for document in &documents {
            writer.write(document).unwrap();
        }
        writer.finish().unwrap();
        let mut reader = DocumentReader::open(&path).unwrap();
        for document in &documents {
            assert_eq!(reader.next().unwrap().as_ref(), Some(document));
        }
        assert_eq!(reader.next().unwrap(), None);
    }

    #[test]
    fn others_find_text_id_and_metadata() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl.gz");
        let mut writer = DocumentWriter::create(&path).unwrap();
        writer.write(&document("x", 3)).unwrap();
        writer.finish().unwrap();
        let mut text = String::new();
        MultiGzDecoder::new(BufReader::new(File::open(&path).unwrap()))
            .read_to_string(&mut text)
            .unwrap();
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["text"], "x");
        assert_eq!(line["id"], "a.warc.gz#3");
        assert_eq!(line["metadata"]["url"], "https://example.org/");
        assert_eq!(line["metadata"]["source"], "web");
    }

    #[test]
    fn a_file_that_breaks_off_is_a_fault_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl.gz");
        let mut writer = DocumentWriter::create(&path).unwrap();
        writer.write(&document(&"word ".repeat(1000), 3)).unwrap();
        writer.finish().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let fault = DocumentReader::open(&path).unwrap().next().unwrap_err();
        assert!(fault.to_string().contains("a.jsonl.gz"), "{fault}");
    }
}
