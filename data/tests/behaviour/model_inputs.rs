//! Texts with the special tokens of a file around them: what the `tokenizers` crate and
//! `transformers` make of them.

use std::path::Path;

use serde_json::{Value, json};
use slovo_data::tokenizer::{Tokenizer, TokenizerError};
use tokenizers::{PostProcessor, TruncationParams, truncate_encodings};

const TEXTS: [&str; 7] = [
    "",
    " \n ",
    "ab abc ab",
    "ab zz [SEP] ab",
    "abc abc abc abc abc abc",
    "[CLS]",
    "AB ab",
];

/// A word-piece tokenizer whose own settings cut to three tokens and fill up to nine.
fn file(post_processor: Value) -> Value {
    let special = |id: u32, content: &str| {
        json!({
            "id": id, "content": content, "special": true, "single_word": false,
            "lstrip": false, "rstrip": false, "normalized": false,
        })
    };
    json!({
        "version": "1.0",
        "truncation": {
            "direction": "Left", "max_length": 3, "strategy": "OnlyFirst", "stride": 0,
        },
        "padding": {
            "strategy": { "Fixed": 9 }, "direction": "Left", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]",
        },
        "added_tokens": [
            special(0, "[PAD]"), special(1, "[UNK]"), special(2, "[CLS]"), special(3, "[SEP]"),
        ],
        "normalizer": { "type": "Lowercase" },
        "pre_tokenizer": { "type": "Whitespace" },
        "post_processor": post_processor,
        "decoder": null,
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {
                "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "ab": 4, "##c": 5, "##b": 6,
            },
        },
    })
}

fn template() -> Value {
    let special =
        |id: &str, segment: u32| json!({ "SpecialToken": { "id": id, "type_id": segment } });
    let text = |id: &str, segment: u32| json!({ "Sequence": { "id": id, "type_id": segment } });
    let token = |id: &str, ids: &[u32]| json!({ "id": id, "ids": ids, "tokens": [id] });
    json!({
        "type": "TemplateProcessing",
        "single": [special("[CLS]", 0), text("A", 0), special("[SEP]", 0)],
        "pair": [
            special("[CLS]", 0), text("B", 0), special("[SEP]", 0), text("A", 1),
            special("[SEP]", 7),
        ],
        "special_tokens": { "[CLS]": token("[CLS]", &[2]), "[SEP]": token("[SEP]", &[3]) },
    })
}

