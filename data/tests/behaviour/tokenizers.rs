//! Tokenizers: exact, complete, deterministic, and the same as the `tokenizers` crate says.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::json;
use slovo_data::tokenizer::{BpeSample, Kind, Specials, Tokenizer, TokenizerError, train_bpe};

use crate::awkward_text;

fn characters(text: &str) -> Tokenizer {
    Tokenizer::characters(&text.chars().collect::<BTreeSet<char>>()).unwrap()
}

fn bpe(text: &str, vocab_size: usize) -> Tokenizer {
    let mut sample = BpeSample::new(1 << 20);
    sample.push(text);
    train_bpe(&sample, vocab_size, 2, Specials::Text).unwrap()
}

fn json_of(tokenizer: &Tokenizer) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    tokenizer.save(&path).unwrap();
    std::fs::read_to_string(path).unwrap()
}

/// The same file in the hands of the `tokenizers` crate, special tokens taken as text.
fn theirs(tokenizer: &Tokenizer) -> tokenizers::Tokenizer {
    let mut theirs: tokenizers::Tokenizer = json_of(tokenizer).parse().unwrap();
    theirs.set_encode_special_tokens(true);
    theirs
}

#[test]
fn every_kind_gives_what_the_tokenizers_crate_gives_and_comes_back() {
    let text = awkward_text();
    for (tokenizer, kind) in [
        (characters(&text), Kind::Char),
        (Tokenizer::bytes().unwrap(), Kind::Byte),
        (bpe(&text, 400), Kind::ByteLevelBpe),
    ] {
        assert_eq!(*tokenizer.kind(), kind);
        let ids = tokenizer.encode(&text).unwrap();
        let expected = theirs(&tokenizer).encode(text.as_str(), false).unwrap();
        assert_eq!(ids, expected.get_ids(), "{kind}");
        assert_eq!(tokenizer.decode(&ids).unwrap(), text, "{kind}");
        assert_eq!(theirs(&tokenizer).decode(&ids, false).unwrap(), text);
        let again = Tokenizer::from_json("again", json_of(&tokenizer)).unwrap();
        assert_eq!(again.encode(&text).unwrap(), ids);
        assert_eq!(again.fingerprint(), tokenizer.fingerprint());
    }
}

#[test]
fn a_long_text_in_pieces_gives_the_tokens_of_the_whole() {
    // Longer than a piece by far, so that it is cut; a word apart, so that cuts would show.
    let text = awkward_text().repeat(700);
    assert!(text.len() > 1 << 20);
    let tokenizer = bpe(&awkward_text(), 500);
    let expected = theirs(&tokenizer).encode(text.as_str(), false).unwrap();
    assert_eq!(tokenizer.encode(&text).unwrap(), expected.get_ids());
}

#[test]
fn many_texts_on_any_number_of_threads_give_the_same_tokens() {
    let texts: Vec<String> = (0..300)
        .map(|i| awkward_text()[..].chars().skip(i * 3).take(500).collect())
        .collect();
    let tokenizer = bpe(&awkward_text(), 500);
    let encode = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| tokenizer.encode_parts(&texts))
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .unwrap()
    };
    let one = encode(1);
    assert_eq!(one, encode(4));
    for (text, ids) in texts.iter().zip(&one) {
        assert_eq!(*ids, tokenizer.encode(text).unwrap());
    }
}

/// The trainer of the crate hashes with random keys and merges on several threads; neither may
/// show, in spite of all the ties in a text like this.
#[test]
fn training_gives_the_same_file_whatever_the_threads_and_the_order() {
    let texts: Vec<String> = (0..400)
        .map(|i: u32| {
            let word = |k: u32| {
                let n = i.wrapping_mul(2_654_435_761).rotate_left(k * 3) % 5_000;
                format!("ab{n:x}ba{}", n % 7)
            };
            (0..30).map(|k| word(k) + " ").collect()
        })
        .collect();
    let train = |threads, backwards: bool| {
        let mut sample = BpeSample::new(1 << 20);
        let mut order: Vec<&String> = texts.iter().collect();
        if backwards {
            order.reverse();
        }
        order.into_iter().for_each(|text| sample.push(text));
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| train_bpe(&sample, 1_400, 2, Specials::Text))
            .unwrap()
    };
    let first = train(1, false);
    assert_eq!(first.vocab_size(), 1_400);
    for (threads, backwards) in [(1, true), (2, false), (4, true), (3, false), (4, false)] {
        assert_eq!(json_of(&train(threads, backwards)), json_of(&first));
    }
}

