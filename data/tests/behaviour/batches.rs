//! Batches: the right tokens, next tokens as targets, nothing out of bounds.

use std::collections::BTreeSet;
use std::sync::Arc;

use slovo_data::mixture::Mixture;
use slovo_data::recipe::from_ron_str;
use slovo_data::shard::{Provenance, ShardOptions, ShardWriter};
use slovo_data::{Batches, EvalWindows, Mix, Prefetch, Shards, Windows};

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

/// Documents of these lengths, each with its number in front, counting up: document 3 of four tokens
/// is 3000, 3001, 3002, 3003. The flag says
/// that the next entry goes on.
fn documents(lengths: &[(u32, bool)]) -> Arc<Shards> {
    let folder = tempfile::tempdir().unwrap();
    let options = ShardOptions {
        vocab_size: 1 << 24,
        tokenizer: [0; 32],
        max_bytes: 600,
    };
    let mut writer = ShardWriter::new(folder.path(), "train", options);
    let (mut number, mut at) = (0, 0);
    for &(length, continues) in lengths {
        let tokens: Vec<u32> = (at..at + length).map(|i| number * 1_000 + i).collect();
        writer
            .document(&tokens, 1, &Provenance::default(), continues)
            .unwrap();
        (number, at) = match continues {
            true => (number, at + length),
            false => (number + 1, 0),
        };
    }
    writer.finish().unwrap();
    Arc::new(Shards::open(folder.path(), "train", None).unwrap())
}

#[test]
fn windows_by_document_hold_every_target_once_and_nothing_of_another() {
    // Short, exactly one window, one more, nothing to predict, long, and one in three pieces.
    let mut lengths = vec![(5, false), (17, false), (18, false), (1, false), (0, false)];
    lengths.extend([(100, false), (30, true), (40, true), (7, false), (2, false)]);
    for number in 0..700 {
        lengths.push((number % 61, number % 7 == 0));
    }
    lengths.push((4, false));
    let shards = documents(&lengths);
    assert!(shards.files() > 3);
    let total = shards.len();
    let batches = Batches::new(Arc::clone(&shards), Windows::Documents, 16, 1, 3).unwrap();
    let mut windows = 0;
    let mut seen = std::collections::BTreeSet::new();
    let mut firsts = Vec::new();
    // An epoch ends when every target has come.
    let documents: std::collections::BTreeSet<u32> = {
        let mut all = vec![0; total as usize];
        shards.read(0, &mut all).unwrap();
        all.into_iter().filter(|token| token % 1_000 > 0).collect()
    };
    while seen.len() < documents.len() {
        let batch = batches.batch(windows);
        windows += 1;
        let valid = batch.valid();
        assert!((1..=16).contains(&valid));
        let (first, document) = (batch.inputs[0], batch.inputs[0] / 1_000);
        // Cut side by side from the document's first token on.
        assert_eq!(first % 1_000 % 16, 0);
        for col in 0..16 {
            let counts = batch.mask.as_ref().is_none_or(|mask| mask[col]);
            assert_eq!(counts, col < valid);
            if counts {
                assert_eq!(batch.inputs[col], first + col as u32);
                assert_eq!(batch.targets[col], first + col as u32 + 1);
                assert!(seen.insert(batch.targets[col]), "twice in an epoch");
            } else {
                assert_eq!(batch.targets[col], 0);
            }
        }
        assert!(seen.contains(&(document * 1_000 + 1)) || first % 1_000 > 0);
        firsts.push(first);
    }
    assert_eq!(seen, documents);
    let padding = 1.0 - seen.len() as f64 / (windows as f64 * 16.0);
    assert!((batches.waste().padding - padding).abs() < 1e-12);
    // The next epoch has the same windows in another order, and batches are pure functions.
    let next: Vec<u32> = (windows..2 * windows)
        .map(|i| batches.batch(i).inputs[0])
        .collect();
    assert_ne!(next, firsts);
    let sorted = |mut list: Vec<u32>| {
        list.sort_unstable();
        list
    };
    assert_eq!(sorted(next), sorted(firsts.clone()));
    let other = Batches::new(Arc::clone(&shards), Windows::Documents, 16, 1, 4).unwrap();
    assert_ne!(other.batch(0), batches.batch(0));
    // In batches of any size the windows come in the same order, over the end of the epoch too.
    let sevens = Batches::new(shards, Windows::Documents, 16, 7, 3).unwrap();
    for i in [0, 5, windows / 7, u64::MAX] {
        let batch = sevens.batch(i);
        assert_eq!((batch.rows, &batch), (7, &sevens.batch(i)));
    }
    let batch = sevens.batch(2);
    for row in 0..7 {
        assert_eq!(batch.inputs[row * 16], firsts[14 + row]);
    }
}