fn processors() -> Vec<Value> {
    let byte_level = json!({
        "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true,
    });
    vec![
        Value::Null,
        template(),
        json!({ "type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2] }),
        json!({
            "type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2],
            "trim_offsets": true, "add_prefix_space": false,
        }),
        byte_level.clone(),
        json!({ "type": "Sequence", "processors": [byte_level, template()] }),
    ]
}

fn ours(file: &Value) -> Tokenizer {
    Tokenizer::from_json("given", file.to_string()).unwrap()
}

/// The crate without the file's cutting and padding.
fn theirs(file: &Value) -> tokenizers::Tokenizer {
    let mut file = file.clone();
    file["padding"] = Value::Null;
    file["truncation"] = Value::Null;
    let mut theirs: tokenizers::Tokenizer = file.to_string().parse().unwrap();
    theirs.set_encode_special_tokens(true);
    theirs
}

/// What it makes of one or two texts, cut by its own function. (Encoding with its truncation
/// switched on cuts each text early, and so takes equally long what is not.)
fn expected(
    theirs: &tokenizers::Tokenizer,
    texts: (&str, Option<&str>),
    max: Option<usize>,
) -> tokenizers::Encoding {
    let Some(max) = max else {
        return match texts {
            (a, None) => theirs.encode(a, true).unwrap(),
            (a, Some(b)) => theirs.encode((a, b), true).unwrap(),
        };
    };
    let alone = |text: &str, segment| {
        let mut encoding = theirs.encode(text, false).unwrap();
        encoding.set_type_ids(vec![segment; encoding.len()]);
        encoding
    };
    let pair = texts.1.is_some();
    let added = theirs
        .get_post_processor()
        .map_or(0, |p| p.added_tokens(pair));
    let params = TruncationParams {
        max_length: max - added,
        ..TruncationParams::default()
    };
    let (a, b) = (alone(texts.0, 0), texts.1.map(|text| alone(text, 1)));
    let (a, b) = truncate_encodings(a, b, &params).unwrap();
    theirs.post_process(a, b, true).unwrap()
}

#[test]
fn every_post_processor_gives_what_the_tokenizers_crate_gives() {
    for processor in processors() {
        let file = file(processor.clone());
        let (ours, theirs) = (ours(&file), theirs(&file));
        for max in [None, Some(6), Some(7), Some(9)] {
            for a in TEXTS {
                let found = ours.encode_with_specials(a, max).unwrap();
                let expected_a = expected(&theirs, (a, None), max);
                let what = format!("{processor} {max:?} {a:?}");
                assert_eq!(found.ids, expected_a.get_ids(), "{what}");
                assert_eq!(found.segments, expected_a.get_type_ids(), "{what}");
                for b in TEXTS {
                    let found = ours.encode_pair_with_specials(a, b, max).unwrap();
                    let expected = expected(&theirs, (a, Some(b)), max);
                    assert_eq!(found.ids, expected.get_ids(), "{what} {b:?}");
                    assert_eq!(found.segments, expected.get_type_ids(), "{what} {b:?}");
                }
            }
        }
    }
}

#[test]
fn what_was_cut_and_what_is_unknown_is_told() {
    let tokenizer = ours(&file(template()));
    let input = tokenizer
        .encode_with_specials("ab zz abc ab", None)
        .unwrap();
    assert_eq!(input.ids, [2, 4, 1, 4, 5, 4, 3]);
    assert_eq!((input.cut, input.unknown), (0, 1));
    let input = tokenizer
        .encode_with_specials("ab zz abc ab", Some(3))
        .unwrap();
    assert_eq!(input.ids, [2, 4, 3]);
    // What was cut is in no vector, unknown or not.
    assert_eq!((input.cut, input.unknown), (4, 0));
    let pair = tokenizer
        .encode_pair_with_specials("ab", "ab ab ab ab zz", Some(6))
        .unwrap();
    assert_eq!((pair.ids.len(), pair.cut), (6, 3));

    let error = tokenizer.encode_with_specials("ab", Some(2)).unwrap_err();
    assert!(error.is_usage());
    let error = error.to_string();
    assert!(
        error.contains("2 tokens") && error.contains("at least 3"),
        "{error}"
    );
    let error = tokenizer.encode_pair_with_specials("", "", Some(4));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("at least 5"), "{error}");
}

#[test]
fn many_texts_are_each_encoded_as_if_alone() {
    let tokenizer = ours(&file(template()));
    let texts: Vec<String> = (0..200).map(|n| "ab abc ".repeat(n % 13)).collect();
    let found = tokenizer.encode_all_with_specials(&texts, Some(12));
    for (text, found) in texts.iter().zip(found) {
        let alone = tokenizer.encode_with_specials(text, Some(12)).unwrap();
        assert_eq!(found.unwrap(), alone);
    }
}

/// Without an unknown token a hole stays an error, and a byte-level tokenizer is as fast as it is
/// without special tokens.
#[test]
fn other_kinds_of_tokenizers_read_templates_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    Tokenizer::bytes().unwrap().save(&path).unwrap();
    let mut file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    file["post_processor"] =
        json!({ "type": "BertProcessing", "sep": ["<|endoftext|>", 256], "cls": ["a", 97] });
    let input = ours(&file).encode_with_specials("é!", None).unwrap();
    assert_eq!(input.ids, [97, 0xC3, 0xA9, 0x21, 256]);

    let letters = Tokenizer::characters(&"abc".chars().collect()).unwrap();
    assert_eq!(
        letters.encode_with_specials("cab", None).unwrap().ids.len(),
        3
    );
    let error = letters.encode_with_specials("cxb", None).unwrap_err();
    assert!(
        matches!(&error, TokenizerError::Unencodable(place) if place.offset == 1),
        "{error}"
    );
}

/// The crate panics on most of these.
#[test]
fn a_post_processor_that_cannot_be_right_is_an_error_when_it_is_needed() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut template = template();
        change(&mut template);
        template
    };
    for (processor, part) in [
        (
            with(&|t| t["special_tokens"] = json!({})),
            "names \"[CLS]\", but has no ids",
        ),
        (
            with(&|t| t["special_tokens"]["[SEP]"]["ids"] = json!([99])),
            "adds token 99",
        ),
        (
            with(&|t| t["single"][1]["Sequence"]["id"] = json!("B")),
            "text A 0 times in `single`",
        ),
        (with(&|t| t["pair"] = json!([])), "text A 0 times in `pair`"),
        (
            json!({ "type": "Sequence", "processors": [template(), template()] }),
            "twice",
        ),
    ] {
        let tokenizer = ours(&file(processor));
        // Everything else works.
        assert_eq!(tokenizer.encode("ab").unwrap(), [4]);
        let error = tokenizer.encode_with_specials("ab", None).unwrap_err();
        assert!(error.is_usage());
        assert!(error.to_string().contains(part), "{error}");
    }
}