#[test]
fn a_sample_beyond_its_cap_depends_on_the_texts_alone() {
    let texts: Vec<String> = (0..200)
        .map(|i| format!("document {i} {}", "word ".repeat(i % 17)))
        .collect();
    let total: usize = texts.iter().map(String::len).sum();
    let train = |reverse: bool| {
        let mut sample = BpeSample::new(total / 3);
        let mut order: Vec<&String> = texts.iter().collect();
        if reverse {
            order.reverse();
        }
        order.into_iter().for_each(|text| sample.push(text));
        assert!(sample.bytes() <= total / 3 && sample.bytes() > total / 4);
        assert_eq!(sample.seen(), total as u64);
        json_of(&train_bpe(&sample, 300, 2, Specials::Text).unwrap())
    };
    assert_eq!(train(false), train(true));
}

/// One long text is sampled from end to end, not from its head.
#[test]
fn a_sample_of_one_long_text_is_spread_over_it() {
    let part = |name: &str| format!("{name} ").repeat(400) + "\n";
    let text: String = (0..16)
        .map(|number| {
            let name = format!("chapter{number}");
            (0..120)
                .map(|line| part(&name) + &line.to_string() + "\n")
                .collect::<String>()
        })
        .collect();
    let mut sample = BpeSample::new(text.len() / 3);
    sample.push(&text);
    assert!(sample.bytes() <= text.len() / 3 && sample.bytes() > text.len() / 4);
    assert!(sample.describe().contains(" of "), "{}", sample.describe());
    let tokenizer = train_bpe(&sample, 420, 2, Specials::Text).unwrap();
    let tokens = |number: usize| {
        tokenizer
            .encode(&format!(" chapter{number}"))
            .unwrap()
            .len()
    };
    // A chapter that was in the sample is a token with its number, or two.
    let learnt = (0..16).filter(|&number| tokens(number) <= 2).count();
    assert!(learnt > 8, "{learnt} of 16");
}

#[test]
fn what_looks_like_a_special_token_stays_text() {
    let text = "<|endoftext|>".repeat(50) + " <|endoftext|>x";
    for tokenizer in [Tokenizer::bytes().unwrap(), bpe(&text, 300)] {
        let end = tokenizer.end_of_text().unwrap();
        let ids = tokenizer.encode(&text).unwrap();
        assert!(!ids.contains(&end));
        assert_eq!(tokenizer.decode(&ids).unwrap(), text);
        assert_eq!(tokenizer.decode(&[end]).unwrap(), "<|endoftext|>");
        assert_eq!(tokenizer.specials(), [(end, "<|endoftext|>".to_owned())]);
    }
    assert_eq!(characters("abc").end_of_text(), None);
}

#[test]
fn one_long_word_takes_seconds() {
    let tokenizer = bpe(&awkward_text(), 500);
    for word in ["a", "ab1", "-", " ", "é", "\u{1F600}", "\n"] {
        let text = word.repeat((1 << 20) / word.len());
        let begin = Instant::now();
        let ids = tokenizer.encode(&text).unwrap();
        assert!(
            begin.elapsed().as_secs() < 10,
            "{word:?} {:?}",
            begin.elapsed()
        );
        assert_eq!(tokenizer.decode(&ids).unwrap(), text);
    }
    let begin = Instant::now();
    let mut sample = BpeSample::new(1 << 22);
    sample.push(&("x".repeat(1 << 20) + " some words for the rest, some words"));
    train_bpe(&sample, 260, 2, Specials::Text).unwrap();
    assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
}

#[test]
fn what_cannot_be_encoded_is_an_error_with_its_place() {
    let error = characters("abc\n").encode("abc\nab\u{e9}c").unwrap_err();
    let TokenizerError::Unencodable(place) = &error else {
        panic!("{error}")
    };
    assert_eq!((place.offset, place.line, place.column), (6, 2, 3));
    assert!(error.to_string().contains("'é', U+00E9") && error.is_usage());
    // Far behind the first piece.
    let text = "abc\n".repeat(200_000) + "ax";
    let error = characters("abc\n").encode(&text).unwrap_err();
    assert!(
        error.to_string().contains("line 200001, column 2"),
        "{error}"
    );
}

/// Published tokenizers that know less than everything must say so as well.
#[test]
fn a_given_tokenizer_does_not_leave_holes() {
    let base = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": null, "pre_tokenizer": { "type": "Whitespace" },
        "post_processor": null, "decoder": null,
    });
    let with = |model: serde_json::Value| {
        let mut file = base.clone();
        file["model"] = model;
        Tokenizer::from_json("given", file.to_string()).unwrap()
    };
    let word_piece = with(json!({
        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100, "vocab": { "[UNK]": 0, "ab": 1, "##c": 2 },
    }));
    assert_eq!(word_piece.encode("ab abc").unwrap(), [1, 1, 2]);
    let error = word_piece.encode("ab\nabc xy").unwrap_err().to_string();
    assert!(
        error.contains("line 2, column 5") && error.contains("'x'"),
        "{error}"
    );
    // Byte-pair encoding without an unknown token drops silently, in the crate.
    let silent = with(json!({
        "type": "BPE", "dropout": 0.5, "vocab": { "a": 0, "b": 1, "ab": 2 }, "merges": [["a", "b"]],
    }));
    // And its dropout, which belongs to training, is off.
    for _ in 0..50 {
        assert_eq!(silent.encode("ab ba").unwrap(), [2, 1, 0]);
    }
    let error = silent.encode("ab aéb").unwrap_err().to_string();
    assert!(
        error.contains("line 1, column 5") && error.contains("'é'"),
        "{error}"
    );
}

