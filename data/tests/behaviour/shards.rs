//! Shards: what was written is read; what was changed afterwards is refused by name.

use std::path::Path;

use sha2::{Digest, Sha256};
use slovo_data::shard::{Provenance, ShardError, ShardOptions, ShardWriter, Shards, Written};

use crate::names;

fn options(vocab_size: usize, max_bytes: u64) -> ShardOptions {
    ShardOptions {
        vocab_size,
        tokenizer: Sha256::digest(b"tokenizer").into(),
        max_bytes,
    }
}

fn provenance(path: &str) -> Provenance {
    Provenance {
        source: "0: files".into(),
        path: path.into(),
        group: path.into(),
        package: None,
        licence: Some("MIT".into()),
        index_in_file: 0,
        ..Provenance::default()
    }
}

/// Documents of 1, 2, 3 … tokens.
fn write(folder: &Path, vocab_size: usize, max_bytes: u64, documents: u32) -> Written {
    let mut writer = ShardWriter::new(folder, "train", options(vocab_size, max_bytes));
    let mut next = 0;
    for document in 0..documents {
        let tokens: Vec<u32> = (0..=document)
            .map(|i| (next + i) % vocab_size as u32)
            .collect();
        next += document + 1;
        let from = provenance(&format!("{document}.txt"));
        writer
            .document(&tokens, u64::from(document), &from, document % 3 == 0)
            .unwrap();
    }
    writer.finish().unwrap()
}

fn all(shards: &Shards) -> Vec<u32> {
    let mut tokens = vec![0; shards.len() as usize];
    shards.read(0, &mut tokens).unwrap();
    tokens
}

#[test]
fn tokens_and_documents_come_back_over_any_number_of_files() {
    for (vocab_size, max_bytes, files) in [
        (65, u64::MAX, 1..2),
        (1 << 16, 3_000, 2..9),
        ((1 << 16) + 1, 3_000, 2..9),
        (70_000, 1, 30..31),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let written = write(folder.path(), vocab_size, max_bytes, 30);
        let shards = Shards::open(folder.path(), "train", None).unwrap();
        assert!(files.contains(&shards.files()), "{}", shards.files());
        assert_eq!(written.files.len(), shards.files());
        assert_eq!((shards.len(), written.tokens), (465, 465));
        assert_eq!((shards.bytes(), shards.document_count()), (435, 30));
        let expected: Vec<u32> = (0..465).map(|i| i % vocab_size as u32).collect();
        assert_eq!(all(&shards), expected);
        for start in [0, 1, 200, 464, 465] {
            for len in [0, 1, 7, 100] {
                let mut out = vec![0; len];
                let read = shards.read(start as u64, &mut out);
                assert_eq!(read.is_ok(), start + len <= 465);
                if read.is_ok() {
                    assert_eq!(out, expected[start..start + len]);
                }
            }
        }
        let documents: Vec<_> = shards.documents().map(Result::unwrap).collect();
        let mut start = 0;
        for (index, document) in documents.iter().enumerate() {
            assert_eq!((document.start, document.tokens), (start, index as u64 + 1));
            assert_eq!(document.bytes, index as u64);
            assert_eq!(document.continues, index % 3 == 0);
            assert_eq!(document.provenance, provenance(&format!("{index}.txt")));
            start += document.tokens;
        }
        assert_eq!(documents.len(), 30);
    }
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 65, u64::MAX, 30);
    let path = folder.path().join("train-00000.shard");
    let good = std::fs::read(&path).unwrap();
    // One bit in turn of every byte: header, tokens, padding, documents, provenance.
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bad).unwrap();
        let error = Shards::open(folder.path(), "train", None).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("train-00000.shard"), "byte {at}: {text}");
        let found = match at {
            0..8 => "its beginning",
            8..12 => "version",
            12..192 => "the checksum of its header",
            192..1_122 => "the checksum of its tokens",
            _ => "the checksum of its documents",
        };
        assert!(text.contains(found), "byte {at}: {text}");
    }
    std::fs::write(&path, &good).unwrap();
    assert!(Shards::open(folder.path(), "train", None).is_ok());
}

