//! Accents: `\'e`, `\"{o}`, `\c c`, `\v{s}` to the letters of Unicode.

use unicode_normalization::char::compose;

/// The combining mark of an accent's command.
pub(super) fn mark(name: &[u8]) -> Option<char> {
    Some(match name {
        b"`" => '\u{300}',
        b"'" => '\u{301}',
        b"^" => '\u{302}',
        b"~" => '\u{303}',
        b"=" => '\u{304}',
        b"u" => '\u{306}',
        b"." => '\u{307}',
        b"\"" => '\u{308}',
        b"r" => '\u{30A}',
        b"H" => '\u{30B}',
        b"v" => '\u{30C}',
        b"d" => '\u{323}',
        b"c" => '\u{327}',
        b"k" => '\u{328}',
        b"b" => '\u{331}',
        b"t" => '\u{361}',
        _ => return None,
    })
}

/// A letter with marks, the innermost last, composed as far as Unicode has it.
pub(super) fn accented(letter: char, marks: &[char]) -> String {
    // Accents replace the dot: TeX writes them on a letter without one.
    let mut base = match letter {
        'ı' => 'i',
        'ȷ' => 'j',
        letter => letter,
    };
    let mut text = String::new();
    for &mark in marks.iter().rev() {
        match compose(base, mark).filter(|_| text.is_empty()) {
            Some(composed) => base = composed,
            None => text.push(mark),
        }
    }
    text.insert(0, base);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_composed_where_unicode_has_them() {
        for (letter, marks, want) in [
            ('e', &[b"'".as_slice()][..], "é"),
            ('o', &[b"\""], "ö"),
            ('ı', &[b"^"], "î"),
            ('c', &[b"c"], "ç"),
            ('s', &[b"v"], "š"),
            ('o', &[b"H"], "ő"),
            ('e', &[b"'", b"^"], "ế"),
            ('q', &[b"'"], "q\u{301}"),
            ('語', &[b"'"], "語\u{301}"),
        ] {
            let marks: Vec<char> = marks.iter().filter_map(|name| mark(name)).collect();
            assert_eq!(accented(letter, &marks), want);
        }
    }
}
