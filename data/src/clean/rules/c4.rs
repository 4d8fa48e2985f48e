//! C4's rules: Raffel et al. 2020, section 2.2 (<https://jmlr.org/papers/v21/20-074.html>), with what
//! its code adds (`c4_utils.py` in TensorFlow Datasets): long words, policy phrases, citation marks.
//!
//! Asked in the order of that code, as datatrove asks (`c4_filters.py`): *lorem ipsum* or a curly
//! bracket counts only in a line that has passed the criteria before it. Ours differs: white space
//! before a citation mark at a line's end goes with it, sentences are counted by a rule of thumb (see
//! `sentences.rs`), and a text of which no line is left goes whatever the criteria. The list of bad
//! words is left out, as there.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::sentences::count_sentences;
use super::{Invalid, Verdict};

/// Phrases of notices about a site's policy.
const POLICY: [&str; 6] = [
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
];

/// Finds the few lines that hold any phrase or bracket at all. `None` only if the pattern were wrong,
/// and then every line is looked at more closely.
static PHRASES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i-u:javascript|lorem ipsum|terms of use|privacy policy|cookie policy|uses? cookies|use of cookies)|\{",
    )
    .ok()
});

/// Lines that are no sentences go, and pages of too few sentences. `None` and `false` leave a
/// criterion out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct C4 {
    /// Lines stay that end in `.`, `?`, `!`, `"` or `'`, and not in `...`. FineWeb does without.
    pub line_endings: bool,
    /// Fewest words in a line, between white space.
    pub min_words_per_line: Option<usize>,
    /// A line with a word of more characters goes.
    pub max_word_length: Option<usize>,
    /// Marks of citation go from lines: `[1]`, `[]`, `[edit]`, `[citation needed]`.
    pub citations: bool,
    /// Lines with "javascript" go.
    pub javascript: bool,
    /// Lines with phrases such as "privacy policy" or "use cookies" go.
    pub policy: bool,
    /// Texts with "lorem ipsum" go.
    pub lorem_ipsum: bool,
    /// Texts with `{` go.
    pub curly_bracket: bool,
    /// Fewest sentences in the lines that stay.
    pub min_sentences: Option<usize>,
}

impl Default for C4 {
    fn default() -> Self {
        Self {
            line_endings: true,
            min_words_per_line: Some(3),
            max_word_length: Some(1000),
            citations: true,
            javascript: true,
            policy: true,
            lorem_ipsum: true,
            curly_bracket: true,
            min_sentences: Some(5),
        }
    }
}

/// What becomes of a line.
enum Line<'a> {
    Stays(Cow<'a, str>),
    Goes,
    /// The whole text goes, by this criterion.
    Ends(&'static str),
}

impl C4 {
    /// Whether the values can work.
    ///
    /// # Errors
    /// A word length of nothing.
    pub fn validate(&self) -> Result<(), Invalid> {
        if self.max_word_length == Some(0) {
            let right = "write a number above 0, or None to leave it out";
            return Err(("max_word_length", "0".to_owned(), right));
        }
        Ok(())
    }

    /// What it says of a text. Lines that stay lose white space at both ends.
    pub fn apply(&self, text: &str) -> Verdict {
        let mut kept = String::with_capacity(text.len());
        let mut sentences = 0;
        for line in text.lines() {
            let line = match self.line(line.trim()) {
                Line::Stays(line) => line,
                Line::Goes => continue,
                Line::Ends(criterion) => return Verdict::Drop(criterion),
            };
            if self.min_sentences.is_some_and(|least| sentences < least) {
                sentences += count_sentences(&line);
            }
            kept.push_str(&line);
            kept.push('\n');
        }
        if self.min_sentences.is_some_and(|least| sentences < least) {
            return Verdict::Drop("sentences");
        }
        let stays = kept.trim();
        if stays.is_empty() {
            return Verdict::Drop("no line left");
        }
        if stays == text {
            return Verdict::Keep;
        }
        if stays.len() < kept.len() {
            kept = stays.to_owned();
        }
        Verdict::Change(kept)
    }

    fn line<'a>(&self, line: &'a str) -> Line<'a> {
        let longest = self.max_word_length.unwrap_or(usize::MAX);
        let mut words = 0;
        for word in line.split_whitespace() {
            if word.len() > longest && word.chars().count() > longest {
                return Line::Goes;
            }
            words += 1;
        }
        let line = match self.citations {
            true => without_citations(line),
            false => Cow::Borrowed(line),
        };
        if self.line_endings
            && (!line.ends_with(['.', '?', '!', '"', '\'']) || line.ends_with("..."))
        {
            return Line::Goes;
        }
        if self.min_words_per_line.is_some_and(|least| words < least) {
            return Line::Goes;
        }
        if PHRASES
            .as_ref()
            .is_some_and(|phrases| !phrases.is_match(&line))
        {
            return Line::Stays(line);
        }
        let lower = line.to_ascii_lowercase();
        if self.lorem_ipsum && lower.contains("lorem ipsum") {
            return Line::Ends("lorem ipsum");
        }
        if self.javascript && lower.contains("javascript") {
            return Line::Goes;
        }
        if self.curly_bracket && lower.contains('{') {
            return Line::Ends("curly bracket");
        }
        if self.policy && POLICY.iter().any(|phrase| lower.contains(phrase)) {
            return Line::Goes;
        }
        Line::Stays(line)
    }
}

