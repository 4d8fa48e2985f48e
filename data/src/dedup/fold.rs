//! What a character becomes before words are compared, looked up in a table.
//!
//! Working it out asks five Unicode tables for every character, at a few megabytes a second. The
//! characters of the basic plane, in which all living scripts are written, are worked out once, at
//! the first that is not ASCII: a few hundredths of a second, and half a megabyte.

use std::sync::LazyLock;

use unicode_normalization::char::{decompose_canonical, is_combining_mark};
use unicode_script::{Script, UnicodeScript};

/// What a character becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folded {
    /// It goes.
    Nothing,
    /// It divides words.
    Space,
    /// A letter of a word.
    Letter(char),
    /// A digit or another sign of a number.
    Digit(char),
    /// A word of its own, in scripts that put no space between words.
    Word(char),
    /// Its [`parts`], each folded: a Hangul syllable.
    Several,
}

static BASIC_PLANE: LazyLock<Vec<Folded>> =
    LazyLock::new(|| ('\0'..='\u{FFFF}').map(work_out).collect::<Vec<_>>());

/// What a character becomes.
#[inline]
pub(super) fn fold(c: char) -> Folded {
    /// The range above leaves these out: they are no characters.
    const SURROGATES: usize = 0x800;
    let place = c as usize;
    let place = if place < 0xD800 {
        place
    } else {
        place - SURROGATES
    };
    match BASIC_PLANE.get(place) {
        Some(&folded) => folded,
        None => work_out(c),
    }
}

/// Calls `each` with what a character becomes in lower case and canonical decomposition.
pub(super) fn parts(c: char, mut each: impl FnMut(char)) {
    for lower in c.to_lowercase() {
        decompose_canonical(lower, &mut each);
    }
}

fn work_out(c: char) -> Folded {
    if c.is_whitespace() {
        return Folded::Space;
    }
    let mut kept = None;
    let mut count = 0;
    parts(c, |part| {
        if part.is_alphanumeric() && !is_combining_mark(part) {
            kept = Some(part);
            count += 1;
        }
    });
    match kept {
        None => Folded::Nothing,
        Some(_) if count > 1 => Folded::Several,
        Some(part) if part.is_numeric() => Folded::Digit(part),
        // The sigma at the end of a word differs in lower case only.
        Some('ς') => Folded::Letter('σ'),
        Some(part) if is_unspaced(part.script()) => Folded::Word(part),
        Some(part) => Folded::Letter(part),
    }
}

fn is_unspaced(script: Script) -> bool {
    matches!(
        script,
        Script::Han
            | Script::Hiragana
            | Script::Katakana
            | Script::Bopomofo
            | Script::Yi
            | Script::Thai
            | Script::Lao
            | Script::Khmer
            | Script::Myanmar
            | Script::Tibetan
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_is_worked_out() {
        for c in '\0'..=char::MAX {
            assert_eq!(fold(c), work_out(c), "{c:?}");
        }
    }

    #[test]
    fn characters_of_every_kind() {
        for (c, folded) in [
            ('É', Folded::Letter('e')),
            ('Й', Folded::Letter('и')),
            ('ς', Folded::Letter('σ')),
            ('\u{3000}', Folded::Space),
            ('\u{301}', Folded::Nothing),
            ('、', Folded::Nothing),
            ('🙂', Folded::Nothing),
            ('٣', Folded::Digit('٣')),
            ('世', Folded::Word('世')),
            ('が', Folded::Word('か')),
            ('\u{20000}', Folded::Word('\u{20000}')),
            ('각', Folded::Several),
        ] {
            assert_eq!(fold(c), folded, "{c}");
        }
    }

    /// Parts are looked up themselves, once.
    #[test]
    fn no_part_has_parts() {
        for c in '\0'..=char::MAX {
            if fold(c) == Folded::Several {
                parts(c, |part| assert_ne!(fold(part), Folded::Several, "{c}"));
            }
        }
    }
}
