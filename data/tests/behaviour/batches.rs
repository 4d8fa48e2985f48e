//! Batches: the right tokens, next tokens as targets, nothing out of bounds.

use std::sync::Arc;

use slovo_data::shard::{Provenance, ShardOptions, ShardWriter};
use slovo_data::{Batches, EvalWindows, Prefetch, Shards, Windows};

/// A text whose tokens are their own positions, over several files.
fn counting(tokens: u32) -> Arc<Shards> {
    let folder = tempfile::tempdir().unwrap();
    let options = ShardOptions {
        vocab_size: 1 << 20,
        tokenizer: [0; 32],
        max_bytes: 1_000,
    };
    let mut writer = ShardWriter::new(folder.path(), "train", options);
    let all: Vec<u32> = (0..tokens).collect();
    for document in all.chunks(77) {
        writer
            .document(document, 77, &Provenance::default(), false)
            .unwrap();
    }
    writer.finish().unwrap();
    // The maps outlive the folder.
    Arc::new(Shards::open(folder.path(), "train", None).unwrap())
}

#[test]
fn targets_are_the_next_tokens() {
    let shards = counting(5_000);
    assert!(shards.files() > 3);
    for windows in [Windows::Random, Windows::Shuffled] {
        let batches = Batches::new(Arc::clone(&shards), windows, 16, 6, 1).unwrap();
        assert_eq!(batches.tokens_per_batch(), 96);
        for i in [0, 1, 2, 1_000, u64::MAX] {
            let batch = batches.batch(i);
            assert_eq!((batch.rows, batch.cols, batch.valid()), (6, 16, 96));
            for row in 0..6 {
                let first = batch.inputs[row * 16];
                let expected: Vec<u32> = (first..first + 17).collect();
                assert_eq!(batch.inputs[row * 16..][..16], expected[..16]);
                assert_eq!(batch.targets[row * 16..][..16], expected[1..]);
            }
            assert_eq!(batch, batches.batch(i));
        }
    }
}

#[test]
fn evaluation_sees_every_full_window_once() {
    let shards = counting(1_000);
    let windows = EvalWindows::new(Arc::clone(&shards), 64).unwrap();
    assert_eq!(windows.len(), 15);
    let batch = windows.batch(0..15);
    assert_eq!(batch.inputs, (0..960).collect::<Vec<u32>>());
    assert_eq!(batch.targets, (1..961).collect::<Vec<u32>>());
    assert_eq!(windows.batch(13..99).rows, 2);
    assert_eq!(windows.batch(99..100).rows, 0);
    assert_eq!(windows.batch(1..2).inputs[0], 64);
    // The last window needs its last target.
    assert_eq!(EvalWindows::new(Arc::clone(&shards), 999).unwrap().len(), 1);
    assert_eq!(EvalWindows::new(Arc::clone(&shards), 500).unwrap().len(), 1);
}

#[test]
fn a_context_longer_than_the_data_is_told() {
    let shards = counting(64);
    for windows in [Windows::Random, Windows::Shuffled] {
        let batches = Batches::new(Arc::clone(&shards), windows, 63, 2, 1).unwrap();
        assert_eq!(batches.batch(9).inputs[..2], [0, 1]);
        let error = Batches::new(Arc::clone(&shards), windows, 64, 2, 1).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("context of 64") && text.contains("63 or less"),
            "{text}"
        );
        assert!(error.is_usage());
    }
    let error = EvalWindows::new(Arc::clone(&shards), 64)
        .unwrap_err()
        .to_string();
    assert!(error.contains("validation split has 64"), "{error}");
    for (seq_len, sequences, field) in [(0, 1, "seq_len"), (1, 0, "sequences")] {
        let error = Batches::new(Arc::clone(&shards), Windows::Random, seq_len, sequences, 1);
        assert!(error.unwrap_err().to_string().starts_with(field));
    }
}

#[test]
fn what_is_made_ahead_is_what_would_be_made_later() {
    let batches = Batches::new(counting(3_000), Windows::Shuffled, 32, 4, 5).unwrap();
    let ahead = Prefetch::new(batches.clone(), 17, 3).unwrap();
    for (expected, made) in (17..80).zip(ahead) {
        let (i, batch) = made.unwrap();
        assert_eq!(i, expected);
        assert_eq!(batch, batches.batch(i));
    }
}
