//! Byte-level byte-pair encoding, as GPT-2's.

use super::super::error::{GgufError, quote};
use super::super::settings::Settings;
use super::vocab::{MOST, Vocab, at_most, list, text_at, wrong};
use super::{Parts, pre};
use serde_json::{Value, json};

pub(super) fn read(settings: &Settings<'_>, vocab: &Vocab<'_>) -> Result<Parts, GgufError> {
    let pre = pre::read(settings)?;
    if settings.flag("add_space_prefix")? == Some(true) {
        return Err(settings.refuse(
            "add_space_prefix",
            "true",
            "false beside byte-pair encoding",
        ));
    }
    Ok(Parts {
        normalizer: pre.normalizer(),
        pre_tokenizer: pre.pre_tokenizer(),
        decoder: json!({
            "type": "ByteLevel",
            "add_prefix_space": true,
            "trim_offsets": true,
            "use_regex": true,
        }),
        model: json!({
            "type": "BPE",
            "dropout": null,
            "unk_token": null,
            "continuing_subword_prefix": null,
            "end_of_word_suffix": null,
            "fuse_unk": false,
            "byte_fallback": false,
            "ignore_merges": pre.ignores_merges(),
            "vocab": vocab.to_json(),
            "merges": merges(settings, vocab)?,
        }),
    })
}

/// The pairs, each a text with a space between its halves.
fn merges(settings: &Settings<'_>, vocab: &Vocab<'_>) -> Result<Vec<Value>, GgufError> {
    let merges = list(settings, "merges")?;
    let merges = merges.ok_or_else(|| settings.missing("merges", "the list of merges"))?;
    at_most(settings, "merges", merges.len(), MOST)?;
    let pairs = merges.iter().enumerate().map(|(number, merge)| {
        let text = text_at(settings, "merges", number, merge)?;
        // The first half has a character at least, so it may itself begin with a space.
        let first = text.chars().next().map_or(0, char::len_utf8);
        let middle = text[first..].find(' ').map(|at| first + at);
        let pair = middle.map(|at| (&text[..at], &text[at + 1..]));
        let known = |(left, right): &(&str, &str)| {
            let all = [*left, *right, &[*left, *right].concat()];
            all.iter().all(|token| vocab.id(token).is_some())
        };
        let pair = pair.filter(known).ok_or_else(|| {
            let expected = "two tokens with a space between, which make a third";
            wrong(settings, "merges", number, quote(text), expected)
        })?;
        Ok(json!([pair.0, pair.1]))
    });
    pairs.collect()
}
