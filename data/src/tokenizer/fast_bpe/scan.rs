//! Scanners for the word patterns of published tokenizers: where the word ends that begins here.
//!
//! Each is a regular expression's alternatives, tried in their order as a backtracking matcher tries
//! them, with what such a matcher would give back worked out beforehand. A word begins where the
//! last one ended, because every character belongs to some alternative.

use super::classes::{
    Classes, LETTER, LOWER, NEWLINE, NOT_PUNCTUATION, NUMBER, SPACE, STOP, UPPER,
};

/// A text and what its characters are.
#[derive(Clone, Copy)]
pub(super) struct Scan<'t> {
    pub text: &'t [u8],
    pub classes: &'t Classes,
}

impl Scan<'_> {
    /// GPT-2's: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
    #[inline(always)]
    pub(super) fn gpt2(self, at: usize) -> usize {
        let space = self.byte(at) == b' ';
        let first = at + usize::from(space);
        let letters = self.letters(first);
        if letters > first {
            return letters;
        }
        let (flags, length) = self.classes.at(self.text, first);
        if flags & NUMBER != 0 {
            return self.run(first + length, NUMBER);
        }
        if flags & NOT_PUNCTUATION == 0 {
            return match self.contraction(at, false) {
                0 => self.punctuation(first + length),
                end => end,
            };
        }
        if !space && flags & STOP != 0 {
            return at + length;
        }
        self.white_space(at, false)
    }

    /// cl100k's, Llama 3's with three digits, Qwen's with one:
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
    #[inline(always)]
    pub(super) fn cl100k(self, at: usize, digits: usize) -> usize {
        let (flags, length) = self.classes.at(self.text, at);
        let behind = at + length;
        if flags & LETTER != 0 {
            return self.letters(behind);
        }
        if flags & NUMBER != 0 {
            return self.numbers(behind, digits - 1);
        }
        match self.contraction(at, true) {
            0 => {}
            end => return end,
        }
        if flags & NEWLINE == 0 {
            let end = self.letters(behind);
            if end > behind {
                return end;
            }
        }
        match self.punctuation_behind_space(at, flags, behind) {
            Some(end) => self.run(end, NEWLINE),
            None => self.white_space(at, true),
        }
    }

    /// o200k's, with `U` for `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, `L` for `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
    /// and `C` for `(?i:'s|'t|'re|'ve|'m|'ll|'d)?`, which some leave out:
    /// `[^\r\n\p{L}\p{N}]?U*L+C|[^\r\n\p{L}\p{N}]?U+L*C|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
    #[inline(always)]
    pub(super) fn o200k(self, at: usize, digits: usize, contractions: bool) -> usize {
        let (flags, length) = self.classes.at(self.text, at);
        let behind = at + length;
        if flags & NUMBER != 0 {
            return self.numbers(behind, digits - 1);
        }
        // With a character before it, or, where that is a mark, with the mark as the first of it.
        let (mixed, upper) = if flags & (LETTER | NEWLINE) == 0 {
            self.cased(behind)
        } else {
            (None, behind)
        };
        let word = mixed.or_else(|| {
            let (mixed, alone) = if flags & (UPPER | LOWER) != 0 {
                self.cased(at)
            } else {
                (None, at)
            };
            mixed
                .or((upper > behind).then_some(upper))
                .or((alone > at).then_some(alone))
        });
        if let Some(end) = word {
            return match self.contraction(end, true) {
                contraction if contractions && contraction > 0 => contraction,
                _ => end,
            };
        }
        match self.punctuation_behind_space(at, flags, behind) {
            Some(mut end) => {
                while matches!(self.byte(end), b'\r' | b'\n' | b'/') {
                    end += 1;
                }
                end
            }
            None => self.white_space(at, true),
        }
    }

    /// The end of `U*L+`, if it matches, and that of `U*`, both from here. `U*` takes all it can and
    /// gives back until `L+` finds something, which is then the last character that is in both.
    fn cased(self, at: usize) -> (Option<usize>, usize) {
        let mut end = at;
        let mut last_of_both = None;
        loop {
            let (flags, length) = self.classes.at(self.text, end);
            if flags & UPPER == 0 {
                if flags & LOWER != 0 {
                    return (Some(self.run(end + length, LOWER)), end);
                }
                return (last_of_both, end);
            }
            end += length;
            if flags & LOWER != 0 {
                last_of_both = Some(end);
            }
        }
    }

    /// A byte; 0 behind the end.
    #[inline(always)]
    fn byte(self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or_default()
    }

    /// The end of a run of letters; `at` where there is none.
    #[inline(always)]
    fn letters(self, mut at: usize) -> usize {
        loop {
            let eight = self.text.get(at..).and_then(<[u8]>::first_chunk::<8>);
            if let Some(eight) = eight {
                let letters = leading_letters(u64::from_le_bytes(*eight));
                at += letters;
                if letters == 8 {
                    continue;
                }
                if self.byte(at) < 0x80 {
                    return at;
                }
            }
            loop {
                let (flags, length) = self.classes.at(self.text, at);
                if flags & LETTER == 0 {
                    return at;
                }
                at += length;
                if length == 1 {
                    break;
                }
            }
        }
    }

    /// The end of a run of characters with this flag.
    fn run(self, mut at: usize, flag: u8) -> usize {
        loop {
            let (flags, length) = self.classes.at(self.text, at);
            if flags & flag == 0 {
                return at;
            }
            at += length;
        }
    }

    fn numbers(self, mut at: usize, most: usize) -> usize {
        for _ in 0..most {
            let (flags, length) = self.classes.at(self.text, at);
            if flags & NUMBER == 0 {
                break;
            }
            at += length;
        }
        at
    }

    /// The end of a run of neither letters nor numbers nor white space.
    fn punctuation(self, mut at: usize) -> usize {
        loop {
            let (flags, length) = self.classes.at(self.text, at);
            if flags & NOT_PUNCTUATION != 0 {
                return at;
            }
            at += length;
        }
    }

    /// The end of ` ?[^\s\p{L}\p{N}]+` from a character with these flags.
    fn punctuation_behind_space(self, at: usize, flags: u8, behind: usize) -> Option<usize> {
        if flags & NOT_PUNCTUATION == 0 {
            return Some(self.punctuation(behind));
        }
        let end = self.punctuation(behind);
        (self.byte(at) == b' ' && end > behind).then_some(end)
    }

    /// The end of what white space makes: `\s+(?!\S)|\s+`, and with `lines` before that
    /// `\s*[\r\n]+`. A run before a word leaves its last character to that word.
    fn white_space(self, at: usize, lines: bool) -> usize {
        let (mut last, mut end, mut line_end) = (at, at, at);
        let behind = loop {
            let (flags, length) = self.classes.at(self.text, end);
            if flags & SPACE == 0 {
                break flags;
            }
            last = end;
            end += length;
            if flags & NEWLINE != 0 {
                line_end = end;
            }
        };
        if lines && line_end > at {
            line_end
        } else if behind & STOP != 0 || last == at {
            end
        } else {
            last
        }
    }

    /// The end of `'s|'t|'re|'ve|'m|'ll|'d` from here, in either case with `fold`; 0 where it is
    /// none.
    #[inline(always)]
    fn contraction(self, at: usize, fold: bool) -> usize {
        if self.byte(at) != b'\'' {
            return 0;
        }
        let case = if fold { 0x20 } else { 0 };
        let [first, second] = [at + 1, at + 2].map(|at| self.byte(at));
        match (first | case, second | case) {
            (b's' | b't' | b'm' | b'd', _) => at + 2,
            (b'r' | b'v', b'e') | (b'l', b'l') => at + 3,
            // U+017F is an s to a regular expression that ignores case.
            _ if fold && [first, second] == [0xC5, 0xBF] => at + 3,
            _ => 0,
        }
    }
}

/// How many of eight bytes, the lowest first, are ASCII letters before the first that is not.
#[inline(always)]
fn leading_letters(eight: u64) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    // Both cases as lower case; sums stay within their bytes, as the highest bit is left out.
    let lower = (eight | (ONES * 0x20)) & !HIGH;
    let from_a = lower + ONES * (0x80 - b'a' as u64);
    let beyond_z = lower + ONES * (0x7F - b'z' as u64);
    let others = (!from_a | beyond_z | eight) & HIGH;
    (others.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted_up_to_the_first_other_byte() {
        for byte in 0..=255_u8 {
            for place in 0..8 {
                let mut eight = *b"azAZmMqQ";
                eight[place] = byte;
                let expected = if byte.is_ascii_alphabetic() { 8 } else { place };
                let found = leading_letters(u64::from_le_bytes(eight));
                assert_eq!(found, expected, "{byte:#x} at {place}");
            }
        }
        assert_eq!(leading_letters(0), 0);
        assert_eq!(leading_letters(u64::MAX), 0);
    }
}
