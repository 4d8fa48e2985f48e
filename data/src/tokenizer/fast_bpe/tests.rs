//! The encoder against the `tokenizers` crate.
#![allow(clippy::unwrap_used, clippy::panic)]

mod not_served;
mod words;

use std::sync::LazyLock;

use serde_json::{Value, json};
use tokenizers::Tokenizer;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::tokenizer::Trainer;

use super::{FastBpe, SpecialTokens, WordPattern};

const CL100K: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const WITH_MARKS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const O200K: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

fn byte_level(prefix: bool, regex: bool) -> Value {
    json!({"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": regex})
}

fn sequence(first: Value, regex: bool) -> Value {
    json!({"type": "Sequence", "pretokenizers": [first, byte_level(false, regex)]})
}

fn split(pattern: &str, behavior: &str, invert: bool) -> Value {
    let split = json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert});
    sequence(split, false)
}

fn pre_tokenizers() -> Vec<Value> {
    let digits = json!({"type": "Digits", "individual_digits": true});
    let mut all = vec![
        byte_level(false, true),
        byte_level(true, true),
        byte_level(false, false),
        sequence(digits, true),
        split(CL100K, "Removed", true),
    ];
    let patterns = [GPT2, CL100K, QWEN2, WITH_MARKS, O200K, TEKKEN];
    all.extend(patterns.map(|pattern| split(pattern, "Isolated", false)));
    all
}

/// What the patterns tell apart.
const ALPHABET: [&str; 42] = [
    "a",
    "B",
    "s",
    "T",
    "re",
    "LL",
    "é",
    "É",
    "ǅ",
    "ʰ",
    "語",
    "ſ",
    "1",
    "22",
    "²",
    "Ⅳ",
    "१",
    "'",
    " ",
    "  ",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\u{a0}",
    "\u{2003}",
    "\u{3000}",
    "\u{85}",
    "\u{200b}",
    ".",
    "!!",
    "/",
    "-",
    "_",
    "\u{301}",
    "\u{93f}",
    "\u{1F600}",
    "\u{1F1E9}",
    "<|end|>",
    "ab",
    "the",
    "\0",
];

/// A fixed stream of random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % bound
    }

    fn text(&mut self, pieces: usize) -> String {
        (0..pieces)
            .map(|_| ALPHABET[self.below(ALPHABET.len())])
            .collect()
    }
}

/// A small trained tokenizer with GPT-2's pattern.
static TRAINED: LazyLock<Value> = LazyLock::new(|| {
    let mut random = Random(5);
    let words = [
        "the",
        "and",
        "of",
        "to",
        "in",
        "that",
        "Ünder",
        "größer",
        "слово",
        "語彙",
        "don't",
        "they'll",
        "2024",
        "x86_64",
        "---",
        "    ",
        "\n\n",
        "e\u{301}te\u{301}",
        "::",
        "))",
        "ing",
    ];
    let mut text = String::new();
    for _ in 0..4_000 {
        text += words[random.below(words.len())];
        text += [" ", "", " ", "\n", ", "][random.below(5)];
        if random.below(4) == 0 {
            text += &random.text(3);
        }
    }
    let mut trainer = BpeTrainer::builder()
        .show_progress(false)
        .vocab_size(900)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    let pattern = WordPattern::gpt2().unwrap();
    let symbols = crate::tokenizer::byte_level::alphabet();
    trainer
        .feed(std::iter::once(&text), |text| {
            let word = |word: &str| word.bytes().map(|byte| symbols[byte as usize]).collect();
            Ok(pattern.words(text).map(word).collect())
        })
        .unwrap();
    let mut model = BPE::default();
    trainer.train(&mut model).unwrap();
    let mut trained = Tokenizer::new(model);
    trained.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
    serde_json::from_str(&trained.to_string(false).unwrap()).unwrap()
});

