//! Masked batches: the text is all there, and what is asked is drawn as BERT says.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use slovo_data::mask::MaskError;
use slovo_data::shard::{Provenance, ShardOptions, ShardWriter};
use slovo_data::tokenizer::{BpeSample, Specials, train_bpe, train_wordpiece};
use slovo_data::{
    BatchSource, Error, MaskedBatch, MaskedBatches, MaskedWindows, Masking, Prefetch, Shards,
    Tokenizer, Windows,
};

/// The sources of this crate: text that nobody wrote for this test.
fn real_texts() -> Vec<String> {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => texts.push(std::fs::read_to_string(path).unwrap()),
            }
        }
    }
    texts.sort();
    texts
}

fn wordpiece(texts: &[String]) -> Tokenizer {
    wordpiece_of(texts, 2_000)
}

fn wordpiece_of(texts: &[String], vocab_size: usize) -> Tokenizer {
    let mut sample = BpeSample::new(1 << 22);
    texts.iter().for_each(|text| sample.push(text));
    train_wordpiece(&sample, vocab_size, true, 2).unwrap()
}

/// Shards of documents, as `prepare` writes them.
fn shards(tokenizer: &Tokenizer, texts: &[String]) -> Arc<Shards> {
    let folder = tempfile::tempdir().unwrap();
    let options = ShardOptions {
        vocab_size: tokenizer.vocab_size(),
        tokenizer: tokenizer.fingerprint_bytes(),
        max_bytes: 100_000,
    };
    let mut writer = ShardWriter::new(folder.path(), "train", options);
    for text in texts {
        let mut tokens = tokenizer.encode(text).unwrap();
        tokens.extend(tokenizer.end_of_text());
        let bytes = text.len() as u64;
        writer
            .document(&tokens, bytes, &Provenance::default(), false)
            .unwrap();
    }
    writer.finish().unwrap();
    // The maps outlive the folder.
    Arc::new(Shards::open(folder.path(), "train", None).unwrap())
}

fn all(shards: &Shards) -> Vec<u32> {
    let mut tokens = vec![0; shards.len() as usize];
    shards.read(0, &mut tokens).unwrap();
    tokens
}

/// The rows as they were before anything was hidden, filler left out.
fn restored(batch: &MaskedBatch) -> Vec<Vec<u32>> {
    let mut tokens = batch.inputs.clone();
    for (&place, &target) in batch.places.iter().zip(&batch.targets) {
        tokens[place as usize] = target;
    }
    let rows = tokens.chunks(batch.cols).zip(&batch.lengths);
    rows.map(|(row, &length)| row[..length].to_vec()).collect()
}

/// Five standard deviations of a binomial count to each side.
fn binomial(trials: usize, share: f64) -> RangeInclusive<f64> {
    let (mean, deviation) = (
        trials as f64 * share,
        (trials as f64 * share * (1.0 - share)).sqrt(),
    );
    mean - 5.0 * deviation..=mean + 5.0 * deviation
}

#[test]
fn of_real_text_15_percent_are_asked_80_10_10() {
    let texts = real_texts();
    let tokenizer = wordpiece(&texts);
    let shards = shards(&tokenizer, &texts);
    let special: BTreeSet<u32> = tokenizer.specials().into_iter().map(|(id, _)| id).collect();
    for whole_words in [false, true] {
        let masking = Masking {
            whole_words,
            ..Masking::default()
        };
        let batches = MaskedBatches::new(
            Arc::clone(&shards),
            &tokenizer,
            &masking,
            Windows::Shuffled,
            128,
            16,
            3,
        )
        .unwrap();
        let (mut ordinary, mut due, mut asked, mut masked, mut kept) = (0, 0, 0, 0, 0);
        for i in 0..100 {
            let batch = batches.batch(i).unwrap();
            assert_eq!((batch.rows, batch.cols), (16, 128));
            assert_eq!(batch.lengths, [128; 16]);
            assert_eq!(batch.valid(), batch.targets.len());
            assert!(batch.places.is_sorted_by(|a, b| a < b));
            for (row, tokens) in restored(&batch).iter().enumerate() {
                assert_eq!(tokens[0], tokenizer.cls().unwrap());
                assert_eq!(tokens[127], tokenizer.sep().unwrap());
                let here = tokens.iter().filter(|id| !special.contains(id)).count();
                ordinary += here;
                due += (here as f64 * 0.15).round() as usize;
                let range = (row as u32 * 128)..(row as u32 + 1) * 128;
                assert!(batch.places.iter().any(|place| range.contains(place)));
            }
            for (&place, &target) in batch.places.iter().zip(&batch.targets) {
                assert!(!special.contains(&target), "special tokens are never asked");
                let input = batch.inputs[place as usize];
                asked += 1;
                masked += usize::from(Some(input) == tokenizer.mask());
                kept += usize::from(input == target);
                assert!(Some(input) == tokenizer.mask() || !special.contains(&input));
            }
            // A mask stands only where it was put.
            let masks = batch
                .inputs
                .iter()
                .filter(|&&id| Some(id) == tokenizer.mask());
            let put = batch
                .places
                .iter()
                .map(|&place| batch.inputs[place as usize]);
            let put = put.filter(|&id| Some(id) == tokenizer.mask()).count();
            assert_eq!(masks.count(), put);
        }
        // A row is asked for its share, rounded; of whole words for up to a word less, or for the
        // whole of a word that is longer than that: a checksum, say.
        let share = asked as f64 / ordinary as f64;
        assert!((0.135..0.155).contains(&share), "{share}");
        match whole_words {
            true => assert!(
                (0.9..1.02).contains(&(asked as f64 / due as f64)),
                "{asked} of {due}"
            ),
            false => assert_eq!(asked, due),
        }
        assert!(
            binomial(asked, 0.8).contains(&(masked as f64)),
            "{masked} of {asked}"
        );
        // One in ten stays, and by chance one of the 1,995 that are put in.
        let share = 0.1 + 0.1 / 1_995.0;
        assert!(
            binomial(asked, share).contains(&(kept as f64)),
            "{kept} of {asked}"
        );
    }
}