/// Odd texts, and the ids that `transformers` 5.23 gives them with
/// `AutoTokenizer.from_pretrained("minilm")(text, split_special_tokens=True)`.
const MINILM: [(&str, &[u32]); 13] = [
    ("", &[101, 102]),
    (" \t\n ", &[101, 102]),
    (
        "naïve CAFÉ Ångström",
        &[101, 15743, 7668, 17076, 15687, 102],
    ),
    (
        "Мама мыла раму — ёлка",
        &[
            101, 1191, 10260, 29745, 10260, 1191, 29113, 29436, 10260, 1195, 10260, 29745, 29748,
            1517, 1185, 29436, 28598, 102,
        ],
    ),
    (
        "你好,世界 hello世界",
        &[101, 100, 100, 1010, 1745, 100, 7592, 1745, 100, 102],
    ),
    (
        "emoji 🦀🙂 in text",
        &[101, 7861, 29147, 2072, 100, 1999, 3793, 102],
    ),
    ("a\u{0}b\u{fffd}c\u{200b}d", &[101, 5925, 2094, 102]),
    (
        "3.14159 1,000,000 $5 50%",
        &[
            101, 1017, 1012, 15471, 28154, 1015, 1010, 2199, 1010, 2199, 1002, 1019, 2753, 1003,
            102,
        ],
    ),
    (
        "[CLS] [MASK] [SEP] [UNK] [PAD]",
        &[
            101, 1031, 18856, 2015, 1033, 1031, 7308, 1033, 1031, 19802, 1033, 1031, 4895, 2243,
            1033, 1031, 11687, 1033, 102,
        ],
    ),
    (
        "e\u{301} \u{e9} ﬁ ™ ½",
        &[101, 1041, 1041, 1984, 1580, 1092, 102],
    ),
    ("İstanbul ẞ ß ǅ", &[101, 9960, 1096, 1096, 100, 102]),
    (
        "한국어 テスト ไทย हिन्दी العربية",
        &[
            101, 1469, 30006, 30021, 29991, 30014, 30020, 29999, 30008, 1713, 30233, 30240, 100,
            1339, 29877, 29863, 29861, 29878, 1270, 23673, 29830, 17149, 29816, 14498, 19433, 102,
        ],
    ),
    (
        "AAAAAAAAAA\u{2011}—…",
        &[101, 13360, 11057, 11057, 11057, 2050, 1514, 1517, 1529, 102],
    ),
];

#[test]
fn odd_texts_become_what_transformers_makes_of_them() {
    let Some(weights) = std::env::var_os("SLOVO_WEIGHTS") else {
        eprintln!("skipped: SLOVO_WEIGHTS names no folder with minilm/");
        return;
    };
    let folder = Path::new(&weights).join("minilm");
    if !folder.exists() {
        eprintln!("skipped: {} is absent", folder.display());
        return;
    }
    let tokenizer = Tokenizer::from_file(&folder).unwrap();
    for (text, expected) in MINILM {
        let input = tokenizer.encode_with_specials(text, None).unwrap();
        assert_eq!(input.ids, expected, "{text:?}");
        assert!(input.segments.iter().all(|segment| *segment == 0));
    }
    // The file cuts to 128 tokens and fills up to as many.
    let long = tokenizer
        .encode_with_specials(&"word ".repeat(600), None)
        .unwrap();
    assert_eq!((long.ids.len(), long.cut), (602, 0));
    let long = tokenizer
        .encode_with_specials(&"word ".repeat(600), Some(256))
        .unwrap();
    assert_eq!((long.ids.len(), long.cut), (256, 346));
    assert_eq!((long.ids[0], long.ids[255]), (101, 102));
    let pair = tokenizer
        .encode_pair_with_specials("one two", "three four five", None)
        .unwrap();
    assert_eq!(pair.ids, [101, 2028, 2048, 102, 2093, 2176, 2274, 102]);
    assert_eq!(pair.segments, [0, 0, 0, 0, 1, 1, 1, 1]);
}