#[test]
fn a_given_tokenizer_does_not_cut_or_pad() {
    let mut file: serde_json::Value = serde_json::from_str(&json_of(&bpe("abc abc", 258))).unwrap();
    file["truncation"] =
        json!({ "direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0 });
    file["padding"] = json!({
        "strategy": { "Fixed": 9 }, "direction": "Right", "pad_to_multiple_of": null,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "<|endoftext|>",
    });
    let tokenizer = Tokenizer::from_json("given", file.to_string()).unwrap();
    let long = "xyz ".repeat(100);
    assert_eq!(
        tokenizer.decode(&tokenizer.encode(&long).unwrap()).unwrap(),
        long
    );
    assert_eq!(tokenizer.encode("x").unwrap().len(), 1);
    // What is saved is what was read, cut and padding included.
    assert_eq!(json_of(&tokenizer), file.to_string());
}

#[test]
fn a_stream_never_gives_half_a_character() {
    let text = awkward_text();
    for tokenizer in [
        characters(&text),
        Tokenizer::bytes().unwrap(),
        bpe(&text, 300),
    ] {
        let mut stream = tokenizer.stream();
        let mut joined = String::new();
        for id in tokenizer.encode(&text).unwrap() {
            if let Some(part) = stream.push(id) {
                assert!(!part.contains('\u{FFFD}') && !part.is_empty());
                joined += &part;
            }
        }
        assert_eq!(stream.finish(), None);
        assert_eq!(joined, text);
    }
    let bytes = Tokenizer::bytes().unwrap();
    let mut stream = bytes.stream();
    // Half of a two-byte character, then an ASCII one: the half is shown for what it is.
    assert_eq!(stream.push(0xC3), None);
    assert_eq!(stream.push(b'a'.into()).as_deref(), Some("\u{FFFD}a"));
    assert_eq!(stream.push(0xF0), None);
    assert_eq!(stream.push(9_999).as_deref(), Some("\u{FFFD}\u{FFFD}"));
    assert_eq!(stream.push(0xE2), None);
    assert_eq!(stream.finish().as_deref(), Some("\u{FFFD}"));
}

#[test]
fn a_stream_of_a_foreign_decoder_joins_to_its_text() {
    let file = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": null, "pre_tokenizer": { "type": "Whitespace" }, "post_processor": null,
        "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": false },
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": { "[UNK]": 0, "un": 1, "##aff": 2, "##able": 3, "price": 4 },
        },
    });
    let tokenizer = Tokenizer::from_json("given", file.to_string()).unwrap();
    let ids = tokenizer.encode("price unaffable price").unwrap();
    let mut stream = tokenizer.stream();
    let mut joined: String = ids.iter().filter_map(|&id| stream.push(id)).collect();
    joined += &stream.finish().unwrap_or_default();
    assert_eq!(joined, tokenizer.decode(&ids).unwrap());
    assert_eq!(joined, "price unaffable price");
}

#[test]
fn wrong_files_ids_and_sizes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let error = Tokenizer::from_file(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("tokenizer.json") && error.contains("cannot read"),
        "{error}"
    );
    for wrong in [
        "",
        "{",
        "{}",
        "[1]",
        "{\"model\": 3}",
        "{\"version\": \"9.0\", \"model\": {}}",
    ] {
        let error = Tokenizer::from_json("that.json", wrong.to_owned()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("that.json is not a tokenizer"),
            "{error}"
        );
        assert!(error.is_usage());
    }
    let bytes = Tokenizer::bytes().unwrap();
    assert_eq!(bytes.vocab_size(), 257);
    let error = bytes.decode(&[1, 257]).unwrap_err().to_string();
    assert!(
        error.contains("token 257") && error.contains("257 tokens"),
        "{error}"
    );
    let mut sample = BpeSample::new(100);
    assert!(matches!(
        train_bpe(&sample, 300, 2, Specials::Text),
        Err(TokenizerError::NoText)
    ));
    sample.push("text");
    let error = train_bpe(&sample, 256, 2, Specials::Text)
        .unwrap_err()
        .to_string();
    assert!(error.contains("is 256") && error.contains("257"), "{error}");
    assert!(Tokenizer::characters(&BTreeSet::new()).is_err());
}
