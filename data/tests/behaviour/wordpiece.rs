//! WordPiece and special tokens: what Python's `tokenizers` gives, and what they are for.
//!
//! Figures marked so were made with `tokenizers` 0.23.3 for Python: `BertNormalizer`,
//! `BertPreTokenizer`, and a `WordPieceTrainer` whose special tokens are the five of BERT, then the
//! text's characters by code point, then those that continue words with `##`. Without the latter two
//! its result differs from run to run; five times it had 1,998 or more of these 2,000 tokens.

use serde_json::json;
use slovo_data::files::sha256_hex;
use slovo_data::tokenizer::{
    BpeSample, Kind, Specials, Tokenizer, TokenizerError, train_bpe, train_wordpiece,
};

use crate::{awkward_text, shared, weights};

const DICKENS: &str = "It was the best of times, it was the worst of times, it was the age of \
    wisdom, it was the age of foolishness, it was the Café of naïveté: 你好 times!\n";

/// As the Python package trains it on three times [`DICKENS`], 70 tokens, without and with case.
const UNCASED: &str = "[PAD] [UNK] [CLS] [SEP] [MASK] ! , : a b c d e f g h i l m n o r s t v w 你 好 \
    ##a ##d ##e ##f ##g ##h ##i ##l ##m ##n ##o ##r ##s ##t ##v it of th wa ##es the was ti ##mes \
    times ag ##is age bes ca fo na wo wis ##do ##et ##fe ##hn ##iv ##lis ##olis ##rs";
const CASED: &str = "[PAD] [UNK] [CLS] [SEP] [MASK] ! , : C I a b d e f g h i l m n o r s t v w é ï \
    你 好 ##a ##d ##e ##f ##g ##h ##i ##l ##m ##n ##o ##r ##s ##t ##v ##é ##ï of th wa ##es the was \
    it ti ##mes times ag ##is age Ca It bes fo na wo wis ##do ##et";

fn sample(text: &str) -> BpeSample {
    let mut sample = BpeSample::new(1 << 22);
    sample.push(text);
    sample
}

fn json_of(tokenizer: &Tokenizer) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    tokenizer.save(&path).unwrap();
    std::fs::read_to_string(path).unwrap()
}

/// The file in the hands of the `tokenizers` crate.
fn theirs(tokenizer: &Tokenizer) -> tokenizers::Tokenizer {
    json_of(tokenizer).parse().unwrap()
}

/// The tokens by id.
fn vocabulary(tokenizer: &Tokenizer) -> Vec<String> {
    let theirs = theirs(tokenizer);
    (0..tokenizer.vocab_size() as u32)
        .map(|id| theirs.id_to_token(id).unwrap())
        .collect()
}

#[test]
fn a_small_vocabulary_is_that_of_python() {
    for (lowercase, expected) in [(true, UNCASED), (false, CASED)] {
        let tokenizer = train_wordpiece(&sample(&DICKENS.repeat(3)), 70, lowercase, 2).unwrap();
        assert_eq!(*tokenizer.kind(), Kind::WordPiece);
        assert_eq!(vocabulary(&tokenizer).join(" "), expected);
    }
    // Ids and texts of the Python package.
    let tokenizer = train_wordpiece(&sample(&DICKENS.repeat(3)), 70, true, 2).unwrap();
    let encoded = |text: &str, ids: &[u32], back: &str| {
        assert_eq!(tokenizer.encode(text).unwrap(), ids, "{text}");
        assert_eq!(tokenizer.decode(ids).unwrap(), back);
    };
    encoded(
        "The best café, the WORST times.",
        &[48, 56, 41, 57, 64, 6, 48, 60, 69, 41, 52, 1],
        "the best cafe, the worst times [UNK]",
    );
    // What looks like a special token is text, and its brackets have no pieces here.
    encoded(
        "foolish 你 zebra [MASK] wisest",
        &[58, 68, 33, 26, 1, 1, 1, 1, 61, 47, 41],
        "foolish 你 [UNK] [UNK] [UNK] [UNK] wisest",
    );
    assert_eq!(tokenizer.count_unknown(&[1, 6, 1]), 2);
}

