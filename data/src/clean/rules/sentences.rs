//! Where sentences end.
//!
//! The end of a sentence is a character with Unicode's property `Sentence_Terminal`
//! (<https://www.unicode.org/reports/tr44/#Sentence_Terminal>). Counting is a rule of thumb that needs
//! no model: C4 counted with NLTK's Punkt, datatrove counts with spaCy's `sentencizer`.

use std::sync::LazyLock;

use regex::Regex;

/// `None` only if the pattern were wrong, which a test rules out.
static TERMINAL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\p{Sentence_Terminal}").ok());

/// Words whose full stop ends no sentence.
const ABBREVIATIONS: [&str; 12] = [
    "Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Jr", "Sr", "vs", "e.g", "i.e", "Rev",
];

/// Whether `c` ends a sentence.
pub(super) fn is_terminal(c: char) -> bool {
    if c.is_ascii() || c.is_alphanumeric() {
        return matches!(c, '.' | '!' | '?');
    }
    let matches = |pattern: &Regex| pattern.is_match(c.encode_utf8(&mut [0; 4]));
    TERMINAL.as_ref().is_some_and(matches)
}

/// Sentences in a line; one that is not ended counts.
///
/// A sentence ends at a terminal, with more of them and closing quotes and brackets behind it, before
/// white space or the line's end; a terminal of a script without spaces ends it anywhere. A full stop
/// behind a single letter or an abbreviation ends none.
pub(super) fn count_sentences(line: &str) -> usize {
    let line = line.trim();
    let mut sentences = 0;
    // Where the current sentence begins; up to where the line has been read.
    let (mut start, mut at) = (0, 0);
    while let Some((found, c)) = next_terminal(line, at) {
        let behind = found + c.len_utf8();
        let rest = line[behind..].trim_start_matches(is_terminal);
        let rest = rest.trim_start_matches(['"', '\'', ')', ']', '”', '’', '»', '」', '』', '）']);
        at = line.len() - rest.len();
        let bounded = rest.is_empty() || rest.starts_with(char::is_whitespace) || is_wide(c);
        if bounded && !(c == '.' && is_abbreviated(&line[start..found])) {
            sentences += 1;
            start = at;
        }
    }
    sentences + usize::from(start < line.len())
}

fn next_terminal(line: &str, from: usize) -> Option<(usize, char)> {
    // Bytes first: almost every terminal is ASCII, and so is almost every line.
    let bytes = &line.as_bytes()[from..];
    let at = bytes
        .iter()
        .position(|&byte| matches!(byte, b'.' | b'!' | b'?') || byte >= 0x80)?;
    line[from + at..]
        .char_indices()
        .find(|&(_, c)| is_terminal(c))
        .map(|(offset, c)| (from + at + offset, c))
}

/// Terminals behind which no space is written.
fn is_wide(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '｡' | '．')
}

/// Whether the text before a full stop ends in a single letter or an abbreviation.
fn is_abbreviated(text: &str) -> bool {
    let word = text.rsplit(char::is_whitespace).next().unwrap_or_default();
    let word = word.trim_start_matches(['(', '"', '“', '‘', '[']);
    let mut last = word.chars().rev();
    match (last.next(), last.next()) {
        (Some(letter), None | Some('.')) if letter.is_uppercase() => true,
        _ => ABBREVIATIONS.contains(&word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_the_property_says() {
        assert!(TERMINAL.is_some());
        for c in ['.', '!', '?', '。', '؟', '।', '‼', '።'] {
            assert!(is_terminal(c), "{c}");
        }
        for c in ['…', ',', '"', '”', ':', ';', 'a', '¿', '»'] {
            assert!(!is_terminal(c), "{c}");
        }
    }

    #[test]
    fn sentences_are_counted() {
        for (line, sentences) in [
            ("", 0),
            (" \t", 0),
            ("One.", 1),
            ("no end", 1),
            ("One. Two", 2),
            ("He said: “Go!” She went. \"Why?\" (Who knows.) End.", 5),
            ("It costs 3.50 at example.com today.", 1),
            ("Really?! Yes... no.", 3),
            ("Mr. Smith of the U.S. Army met J. R. Doe.", 1),
            ("Это первое. Это второе!", 2),
            ("今日は。明日も！", 2),
            ("यह एक है। यह दो है।", 2),
            ("...", 1),
            (". . .", 3),
        ] {
            assert_eq!(count_sentences(line), sentences, "{line}");
        }
    }
}