#[test]
fn whole_words_are_whole() {
    let texts = real_texts();
    let mut sample = BpeSample::new(1 << 22);
    texts.iter().for_each(|text| sample.push(text));
    let bpe = train_bpe(&sample, 1_000, 2, Specials::Masked).unwrap();
    for tokenizer in [wordpiece_of(&texts, 600), bpe] {
        let masking = Masking {
            whole_words: true,
            ..Masking::default()
        };
        let shards = shards(&tokenizer, &texts);
        let batches =
            MaskedBatches::new(shards, &tokenizer, &masking, Windows::Random, 96, 8, 3).unwrap();
        let mut long = 0;
        for i in 0..40 {
            let batch = batches.batch(i).unwrap();
            let asked: BTreeSet<u32> = batch.places.iter().copied().collect();
            for (row, tokens) in restored(&batch).iter().enumerate() {
                for col in 1..tokens.len() {
                    // Told from the texts of the tokens alone.
                    let text = |col: usize| {
                        let mut bytes = Vec::new();
                        tokenizer
                            .decode_bytes(&tokens[col..=col], &mut bytes)
                            .unwrap();
                        bytes
                    };
                    let white = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
                    let special = |col: usize| {
                        let names = tokenizer.specials();
                        names.iter().any(|(id, _)| *id == tokens[col])
                    };
                    let joined = match tokenizer.kind().to_string().as_str() {
                        "wordpiece" => text(col).starts_with(b"##"),
                        _ => !white(text(col).first()) && !white(text(col - 1).last()),
                    };
                    if joined && !special(col) && !special(col - 1) {
                        let place = (row * 96 + col) as u32;
                        assert_eq!(asked.contains(&place), asked.contains(&(place - 1)));
                        long += usize::from(asked.contains(&place));
                    }
                }
            }
        }
        assert!(long > 500, "{long}");
    }
}

#[test]
fn a_batch_depends_on_seed_and_number_alone_and_hides_anew() {
    let texts = real_texts();
    let tokenizer = wordpiece(&texts);
    let shards = shards(&tokenizer, &texts);
    let make = |windows, seed| {
        let masking = Masking::default();
        MaskedBatches::new(
            Arc::clone(&shards),
            &tokenizer,
            &masking,
            windows,
            64,
            4,
            seed,
        )
        .unwrap()
    };
    for windows in [Windows::Random, Windows::Shuffled, Windows::Documents] {
        let batches = make(windows, 9);
        let forward: Vec<MaskedBatch> = (0..30).map(|i| batches.batch(i).unwrap()).collect();
        let again = make(windows, 9);
        for i in (0..30).rev() {
            assert_eq!(again.batch(i).unwrap(), forward[i as usize]);
        }
        assert_ne!(make(windows, 10).batch(0).unwrap(), forward[0]);
        // Resumed is uninterrupted, made ahead or not.
        let resumed = Prefetch::new(make(windows, 9), 17, 3).unwrap();
        for (made, i) in resumed.zip(17..30) {
            assert_eq!(made.unwrap(), (i, forward[i as usize].clone()));
        }
    }
    // The same text in the next epoch is asked otherwise: a text of one window has no other.
    let one = Arc::new(all(&shards)[..62].to_vec());
    let text = tokenizer.decode(&one).unwrap();
    let short = self::shards(&tokenizer, &[text]);
    let masking = Masking::default();
    let batches =
        MaskedBatches::new(short, &tokenizer, &masking, Windows::Documents, 128, 2, 1).unwrap();
    let rows = restored(&batches.batch(0).unwrap());
    let mut asked = BTreeSet::new();
    for i in 0..20 {
        let batch = batches.batch(i).unwrap();
        assert_eq!(restored(&batch), rows);
        let rows: BTreeSet<&[u32]> = batch.places.chunk_by(|a, b| a / 128 == b / 128).collect();
        for row in rows {
            asked.insert(row.iter().map(|place| place % 128).collect::<Vec<u32>>());
        }
    }
    assert_eq!(asked.len(), 40, "two rows of twenty steps");
}