#[test]
fn a_real_vocabulary_is_that_of_python() {
    let Some(path) = shared("shakespeare/input.txt") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let sample = sample(&text);
    // SHA-256 of the tokens, a line each, and of the text's ids, spaces between, from Python.
    for (lowercase, tokens, ids) in [
        (
            true,
            "6bf1e5e8deaa287c3c50a784e516f7ae0cb15a2564158656f21d00fc59340222",
            "a4c96402a6a02e69a310fcf8dddcd53b4b428fe2c9595f9bc2453b35cc1a900c",
        ),
        (
            false,
            "11faaa79be79835244b863bf06882e594f81c0d77fc1323a51a42b3c419e37e2",
            "f1f5798544f9fdd0ff8782775218323ecdb647dd6f4693792abe04d0803c27ee",
        ),
    ] {
        let tokenizer = train_wordpiece(&sample, 2_000, lowercase, 2).unwrap();
        let found = vocabulary(&tokenizer).join("\n");
        assert_eq!(sha256_hex(found.as_bytes()), tokens);
        let found: Vec<String> = tokenizer
            .encode(&text)
            .unwrap()
            .iter()
            .map(u32::to_string)
            .collect();
        assert_eq!(sha256_hex(found.join(" ").as_bytes()), ids);
    }
    // The same of byte-level pairs (`BpeTrainer`, 1,000 tokens, the bytes as initial alphabet).
    for (specials, tokens) in [
        (
            Specials::Masked,
            "d9c64e46dc3129659ea5de5493bd1c77f563df53edf2b06fbe58aeac16e803f9",
        ),
        (
            Specials::Pairs,
            "4344ef4ac522169dc1cc70d6e16783ada724fb03ecc21699cd4f2917c423d7c7",
        ),
    ] {
        let tokenizer = train_bpe(&sample, 1_000, 2, specials).unwrap();
        let found = vocabulary(&tokenizer).join("\n");
        assert_eq!(sha256_hex(found.as_bytes()), tokens);
        assert_eq!(
            tokenizer.decode(&tokenizer.encode(&text).unwrap()).unwrap(),
            text
        );
    }
}

/// Ids and texts of Python's `tokenizers` on the file, cutting and padding switched off.
#[test]
fn a_published_bert_tokenizer_gives_what_python_gives() {
    let Some(path) = weights("minilm/tokenizer.json") else {
        return;
    };
    let tokenizer = Tokenizer::from_file(&path).unwrap();
    assert_eq!(*tokenizer.kind(), Kind::WordPiece);
    for (text, ids, back) in [
        (
            "The spam filter moved the message to the junk folder.",
            &[
                1996, 12403, 2213, 11307, 2333, 1996, 4471, 2000, 1996, 18015, 19622, 1012,
            ][..],
            "the spam filter moved the message to the junk folder.",
        ),
        (
            "Naïve café — Привет, мир! 你好 don't x\u{301}y [MASK] 1984\u{a0}\ttab\u{0}s",
            &[
                15743, 7668, 1517, 1194, 16856, 10325, 25529, 15290, 22919, 1010, 1191, 10325,
                16856, 999, 100, 100, 2123, 1005, 1056, 1060, 2100, 1031, 7308, 1033, 3118, 21628,
                2015,
            ],
            "naive cafe — привет, мир! [UNK] [UNK] don ' t xy [ mask ] 1984 tabs",
        ),
        (
            "unaffable \u{1F600} abc\u{1F600}d",
            &[14477, 20961, 3468, 100, 100],
            "unaffable [UNK] [UNK]",
        ),
        // A control character that is white space elsewhere joins, a line separator cuts.
        (
            "ab\u{85}cd ef\u{200b}gh \u{2028}ij",
            &[5925, 2094, 1041, 2546, 5603, 1045, 3501],
            "abcd efgh ij",
        ),
    ] {
        assert_eq!(tokenizer.encode(text).unwrap(), ids, "{text}");
        assert_eq!(tokenizer.decode(ids).unwrap(), back);
        let mut stream = tokenizer.stream();
        let mut joined: String = ids.iter().filter_map(|&id| stream.push(id)).collect();
        joined += &stream.finish().unwrap_or_default();
        assert_eq!(joined, back);
    }
    let roles = [
        tokenizer.pad(),
        tokenizer.unknown(),
        tokenizer.cls(),
        tokenizer.sep(),
        tokenizer.mask(),
    ];
    assert_eq!(roles, [0, 100, 101, 102, 103].map(Some));
    assert_eq!(
        serde_json::to_value(tokenizer.special_tokens_map()).unwrap(),
        json!({
            "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]",
            "sep_token": "[SEP]", "mask_token": "[MASK]",
        })
    );
    assert_eq!(
        tokenizer.encode_with_masks("Paris is [MASK] .").unwrap(),
        [3000, 2003, 103, 1012]
    );
}

