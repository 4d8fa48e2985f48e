//! Words as duplicates are compared by: without case, punctuation and accents.
//!
//! The rules are those of datatrove, with which FineWeb was made
//! (<https://github.com/huggingface/datatrove>, `simplify_text`): lower case, no punctuation,
//! canonical decomposition without its marks, a run of digits as one `0`. Two differ. What is neither
//! letter nor digit goes, where datatrove lists the signs that go. Where datatrove asks a tokenizer of
//! the language, a word here lies between white space, except that in scripts that put none between
//! words every character is one, as in UAX 29 (<https://www.unicode.org/reports/tr29/>).
//!
//! A sign that goes does not divide: `don't` is `dont`.

use twox_hash::XxHash3_64;

use super::fold::{Folded, fold, parts};

/// What becomes of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// They stay: `12 plus 13` and `48 plus 76` differ.
    Kept,
    /// A run of them is one `0`: pages that differ in a date or a counter are equal.
    Folded,
}

/// A word of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// XXH3 (64 bits) of its folded form in UTF-8.
    pub hash: u64,
    /// Where its first letter begins in the text, in bytes.
    pub start: usize,
    /// Where its last letter ends.
    pub end: usize,
}

/// The words of a text, in one pass. Memory: the longest word.
pub struct Words<'a> {
    text: &'a str,
    numbers: Numbers,
    at: usize,
    form: Vec<u8>,
    in_number: bool,
}

/// Of an ASCII character that goes.
const DROPPED: u8 = 0;
const SPACE: u8 = b' ';

/// What an ASCII character becomes.
const ASCII: [u8; 128] = {
    let mut table = [DROPPED; 128];
    let mut byte = 0;
    while byte < 128 {
        let c = byte as u8;
        if c.is_ascii_alphanumeric() {
            table[byte] = c.to_ascii_lowercase();
        } else if c == b' ' || (c >= b'\t' && c <= b'\r') {
            table[byte] = SPACE;
        }
        byte += 1;
    }
    table
};

impl<'a> Words<'a> {
    /// The words of `text`.
    pub fn new(text: &'a str, numbers: Numbers) -> Self {
        Self {
            text,
            numbers,
            at: 0,
            form: Vec::new(),
            in_number: false,
        }
    }

    #[inline]
    fn put_ascii(&mut self, c: u8) {
        let digit = c.is_ascii_digit() && self.numbers == Numbers::Folded;
        if !digit {
            self.form.push(c);
        } else if !self.in_number {
            self.form.push(b'0');
        }
        self.in_number = digit;
    }

    #[inline]
    fn put(&mut self, letter: char) {
        self.form
            .extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        self.in_number = false;
    }

    fn put_number(&mut self, sign: char) {
        match self.numbers {
            Numbers::Kept => self.put(sign),
            Numbers::Folded => self.put_ascii(b'0'),
        }
    }

    fn put_parts(&mut self, c: char) {
        parts(c, |part| match fold(part) {
            Folded::Letter(letter) | Folded::Word(letter) => self.put(letter),
            Folded::Digit(sign) => self.put_number(sign),
            Folded::Nothing | Folded::Space | Folded::Several => {}
        });
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        self.form.clear();
        self.in_number = false;
        let (mut start, mut end) = (0, 0);
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            let here = self.at;
            let begins = self.form.is_empty();
            let mut ends = false;
            if byte.is_ascii() {
                self.at += 1;
                match ASCII[usize::from(byte)] {
                    DROPPED => continue,
                    SPACE if begins => continue,
                    SPACE => break,
                    letter => self.put_ascii(letter),
                }
            } else {
                let c = self.text.get(here..)?.chars().next()?;
                let folded = fold(c);
                if matches!(folded, Folded::Word(_)) && !begins {
                    break;
                }
                self.at += c.len_utf8();
                match folded {
                    Folded::Nothing => continue,
                    Folded::Space if begins => continue,
                    Folded::Space => break,
                    Folded::Letter(letter) => self.put(letter),
                    Folded::Digit(sign) => self.put_number(sign),
                    Folded::Several => self.put_parts(c),
                    Folded::Word(letter) => {
                        self.put(letter);
                        ends = true;
                    }
                }
            }
            if begins {
                start = here;
            }
            end = self.at;
            if ends {
                break;
            }
        }
        (!self.form.is_empty()).then(|| Word {
            hash: XxHash3_64::oneshot(&self.form),
            start,
            end,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(text: &str, numbers: Numbers) -> Vec<u64> {
        Words::new(text, numbers).map(|word| word.hash).collect()
    }

    fn folded(words: &[&str]) -> Vec<u64> {
        words
            .iter()
            .map(|word| XxHash3_64::oneshot(word.as_bytes()))
            .collect()
    }

    #[test]
    fn case_punctuation_accents_and_numbers_do_not_count() {
        for (text, words) in [
            ("Don't   STOP\n-- now!", &["dont", "stop", "now"] as &[&str]),
            ("well-known U.S.A.", &["wellknown", "usa"]),
            ("“Élan” … naïve\u{A0}Ünıt", &["elan", "naive", "unıt"]),
            ("e\u{301}tude étude", &["etude", "etude"]),
            ("1,234 a12b34 ３４ ٣", &["0", "a0b0", "0", "0"]),
            ("ΟΔΟΣ οδος", &["οδοσ", "οδοσ"]),
            ("Привет, МИР", &["привет", "мир"]),
            ("İstanbul", &["istanbul"]),
            (
                "한국어 \u{1112}\u{1161}\u{11AB}",
                &[
                    "\u{1112}\u{1161}\u{11AB}\u{1100}\u{116E}\u{11A8}\u{110B}\u{1165}",
                    "\u{1112}\u{1161}\u{11AB}",
                ],
            ),
            ("!!! -- … 🙂 \u{301}", &[]),
            ("", &[]),
            (
                "soft\u{AD}hyphen zero\u{200B}width",
                &["softhyphen", "zerowidth"],
            ),
        ] {
            assert_eq!(hashes(text, Numbers::Folded), folded(words), "{text}");
        }
        assert_eq!(hashes("1,234 a12", Numbers::Kept), folded(&["1234", "a12"]));
    }

    #[test]
    fn without_spaces_every_character_is_a_word() {
        assert_eq!(
            hashes("世界，abc世1界", Numbers::Folded),
            folded(&["世", "界", "abc", "世", "0", "界"])
        );
        assert_eq!(
            hashes("ไทย๑๒", Numbers::Folded),
            folded(&["ไ", "ท", "ย", "0"])
        );
        assert_eq!(Words::new("カナ", Numbers::Kept).count(), 2);
    }

    #[test]
    fn places_are_of_the_letters_in_the_text() {
        let text = "¿«Ça», 12.50 世x!";
        let found: Vec<&str> = Words::new(text, Numbers::Folded)
            .map(|word| &text[word.start..word.end])
            .collect();
        assert_eq!(found, ["Ça", "12.50", "世", "x"]);
    }
}