#[test]
fn a_truncated_or_lengthened_shard_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 65, u64::MAX, 30);
    let path = folder.path().join("train-00000.shard");
    let good = std::fs::read(&path).unwrap();
    for len in [0, 1, 191, 192, 193, 1_000, good.len() - 1, good.len() + 1] {
        let mut bad = good.clone();
        bad.resize(len, 0);
        std::fs::write(&path, &bad).unwrap();
        let error = Shards::open(folder.path(), "train", None)
            .unwrap_err()
            .to_string();
        assert!(error.contains("its length"), "{len}: {error}");
        assert!(error.contains(&format!("{len} bytes")), "{len}: {error}");
    }
}

#[test]
fn another_version_is_refused_as_such() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 65, u64::MAX, 3);
    let path = folder.path().join("train-00000.shard");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] = 9;
    std::fs::write(&path, &bytes).unwrap();
    let error = Shards::open(folder.path(), "train", None).unwrap_err();
    assert!(matches!(
        error,
        ShardError::Version {
            found: 9,
            expected: 1,
            ..
        }
    ));
    assert!(error.to_string().contains("version 9"), "{error}");
}

#[test]
fn missing_swapped_and_foreign_files_are_refused() {
    let fresh = || {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 70_000, 1, 5);
        folder
    };
    let open = |folder: &Path| Shards::open(folder, "train", None);
    let name = |number: usize| format!("train-{number:05}.shard");

    let folder = fresh();
    assert_eq!(names(folder.path()).len(), 5);
    std::fs::remove_file(folder.path().join(name(4))).unwrap();
    let error = open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains(&name(4)) && error.contains("missing"),
        "{error}"
    );

    let folder = fresh();
    std::fs::remove_file(folder.path().join(name(2))).unwrap();
    let error = open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains(&name(2)) && error.contains("missing"),
        "{error}"
    );

    let folder = fresh();
    std::fs::copy(folder.path().join(name(1)), folder.path().join(name(3))).unwrap();
    let error = open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains(&name(3)) && error.contains("its number is 1"),
        "{error}"
    );

    let folder = fresh();
    std::fs::copy(folder.path().join(name(4)), folder.path().join(name(5))).unwrap();
    let error = open(folder.path()).unwrap_err().to_string();
    assert!(error.contains(&name(5)), "{error}");

    let folder = fresh();
    let expected = "0".repeat(64);
    let error = Shards::open(folder.path(), "train", Some(&expected)).unwrap_err();
    assert!(matches!(error, ShardError::Tokenizer { .. }));
    assert!(error.to_string().contains(&expected), "{error}");

    let error = Shards::open(folder.path(), "validation", None)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("validation-00000.shard") && error.contains("missing"),
        "{error}"
    );
    assert!(open(&folder.path().join("absent")).is_err());
}

#[test]
fn the_fingerprint_is_of_the_tokens() {
    let fingerprint = |documents, path: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = ShardWriter::new(folder.path(), "train", options(9, u64::MAX));
        for token in 0..documents {
            writer
                .document(&[token], 1, &provenance(path), false)
                .unwrap();
        }
        writer.finish().unwrap();
        let shards = Shards::open(folder.path(), "train", None).unwrap();
        shards.fingerprint().to_owned()
    };
    assert_eq!(fingerprint(5, "a"), fingerprint(5, "b"));
    assert_ne!(fingerprint(5, "a"), fingerprint(6, "a"));
}

#[test]
fn a_writer_that_is_dropped_or_refuses_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = ShardWriter::new(folder.path(), "train", options(9, u64::MAX));
    writer
        .document(&[1, 8], 2, &provenance("a"), false)
        .unwrap();
    let error = writer
        .document(&[9], 1, &provenance("a"), false)
        .unwrap_err();
    assert!(error.to_string().contains("token 9"), "{error}");
    assert_eq!(names(folder.path()), ["train-00000.shard.tmp"]);
    drop(writer);
    assert!(names(folder.path()).is_empty());
    let absent = folder.path().join("absent");
    let mut writer = ShardWriter::new(&absent, "train", options(9, u64::MAX));
    let error = writer
        .document(&[1], 1, &provenance("a"), false)
        .unwrap_err();
    assert!(error.to_string().contains("cannot create"), "{error}");
}

#[test]
fn no_documents_are_an_empty_split() {
    let folder = tempfile::tempdir().unwrap();
    ShardWriter::new(folder.path(), "train", options(9, 1))
        .finish()
        .unwrap();
    let shards = Shards::open(folder.path(), "train", None).unwrap();
    assert!(shards.is_empty());
    assert_eq!(shards.documents().count(), 0);
    assert!(shards.read(0, &mut [0]).is_err());
}