/// White space, control characters, accents and scripts in every order.
#[test]
fn words_apart_and_pieces_apart_are_the_whole_text() {
    let parts = [
        "a",
        "Be",
        "é",
        "e\u{301}",
        "\u{301}",
        "你",
        "1",
        ",",
        "#",
        "##a",
        " ",
        "  ",
        "\t",
        "\n",
        "\r\n",
        "\u{85}",
        "\u{b}",
        "\u{a0}",
        "\u{2000}",
        "\u{2028}",
        "\u{200b}",
        "\u{0}",
        "\u{FFFD}",
        "İ",
        "Σ",
        "[MASK]",
        "\u{1F600}",
        "ǅ",
        "ﬁ",
    ];
    let mut state = 7_u64;
    let text: String = (0..200_000)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            parts[(state >> 33) as usize % parts.len()]
        })
        .collect();
    assert!(text.len() > 400_000, "longer than a piece");
    for lowercase in [true, false] {
        let tokenizer = train_wordpiece(&sample(&text), 300, lowercase, 2).unwrap();
        let mut theirs = theirs(&tokenizer);
        theirs.set_encode_special_tokens(true);
        let expected = theirs.encode(text.as_str(), false).unwrap();
        assert_eq!(tokenizer.encode(&text).unwrap(), expected.get_ids());
        let twice = tokenizer.encode(&text).unwrap();
        assert_eq!(twice, expected.get_ids(), "with every word remembered");
    }
}

