#![allow(clippy::unwrap_used)]

use super::super::minhash::MinHash;
use super::super::paragraphs::Paragraphs;
use super::*;

fn write(path: &Path, kind: &HashKind, records: u64) {
    let mut writer = HashFileWriter::create(path, kind).unwrap();
    for document in 0..records {
        writer
            .push(document, &vec![document * 3; kind.width()])
            .unwrap();
    }
    assert!(writer.push(0, &[]).is_err());
    assert!(!path.exists());
    writer.finish(records + 5).unwrap();
}

fn read(path: &Path) -> Result<u64, DedupError> {
    let mut reader = HashFileReader::open(path)?;
    let mut hashes = vec![0; reader.kind().width()];
    let mut sound = true;
    let mut records = 0;
    while let Some(document) = reader.next(&mut hashes)? {
        sound &= hashes.iter().all(|&hash| hash == document * 3);
        records += 1;
    }
    assert!(sound);
    assert_eq!(
        (reader.records(), reader.documents()),
        (records, records + 5)
    );
    Ok(records)
}

#[test]
fn hashes_of_every_kind_come_back() {
    let folder = tempfile::tempdir().unwrap();
    for kind in [
        HashKind::Documents,
        HashKind::Paragraphs(Paragraphs::default()),
        HashKind::MinHash(MinHash::default()),
    ] {
        for records in [0, 1, 10_000] {
            let path = folder.path().join(format!("{records} of {kind}"));
            write(&path, &kind, records);
            assert_eq!(read(&path).unwrap(), records);
            assert!(HashFileReader::open_as(&path, &kind).is_ok());
            let other = HashKind::Paragraphs(Paragraphs {
                min_chars: 7,
                ..Paragraphs::default()
            });
            let other = HashFileReader::open_as(&path, &other);
            assert!(matches!(other, Err(DedupError::Kind { .. })));
        }
    }
}

#[test]
fn any_changed_byte_and_any_lost_end_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part.hashes");
    write(&path, &HashKind::Paragraphs(Paragraphs::default()), 3);
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        for bytes in [&changed, &whole[..at]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(read(&path).is_err(), "byte {at}");
        }
    }
    std::fs::write(&path, [&whole[..], &[0]].concat()).unwrap();
    assert!(
        read(&path)
            .unwrap_err()
            .to_string()
            .contains("no whole records")
    );
    let mut newer = whole.clone();
    newer[8] = 9;
    std::fs::write(&path, newer).unwrap();
    let fault = read(&path).unwrap_err().to_string();
    assert!(fault.contains("has version 9 of the format"), "{fault}");
    assert!(fault.contains("part.hashes"), "{fault}");
}

#[test]
fn an_unfinished_file_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part.hashes");
    let mut writer = HashFileWriter::create(&path, &HashKind::Documents).unwrap();
    writer.push(0, &[1, 2]).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(
        HashFileReader::open(&path)
            .err()
            .unwrap()
            .to_string()
            .contains("part.hashes")
    );
}
