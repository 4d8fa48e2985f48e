//! SentencePiece's byte-pair encoding (Kudo and Richardson 2018, <https://arxiv.org/abs/1808.06226>),
//! in terms of merges.
//!
//! It merges the neighbours whose union has the best score. `tokenizers` merges by rank; so each
//! way to put a token together from two others is a merge, ranked by the token's score. The
//! conversion is the one of Hugging Face's `transformers` (`generate_merges`).

use super::super::error::{Fault, GgufError};
use super::super::settings::Settings;
use super::Parts;
use super::vocab::{MOST, Use, Vocab, list, same_length, wrong};
use serde_json::{Value, json};
use std::cmp::Reverse;

/// What stands for a space in tokens.
const SPACE: &str = "▁";
/// A token is cut in all places, so long ones cost their length squared.
const LONGEST: usize = 256;

pub(super) fn read(settings: &Settings<'_>, vocab: &Vocab<'_>) -> Result<Parts, GgufError> {
    for name in ["remove_extra_whitespaces", "treat_whitespace_as_suffix"] {
        if settings.flag(name)? == Some(true) {
            return Err(settings.refuse(name, "true", "false"));
        }
    }
    if let Some(map) = list(settings, "precompiled_charsmap")?.filter(|map| !map.is_empty()) {
        let found = super::Metadata::Array(map).to_string();
        return Err(settings.refuse("precompiled_charsmap", &found, "files without it"));
    }
    let prefix = settings.flag("add_space_prefix")?.unwrap_or(true);
    let spaces = json!({"type": "Replace", "pattern": {"String": " "}, "content": SPACE});
    let normalizers = match prefix {
        true => vec![json!({"type": "Prepend", "prepend": SPACE}), spaces],
        false => vec![spaces],
    };
    let mut decoders = vec![
        json!({"type": "Replace", "pattern": {"String": SPACE}, "content": " "}),
        json!({"type": "ByteFallback"}),
        json!({"type": "Fuse"}),
    ];
    if prefix {
        decoders.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
    }
    let unknown = vocab.iter().find(|(_, kind)| *kind == Use::Unknown);
    Ok(Parts {
        normalizer: json!({"type": "Sequence", "normalizers": normalizers}),
        pre_tokenizer: Value::Null,
        decoder: json!({"type": "Sequence", "decoders": decoders}),
        model: json!({
            "type": "BPE",
            "dropout": null,
            "unk_token": unknown.map(|(text, _)| text),
            "continuing_subword_prefix": null,
            "end_of_word_suffix": null,
            "fuse_unk": true,
            "byte_fallback": vocab.iter().any(|(_, kind)| kind == Use::Byte),
            "ignore_merges": false,
            "vocab": vocab.to_json(),
            "merges": merges(settings, vocab)?,
        }),
    })
}

/// All ways to put a token together from two others, best first.
fn merges(settings: &Settings<'_>, vocab: &Vocab<'_>) -> Result<Vec<Value>, GgufError> {
    const SCORES: &str = "scores";
    let scores = list(settings, SCORES)?;
    let scores = scores.ok_or_else(|| settings.missing(SCORES, "the list of scores"))?;
    same_length(settings, SCORES, scores, vocab.len())?;
    let mut merges = Vec::new();
    for (id, ((text, kind), score)) in vocab.iter().zip(scores.iter()).enumerate() {
        if kind != Use::Normal {
            continue;
        }
        let found = score.to_f64().filter(|score| !score.is_nan());
        let score =
            found.ok_or_else(|| wrong(settings, SCORES, id, score.to_string(), "a number"))?;
        if text.len() > LONGEST {
            let found = format!("{} bytes long", text.len());
            let expected = format!("at most {LONGEST} bytes long");
            return Err(wrong(settings, "tokens", id, found, &expected));
        }
        for (at, _) in text.char_indices().skip(1) {
            let (left, right) = text.split_at(at);
            if let Some(ids) = vocab.id(left).zip(vocab.id(right)) {
                merges.push((score, left, right, ids));
            }
        }
        if merges.len() > MOST {
            return Err(settings.file.error(Fault::TooLarge {
                place: "the number of merges that the tokens stand for".into(),
                found: merges.len() as u64,
                limit: MOST as u64,
            }));
        }
    }
    // Longer left halves come first among equals, then whatever has the smaller ids.
    merges.sort_by(|a, b| {
        let ties = |m: &(f64, &str, &str, (u32, u32))| {
            (Reverse((m.1.chars().count(), m.2.chars().count())), m.3)
        };
        b.0.total_cmp(&a.0).then_with(|| ties(a).cmp(&ties(b)))
    });
    let pairs = merges
        .into_iter()
        .map(|(_, left, right, _)| json!([left, right]));
    Ok(pairs.collect())
}