#[test]
fn training_gives_the_same_file_whatever_the_threads_and_the_order() {
    let texts: Vec<String> = (0..400)
        .map(|i: u32| {
            let word = |k: u32| {
                let n = i.wrapping_mul(2_654_435_761).rotate_left(k * 3) % 5_000;
                format!("Ab{n:x}ba{}é", n % 7)
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
        pool.install(|| train_wordpiece(&sample, 1_400, true, 2))
            .unwrap()
    };
    let first = train(1, false);
    assert_eq!(first.vocab_size(), 1_400);
    for (threads, backwards) in [(1, true), (2, false), (4, true), (3, false)] {
        assert_eq!(json_of(&train(threads, backwards)), json_of(&first));
    }
}

#[test]
fn the_most_frequent_characters_get_pieces() {
    // 1,200 different characters, the later ones more frequent.
    let letters: Vec<char> = ('\u{AC00}'..).take(1_200).collect();
    let text: String = letters
        .iter()
        .enumerate()
        .map(|(at, letter)| format!("{letter}x ").repeat(1 + at / 400))
        .collect();
    let tokenizer = train_wordpiece(&sample(&text), 1_100, false, 1_000_000).unwrap();
    // Five special tokens, 1,000 characters, and what continues: x.
    assert_eq!(tokenizer.vocab_size(), 1_006);
    let unknown = |letter: char| {
        let ids = tokenizer.encode(&letter.to_string()).unwrap();
        tokenizer.count_unknown(&ids) == 1
    };
    // x is one of the thousand, so 201 of the rarest 400 letters are not: the last of them.
    assert!(!unknown(letters[198]) && unknown(letters[199]));
    assert!(unknown(letters[399]) && !unknown(letters[400]));
}

#[test]
fn too_small_vocabularies_and_no_text_are_told() {
    let error = train_wordpiece(&sample(DICKENS), 42, true, 2).unwrap_err();
    assert!(error.is_usage());
    let text = error.to_string();
    assert!(
        text.contains("vocab_size is 42") && text.contains("at least 43"),
        "{text}"
    );
    assert!(
        text.contains("the text's 23 characters, and 15 of them"),
        "{text}"
    );
    assert_eq!(
        train_wordpiece(&sample(DICKENS), 43, true, 2)
            .unwrap()
            .vocab_size(),
        43
    );
    for nothing in ["", " \n", "\u{0}"] {
        let error = train_wordpiece(&sample(nothing), 100, true, 2).unwrap_err();
        assert!(matches!(error, TokenizerError::NoText), "{error}");
    }
    let error = train_bpe(&sample(DICKENS), 259, 2, Specials::Masked).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("at least 260") && text.contains("[MASK]"),
        "{text}"
    );
}

/// A tokenizer of words with these special tokens, first ids first, and this post-processor.
fn given(specials: &[&str], post_processor: serde_json::Value) -> Tokenizer {
    let added: Vec<serde_json::Value> = specials
        .iter()
        .enumerate()
        .map(|(id, name)| {
            json!({
                "id": id, "content": name, "special": true, "single_word": false,
                "lstrip": *name == "<mask>", "rstrip": false, "normalized": false,
            })
        })
        .collect();
    let vocabulary: serde_json::Map<String, serde_json::Value> = specials
        .iter()
        .chain(&["word", "is"])
        .enumerate()
        .map(|(id, name)| ((*name).to_owned(), json!(id)))
        .collect();
    let file = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": null, "pre_tokenizer": { "type": "Whitespace" },
        "post_processor": post_processor, "decoder": null,
        "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>" },
    });
    Tokenizer::from_json("given", file.to_string()).unwrap()
}

