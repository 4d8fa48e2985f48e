//! The files that published tokenizers had before `tokenizer.json`: `vocab.txt` of BERT, `vocab.json`
//! and `merges.txt` of GPT-2.
//!
//! They hold the tokens and leave out how text is cut into words, which is known of these two models
//! only. What is made of them is what `transformers` makes of them.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{END_OF_TEXT, Tokenizer, TokenizerError};

/// BERT's special tokens; the first three must be there.
const BERT: [&str; 5] = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"];

/// What BERT's models differ in before text is cut into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BertWords {
    /// Upper case is made lower.
    pub lowercase: bool,
    /// Accents are taken off; `None` does as with upper case.
    pub strip_accents: Option<bool>,
    /// Each Chinese character is a word.
    pub chinese: bool,
}

impl Tokenizer {
    /// BERT's tokenizer from its `vocab.txt`: a token a line, its id the line's number from 0.
    ///
    /// # Errors
    /// A file that cannot be read, a token that comes twice, or none of BERT's special tokens.
    pub fn from_vocab_txt(path: &Path, words: BertWords) -> Result<Self, TokenizerError> {
        let text = read(path)?;
        let mut vocabulary = Map::new();
        for (id, line) in text.lines().enumerate() {
            let token = line.trim_end_matches('\r');
            if vocabulary.insert(token.into(), json!(id)).is_some() {
                return Err(wrong(
                    path,
                    format!("line {}: {token:?} comes twice", id + 1),
                ));
            }
        }
        let id = |name: &str| vocabulary.get(name).cloned();
        if let Some(name) = BERT[..3].iter().find(|name| id(name).is_none()) {
            let message = format!("{name} is not among its {} lines", vocabulary.len());
            return Err(wrong(path, message));
        }
        let mut added: Vec<(u64, Value)> = BERT
            .iter()
            .filter_map(|name| Some((id(name)?.as_u64()?, special(name, id(name)?))))
            .collect();
        added.sort_by_key(|(id, _)| *id);
        let added: Vec<Value> = added.into_iter().map(|(_, token)| token).collect();
        let token = |name: &str, part: u8| json!({"SpecialToken": {"id": name, "type_id": part}});
        let text = |name: &str, part: u8| json!({"Sequence": {"id": name, "type_id": part}});
        let around = |name: &str| json!({"id": name, "ids": [id(name)], "tokens": [name]});
        let single = [token("[CLS]", 0), text("A", 0), token("[SEP]", 0)];
        let second = [text("B", 1), token("[SEP]", 1)];
        let pair = [&single[..], &second[..]].concat();
        let file = json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": added,
            "normalizer": {
                "type": "BertNormalizer",
                "clean_text": true,
                "handle_chinese_chars": words.chinese,
                "strip_accents": words.strip_accents,
                "lowercase": words.lowercase,
            },
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {
                "type": "TemplateProcessing",
                "single": single,
                "pair": pair,
                "special_tokens": {"[CLS]": around("[CLS]"), "[SEP]": around("[SEP]")},
            },
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
            "model": {
                "type": "WordPiece",
                "unk_token": "[UNK]",
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": vocabulary,
            },
        });
        Self::from_value(&path.display().to_string(), file)
    }

    /// GPT-2's tokenizer from its `vocab.json` (tokens with their ids) and `merges.txt` (a pair a
    /// line, the first merged first).
    ///
    /// # Errors
    /// A file that cannot be read, or tokens and merges that do not fit together.
    pub fn from_vocab_and_merges(vocab: &Path, merges: &Path) -> Result<Self, TokenizerError> {
        let vocabulary: Map<String, Value> =
            serde_json::from_str(&read(vocab)?).map_err(|error| wrong(vocab, error.to_string()))?;
        let mut pairs = Vec::new();
        for (number, line) in read(merges)?.lines().enumerate() {
            let line = line.trim_end_matches('\r');
            // The first line may name the format's version.
            if line.is_empty() || number == 0 && line.starts_with("#version") {
                continue;
            }
            let Some((left, right)) = line.split_once(' ') else {
                let message = format!("line {}: {line:?} is no pair", number + 1);
                return Err(wrong(merges, message));
            };
            pairs.push([left.to_owned(), right.to_owned()]);
        }
        let end = vocabulary.get(END_OF_TEXT).cloned();
        let bytes = json!({
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true
        });
        let file = json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": end.map(|id| special(END_OF_TEXT, id)).into_iter().collect::<Vec<_>>(),
            "normalizer": null,
            "pre_tokenizer": bytes,
            "post_processor": null,
            "decoder": bytes,
            "model": {
                "type": "BPE",
                "dropout": null,
                "unk_token": null,
                "continuing_subword_prefix": "",
                "end_of_word_suffix": "",
                "fuse_unk": false,
                "vocab": vocabulary,
                "merges": pairs,
            },
        });
        Self::from_value(
            &format!("{} with {}", vocab.display(), merges.display()),
            file,
        )
    }
}

fn special(name: &str, id: Value) -> Value {
    json!({
        "id": id,
        "content": name,
        "single_word": false,
        "lstrip": false,
        "rstrip": false,
        "normalized": false,
        "special": true,
    })
}