/// The line without its marks of citation, and without white space that they leave at its end.
fn without_citations(line: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    // Up to where the line has been copied, and read.
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = line[at..].find('[') {
        let start = at + found;
        let inside = &line[start + 1..];
        let digits = inside.bytes().take_while(u8::is_ascii_digit).count();
        let mark = ["edit]", "citation needed]"]
            .into_iter()
            .find(|mark| inside.starts_with(mark))
            .map(str::len)
            .or_else(|| inside[digits..].starts_with(']').then_some(digits + 1));
        match mark {
            Some(length) => {
                kept.push_str(&line[copied..start]);
                at = start + 1 + length;
                copied = at;
            }
            None => at = start + 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(line);
    }
    kept.push_str(&line[copied..]);
    kept.truncate(kept.trim_end().len());
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::super::tests::drop;
    use super::*;

    const OFF: C4 = C4 {
        line_endings: false,
        min_words_per_line: None,
        max_word_length: None,
        citations: false,
        javascript: false,
        policy: false,
        lorem_ipsum: false,
        curly_bracket: false,
        min_sentences: None,
    };

    fn change(text: &str) -> Verdict {
        Verdict::Change(text.to_owned())
    }

    #[test]
    fn lines_stay_or_go_by_each_criterion_alone() {
        let default = C4::default();
        let rule = C4 {
            line_endings: true,
            ..OFF
        };
        let text = "a.\nb?\nc!\nd\"\ne'\nf\ng...\nh…\ni:";
        assert_eq!(rule.apply(text), change("a.\nb?\nc!\nd\"\ne'"));
        let rule = C4 {
            min_words_per_line: default.min_words_per_line,
            ..OFF
        };
        assert_eq!(
            rule.apply("a b c\na b\n\n d e  f "),
            change("a b c\nd e  f")
        );
        let rule = C4 {
            max_word_length: default.max_word_length,
            ..OFF
        };
        let (longest, longer) = ("é".repeat(1000), "é".repeat(1001));
        assert_eq!(
            rule.apply(&format!("{longest}\n{longer}")),
            change(&longest)
        );
        let rule = C4 {
            javascript: true,
            ..OFF
        };
        assert_eq!(rule.apply("JavaScript is off\njava"), change("java"));
        let rule = C4 {
            policy: true,
            ..OFF
        };
        let text = "Privacy Policy\nwe use cookies\nit uses cookies\nTERMS OF USE\na cookie";
        assert_eq!(rule.apply(text), change("a cookie"));
        let rule = C4 {
            citations: true,
            ..OFF
        };
        assert_eq!(rule.apply("So it is. [1]"), change("So it is."));
    }

    #[test]
    fn texts_go_by_each_criterion_alone() {
        let rule = C4 {
            lorem_ipsum: true,
            ..OFF
        };
        assert_eq!(rule.apply("a\nLorem Ipsum dolor"), drop("lorem ipsum"));
        assert_eq!(rule.apply("lorem\nipsum"), Verdict::Keep);
        let rule = C4 {
            curly_bracket: true,
            ..OFF
        };
        assert_eq!(rule.apply("if {"), drop("curly bracket"));
        assert_eq!(rule.apply("if }"), Verdict::Keep);
        let rule = C4 {
            min_sentences: Some(5),
            ..OFF
        };
        assert_eq!(rule.apply("So. B! C?\nd\ne"), Verdict::Keep);
        assert_eq!(rule.apply("It is. It was! Is it?\nd"), drop("sentences"));
        // A line that goes takes its bracket along.
        let rule = C4 {
            min_sentences: None,
            ..C4::default()
        };
        assert_eq!(rule.apply("{ menu\nIt is so."), change("It is so."));
    }

    #[test]
    fn a_text_of_which_nothing_is_left_goes() {
        for text in ["", "\n\n", " "] {
            assert_eq!(OFF.apply(text), drop("no line left"));
            assert_eq!(C4::default().apply(text), drop("sentences"));
        }
        assert_eq!(OFF.apply("a\nb"), Verdict::Keep);
    }

    #[test]
    fn fineweb_runs_it_without_line_endings() {
        let rule = C4 {
            line_endings: false,
            ..C4::default()
        };
        let text = "One two three\nIs it so? It is. It was. It will be.";
        assert_eq!(rule.apply(text), Verdict::Keep);
        assert_eq!(C4::default().apply(text), drop("sentences"));
    }

    #[test]
    fn marks_of_citation_go() {
        for (line, kept) in [
            (
                "It is so.[1][23] And [edit] so.[citation needed]",
                "It is so. And  so.",
            ),
            ("Born in 1950. [1]", "Born in 1950."),
            ("[] [a] [1a] [12", " [a] [1a] [12"),
            ("[[1]]", "[]"),
            ("none", "none"),
        ] {
            assert_eq!(without_citations(line), kept);
        }
    }
}