#[test]
fn roles_are_found_whatever_the_names() {
    let roles = |tokenizer: &Tokenizer| {
        [
            tokenizer.cls(),
            tokenizer.sep(),
            tokenizer.mask(),
            tokenizer.pad(),
            tokenizer.unknown(),
        ]
    };
    // The order and the post-processor of RoBERTa's file.
    let roberta = given(
        &["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        json!({
            "type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0],
            "trim_offsets": true, "add_prefix_space": false,
        }),
    );
    assert_eq!(roles(&roberta), [0, 2, 4, 1, 3].map(Some));
    assert_eq!(
        serde_json::to_value(roberta.special_tokens_map()).unwrap(),
        json!({
            "bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>",
            "mask_token": "<mask>", "pad_token": "<pad>", "unk_token": "<unk>",
        })
    );
    // Its mask takes the space before it, and no more.
    assert_eq!(
        roberta.encode_with_masks("word <mask> is<mask>").unwrap(),
        [5, 4, 6, 4]
    );
    let error = roberta.encode_with_masks("word <mask>\nis é").unwrap_err();
    assert!(error.to_string().contains("line 2, column 4"), "{error}");
    // BERT's own post-processor, and none.
    let names = ["[PAD]", "[CLS]", "[SEP]", "[MASK]"];
    let bert = json!({ "type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1] });
    let expected = [Some(1), Some(2), Some(3), Some(0), None];
    assert_eq!(roles(&given(&names, bert)), expected);
    assert_eq!(roles(&given(&names, json!(null))), expected);
    // Where the file says what stands around a text, nothing else does.
    let ends = json!({
        "type": "TemplateProcessing",
        "single": [{ "Sequence": { "id": "A", "type_id": 0 } },
                   { "SpecialToken": { "id": "</s>", "type_id": 0 } }],
        "pair": [{ "Sequence": { "id": "A", "type_id": 0 } },
                 { "Sequence": { "id": "B", "type_id": 0 } }],
        "special_tokens": { "</s>": { "id": "</s>", "ids": [1], "tokens": ["</s>"] } },
    });
    let within = json!({ "type": "Sequence", "processors": [ends] });
    for processor in [ends.clone(), within] {
        let found = given(&["<s>", "</s>"], processor);
        assert_eq!(roles(&found), [None, Some(1), None, None, None]);
    }
    let text = given(&["<|endoftext|>"], json!(null));
    assert_eq!(roles(&text), [None; 5]);
    assert_eq!(
        serde_json::to_value(text.special_tokens_map()).unwrap(),
        json!({ "eos_token": "<|endoftext|>" })
    );
    assert_eq!(text.encode_with_masks("word is").unwrap(), [1, 2]);
}

#[test]
fn byte_level_vocabularies_have_the_special_tokens_of_their_purpose() {
    let text = awkward_text();
    for (specials, names, end) in [
        (Specials::Text, &["<|endoftext|>"][..], 0),
        (Specials::Masked, &["[PAD]", "[CLS]", "[SEP]", "[MASK]"], 2),
        (Specials::Pairs, &["<pad>", "</s>"], 1),
    ] {
        let tokenizer = train_bpe(&sample(&text), 400, 2, specials).unwrap();
        assert_eq!(*tokenizer.kind(), Kind::ByteLevelBpe);
        let expected: Vec<(u32, String)> = (0..).zip(names.iter().map(|n| n.to_string())).collect();
        assert_eq!(tokenizer.specials(), expected);
        assert_eq!(tokenizer.end_of_text(), Some(end));
        let ids = tokenizer.encode(&text).unwrap();
        assert_eq!(tokenizer.decode(&ids).unwrap(), text);
        assert_eq!(tokenizer.count_unknown(&ids), 0);
        assert_eq!(tokenizer.loses(), None);
        let around = theirs(&tokenizer).encode("to be", true).unwrap();
        let plain = tokenizer.encode("to be").unwrap();
        let expected = [tokenizer.cls()]
            .into_iter()
            .flatten()
            .chain(plain)
            .chain(tokenizer.sep())
            .collect::<Vec<u32>>();
        assert_eq!(around.get_ids(), expected);
        let again = Tokenizer::from_json("again", json_of(&tokenizer)).unwrap();
        assert_eq!(again.specials(), tokenizer.specials());
        assert_eq!(again.mask(), tokenizer.mask());
    }
    let masked = train_bpe(&sample(&text), 400, 2, Specials::Masked).unwrap();
    assert_eq!(
        [masked.pad(), masked.cls(), masked.sep(), masked.mask()],
        [0, 1, 2, 3].map(Some)
    );
    let pairs = train_bpe(&sample(&text), 400, 2, Specials::Pairs).unwrap();
    assert_eq!(
        [pairs.pad(), pairs.cls(), pairs.sep(), pairs.mask()],
        [Some(0), None, Some(1), None]
    );
}

#[test]
fn tokens_say_where_words_begin() {
    let marks = |tokenizer: &Tokenizer, ids: &[u32]| -> String {
        let continues = tokenizer.word_starts().unwrap().continues(ids);
        continues
            .iter()
            .map(|&on| if on { '+' } else { '.' })
            .collect()
    };
    let uncased = train_wordpiece(&sample(&DICKENS.repeat(3)), 70, true, 2).unwrap();
    // [CLS] the bes ##t ca ##fe , [SEP], and a piece whose word is not in the row.
    assert_eq!(marks(&uncased, &[2, 48, 56, 41, 57, 64, 6, 3]), "...+.+..");
    assert_eq!(marks(&uncased, &[41, 41]), ".+");
    // Bytes: a word begins with its space, or behind a line's end.
    let bpe = train_bpe(&sample("x"), 260, 2, Specials::Masked).unwrap();
    let ids = [&[1][..], &bpe.encode("ab c,\nde  f").unwrap(), &[2]].concat();
    assert_eq!(marks(&bpe, &ids), "..+..+..+....");
}
