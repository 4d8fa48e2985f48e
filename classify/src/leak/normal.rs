//! When two texts are the same but for how they are typed.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;

use crate::labelled::Example;

/// A text in Unicode's form NFC, without its case, and with one space for each white space.
///
/// Case is folded letter by letter, up and then down: `ß` becomes `ss`, and `ς` becomes `σ`, as
/// Unicode's full case folding has it.
pub fn normalise(text: &str) -> String {
    let folded = text
        .nfc()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    let folded: String = folded.nfc().collect();
    let words: Vec<&str> = folded.split_whitespace().collect();
    words.join(" ")
}

/// The first of each set of examples whose texts are the same once normalised, ascending.
pub fn distinct(examples: &[Example]) -> Vec<usize> {
    let mut seen = HashSet::new();
    let is_first = |i: &usize| seen.insert(normalise(&examples[*i].text));
    (0..examples.len()).filter(is_first).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_makes_no_difference() {
        for (a, b) in [
            ("  Hello,\n\tWORLD ", "hello, world"),
            ("Caf\u{65}\u{301}", "CAFÉ"),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("ΟΔΟΣ", "οδοσ"),
        ] {
            assert_eq!(normalise(a), normalise(b), "{a} {b}");
        }
        assert_ne!(normalise("a b"), normalise("ab"));
        assert_ne!(normalise("naïve"), normalise("naive"));
    }
}