fn read(path: &Path) -> Result<String, TokenizerError> {
    std::fs::read_to_string(path).map_err(|error| TokenizerError::Read {
        path: path.to_owned(),
        error,
    })
}

fn wrong(path: &Path, message: String) -> TokenizerError {
    TokenizerError::Vocabulary {
        path: path.to_owned(),
        message,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tokenizer::{BpeSample, Specials, train_bpe};

    const WORDS: BertWords = BertWords {
        lowercase: true,
        strip_accents: None,
        chinese: true,
    };

    #[test]
    fn bert_cuts_words_as_in_its_paper() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vocab.txt");
        // Windows' line ends, and the example of BERT's own documentation.
        let tokens = "[PAD] [UNK] [CLS] [SEP] [MASK] un ##aff ##able , cafe";
        std::fs::write(&path, tokens.replace(' ', "\r\n")).unwrap();
        let tokenizer = Tokenizer::from_vocab_txt(&path, WORDS).unwrap();
        let ids = tokenizer.encode("Unaffable, café").unwrap();
        assert_eq!(ids, [5, 6, 7, 8, 9]);
        assert_eq!(tokenizer.specials().len(), 5);
        let general = &tokenizer.0.general;
        let encoded = general.encode("cafe", true).unwrap();
        assert_eq!(encoded.get_ids(), [2, 9, 3]);
    }

    #[test]
    fn a_wrong_vocabulary_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vocab.txt");
        for (text, part) in [
            ("[UNK]\n[CLS]\na\n", "[SEP] is not among its 3 lines"),
            (
                "[UNK]\n[CLS]\n[SEP]\n[CLS]\n",
                "line 4: \"[CLS]\" comes twice",
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Tokenizer::from_vocab_txt(&path, WORDS).unwrap_err();
            assert!(
                error.is_usage() && error.to_string().contains(part),
                "{error}"
            );
        }
        let merges = folder.path().join("merges.txt");
        std::fs::write(&path, r#"{"a": 0, "b": 1}"#).unwrap();
        std::fs::write(&merges, "#version: 0.2\nab\n").unwrap();
        let error = Tokenizer::from_vocab_and_merges(&path, &merges).unwrap_err();
        assert!(
            error.to_string().contains("line 2: \"ab\" is no pair"),
            "{error}"
        );
        std::fs::write(&merges, "a b\n").unwrap();
        let error = Tokenizer::from_vocab_and_merges(&path, &merges).unwrap_err();
        let part = "merge 0, of \"a\" and \"b\": \"ab\" is no token";
        assert!(error.to_string().contains(part), "{error}");
    }

    #[test]
    fn vocab_and_merges_are_the_tokenizer_json() {
        let mut sample = BpeSample::new(1 << 20);
        sample.push(&"the cat sat on the mat, the rat sat on the hat\n".repeat(50));
        let trained = train_bpe(&sample, 300, 2, Specials::Text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        trained.save(&path("tokenizer.json")).unwrap();
        let json = std::fs::read_to_string(path("tokenizer.json")).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        let model = &json["model"];
        let merges = model["merges"].as_array().unwrap().iter().map(|pair| {
            let pair: [String; 2] = serde_json::from_value(pair.clone()).unwrap();
            pair.join(" ") + "\n"
        });
        let merges = "#version: 0.2\n".to_owned() + &merges.collect::<String>();
        std::fs::write(path("merges.txt"), merges).unwrap();
        std::fs::write(path("vocab.json"), model["vocab"].to_string()).unwrap();
        let made = Tokenizer::from_vocab_and_merges(&path("vocab.json"), &path("merges.txt"));
        let made = made.unwrap();
        assert_eq!(
            (made.kind(), made.vocab_size()),
            (trained.kind(), trained.vocab_size())
        );
        for text in ["the cat sat", " on\tthe  hat, naïve \u{1F600}"] {
            assert_eq!(made.encode(text).unwrap(), trained.encode(text).unwrap());
        }
    }

    #[test]
    fn a_published_vocabulary_is_its_tokenizer_json() {
        let Some(weights) = std::env::var_os("SLOVO_WEIGHTS") else {
            eprintln!("skipped: SLOVO_WEIGHTS names no folder with minilm/");
            return;
        };
        let folder = Path::new(&weights).join("minilm");
        let [vocab, json] = ["vocab.txt", "tokenizer.json"].map(|name| folder.join(name));
        if !vocab.exists() || !json.exists() {
            eprintln!("skipped: {} holds no tokenizer", folder.display());
            return;
        }
        let made = Tokenizer::from_vocab_txt(&vocab, WORDS).unwrap();
        let theirs = Tokenizer::from_file(&json).unwrap();
        assert_eq!(made.specials(), theirs.specials());
        for text in [
            "The spam filter moved the message to the junk folder.",
            "Ünaffably naïve, 漢字 and\u{A0}unaffordable: don't! (3.14 ± 1)",
        ] {
            let ids = |tokenizer: &Tokenizer| {
                let encoded = tokenizer.0.general.encode((text, "again"), true).unwrap();
                encoded.get_ids().to_vec()
            };
            let mut theirs = ids(&theirs);
            let made = ids(&made);
            theirs.truncate(made.len());
            assert_eq!(made, theirs);
        }
    }
}