#[test]
fn documents_without_two_tokens_are_nothing_to_learn_from() {
    let shards = documents(&[(1, false), (0, false), (1, false)]);
    let error = Batches::new(shards, Windows::Documents, 1, 1, 1).unwrap_err();
    assert!(error.is_usage(), "{error}");
    // A document shorter than the context is enough.
    let batches = Batches::new(documents(&[(2, false)]), Windows::Documents, 64, 2, 1).unwrap();
    assert_eq!((batches.batch(0).rows, batches.batch(0).valid()), (2, 2));
    assert!((batches.waste().padding - 63.0 / 64.0).abs() < 1e-12);
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
fn overlapping_evaluation_counts_every_token_but_the_first_once() {
    for (length, seq_len, stride) in [(1_000, 64, 16), (1_000, 64, 64), (70, 64, 5), (65, 64, 1)] {
        let windows = EvalWindows::overlapping(counting(length), seq_len, stride).unwrap();
        let mut counted = Vec::new();
        for window in 0..windows.len() {
            let batch = windows.batch(window..window + 1);
            let mask = batch.mask.unwrap();
            let counts = batch.targets.iter().zip(mask).enumerate();
            for (at, (&target, _)) in counts.filter(|(_, (_, counts))| *counts) {
                assert!(window == 0 || at >= seq_len - stride, "{target}");
                counted.push(target);
            }
        }
        assert_eq!(counted, (1..length).collect::<Vec<_>>());
    }
    let error = EvalWindows::overlapping(counting(100), 64, 0).unwrap_err();
    assert!(error.to_string().starts_with("stride"), "{error}");
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

/// Documents of 1 to 40 tokens; every tenth has 90.
fn many() -> Vec<(u32, bool)> {
    (0..300)
        .map(|i| {
            if i % 10 == 9 {
                (90, false)
            } else {
                (1 + i * 7 % 40, false)
            }
        })
        .collect()
}

#[test]
fn best_fit_begins_every_window_with_a_document_and_loses_what_it_says() {
    let lengths = many();
    let shards = documents(&lengths);
    let batches = Batches::new(Arc::clone(&shards), Windows::BestFit, 31, 1, 3).unwrap();
    let starts: BTreeSet<u64> = shards.documents().map(|it| it.unwrap().start).collect();
    let mut seen = vec![0; shards.len() as usize];
    for i in 0.. {
        let row = &batches.rows(i)[0];
        if row.iter().any(|text| seen[text.start as usize] > 0) {
            break;
        }
        for text in row {
            // A long document is cut into windows side by side, and what is left of it is laid as one.
            let document = starts.range(..=text.start).next_back().unwrap();
            assert!((text.start - document).is_multiple_of(32), "{row:?}");
            for token in text.clone() {
                seen[token as usize] += 1;
            }
        }
    }
    assert!(seen.iter().all(|&times| times <= 1));
    let never = seen.iter().filter(|&&times| times == 0).count();
    let cropped = batches.waste().cropped;
    assert_eq!(never as u64, cropped);
    assert!(cropped * 10 < seen.len() as u64, "{cropped}");
    assert!(
        batches.waste().padding < 0.01,
        "{}",
        batches.waste().padding
    );
}

#[test]
fn texts_that_are_apart_are_not_predicted_from_each_other() {
    let shards = documents(&[(10, false), (6, true), (5, false), (30, false)]);
    for windows in [Windows::Shuffled, Windows::BestFit] {
        let whole = Batches::new(Arc::clone(&shards), windows, 16, 3, 1).unwrap();
        let apart = whole.clone().apart(true);
        for i in 0..4 {
            let (whole, apart) = (whole.batch(i), apart.batch(i));
            assert_eq!(
                (&whole.inputs, &whole.targets),
                (&apart.inputs, &apart.targets)
            );
            let Some(texts) = &apart.texts else {
                continue;
            };
            let mask = apart.mask.as_ref().unwrap();
            for (row, lengths) in texts.iter().enumerate() {
                let mut at = 0;
                for (number, length) in lengths.iter().enumerate() {
                    at += length;
                    if number + 1 < lengths.len() {
                        // The first token of the next text is no target.
                        assert!(!mask[row * 16 + at - 1], "{texts:?}");
                    }
                }
                assert!(at <= 16);
            }
        }
    }
}

#[test]
fn a_mixture_reads_each_source_by_its_weight_and_in_its_range() {
    let shards = counting(3_000);
    let mixture: Mixture =
        from_ron_str("(weights: {\"a\": 3, \"b\": 1}, max_epochs: {\"a\": 2})").unwrap();
    let sources = [("a".to_owned(), 0..1_000), ("b".to_owned(), 1_000..3_000)];
    let of = |mixture, wanted| {
        let mix = Mix {
            mixture,
            sources: &sources,
            wanted,
        };
        Batches::mixed(Arc::clone(&shards), &mix, Windows::Shuffled, 10, 4, 5)
    };
    let batches = of(&mixture, 60).unwrap();
    let mut given = [0; 2];
    for i in 0..15 {
        for row in batches.rows(i) {
            let from_b = row[0].start >= 1_000;
            assert!(from_b || row[0].end <= 1_000, "{row:?}");
            given[usize::from(from_b)] += 1;
        }
    }
    assert_eq!(given, [45, 15]);
    // Twice 99 windows of the first, and as many of the second as are asked for.
    let all: Vec<_> = (0..100).flat_map(|i| batches.rows(i)).collect();
    assert_eq!(all.iter().filter(|row| row[0].start < 1_000).count(), 198);
    let limited: Mixture =
        from_ron_str("(weights: {\"a\": 3, \"b\": 1}, tokens: Some(500))").unwrap();
    let fault = of(&limited, 60).unwrap_err();
    assert!(
        fault.is_usage() && fault.to_string().contains("mixture.tokens gives 50"),
        "{fault}"
    );
}
