//! The tokens of a vocabulary: how long they are, and what they are made of.

use std::collections::BTreeMap;

use serde::Serialize;
use unicode_script::{Script, UnicodeScript};

use super::SHOWN;
use crate::tokenizer::Tokenizer;

/// A vocabulary by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VocabularyReport {
    /// What the tokenizer is made of.
    pub kind: String,
    /// One more than the largest id.
    pub vocab_size: u64,
    /// SHA-256 of the tokenizer.json.
    pub fingerprint: String,
    /// Names and ids of the special tokens.
    pub specials: BTreeMap<String, u32>,
    /// What encoding takes from a text, where it is known to take something.
    pub loses: Option<String>,
    /// Tokens by their length in UTF-8 bytes, special ones left out; the `##` of WordPiece does not
    /// count.
    pub lengths: BTreeMap<u64, u64>,
    /// The longest tokens, as text.
    pub longest: Vec<String>,
    /// Tokens by what they are made of, special ones left out: `letters`, `digits`, `punctuation`,
    /// `white space`, `mixed`, and `part of a character` for bytes that are none by themselves. A
    /// space in front of a word does not count.
    pub made_of: BTreeMap<&'static str, u64>,
    /// Tokens by the script of their first letter.
    pub scripts: BTreeMap<&'static str, u64>,
}

impl VocabularyReport {
    /// Looks at every token.
    pub fn of(tokenizer: &Tokenizer) -> Self {
        let specials = tokenizer.specials();
        let mut report = Self {
            kind: tokenizer.kind().to_string(),
            vocab_size: tokenizer.vocab_size() as u64,
            fingerprint: tokenizer.fingerprint(),
            specials: specials
                .iter()
                .cloned()
                .map(|(id, name)| (name, id))
                .collect(),
            loses: tokenizer.loses().map(str::to_owned),
            ..Self::default()
        };
        let mut longest: Vec<(usize, String)> = Vec::new();
        for id in 0..tokenizer.vocab_size() as u32 {
            let mut bytes = Vec::new();
            // A gap in the numbering is no token.
            if specials.iter().any(|(special, _)| *special == id)
                || tokenizer.decode_bytes(&[id], &mut bytes).is_err()
            {
                continue;
            }
            let bytes = tokenizer.without_prefix(&bytes);
            *report.lengths.entry(bytes.len() as u64).or_default() += 1;
            *report.made_of.entry(made_of(bytes)).or_default() += 1;
            let text = String::from_utf8_lossy(bytes).into_owned();
            if let Some(script) = text.chars().map(|c| c.script()).find(is_written) {
                *report.scripts.entry(script.full_name()).or_default() += 1;
            }
            longest.push((bytes.len(), text));
            if longest.len() > 64 * SHOWN {
                keep_longest(&mut longest);
            }
        }
        keep_longest(&mut longest);
        report.longest = longest.into_iter().map(|(_, text)| text).collect();
        report
    }
}

/// Whether a script is one that languages are written in, not shared by all of them.
pub(super) fn is_written(script: &Script) -> bool {
    !matches!(script, Script::Common | Script::Inherited | Script::Unknown)
}

fn keep_longest(tokens: &mut Vec<(usize, String)>) {
    // Stable: of equally long ones the first numbers stay.
    tokens.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    tokens.truncate(SHOWN);
}

fn made_of(bytes: &[u8]) -> &'static str {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return "part of a character";
    };
    let word = text.strip_prefix(' ').filter(|rest| !rest.is_empty());
    let word = word.unwrap_or(text);
    // An accent belongs to its letter.
    let is_letter = |c: char| c.is_alphabetic() || c.script() == Script::Inherited;
    let all = |rule: &dyn Fn(char) -> bool| word.chars().all(rule);
    if all(&char::is_whitespace) {
        "white space"
    } else if all(&is_letter) {
        "letters"
    } else if all(&char::is_numeric) {
        "digits"
    } else if all(&|c| !c.is_alphanumeric() && !c.is_whitespace()) {
        "punctuation"
    } else {
        "mixed"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tokens_are_made_of() {
        for (token, want) in [
            (&b" the"[..], "letters"),
            (" naïve".as_bytes(), "letters"),
            ("e\u{301}".as_bytes(), "letters"),
            ("слово".as_bytes(), "letters"),
            (b"1984", "digits"),
            (b" {", "punctuation"),
            (b" ", "white space"),
            (b"\n\n    ", "white space"),
            (b"x86", "mixed"),
            (b"\xD0", "part of a character"),
            (b"\xA0\xD0\xB0", "part of a character"),
        ] {
            assert_eq!(made_of(token), want, "{token:?}");
        }
    }
}
