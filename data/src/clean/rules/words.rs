//! The words of a text: Unicode Standard Annex 29 (<https://www.unicode.org/reports/tr29/>), with
//! runs of one symbol kept whole.
//!
//! A word is a piece between two of that standard's word boundaries that is not white space: `can't`
//! and `3.14` are one word, `well-known` is three, each ideograph is one, and so is each mark of
//! punctuation. The same symbol several times in a row, `...` or `-----`, is one word too, or a line
//! drawn under a title would outweigh the title. datatrove takes words from spaCy's tokenizer for
//! English, which makes two of `can't` and one of an address.

use unicode_segmentation::{UWordBoundIndices, UnicodeSegmentation};

/// The words of a text, in order.
pub(super) fn words(text: &str) -> Words<'_> {
    Words {
        rest: text,
        ascii: "",
        unicode: Bounds::of(""),
    }
}

/// Whether a word holds a letter or a digit; what does not is a symbol.
pub(super) fn is_lexical(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric)
}

/// Iterator of [`words`]. A piece between white space is cut by hand where it is ASCII, as most are:
/// that is several times as fast as the standard's tables.
pub(super) struct Words<'a> {
    rest: &'a str,
    ascii: &'a str,
    unicode: Bounds<'a>,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            if !self.ascii.is_empty() {
                let (word, rest) = self.ascii.split_at(ascii_word(self.ascii.as_bytes()));
                self.ascii = rest;
                return Some(word);
            }
            if let Some(word) = self.unicode.next() {
                return Some(word);
            }
            let rest = self.rest.trim_start();
            let (length, is_ascii) = piece(rest);
            let (piece, rest) = rest.split_at(length);
            self.rest = rest;
            if piece.is_empty() {
                return None;
            }
            if is_ascii {
                self.ascii = piece;
            } else {
                self.unicode = Bounds::of(piece);
            }
        }
    }
}

/// Bytes before the first white space, and whether they are ASCII.
fn piece(text: &str) -> (usize, bool) {
    // White space and bytes beyond ASCII; the standard library's search looks at every character.
    let ends = |byte: &u8| matches!(byte, b'\t'..=b'\r' | b' ') || *byte >= 0x80;
    match text.as_bytes().iter().position(ends) {
        None => (text.len(), true),
        Some(at) if text.as_bytes()[at] < 0x80 => (at, true),
        Some(at) => match text[at..].find(char::is_whitespace) {
            None => (text.len(), false),
            Some(more) => (at + more, more == 0),
        },
    }
}

/// Bytes of the first word of ASCII text without white space: at least 1 unless it is empty.
fn ascii_word(text: &[u8]) -> usize {
    let Some(&first) = text.first() else { return 0 };
    let mut end = 1;
    if !is_ascii_lexical(first) {
        while text.get(end) == Some(&first) {
            end += 1;
        }
        return end;
    }
    loop {
        let (before, at, behind) = (text[end - 1], text.get(end), text.get(end + 1));
        match (at, behind) {
            (Some(&at), _) if is_ascii_lexical(at) => end += 1,
            // Rules WB6, WB7, WB11 and WB12: a mark between two letters, or between two digits.
            (Some(b'\'' | b'.' | b':'), Some(behind))
                if before.is_ascii_alphabetic() && behind.is_ascii_alphabetic() =>
            {
                end += 2;
            }
            (Some(b'\'' | b'.' | b',' | b';'), Some(behind))
                if before.is_ascii_digit() && behind.is_ascii_digit() =>
            {
                end += 2;
            }
            _ => return end,
        }
    }
}

fn is_ascii_lexical(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Word boundaries by the standard's tables, runs of one symbol joined.
struct Bounds<'a> {
    text: &'a str,
    pieces: UWordBoundIndices<'a>,
    /// The piece behind the last word, already taken from `pieces`.
    held: Option<(usize, &'a str)>,
}

impl<'a> Bounds<'a> {
    fn of(text: &'a str) -> Self {
        let mut pieces = text.split_word_bound_indices();
        let held = pieces.next();
        Self { text, pieces, held }
    }

    fn next(&mut self) -> Option<&'a str> {
        let (start, piece) = self.held.take()?;
        self.held = self.pieces.next();
        let mut end = start + piece.len();
        let mut characters = piece.chars();
        let symbol = characters
            .next()
            .is_some_and(|c| !c.is_alphanumeric() && c != '_');
        if symbol && characters.next().is_none() {
            while self.held.is_some_and(|(_, next)| next == piece) {
                end += piece.len();
                self.held = self.pieces.next();
            }
        }
        Some(&self.text[start..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        words(text).collect()
    }

    #[test]
    fn words_are_those_of_the_standard() {
        assert_eq!(
            cut("The quick (\"brown\") fox can't jump 32.3 feet, right?"),
            [
                "The", "quick", "(", "\"", "brown", "\"", ")", "fox", "can't", "jump", "32.3",
                "feet", ",", "right", "?"
            ]
        );
        assert_eq!(
            cut("well-known U.S. a_b e.g."),
            ["well", "-", "known", "U.S", ".", "a_b", "e.g", "."]
        );
        assert_eq!(cut("日本 naïve’s ÇA"), ["日", "本", "naïve’s", "ÇA"]);
        assert!(cut(" \n\t\u{A0}\u{3000}").is_empty());
    }

    #[test]
    fn a_run_of_one_symbol_is_one_word() {
        assert_eq!(
            cut("Title\n=====\n...and?!!"),
            ["Title", "=====", "...", "and", "?", "!!"]
        );
        assert_eq!(cut("“—— ……x"), ["“", "——", "……", "x"]);
        // Letters are no symbols, however often they come.
        assert_eq!(cut("人人 éé"), ["人", "人", "éé"]);
    }

    #[test]
    fn the_cut_by_hand_is_the_cut_by_the_tables() {
        let alphabet = b"aZ0_'.:,;-\"#\x01";
        let n = alphabet.len();
        for code in 0..n.pow(5) {
            let text: String = (0..5)
                .map(|at| alphabet[code / n.pow(at) % n] as char)
                .collect();
            let mut tables = Bounds::of(&text);
            let by_tables: Vec<&str> = std::iter::from_fn(|| tables.next()).collect();
            assert_eq!(cut(&text), by_tables, "{text:?}");
        }
    }

    #[test]
    fn no_byte_is_lost() {
        for text in [
            "a\u{301}b -\u{301}- \u{200D}x",
            "👩‍👩‍👧 🇬🇧🇬🇧🇬",
            "'''a'b'",
            "é::::é..1",
        ] {
            let joined: String = cut(text).concat();
            let kept: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            assert_eq!(joined, kept);
        }
    }
}
