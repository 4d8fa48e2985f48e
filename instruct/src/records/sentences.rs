//! Where the first sentence of a text ends.

/// Abbreviations after which a sentence goes on.
const SHORT: [&str; 14] = [
    "e.g", "i.e", "etc", "cf", "vs", "mr", "mrs", "dr", "st", "no", "approx", "ca", "jr", "prof",
];

/// The first sentence, and the rest; `None` where there is only one.
pub fn first(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '.' | '!' | '?' if depth == 0 && ends(text, at) => {
                let (sentence, rest) = text.split_at(at + 1);
                let rest = rest.trim();
                return (!rest.is_empty()).then_some((sentence.trim(), rest));
            }
            _ => {}
        }
    }
    None
}

/// Whether the stop at `at` ends a sentence: white space and no small letter follow it, and neither an
/// initial nor an abbreviation stands before it.
fn ends(text: &str, at: usize) -> bool {
    let mut after = text[at + 1..].chars();
    if !after.next().is_some_and(char::is_whitespace) {
        return false;
    }
    let next = after.find(|letter| !letter.is_whitespace());
    if next.is_some_and(char::is_lowercase) {
        return false;
    }
    let word = text[..at]
        .rsplit(|c: char| c.is_whitespace() || c == '(')
        .next();
    let word = word.unwrap_or("").to_lowercase();
    let initial = word.chars().count() == 1 && !word.chars().all(|c| c.is_ascii_digit());
    !(initial || SHORT.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_where_another_begins() {
        let cases = [
            ("One. Two.", Some(("One.", "Two."))),
            (
                "J. S. Bach wrote it. It is long.",
                Some(("J. S. Bach wrote it.", "It is long.")),
            ),
            (
                "See e.g. Foo for it. Then go.",
                Some(("See e.g. Foo for it.", "Then go.")),
            ),
            (
                "Version 1.2 is out. Get it.",
                Some(("Version 1.2 is out.", "Get it.")),
            ),
            (
                "It (b. 1850 in X. Y) is. So.",
                Some(("It (b. 1850 in X. Y) is.", "So.")),
            ),
            ("Only one.", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(first(text), expected, "{text}");
        }
    }
}