#[test]
fn windows_are_text_between_special_tokens() {
    let texts = real_texts();
    let tokenizer = wordpiece(&texts);
    let (cls, sep) = (tokenizer.cls().unwrap(), tokenizer.sep().unwrap());
    let shards = shards(&tokenizer, &texts);
    let text = all(&shards);
    let make = |windows, rows| {
        let masking = Masking::default();
        MaskedBatches::new(
            Arc::clone(&shards),
            &tokenizer,
            &masking,
            windows,
            50,
            rows,
            5,
        )
        .unwrap()
    };
    // Any 48 tokens of the text, the last ones among them.
    for windows in [Windows::Random, Windows::Shuffled] {
        let batches = make(windows, 5);
        assert_eq!(batches.tokens_per_batch(), 250);
        assert!(batches.waste().padding == 0.0);
        for i in [0, 7, u64::MAX] {
            for row in restored(&batches.batch(i).unwrap()) {
                assert_eq!((row.len(), row[0], row[49]), (50, cls, sep));
                assert!(text.windows(48).any(|window| window == &row[1..49]));
            }
        }
    }
    let exact = MaskedBatches::new(
        self::shards(&tokenizer, &["a".to_owned()]),
        &tokenizer,
        &Masking::default(),
        Windows::Shuffled,
        4,
        1,
        1,
    )
    .unwrap();
    // The whole text, with its own end.
    let a = tokenizer.encode("a").unwrap()[0];
    assert_eq!(restored(&exact.batch(3).unwrap()), [[cls, a, sep, sep]]);

    // Every token of every document once, and no end of text but the row's.
    let batches = make(Windows::Documents, 1);
    let documents: BTreeSet<Vec<u32>> = text
        .split_inclusive(|&id| id == sep)
        .map(|document| document[..document.len() - 1].to_vec())
        .collect();
    let expected: usize = documents
        .iter()
        .map(|document| document.len().div_ceil(48))
        .sum();
    let mut pieces = Vec::new();
    let mut filler = 0;
    for i in 0..expected as u64 {
        let batch = batches.batch(i).unwrap();
        let row = restored(&batch).remove(0);
        assert_eq!((row[0], row[row.len() - 1]), (cls, sep));
        assert!(
            batch.inputs[row.len()..]
                .iter()
                .all(|&id| Some(id) == tokenizer.pad())
        );
        filler += 50 - row.len();
        pieces.push(row[1..row.len() - 1].to_vec());
    }
    let mut cut: Vec<Vec<u32>> = documents
        .iter()
        .flat_map(|document| document.chunks(48).map(<[u32]>::to_vec))
        .collect();
    cut.sort();
    pieces.sort();
    assert_eq!(pieces, cut);
    let padding = filler as f64 / (expected * 50) as f64;
    assert!((batches.waste().padding - padding).abs() < 1e-12);
}

#[test]
fn held_out_windows_are_asked_the_same_every_time() {
    let texts = real_texts();
    let tokenizer = wordpiece(&texts);
    let shards = shards(&tokenizer, &texts[..20]);
    let text = all(&shards);
    let make = || {
        let masking = Masking::default();
        MaskedWindows::new(Arc::clone(&shards), &tokenizer, &masking, 66).unwrap()
    };
    let windows = make();
    assert_eq!(
        (windows.len(), windows.seq_len()),
        (text.len().div_ceil(64) as u64, 66)
    );
    let all = windows.batch(0..u64::MAX).unwrap();
    // Every token of the text is in one window, in order.
    let seen: Vec<u32> = restored(&all)
        .iter()
        .flat_map(|row| row[1..row.len() - 1].to_vec())
        .collect();
    assert_eq!(seen, text);
    assert_eq!(all.lengths.last(), Some(&(text.len() % 64 + 2)));
    // One by one, in any order and by another, they are asked the same.
    let again = make();
    let mut offset = all.places.len();
    for window in (0..windows.len()).rev() {
        let batch = again.batch(window..window + 1).unwrap();
        offset -= batch.valid();
        let moved = batch.places.iter().map(|place| place + window as u32 * 66);
        assert!(all.places[offset..].starts_with(&moved.collect::<Vec<u32>>()));
        assert!(all.targets[offset..].starts_with(&batch.targets));
        let rows = &all.inputs[window as usize * 66..];
        assert!(rows.starts_with(&batch.inputs));
    }
    assert_eq!(offset, 0);
    assert_eq!(windows.batch(9_999_999..u64::MAX).unwrap().rows, 0);
}