fn added(content: &str, id: u64, special: bool) -> Value {
    json!({"id": id, "content": content, "special": special, "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false})
}

fn theirs(file: &Value, special: SpecialTokens) -> Tokenizer {
    let mut theirs: Tokenizer = file.to_string().parse().unwrap();
    theirs.set_encode_special_tokens(special == SpecialTokens::AreText);
    theirs
}

/// Both encode `count` random texts to the same ids.
fn agree(file: &Value, count: usize) {
    let ours = FastBpe::new(file).unwrap();
    let mut random = Random(11);
    for special in [SpecialTokens::AreText, SpecialTokens::AreTokens] {
        let theirs = theirs(file, special);
        for number in 0..count {
            let text = random.text(number % 40);
            let mut ids = Vec::new();
            ours.encode(&text, special, &mut ids);
            let expected = theirs.encode_fast(text.as_str(), false).unwrap();
            assert_eq!(
                ids,
                expected.get_ids(),
                "{text:?} by {}",
                file["pre_tokenizer"]
            );
        }
    }
}

#[test]
fn ids_are_those_of_the_tokenizers_crate() {
    for part in pre_tokenizers() {
        let mut file = TRAINED.clone();
        file["pre_tokenizer"] = part;
        for ignore_merges in [false, true] {
            file["model"]["ignore_merges"] = json!(ignore_merges);
            agree(&file, 1_500);
        }
    }
}

#[test]
fn merges_may_be_written_as_lines() {
    let mut file = TRAINED.clone();
    let lines: Vec<String> = file["model"]["merges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| {
            format!(
                "{} {}",
                pair[0].as_str().unwrap(),
                pair[1].as_str().unwrap()
            )
        })
        .collect();
    file["model"]["merges"] = json!(lines);
    agree(&file, 200);
}

#[test]
fn a_word_that_is_a_token_is_that_token_where_merges_are_ignored() {
    let mut file = TRAINED.clone();
    let next = file["model"]["vocab"].as_object().unwrap().len();
    file["model"]["vocab"]["aaB"] = json!(next);
    let mut ids = Vec::new();
    FastBpe::new(&file)
        .unwrap()
        .encode("aaB", SpecialTokens::AreText, &mut ids);
    assert!(ids.len() > 1);
    file["model"]["ignore_merges"] = json!(true);
    ids.clear();
    FastBpe::new(&file)
        .unwrap()
        .encode("aaB", SpecialTokens::AreText, &mut ids);
    assert_eq!(ids, [next as u32]);
    agree(&file, 500);
}

#[test]
fn text_is_composed_as_the_tokenizers_crate_does() {
    let mut file = TRAINED.clone();
    for normalizer in [
        json!({"type": "NFC"}),
        json!({"type": "Sequence", "normalizers": [{"type": "NFC"}]}),
        json!({"type": "Sequence", "normalizers": []}),
    ] {
        file["normalizer"] = normalizer;
        agree(&file, 1_000);
    }
}

#[test]
fn added_tokens_are_found_as_by_the_tokenizers_crate() {
    let size = TRAINED["model"]["vocab"].as_object().unwrap().len() as u64;
    let mut file = TRAINED.clone();
    let vocabulary = &TRAINED["model"]["vocab"];
    let mut next = size;
    let mut id = |content: &str| {
        vocabulary[content].as_u64().unwrap_or_else(|| {
            next += 1;
            next - 1
        })
    };
    let mut token = |content: &str, special| added(content, id(content), special);
    let mut tokens = [
        token("<|end|>", true),
        token("|", false),
        token("the", false),
        token("the a", false),
        token("!!1", true),
        token("\u{301}", false),
        token("22", false),
    ];
    // An accent by itself that is looked for in what NFC made of the text.
    tokens[5]["normalized"] = json!(true);
    tokens[4]["normalized"] = json!(true);
    for (before, behind) in [(false, false), (true, false), (false, true), (true, true)] {
        for token in [0, 2, 6] {
            tokens[token]["lstrip"] = json!(before);
            tokens[token]["rstrip"] = json!(behind);
        }
        for prefix in [false, true] {
            file["added_tokens"] = json!(tokens);
            file["pre_tokenizer"] = byte_level(prefix, true);
            file["normalizer"] = Value::Null;
            agree(&file, 1_500);
            file["normalizer"] = json!({"type": "NFC"});
            agree(&file, 1_500);
        }
    }
}

#[test]
fn long_words_have_the_ids_of_the_tokenizers_crate() {
    let file = &*TRAINED;
    let ours = FastBpe::new(file).unwrap();
    let theirs = theirs(file, SpecialTokens::AreText);
    let mut random = Random(9);
    let letters = [
        "the",
        "ing",
        "größer",
        "語彙",
        "a",
        "слово",
        "q",
        "e\u{301}te\u{301}",
    ];
    for number in 0..400 {
        let text: String = match number % 4 {
            0 => (0..number * 3).map(|_| letters[random.below(8)]).collect(),
            1 => (0..number * 3)
                .map(|_| char::from(b'a' + random.below(26) as u8))
                .collect(),
            2 => ["-", " ", ":", "ab", "the"][random.below(5)].repeat(number * 3),
            _ => (0..number)
                .map(|_| ["-", "--", ":", "))", "\u{1F600}"][random.below(5)])
                .collect(),
        };
        let mut ids = Vec::new();
        ours.encode(&text, SpecialTokens::AreText, &mut ids);
        assert_eq!(
            ids,
            theirs.encode_fast(text.as_str(), false).unwrap().get_ids(),
            "{text:?}"
        );
    }
}

#[test]
fn parts_of_a_cut_text_have_its_ids() {
    let mut cuts = 0;
    for part in pre_tokenizers() {
        let mut file = TRAINED.clone();
        file["pre_tokenizer"] = part;
        let ours = FastBpe::new(&file).unwrap();
        let encode = |text: &str| {
            let mut ids = Vec::new();
            ours.encode(text, SpecialTokens::AreText, &mut ids);
            ids
        };
        let mut random = Random(17);
        for number in 0..2_000 {
            let text = random.text(number % 30);
            let at = ours.cut(&text, number % 50);
            let (before, behind) = text.split_at(at);
            assert_eq!(
                [encode(before), encode(behind)].concat(),
                encode(&text),
                "{text:?} at {at}"
            );
            cuts += usize::from(!behind.is_empty());
        }
    }
    assert!(cuts > 2_000, "{cuts}");
}

#[test]
fn threads_share_an_encoder() {
    let ours = FastBpe::new(&TRAINED).unwrap();
    let encode = |text: &str| {
        let mut ids = Vec::new();
        ours.encode(text, SpecialTokens::AreText, &mut ids);
        ids
    };
    let mut random = Random(23);
    let texts: Vec<String> = (0..300).map(|number| random.text(number)).collect();
    let expected: Vec<Vec<u32>> = texts.iter().map(|text| encode(text)).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for (text, expected) in texts.iter().zip(&expected) {
                    assert_eq!(encode(text), *expected);
                }
            });
        }
    });
}
