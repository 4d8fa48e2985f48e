//! How BLEU cuts a sentence into tokens: `mteval-v13a.pl`, as sacreBLEU's tokenizer `13a` has it.
//!
//! Four rewritings, each over the result of the one before: punctuation and symbols of ASCII stand
//! alone; a full stop or comma does, unless it has digits on both sides; a hyphen does behind a
//! digit. All other characters, whatever their script, hold together until the next white space.

use super::words;

/// The sentence with its tokens apart, one space between two.
pub fn tokenize(sentence: &str) -> String {
    let mut text = sentence
        .trim_end_matches(super::is_space)
        .replace("<skipped>", "")
        .replace("-\n", "")
        .replace('\n', " ");
    if text.contains('&') {
        for (entity, character) in ENTITIES {
            text = text.replace(entity, character);
        }
    }
    let text = apart(&format!(" {text} "));
    let text = pairs(&text, |a, b| !a.is_ascii_digit() && is_point(b), Cut::Both);
    let text = pairs(&text, |a, b| is_point(a) && !b.is_ascii_digit(), Cut::First);
    let text = pairs(&text, |a, b| a.is_ascii_digit() && b == '-', Cut::Both);
    words(&text).collect::<Vec<_>>().join(" ")
}

/// In the order in which they are replaced: `&amp;lt;` becomes `<`.
const ENTITIES: [(&str, &str); 4] = [
    ("&quot;", "\""),
    ("&amp;", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
];

/// The character class ``[\{-\~\[-\` -\&\(-\+\:-\@\/]``.
fn is_symbol(c: char) -> bool {
    matches!(c, '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/')
}

fn is_point(c: char) -> bool {
    matches!(c, '.' | ',')
}

fn apart(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match is_symbol(c) {
            true => out.extend([' ', c, ' ']),
            false => out.push(c),
        }
    }
    out
}

/// Where spaces go around the two characters that were found.
#[derive(Clone, Copy)]
enum Cut {
    /// `ab` becomes `a b `.
    Both,
    /// `ab` becomes ` a b`.
    First,
}

/// Rewrites pairs of characters from left to right; none is part of two pairs.
fn pairs(text: &str, matches: impl Fn(char, char) -> bool, cut: Cut) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text.chars().peekable();
    while let Some(a) = rest.next() {
        match (rest.next_if(|&b| matches(a, b)), cut) {
            (Some(b), Cut::Both) => out.extend([a, ' ', b, ' ']),
            (Some(b), Cut::First) => out.extend([' ', a, ' ', b]),
            (None, _) => out.push(a),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Right-hand sides from `sacrebleu.tokenizers.tokenizer_13a`, sacreBLEU 2.6.0.
    #[test]
    fn tokens_are_those_of_mteval() {
        for (sentence, tokens) in TOKENIZED {
            assert_eq!(tokenize(sentence), tokens, "{sentence:?}");
        }
    }
    const TOKENIZED: [(&str, &str); 10] = [
        ("Hello, world!", "Hello , world !"),
        (
            "It's 3.5 or 1,000, not .5 or 5.",
            "It's 3.5 or 1,000 , not . 5 or 5 .",
        ),
        ("a..b, c.,d", "a . . b , c . , d"),
        ("10-20 x-1 9--", "10 - 20 x-1 9 - -"),
        ("&quot;A&quot; &amp;lt; &lt;b&gt;", "\" A \" < < b >"),
        ("a<skipped>b well-\nknown\nword", "ab wellknown word"),
        (
            "«Кот», — сказал он: 50% (№5).",
            "«Кот» , — сказал он : 50 % ( №5 ) .",
        ),
        (
            "C:\\x [y] {z} ~q` ^_@#$",
            "C : \\ x [ y ] { z } ~ q ` ^ _ @ # $",
        ),
        ("日本語。٣.٤", "日本語。٣ . ٤"),
        ("\t a\u{A0}b\u{1C}c  ", "a b c"),
    ];
}