#[test]
fn a_row_without_ordinary_tokens_is_still_asked_something() {
    let texts = real_texts();
    let tokenizer = wordpiece(&texts);
    let unknown = tokenizer.encode("\u{1234}").unwrap();
    assert_eq!(tokenizer.count_unknown(&unknown), 1);
    let shards = shards(&tokenizer, &["\u{1234} \u{1235} \u{1236}".to_owned()]);
    let masking = Masking::default();
    let batches =
        MaskedBatches::new(shards, &tokenizer, &masking, Windows::Documents, 8, 2, 1).unwrap();
    let batch = batches.batch(0).unwrap();
    assert_eq!((batch.valid(), &batch.places[..]), (2, &[1, 9][..]));
    assert_eq!(batch.targets, [unknown[0]; 2]);
    assert_eq!(Some(batch.inputs[1]), tokenizer.mask());
}

#[test]
fn what_does_not_fit_is_said() {
    let texts = vec!["some text for words".to_owned()];
    let tokenizer = {
        let mut sample = BpeSample::new(1_000);
        sample.push(&texts[0]);
        train_wordpiece(&sample, 60, true, 2).unwrap()
    };
    let shards = shards(&tokenizer, &texts);
    let make = |tokenizer: &Tokenizer, masking: Masking, context, sequences| {
        let shards = Arc::clone(&shards);
        let windows = Windows::Shuffled;
        MaskedBatches::new(shards, tokenizer, &masking, windows, context, sequences, 1)
            .map(|_| ())
            .unwrap_err()
    };
    let good = Masking::default();
    let says = |error: Error, text: &str| {
        assert!(error.to_string().contains(text), "{error}");
        assert!(error.is_usage(), "{error}");
    };
    let half = Masking { share: 0.0, ..good };
    says(make(&tokenizer, half, 16, 1), "share is 0; above 0");
    says(
        make(&tokenizer, good, 2, 1),
        "no room for text beside 2 special ones; take 3 or more",
    );
    says(make(&tokenizer, good, 0, 1), "seq_len is 0");
    says(make(&tokenizer, good, 16, 0), "sequences is 0");
    says(
        make(&tokenizer, good, 4_000, 1),
        "takes 3998 tokens of text, the train split has",
    );
    says(
        make(&tokenizer, good, 1 << 16, 1 << 16),
        "more places than 2^32",
    );
    let bytes = Tokenizer::bytes().unwrap();
    says(
        make(&bytes, good, 16, 1),
        "(byte) has no mask token; take WordPiece",
    );
    let whole = Masking {
        whole_words: true,
        ..good
    };
    let file = r#"{"version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [{"id": 0, "content": "[MASK]", "special": true, "single_word": false,
            "lstrip": false, "rstrip": false, "normalized": false}],
        "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
        "decoder": null, "model": {"type": "WordLevel", "vocab": {"[MASK]": 0, "a": 1},
        "unk_token": "[UNK]"}}"#;
    let words = Tokenizer::from_json("given", file.to_owned()).unwrap();
    says(
        make(&words, whole, 16, 1),
        "(WordLevel) does not show where words begin",
    );
    let error = MaskedWindows::new(Arc::clone(&shards), &words, &whole, 16).unwrap_err();
    assert!(matches!(error, Error::Mask(MaskError::NoWords { .. })));
}

/// The trait is what makes any batches be made ahead.
#[test]
fn both_sources_are_sources() {
    fn first<S: BatchSource>(source: S) -> S::Batch {
        Prefetch::new(source, 0, 1)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .1
    }
    let texts = real_texts();
    let tokenizer = wordpiece(&texts);
    let shards = shards(&tokenizer, &texts);
    let plain = slovo_data::Batches::new(Arc::clone(&shards), Windows::Random, 8, 2, 1).unwrap();
    assert_eq!(first(plain.clone()), plain.batch(0));
    // Named without its batch, it is that of plain batches.
    let ahead: Result<Prefetch, Error> = Prefetch::new(plain.clone(), 3, 2);
    assert_eq!(ahead.unwrap().next().unwrap().unwrap(), (3, plain.batch(3)));
    let masking = Masking::default();
    let masked =
        MaskedBatches::new(shards, &tokenizer, &masking, Windows::Random, 8, 2, 1).unwrap();
    assert_eq!(first(masked.clone()), masked.batch(0).unwrap());
}
